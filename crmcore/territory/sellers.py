"""Who sells to whom on a day (I-24): for one account, for many, or at an address; statements do not grow with the accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import and_, or_, select

from crmcore.errors import Problem
from crmcore.model import NULL_CODES, Account, Salesperson, SalespersonKind, SellerSource, SellerZone, Site, SiteKind, Zone
from crmcore.storage import batches
from crmcore.territory.values import ITALY, Address, Assigned, Source
from crmcore.territory.zones import finder_for

if TYPE_CHECKING:
    from crmcore.session import Session

NULL_AGENT: Final = NULL_CODES[SalespersonKind.AGENT]
_ORDER: Final = {SiteKind.LEGAL: 0, SiteKind.OPERATIVE: 1, SiteKind.DELIVERY: 2, SiteKind.BILLING: 3}
"""Which site speaks for an account: the legal one, which a company always has (I-8), else the most important."""


@attrs.frozen
class _Person:
    id: int
    code: str
    disabled_from: date | None

    def sells_on(self, day: date) -> bool:
        return self.disabled_from is None or day < self.disabled_from


@attrs.frozen
class _Found:
    """An account with what decides about its seller."""

    id: int
    manual: int | None
    address: Address | None


def sellers_of(session: Session, accounts: Sequence[int], on: date, unit_id: int | None) -> dict[int, Assigned]:
    """Return who sells to each account that exists: four statements for each batch of accounts."""
    answers: dict[int, Assigned] = {}
    for some in batches(list(dict.fromkeys(accounts))):
        found = list(_read_accounts(session, some))
        zones = zones_of(session, [each.address for each in found if each.address is not None and each.manual is None])
        answers |= _answer(session, found, zones, on, unit_id)
    return answers


def seller_at(session: Session, address: Address, on: date, unit_id: int | None) -> Assigned:
    """Return who sells at an address."""
    found = _Found(0, None, address)
    return _answer(session, [found], zones_of(session, [address]), on, unit_id)[0]


def zones_of(session: Session, addresses: Sequence[Address]) -> Mapping[Address, int | None]:
    """Return the zone of each address."""
    rules = finder_for(session, addresses)
    return {address: rules.find(address) for address in addresses}


def _read_accounts(session: Session, keys: Sequence[int]) -> Iterator[_Found]:
    account: Any = Account.__table__.c
    site: Any = Site.__table__.c
    joined = Account.__table__.outerjoin(Site.__table__, and_(site.account_id == account.id, site.disabled.is_(False)))
    columns = (
        account.id,
        account.seller_id,
        account.seller_source,
        site.id,
        site.kind,
        site.postcode,
        site.istat_code,
        site.province,
        site.country,
    )
    best: dict[int, tuple[tuple[int, int], _Found]] = {}
    for key, seller_id, source, site_id, kind, *parts in session.execute(select(*columns).select_from(joined).where(account.id.in_(keys))):
        manual = seller_id if source == SellerSource.MANUAL else None
        rank = (_ORDER.get(kind, len(_ORDER)), site_id or 0)
        if key not in best or rank < best[key][0]:
            best[key] = (rank, _Found(key, manual, Address(*parts) if site_id is not None else None))
    return (found for _, found in best.values())


def _answer(
    session: Session, found: Sequence[_Found], zones: Mapping[Address, int | None], on: date, unit_id: int | None
) -> dict[int, Assigned]:
    wanted = {zone for zone in zones.values() if zone is not None}
    by_zone = _assignments(session, wanted, on, unit_id)
    people = _people(session, {*by_zone.values(), *(each.manual for each in found if each.manual is not None)})
    gaps = _codes(session, wanted - by_zone.keys())
    return {each.id: _one(each, zones, by_zone, people, gaps, on) for each in found}


def _one(
    found: _Found,
    zones: Mapping[Address, int | None],
    by_zone: Mapping[int, int],
    people: Mapping[int | str, _Person],
    gaps: Mapping[int, str],
    on: date,
) -> Assigned:
    if found.manual is not None:
        person = people[found.manual]
        return Assigned(seller_id=person.id, code=person.code, on=on, source=Source.MANUAL)
    zone = zones.get(found.address) if found.address is not None else None
    if zone is None:
        warning = Problem(code="ZONE_MISSING", params={"postcode": _shown(found.address)})
    elif zone not in by_zone:
        warning = Problem(code="SELLER_GAP", params={"zone": gaps[zone], "day": on})
    elif not people[by_zone[zone]].sells_on(on):
        warning = Problem(code="SELLER_DISABLED", params={"code": people[by_zone[zone]].code, "day": people[by_zone[zone]].disabled_from})
    else:
        person = people[by_zone[zone]]
        return Assigned(seller_id=person.id, code=person.code, on=on, source=Source.ZONE, zone_id=zone)
    nobody = people[NULL_AGENT]
    return Assigned(seller_id=nobody.id, code=nobody.code, on=on, source=Source.NONE, zone_id=zone, warnings=(warning,))


def _shown(address: Address | None) -> str:
    """Return what of an address tells people why it has no zone: ``36061``, ``- (VI)``, ``10115 (DE)``, or ``-`` for none at all."""
    if address is None:
        return "-"
    more = address.country if address.country != ITALY else "" if address.postcode else address.province
    return f"{address.postcode or '-'} ({more})" if more else address.postcode or "-"


def _assignments(session: Session, zones: Iterable[int], on: date, unit_id: int | None) -> dict[int, int]:
    """Return zone → seller on a day; an assignment for the business unit goes before one for all."""
    row: Any = SellerZone.__table__.c
    valid = and_(row.from_date <= on, or_(row.to_date.is_(None), row.to_date >= on))
    unit = row.business_unit_id.is_(None) if unit_id is None else or_(row.business_unit_id.is_(None), row.business_unit_id == unit_id)
    found: dict[int, int] = {}
    for some in batches(sorted(zones)):
        columns = select(row.zone_id, row.salesperson_id, row.business_unit_id).where(row.zone_id.in_(some), valid, unit)
        for zone_id, seller_id, own in session.execute(columns):
            if own is not None or zone_id not in found:
                found[zone_id] = seller_id
    return found


def _codes(session: Session, zones: Iterable[int]) -> dict[int, str]:
    """Return the codes of zones that nobody has: people know those, and not the keys."""
    row: Any = Zone.__table__.c
    found: dict[int, str] = {}
    for some in batches(sorted(zones)):
        found.update({each.id: each.code for each in session.execute(select(row.id, row.code).where(row.id.in_(some)))})
    return found


def _people(session: Session, keys: Iterable[int]) -> Mapping[int | str, _Person]:
    """Return sellers by key, and the null agent by its code."""
    row: Any = Salesperson.__table__.c
    found: dict[int | str, _Person] = {}
    for some in list(batches(sorted(keys))) or [()]:
        columns = select(row.id, row.code, row.disabled_from).where(or_(row.code == NULL_AGENT, row.id.in_(some)))
        found |= {each.id: _Person(*each) for each in session.execute(columns)}
    return found | {person.code: person for person in found.values() if person.code == NULL_AGENT}
