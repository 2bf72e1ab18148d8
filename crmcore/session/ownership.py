"""Whose an item is: what somebody changes by hand belongs to the deployment from then on, and an upgrade leaves it alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.hooks import DEPLOYMENT
from crmcore.model import BusinessUnit, Entity, InteractionKind, LookupEntry, LookupTable, Portfolio, RelationKind

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_OWNED: Final[frozenset[type[Entity]]] = frozenset({BusinessUnit, InteractionKind, LookupEntry, LookupTable, Portfolio, RelationKind})
_MIGRATION: Final = "migration"


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Note the owner of what changes; nothing is ever wrong with it."""
    if session.source == _MIGRATION:
        return ()
    for change in changes:
        # Every record of every commit comes by here.
        if type(change.record) not in _OWNED or change.verb is not RecordVerb.UPDATED or "owner" in change.changes:
            continue
        owner: str = getattr(change.record, "owner")  # noqa: B009 - those classes have it
        if owner != DEPLOYMENT:
            change.changes["owner"] = (owner, DEPLOYMENT)
            setattr(change.record, "owner", DEPLOYMENT)  # noqa: B010 - as above
    return ()


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Find nothing wrong."""
    del session, changes
    return ()
