"""What follows from an address: the zone of a site at once, and the seller of its account in the same commit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crmcore.events import RecordVerb
from crmcore.model import Account, SellerSource, Site
from crmcore.storage import batches
from crmcore.territory.dates import assignment_date
from crmcore.territory.sellers import NULL_AGENT, sellers_of, zones_of
from crmcore.territory.values import ITALY, Address

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_PARTS = frozenset({"postcode", "istat_code", "province", "country"})
_SPEAKS = _PARTS | {"kind", "disabled", "account_id", "zone_id"}


def derive_zones(session: Session, changes: Sequence[Change]) -> None:
    """Set the zone of each site whose address changed; nobody sets it by hand."""
    sites = [
        (change, change.record)
        for change in changes
        if isinstance(change.record, Site) and change.verb is not RecordVerb.DELETED and (_PARTS | {"zone_id"}) & change.fields
    ]
    if not sites:
        return
    addresses = [_address(site) for _, site in sites]
    zones = zones_of(session, addresses)
    for (change, site), address in zip(sites, addresses, strict=True):
        old = change.changes["zone_id"][0] if "zone_id" in change.changes else vars(site).get("zone_id")
        site.zone_id = zones[address]
        change.changes.pop("zone_id", None)
        if old != site.zone_id:
            change.changes["zone_id"] = (old, site.zone_id)


def _address(site: Site) -> Address:
    parts = vars(site)
    # What is not text is refused as such by the check of the fields.
    texts = {name: value for name in ("postcode", "istat_code", "province") if isinstance(value := parts.get(name), str)}
    return Address(country=str(parts.get("country") or ITALY).strip().upper(), **texts)


def derive_sellers(session: Session, changes: Sequence[Change]) -> None:
    """Give the accounts whose address changed, or whose manual seller was taken back, the seller of their zone."""
    keys = _touched(changes)
    if keys:
        give_sellers(session, keys)


def give_sellers(session: Session, keys: Collection[int]) -> None:
    """Give accounts the seller of their zone, unless they have one by hand; it is written with the next flush."""
    day = assignment_date(session)
    answers = sellers_of(session, sorted(keys), day, None)
    for some in batches(sorted(keys)):
        mine = select(Account).where(Account.id.in_(some), Account.seller_source == SellerSource.ZONE, Account.merged_into_id.is_(None))
        for account in session.scalars(mine):
            answer = answers[account.id]
            nobody = account.seller_id is None and answer.code == NULL_AGENT
            if account.seller_id != answer.seller_id and not nobody:
                account.seller_id = answer.seller_id


def _touched(changes: Sequence[Change]) -> set[int]:
    born = set()
    keys: set[int] = set()
    zoned: set[int] = set()
    for change in changes:
        record: Any = change.record
        if isinstance(record, Account):
            if change.verb is RecordVerb.CREATED and record.seller_id is None:
                born.add(record.id)
            elif change.verb is RecordVerb.UPDATED and change.changes.get("seller_source", ("", ""))[1] == SellerSource.ZONE:
                keys.add(record.id)
        elif isinstance(record, Site) and (change.verb is RecordVerb.DELETED or _SPEAKS & change.fields):
            keys |= {key for key in (record.account_id, *change.changes.get("account_id", ())) if key is not None}
            if record.zone_id is not None:
                zoned.add(record.account_id)
    # A new account without a site in a zone has nobody, and says so already.
    return {key for key in keys if key not in born or key in zoned}
