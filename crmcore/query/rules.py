"""Keeping the full-text index, in the transaction of the change: a crash leaves both or neither; and searches to their owners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.model import Account, ContactPoint, Entity, Person
from crmcore.query.documents import SEARCHED, account_key, compose, read_documents, record_row
from crmcore.query.fulltext import remove, write
from crmcore.query.saved import check_owner

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_MEMO: Final = "fulltext"
_KEYS: Final = {Person: "account_id", ContactPoint: "account_id"}


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Note that words change in this unit of work, which are written at its end; return what is wrong with saved searches."""
    unit = session.unit
    if _MEMO not in unit.memo and any(_concerns(change) for change in changes):
        unit.memo[_MEMO] = True
        unit.finishers.append(lambda connection: _keep(session, connection))
    return check_owner(session, changes)


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Find nothing wrong."""
    del session, changes
    return ()


def _concerns(change: Change) -> bool:
    searched = SEARCHED.get(type(change.record))
    return searched is not None and (
        change.verb is not RecordVerb.UPDATED or not searched.isdisjoint(change.changes) or bool(change.before)
    )


def _keep(session: Session, connection: Connection) -> None:
    """Write the words of every account that the unit touched: new ones from memory, the others as they are stored now."""
    created: set[int] = set()
    deleted: set[int] = set()
    touched: set[int] = set()
    records: dict[Entity, Any] = {}
    whole = True
    for change in session.unit.changes:
        if not _concerns(change):
            continue
        record = change.record
        accounts = _accounts(change)
        touched |= accounts
        if isinstance(record, Account) and change.verb is RecordVerb.CREATED:
            created |= accounts
        if change.verb is RecordVerb.DELETED:
            records.pop(record, None)
            if isinstance(record, Account):
                deleted |= accounts
        else:
            records[record] = record_row(record)
            whole = whole and records[record] is not None
    if not whole:
        # Something was expired meanwhile: what is stored is asked for.
        created = set()
    fresh = created - deleted
    write(connection, compose(row for row in records.values() if row is not None and row[1] in fresh), new=True)
    remove(connection, deleted - created)
    old = touched - created - deleted
    if old:
        remove(connection, old)
        write(connection, read_documents(connection, old), new=True)


def _accounts(change: Change) -> set[int]:
    """Return the accounts whose words change: also the one that a person was moved away from."""
    found = {account_key(change.record)}
    key = _KEYS.get(type(change.record))
    if key is not None:
        found |= set(change.changes.get(key, ()))
    return {each for each in found if each is not None}
