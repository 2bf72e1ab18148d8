"""The rules of the core's own entities, and what every database starts with; the packages that own them bring them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from crmcore.access import rules as access
from crmcore.access.signin import rules as signin
from crmcore.accounts import rules as accounts
from crmcore.accounts import seed as accounts_seed
from crmcore.characteristics import rules as characteristics
from crmcore.characteristics import seed as characteristics_seed
from crmcore.errors import Problem
from crmcore.interactions import rules as interactions
from crmcore.interactions import seed as interactions_seed
from crmcore.lookups import rules as lookups
from crmcore.lookups import seed as lookups_seed
from crmcore.privacy import rules as privacy
from crmcore.query import rules as query
from crmcore.session import ownership
from crmcore.states import rules as states
from crmcore.states import seed as states_seed
from crmcore.territory import rules as territory
from crmcore.territory import seed as territory_seed

if TYPE_CHECKING:
    from crmcore.session.changes import Change
    from crmcore.session.session import Session

_RULES: Final = (access, states, territory, lookups, characteristics, accounts, interactions, query, ownership, signin, privacy)
_SEEDS: Final = (states_seed, territory_seed, lookups_seed, characteristics_seed, accounts_seed, interactions_seed)


def check_flush(session: Session, changes: Sequence[Change]) -> list[Problem]:
    """Return the problems that the core finds in the changes of one flush."""
    return [problem for module in _RULES for problem in module.check(session, changes)]


def derive(session: Session, changes: Sequence[Change]) -> None:
    """Change what follows from a commit's changes, before its hooks see them; it is validated and written with them."""
    territory.derive(session, changes)


def follow_flush(session: Session, changes: Sequence[Change]) -> None:
    """Do what follows from the changes of a flush that was written: a check may be made of changes that never are, and does nothing."""
    accounts.follow(session, changes)
    signin.follow(session, changes)


def check_commit(session: Session, changes: Sequence[Change]) -> list[Problem]:
    """Return the problems that the core finds in a whole commit."""
    return [problem for module in _RULES for problem in module.check_commit(session, changes)]


def seed(session: Session) -> None:
    """Add what every database starts with, where it is missing."""
    for module in _SEEDS:
        module.seed(session)
    session.flush()
    # Imported here: planning builds on sessions.
    from crmcore.planning.layers import write_layers  # noqa: PLC0415

    write_layers(session)
