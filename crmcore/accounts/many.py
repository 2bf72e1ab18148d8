"""Many new accounts at once: looked at by every rule, written by one statement for each table, told of as if each were made by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from crmcore.accounts import building
from crmcore.accounts.values import AccountData, Created
from crmcore.errors import Problem, ValidationFailed
from crmcore.model import Entity
from crmcore.session.changes import Change, created

if TYPE_CHECKING:
    from crmcore.session import Session

Pieces = Mapping[int, Sequence[Entity]]
"""Position → the account, and what belongs to it."""


def create_many(session: Session, accounts: Iterable[AccountData]) -> Created:
    """Write new accounts, and return what became of each; see `AccountsApi.create_many`."""
    pieces: dict[int, Sequence[Entity]] = {}
    refused: dict[int, tuple[Problem, ...]] = {}
    # Not as part of this: what was added before is written first, and refused by itself.
    session.flush()
    with session.undoing():
        for number, data in enumerate(accounts):
            try:
                account, belonging = building.make(session, data)
                pieces[number] = (account, *belonging)
            except ValidationFailed as error:
                refused[number] = error.problems
        with session.guard.lifted():
            changes = _sort_out(session, pieces, refused)
        good = {number: records for number, records in pieces.items() if number not in refused}
        if good:
            _write(session, changes or _changes(good))
    made = {number: tuple((each.entity_name(), each.id) for each in records) for number, records in good.items()}
    return Created({number: found[0][1] for number, found in made.items()}, refused, made)


def _changes(pieces: Pieces) -> list[Change]:
    return [created(record) for records in pieces.values() for record in records]


def _write(session: Session, changes: Sequence[Change]) -> None:
    if any(session.registry.onlookers(entity) for entity in {change.entity for change in changes}):
        # Plugins are given the records themselves, and may change them until the commit: the session has to know them.
        session.orm.add_all([change.record for change in changes])
        session.unit.flush()
    else:
        session.unit.insert(changes)


def _sort_out(session: Session, pieces: Pieces, refused: dict[int, tuple[Problem, ...]]) -> list[Change]:
    """Find which accounts are refused, by halves: a problem does not say whose it is. Nothing is written.

    Returns the checked changes when nothing was refused.
    """
    changes = _changes(pieces)
    problems = session.unit.problems_of(changes)
    if not problems:
        return changes
    if len(pieces) == 1:
        refused[next(iter(pieces))] = tuple(problems)
        return []
    numbers = sorted(pieces)
    middle = len(numbers) // 2
    for half in (numbers[:middle], numbers[middle:]):
        _sort_out(session, {number: pieces[number] for number in half}, refused)
    return []
