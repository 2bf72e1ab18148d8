"""The contact history only grows: an entry is never changed or deleted, a correction is a new version (I-70)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.labels import Label
from crmcore.model import Interaction

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_IMPORT: Final = "import"
_MARKS: Final = range(1, 6)
_MARK: Final = Label("un voto da 1 a 5", "a mark from 1 to 5")


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the changes of one flush, before it is written."""
    mine = [change for change in changes if isinstance(change.record, Interaction)]
    if not mine:
        return []
    replaced = {id(change.record.__dict__.get("replaces")) for change in mine if change.verb is RecordVerb.CREATED}
    problems: list[Problem] = []
    for change in mine:
        entry = change.record
        if not isinstance(entry, Interaction):
            continue
        if change.verb is RecordVerb.CREATED:
            problems += _check_new(session, change, entry)
        elif change.verb is RecordVerb.DELETED or not _is_replacement(change, entry, replaced):
            problems.append(Problem(code="INTERACTION_FIXED"))
    return problems


def _is_replacement(change: Change, entry: Interaction, replaced: set[int]) -> bool:
    """Return whether the one thing that changed is that a new version takes the place of this one."""
    return change.fields == {"current"} and entry.current is False and id(entry) in replaced


def _check_new(session: Session, change: Change, entry: Interaction) -> Iterator[Problem]:
    may_sign = session.actor.is_system or session.source.partition(":")[0] == _IMPORT
    if entry.author != session.actor.name and not may_sign:
        yield Problem(code="INTERACTION_AUTHOR", params={"actor": session.actor.name, "author": entry.author})
    mark = entry.__dict__.get("mark")
    if type(mark) is int and mark not in _MARKS:
        yield Problem(code="VALUE_INVALID", params={"entity": "interaction", "field": "mark", "value": mark, "expected": _MARK})
    old = entry.__dict__.get("replaces")
    if isinstance(old, Interaction):
        if old.current:
            # A new version shows alone: the old one goes in the same commit.
            yield Problem(code="INTERACTION_REPLACED", params={"id": old.id})
        number = old.number + 1
    elif entry.replaces_id is not None:
        # Only with both records in hand can this be seen before it is written.
        yield Problem(code="INTERACTION_FIXED")
        return
    else:
        number = 1
    for field, value in (("number", number), ("current", True)):
        if entry.__dict__.get(field) != value:
            setattr(entry, field, value)
            change.changes[field] = (None, value)


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with a whole commit, after everything is written and before it lasts."""
    new = {entry.id: entry for change in changes if isinstance(entry := change.record, Interaction) and entry.replaces_id is not None}
    if not new:
        return
    olds = {entry.replaces_id for entry in new.values()}
    rows = session.execute(select(Interaction.id, Interaction.account_id, Interaction.current).where(Interaction.id.in_(olds)))
    accounts = {row.id: (row.account_id, row.current) for row in rows}
    for entry in new.values():
        account, current = accounts.get(entry.replaces_id or 0, (None, False))
        if account != entry.account_id or current:
            yield Problem(code="INTERACTION_FIXED")
