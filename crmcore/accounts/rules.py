"""What must hold of every change to accounts and what belongs to them, whoever makes it (I-1 to I-11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from crmcore.accounts import belonging, identity, parties, required, sites, trees
from crmcore.errors import Problem

if TYPE_CHECKING:
    from crmcore.session import Change, Session

Rule = Callable[["Session", "Sequence[Change]"], Iterable[Problem]]
"""Looks at the changes of one entity in one flush, before they are written."""

_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "account": (identity.check_writable, identity.check_codes, required.check_fields, identity.check_owner),
    "site": (sites.check_addresses,),
    "contact_point": (parties.keep_raw,),
    "person_preference": (parties.check_preferences,),
    "consent": (parties.check_consents,),
    "portfolio": (trees.check_portfolios,),
    "business_unit": (trees.check_units,),
    "account_portfolio": (trees.check_assignments,),
}


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the changes of one flush, before it is written."""
    by_entity: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.entity in _RULES:
            by_entity[change.entity].append(change)
    problems = [problem for entity, found in by_entity.items() for rule in _RULES[entity] for problem in rule(session, found)]
    if problems:
        # Something is refused anyway: say at once what would be refused at the end of the commit.
        problems += required.missing_portfolios(session, by_entity)
    return problems


def follow(session: Session, changes: Sequence[Change]) -> None:
    """Do what follows from the changes of one flush, once they are written."""
    identity.tell_owner(session, changes)
    trees.follow_moves(session, changes)


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with a whole commit, after everything is written and before it lasts."""
    yield from belonging.check_merged(session, changes)
    yield from belonging.check_parents(session, changes)
    yield from required.check_portfolios(session, changes)
    yield from sites.check_legal_sites(session, changes)
    yield from identity.check_unique_codes(session, changes)
