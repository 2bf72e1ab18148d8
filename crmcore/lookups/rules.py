"""Lookup tables: three levels at most, and places that old records can rely on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.labels import Label
from crmcore.model import LookupEntry

if TYPE_CHECKING:
    from crmcore.session import Change, Session

LEVELS: Final = 3
"""Levels of a table (glossary 93)."""

_FIXED: Final = frozenset({"table_id", "code", "parent_id", "level", "path"})
_CODE: Final = Label("un codice senza barre né spazi ai bordi", "a code without slashes or blanks around it")


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the changes of one flush, before it is written."""
    mine = [(change, change.record) for change in changes if isinstance(change.record, LookupEntry)]
    if not mine:
        return []
    parents = _parents(session, [record for change, record in mine if change.verb is RecordVerb.CREATED])
    placed: set[int] = set()
    problems: list[Problem] = []
    for change, entry in mine:
        if change.verb is RecordVerb.CREATED:
            problems += _place(change, entry, parents, {id(record): other for other, record in mine}, placed)
        elif change.verb is RecordVerb.DELETED:
            problems.append(Problem(code="LOOKUP_KEPT", params={"path": entry.path}))
        elif _FIXED & change.fields:
            old = change.changes["path"][0] if "path" in change.changes else entry.path
            problems.append(Problem(code="LOOKUP_FIXED", params={"path": old}))
    return problems


def _parents(session: Session, entries: Sequence[LookupEntry]) -> dict[int, LookupEntry]:
    wanted = {entry.parent_id for entry in entries if entry.parent_id is not None and entry.__dict__.get("parent") is None}
    if not wanted:
        return {}
    return {entry.id: entry for entry in session.scalars(select(LookupEntry).where(LookupEntry.id.in_(wanted)))}


def _place(
    change: Change, entry: LookupEntry, parents: dict[int, LookupEntry], changes: dict[int, Change], placed: set[int]
) -> Iterator[Problem]:
    """Set level and path of a new entry from its parent, which may be new as well."""
    if id(entry) in placed:
        return
    placed.add(id(entry))
    code = entry.code
    if type(code) is str and (not code or "/" in code or code != code.strip()):
        params = {"entity": "lookup_entry", "field": "code", "value": code, "expected": _CODE}
        yield Problem(code="VALUE_INVALID", params=params)
    parent = entry.__dict__.get("parent") or parents.get(entry.parent_id or 0)
    level, path = 1, f"{code}/"
    if isinstance(parent, LookupEntry):
        if id(parent) in changes and changes[id(parent)].verb is RecordVerb.CREATED:
            yield from _place(changes[id(parent)], parent, parents, changes, placed)
        level, path = parent.level + 1, f"{parent.path}{code}/"
        if not _same_table(entry, parent):
            yield Problem(code="LOOKUP_TABLE_OTHER", params={"code": code, "parent": parent.path})
        elif level > LEVELS:
            yield Problem(code="LOOKUP_LEVEL", params={"code": code, "parent": parent.path})
    for field, value in (("level", level), ("path", path)):
        setattr(entry, field, value)
        change.changes[field] = (None, value)


def _same_table(entry: LookupEntry, parent: LookupEntry) -> bool:
    tables = entry.__dict__.get("table"), parent.__dict__.get("table")
    known = entry.__dict__.get("table_id"), parent.__dict__.get("table_id")
    if None not in known:
        return known[0] == known[1]
    return tables[0] is not None and tables[0] is tables[1]


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with a whole commit, after everything is written and before it lasts."""
    del session, changes
    return ()
