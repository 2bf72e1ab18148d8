"""For how many accounts the seller changes with the territory (B11, I-24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, func, select

from crmcore.hooks import Effect, Item, Key, Scene, Step
from crmcore.labels import Label
from crmcore.model import NULL_CODES, Account, SalespersonKind, SellerSource, Site, SiteKind, ZoneRuleKind
from crmcore.planning.core.zones_store import rules_of
from crmcore.territory.values import Address

if TYPE_CHECKING:
    from crmcore.session import Session

_NOBODY: Final = NULL_CODES[SalespersonKind.AGENT]
_TOUCHING: Final = frozenset({"zones", "zones.sellers", "salespersons"})
_RANK: Final = {SiteKind.LEGAL.value: 0, SiteKind.OPERATIVE.value: 1, SiteKind.DELIVERY.value: 2, SiteKind.BILLING.value: 3}


def seller_effects(session: Session, steps: Sequence[Step], scene: Scene) -> Iterable[Effect]:
    """Yield for how many accounts, without a seller set by hand, the zones name another seller on the day for assignment."""
    if not any(step.collection in _TOUCHING for step in steps):
        return
    day = session.territory.assignment_date.isoformat()
    before, after = _Territory(scene.before, day), _Territory(scene.after, day)
    if before == after:
        return
    moved = sum(count for address, count in _addresses(session) if before.seller(address) != after.seller(address))
    if moved:
        text = Label(
            f"il venditore secondo le zone cambia per {moved} anagrafiche; il ricalcolo dei venditori le assegna",
            f"the seller by zone changes for {moved} accounts; recalculating sellers assigns them",
        )
        yield Effect(collection="zones", text=text, count=moved)


def _addresses(session: Session) -> Iterable[tuple[Address, int]]:
    """Yield the different addresses that decide about accounts, with how many accounts each decides: one statement."""
    account: Any = Account.__table__.c
    site: Any = Site.__table__.c
    rank = func.row_number().over(partition_by=site.account_id, order_by=(case(_RANK, value=site.kind, else_=len(_RANK)), site.id))
    mine = and_(account.seller_source == SellerSource.ZONE.value, account.merged_into_id.is_(None), site.disabled.is_(False))
    columns = (site.postcode, site.istat_code, site.province, site.country)
    ranked = select(*columns, rank.label("place")).join(Account.__table__, account.id == site.account_id).where(mine).subquery()
    parts = (ranked.c.postcode, ranked.c.istat_code, ranked.c.province, ranked.c.country)
    for *found, count in session.execute(select(*parts, func.count()).where(ranked.c.place == 1).group_by(*parts)):
        yield Address(*found), count


class _Territory:
    """Who sells where on a day, as items say."""

    def __init__(self, items: Mapping[str, Mapping[Key, Item]], day: str) -> None:
        from crmcore.territory.zones import finder  # noqa: PLC0415 - only needed for effects

        codes = [key[0] for key in items.get("zones", {})]
        rules = [
            (kind, first, last, number) for number, code in enumerate(codes) for kind, first, last in rules_of(items["zones"][code,].values)
        ]
        self._codes = codes
        self.rules = {(ZoneRuleKind(kind), first, last): codes[number] for kind, first, last, number in rules}
        self._finder = finder(rules)
        left = {
            key[0]
            for key, item in items.get("salespersons", {}).items()
            if item.values["disabled_from"] and item.values["disabled_from"] <= day
        }
        self.sellers: dict[str, str] = {}
        for key, item in items.get("zones.sellers", {}).items():
            start, _, unit = key[1].partition(" ")
            until, seller = item.values["until"], item.values["seller"]
            if not unit and start <= day and (until is None or until >= day) and seller not in left:
                self.sellers[key[0]] = seller

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Territory) and (self.rules, self.sellers) == (other.rules, other.sellers)

    __hash__ = None  # type: ignore[assignment] # compared, never kept

    def seller(self, address: Address) -> str:
        """Return who sells at an address; nobody is the null agent."""
        found = self._finder.find(address)
        return _NOBODY if found is None else self.sellers.get(self._codes[found], _NOBODY)
