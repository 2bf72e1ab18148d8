"""Mass changes of the territory: sellers of accounts and zones of sites (B11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from crmcore.changesets.kinds import Kind
from crmcore.changesets.values import Seen
from crmcore.changesets.writers import ColumnWriter
from crmcore.errors import Problem
from crmcore.model import Account, Entity, Salesperson, SellerSource, SellerZone, Zone, ZoneRule
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Session


def check_sellers(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> Mapping[int, Problem]:
    """Refuse sellers who are gone (I-22), and accounts whose seller was set by hand or that were merged away."""
    del cls
    account: Any = Account.__table__.c
    fixed: set[int] = set()
    for some in batches(sorted({wish.record_id for wish in wishes})):
        columns = select(account.id).where(
            account.id.in_(some), (account.seller_source == SellerSource.MANUAL) | account.merged_into_id.isnot(None)
        )
        fixed |= {row.id for row in session.execute(columns)}
    wanted = sorted({wish.new for wish in wishes if wish.new is not None})
    people: dict[int, Any] = {}
    for some in batches(wanted):
        rows = session.execute(select(Salesperson.id, Salesperson.code, Salesperson.disabled_from).where(Salesperson.id.in_(some)))
        people |= {row.id: row for row in rows}
    day = session.today()
    refused: dict[int, Problem] = {}
    for number, wish in enumerate(wishes):
        person = people.get(wish.new)
        if wish.record_id in fixed:
            refused[number] = Problem(code="SELLER_MANUAL", params={"id": wish.record_id})
        elif wish.new is not None and person is None:
            refused[number] = Problem(code="NOT_FOUND", params={"entity": Salesperson.entity_name(), "id": wish.new})
        elif person is not None and person.disabled_from is not None and person.disabled_from <= day:
            refused[number] = Problem(code="SELLER_DISABLED", params={"code": person.code, "day": person.disabled_from})
    return refused


def people_now(session: Session, cls: type[Entity]) -> str:
    """Name the state of the sales force and of its zones: a plan that somebody else's change made wrong is not confirmed."""
    del cls
    return f"{_fingerprint(session, Salesperson)} {_fingerprint(session, SellerZone)}"


def zones_now(session: Session, cls: type[Entity]) -> str:
    """Name the state of the zones and of what belongs to them."""
    del cls
    return f"{_fingerprint(session, Zone)} {_fingerprint(session, ZoneRule)}"


def _fingerprint(session: Session, cls: type[Entity]) -> str:
    row = session.execute(select(func.count(), func.coalesce(func.sum(cls.version), 0), func.coalesce(func.max(cls.id), 0))).one()
    return "/".join(str(value) for value in row)


SELLERS = Kind(name="sellers", writer=ColumnWriter("seller_id"), check=check_sellers, basis=people_now)
SITE_ZONES = Kind(name="site_zones", writer=ColumnWriter("zone_id"), basis=zones_now)
