"""The sales force, zones, and who sells where as `session.territory`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from crmcore.changesets.values import Preview
from crmcore.errors import RecordNotFound
from crmcore.model import Account, BusinessUnit, Salesperson, SellerSource, SellerZone, Zone, ZoneRule, ZoneRuleKind
from crmcore.territory import dates
from crmcore.territory.recompute import plan_sellers, plan_zones
from crmcore.territory.sellers import seller_at, sellers_of, zones_of
from crmcore.territory.values import Address, Assigned, SellerPlan

if TYPE_CHECKING:
    from crmcore.session import Session


class Territory:
    """The sales force and its territory, as one actor sees and changes them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # The sales force

    def salesperson(self, code: str) -> Salesperson:
        """Return a subject of the sales force by code.

        Raises:
            RecordNotFound: ``NOT_FOUND``.
        """
        found: Salesperson | None = self._session.scalar(select(Salesperson).where(Salesperson.code == code))
        if found is None:
            raise RecordNotFound("NOT_FOUND", entity=Salesperson.entity_name(), id=code)
        return found

    def team(self, manager: Salesperson | str) -> Sequence[Salesperson]:
        """Return everybody below a manager, at any depth, by code; without the manager."""
        found = self._salesperson(manager)
        tree = select(Salesperson.id).where(Salesperson.manager_id == found.id).cte("team", recursive=True)
        tree = tree.union(select(Salesperson.id).where(Salesperson.manager_id == tree.c.id))
        return self._session.scalars(select(Salesperson).where(Salesperson.id.in_(select(tree.c.id))).order_by(Salesperson.code)).all()

    # Zones

    def zone(self, code: str) -> Zone:
        """Return a zone by code.

        Raises:
            RecordNotFound: ``NOT_FOUND``.
        """
        found: Zone | None = self._session.scalar(select(Zone).where(Zone.code == code))
        if found is None:
            raise RecordNotFound("NOT_FOUND", entity=Zone.entity_name(), id=code)
        return found

    def define_zone(
        self,
        code: str,
        label: str,
        *,
        label_en: str = "",
        parent: Zone | str | None = None,
        municipalities: Iterable[str] = (),
        postcodes: Iterable[str] = (),
        ranges: Iterable[tuple[str, str]] = (),
        provinces: Iterable[str] = (),
    ) -> Zone:
        """Create a zone with its member rules, of which the most precise that fits an address wins: ISTAT code, postcode, range, province.

        Raises:
            ValidationFailed: ``ZONE_RULE_OVERLAP``, ``ZONE_RULE_INVALID``, ``ZONE_CYCLE``.
        """
        parent_id = self._zone(parent).id if parent is not None else None
        zone = self._session.add(Zone(code=code, label_it=label, label_en=label_en, parent_id=parent_id))
        self._session.flush()
        rules = [(ZoneRuleKind.MUNICIPALITY, first, "") for first in municipalities]
        rules += [(ZoneRuleKind.POSTCODE, first, "") for first in postcodes]
        rules += [(ZoneRuleKind.POSTCODE_RANGE, first, last) for first, last in ranges]
        rules += [(ZoneRuleKind.PROVINCE, first, "") for first in provinces]
        for kind, first, last in rules:
            self._session.add(ZoneRule(zone_id=zone.id, kind=kind.value, first=first, last=last))
        self._session.flush()
        return zone

    def zone_at(self, address: Address) -> Zone | None:
        """Return the zone of an address, or None."""
        found = zones_of(self._session, [address])[address]
        return self._session.get(Zone, found) if found is not None else None

    # Who sells where

    def assign(
        self, zone: Zone | str, seller: Salesperson | str, from_date: date, *, unit: int | None = None, to_date: date | None = None
    ) -> SellerZone:
        """Give a zone to a seller from a day on, for one business unit (by number) or for all (B12).

        Without ``to_date`` the seller before ends on the day before. With one, the interval must be free.

        Raises:
            ValidationFailed: ``SELLER_ZONE_OVERLAP`` when somebody has the zone on one of the days (I-23), ``SELLER_DISABLED``,
                ``SALESPERSON_KIND``, ``SELLER_ZONE_INVERTED``, ``ZONE_OBSOLETE``.
        """
        session = self._session
        where, who, unit_id = self._zone(zone), self._salesperson(seller), self._unit(unit)
        session.flush()
        if to_date is None:
            same = SellerZone.business_unit_id.is_(None) if unit_id is None else SellerZone.business_unit_id == unit_id
            covers = or_(SellerZone.to_date.is_(None), SellerZone.to_date >= from_date)
            previous = session.scalar(
                select(SellerZone).where(SellerZone.zone_id == where.id, same, SellerZone.from_date < from_date, covers)
            )
            if previous is not None:
                previous.to_date = from_date - timedelta(days=1)
        row = session.add(
            SellerZone(zone_id=where.id, salesperson_id=who.id, from_date=from_date, to_date=to_date, business_unit_id=unit_id)
        )
        session.flush()
        return row

    def assignments(self, zone: Zone | str) -> Sequence[SellerZone]:
        """Return who had, has and will have a zone, by day."""
        mine = select(SellerZone).where(SellerZone.zone_id == self._zone(zone).id)
        return self._session.scalars(mine.order_by(SellerZone.business_unit_id, SellerZone.from_date)).all()

    def seller_of(self, account: Account | int, on: date | None = None, *, unit: int | None = None) -> Assigned:
        """Return who sells to an account on a day; without one, on the system date for assignment, else today (I-24).

        A seller set by hand goes before the zone of the account's legal site; nobody is the null agent, with a warning.

        Raises:
            RecordNotFound: ``NOT_FOUND``.
        """
        key = account if isinstance(account, int) else account.id
        found = self.sellers_of([key], on, unit=unit)
        if key not in found:
            raise RecordNotFound("NOT_FOUND", entity=Account.entity_name(), id=key)
        return found[key]

    def sellers_of(self, accounts: Iterable[int], on: date | None = None, *, unit: int | None = None) -> dict[int, Assigned]:
        """Return who sells to each of many accounts, by key, in a few statements; those that do not exist are left out."""
        return sellers_of(self._session, list(accounts), on or self.assignment_date, self._unit(unit))

    def seller_at(self, address: Address, on: date | None = None, *, unit: int | None = None) -> Assigned:
        """Return who sells at an address on a day, as `seller_of`."""
        return seller_at(self._session, address, on or self.assignment_date, self._unit(unit))

    def set_seller(self, account: Account, seller: Salesperson | str) -> None:
        """Set the seller of an account by hand: no zone changes it until `release_seller`."""
        account.seller_id = self._salesperson(seller).id
        account.seller_source = SellerSource.MANUAL.value

    def release_seller(self, account: Account) -> None:
        """Let the zone decide about an account again; the commit sets its seller."""
        account.seller_source = SellerSource.ZONE.value

    # The day that counts

    @property
    def assignment_date(self) -> date:
        """The system date for assignment if it is set, else today (B13)."""
        return dates.assignment_date(self._session)

    @property
    def system_date(self) -> date | None:
        """The system date for assignment, or None."""
        return dates.system_date(self._session)

    def set_system_date(self, day: date | None) -> None:
        """Set the system date for assignment; None lets it follow the calendar."""
        dates.set_system_date(self._session, day)

    # Recomputation

    def plan_sellers(self, on: date | None = None, *, description: str = "") -> SellerPlan:
        """Preview the sellers of all accounts as their zones say on a day (B11): who would get how many from whom.

        ``session.changesets.confirm(plan.token)`` applies exactly that, and ``session.changesets.undo`` takes it back.
        """
        return plan_sellers(self._session, on or self.assignment_date, None, description)

    def plan_zones(self, *, description: str = "") -> Preview:
        """Preview the zones of all sites, after member rules changed; sellers follow with `plan_sellers`."""
        return plan_zones(self._session, description)

    def _zone(self, zone: Zone | str) -> Zone:
        return self.zone(zone) if isinstance(zone, str) else zone

    def _salesperson(self, person: Salesperson | str) -> Salesperson:
        return self.salesperson(person) if isinstance(person, str) else person

    def _unit(self, number: int | None) -> int | None:
        if number is None:
            return None
        found: int | None = self._session.scalar(select(BusinessUnit.id).where(BusinessUnit.number == number))
        if found is None:
            raise RecordNotFound("NOT_FOUND", entity=BusinessUnit.entity_name(), id=number)
        return found
