"""Recompute sellers and zones: a plan that shows who changes, confirmed and undone as a mass change (B11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from crmcore.changesets.values import Planned, Preview
from crmcore.model import Account, Salesperson, SellerSource, Site
from crmcore.territory.sellers import NULL_AGENT, sellers_of, zones_of
from crmcore.territory.values import Address, Move, SellerPlan

if TYPE_CHECKING:
    from crmcore.session import Session

_CHUNK: Final = 5_000


def plan_sellers(session: Session, on: date, unit_id: int | None, description: str) -> SellerPlan:
    """Preview the sellers that accounts would get from their zones on a day; those set by hand stay."""
    moves: Counter[tuple[int | None, int]] = Counter()
    preview = session.changesets.preview("sellers", _new_sellers(session, on, unit_id, moves), description)
    codes = {row.id: row.code for row in session.execute(select(Salesperson.id, Salesperson.code))}
    named = [Move(codes[old] if old is not None else NULL_AGENT, codes[new], count) for (old, new), count in moves.items()]
    return SellerPlan(preview, on, tuple(sorted(named, key=lambda move: (-move.accounts, move.old, move.new))))


def _new_sellers(session: Session, on: date, unit_id: int | None, moves: Counter[tuple[int | None, int]]) -> Iterator[Planned]:
    account: Any = Account.__table__.c
    mine = (account.seller_source == SellerSource.ZONE, account.merged_into_id.is_(None))
    last = 0
    while rows := session.execute(
        select(account.id, account.seller_id).where(account.id > last, *mine).order_by(account.id).limit(_CHUNK)
    ).all():
        answers = sellers_of(session, [row.id for row in rows], on, unit_id)
        for key, old in rows:
            answer = answers[key]
            # Nobody is nobody, whether the null agent is written there or nothing.
            if answer.seller_id != old and not (old is None and answer.code == NULL_AGENT):
                moves[old, answer.seller_id] += 1
                yield Planned(key, "seller_id", answer.seller_id)
        last = rows[-1].id


def plan_zones(session: Session, description: str) -> Preview:
    """Preview the zones that sites would get from the member rules of today."""
    return session.changesets.preview("site_zones", _new_zones(session), description, entity=Site.entity_name())


def _new_zones(session: Session) -> Iterator[Planned]:
    site: Any = Site.__table__.c
    columns = (site.id, site.zone_id, site.postcode, site.istat_code, site.province, site.country)
    last = 0
    while rows := session.execute(select(*columns).where(site.id > last).order_by(site.id).limit(_CHUNK)).all():
        addresses = {key: Address(*parts) for key, _, *parts in rows}
        zones = zones_of(session, list(addresses.values()))
        for key, old, *_ in rows:
            if zones[addresses[key]] != old:
                yield Planned(key, "zone_id", zones[addresses[key]])
        last = rows[-1].id
