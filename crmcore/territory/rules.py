"""What must hold of the sales force, of zones and of who sells where, whoever writes (I-21 to I-24)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from crmcore.errors import Problem
from crmcore.model import Parameter, Salesperson, SellerZone, Zone, ZoneRule
from crmcore.territory.check_people import check_people, check_sellers
from crmcore.territory.check_sites import derive_sellers, derive_zones
from crmcore.territory.check_zones import check_assignments, check_parameters, check_rules, check_tree
from crmcore.territory.sellers import NULL_AGENT

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_DEFINING = (Salesperson, Zone, ZoneRule, SellerZone)
_CHECKS = (
    (Salesperson, check_people),
    (Zone, check_tree),
    (ZoneRule, check_rules),
    (SellerZone, check_assignments),
    (Parameter, check_parameters),
)


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the changes of one flush, before it is written; fills paths and zones."""
    if any(isinstance(change.record, _DEFINING) for change in changes):
        _wait(session)
    problems: list[Problem] = []
    for cls, check_some in _CHECKS:
        mine = [change for change in changes if isinstance(change.record, cls)]
        if mine:
            problems += check_some(session, mine)
    problems += check_sellers(session, changes)
    derive_zones(session, changes)
    return problems


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return nothing: every rule here looks at the database and at what will be written to it."""
    del session, changes
    return ()


def derive(session: Session, changes: Sequence[Change]) -> None:
    """Give the accounts whose address changed the seller of their zone, in the commit that changes it."""
    derive_sellers(session, changes)


def _wait(session: Session) -> None:
    """Let one transaction after the other define the territory: two that are both right could overlap together."""
    session.take_write_lock()
    session.execute(select(Salesperson.id).where(Salesperson.code == NULL_AGENT).with_for_update(key_share=True))
