"""Rules of sites: one legal site for a company, and the address as it was given beside its parts (I-8, I-9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from crmcore.accounts.addresses import address_text
from crmcore.accounts.provinces import is_plausible
from crmcore.accounts.required import required_fields
from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.model import Account, AccountKind, Site, SiteKind
from crmcore.settings import LEGAL_SITE
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_PARTS: Final = frozenset({"postcode", "province", "istat_code", "country"})
_ITALY: Final = "IT"
_UNDO: Final = "undo"
"""What the source of a session starts with when a mass change is taken back."""


def check_addresses(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Fill in the raw text of an address that came in parts, and flag one whose province, postcode and ISTAT code disagree (I-9)."""
    del session
    for change in changes:
        site = change.record
        if not isinstance(site, Site) or change.verb is RecordVerb.DELETED:
            continue
        if change.verb is RecordVerb.CREATED and not site.raw:
            _derive(change, "raw", address_text(site))
        for field in ("province", "country"):
            given = site.__dict__.get(field)
            if field in change.changes and isinstance(given, str) and given != given.strip().upper():
                _derive(change, field, given.strip().upper())
        # Whoever looked at the address may say that it is right, or wrong: the rule speaks when its parts change.
        parts = (site.province, site.postcode, site.istat_code)
        if (
            _PARTS & change.changes.keys()
            and "address_unverified" not in _said(change)
            and all(isinstance(part, str | None) for part in parts)
        ):
            unverified = site.country == _ITALY and not is_plausible(*parts)
            if unverified != site.address_unverified:
                _derive(change, "address_unverified", unverified)
    yield from ()


def _said(change: Change) -> set[str]:
    """Return the fields that the caller set on purpose; a new record has every default in its changes."""
    if change.verb is RecordVerb.CREATED:
        return {key for key, (_, new) in change.changes.items() if new is True}
    return set(change.changes)


def _derive(change: Change, field: str, value: Any) -> None:  # noqa: ANN401 - a column value
    old = change.changes[field][0] if field in change.changes else None
    if field not in change.changes and change.verb is RecordVerb.UPDATED:
        old = getattr(change.record, field)
    setattr(change.record, field, value)
    change.changes[field] = (old, value)


def check_legal_sites(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse a second legal site of a company, and to take the only one away (I-8).

    A company may be without one until its first is known, because prospects come without addresses; ``legal_site`` among the core's
    ``required_account_fields`` asks for it from the start.
    """
    demanded = LEGAL_SITE in required_fields(session)
    new: set[int] = set()
    touched: dict[int, int] = {}
    lost: set[int] = set()
    for change in changes:
        record = change.record
        if isinstance(record, Account):
            if change.verb is RecordVerb.CREATED:
                new.add(record.id)
            elif change.verb is RecordVerb.UPDATED and "kind" in change.changes:
                touched[record.id] = 2
        elif isinstance(record, Site):
            _note(change, record, touched, lost)
    if session.source.partition(":")[0] == _UNDO:
        # What is taken back becomes what it was, also without a legal site.
        lost.clear()
    # One legal site of a new account, which nobody else knows yet, is as it should be.
    doubtful = {key for key, times in touched.items() if key not in new or times > 1} | lost | (new if demanded else set())
    known = sorted(doubtful - new)
    if known:
        # Two commits that each add one would not see each other's.
        session.execute(select(Account.id).where(Account.id.in_(known)).order_by(Account.id).with_for_update(key_share=True))
    for some in batches(sorted(doubtful)):
        yield from _judge(session, some, set(some) if demanded else lost)


def _note(change: Change, site: Site, touched: dict[int, int], lost: set[int]) -> None:
    """Note to which account a legal site came, and from which it went."""
    before = _was_legal(change, site)
    after = change.verb is not RecordVerb.DELETED and site.kind == SiteKind.LEGAL and not site.disabled
    old_account = change.changes.get("account_id", (site.account_id, None))[0] if change.verb is not RecordVerb.CREATED else None
    moved = old_account is not None and old_account != site.account_id
    if after and (not before or moved):
        touched[site.account_id] = touched.get(site.account_id, 0) + 1
    if before and (not after or moved):
        lost.add(old_account if old_account is not None else site.account_id)


def _was_legal(change: Change, site: Site) -> bool:
    if change.verb is RecordVerb.CREATED:
        return False
    kind = change.changes["kind"][0] if "kind" in change.changes else site.kind
    disabled = change.changes["disabled"][0] if "disabled" in change.changes else site.disabled
    return kind == SiteKind.LEGAL and not disabled


def _judge(session: Session, accounts: Sequence[int], needing: set[int]) -> Iterator[Problem]:
    legal = (Site.account_id == Account.id) & (Site.kind == SiteKind.LEGAL.value) & Site.disabled.is_(False)
    rows = session.execute(
        select(Account.id, Account.name, func.count(Site.id))
        .outerjoin(Site, legal)
        .where(Account.id.in_(accounts), Account.kind == AccountKind.BUSINESS.value, Account.merged_into_id.is_(None))
        .group_by(Account.id, Account.name)
        .order_by(Account.id)
    )
    for key, name, count in rows:
        if count > 1:
            yield Problem(code="ACCOUNT_LEGAL_SITES", params={"name": name, "count": count})
        elif count == 0 and key in needing:
            yield Problem(code="ACCOUNT_NO_LEGAL_SITE", params={"name": name})
