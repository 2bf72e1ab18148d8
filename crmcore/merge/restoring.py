"""Write what undoing a merge puts back: its steps, the last one first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Table, Update, bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError

from crmcore.accounts.belonging import PARENTS
from crmcore.changesets.rows import table_of
from crmcore.errors import UsageError
from crmcore.events import RecordVerb
from crmcore.merge.deciding import HISTORY_SOURCE
from crmcore.merge.events import AccountUnmerged
from crmcore.merge.images import Key, delete_rows, insert_images, update_images
from crmcore.merge.journal import ADDED, DROPPED, RECORD, Entry
from crmcore.merge.merging import ACCOUNT, READING, forget_loaded, refresh_words, tell_watchers
from crmcore.merge.undoing import Undoing
from crmcore.merge.values import UndoResult
from crmcore.model import Account, AccountMerge, CharacteristicChange, UtcDateTime
from crmcore.session.changes import Change

_VERSION: Final = "version"


def restore(undoing: Undoing) -> UndoResult:
    """Take the merge back, and tell of it; every question is answered.

    Raises:
        UsageError: ``MERGE_UNDO_CLASH`` when something that was made since is in the way.
    """
    session, merge = undoing.session, undoing.merge
    try:
        for entries in _steps(undoing.entries):
            _take_back(undoing, entries)
        _follow_parents(undoing)
    except IntegrityError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise UsageError("MERGE_UNDO_CLASH", id=merge.id, reason=reason) from error
    connection = undoing.connection
    # What it did to the survivor was not done: the values are as old as they were.
    connection.execute(_FORGET, {"account_id": merge.survivor_id, "said": f"{HISTORY_SOURCE}:{merge.id}"})
    connection.execute(_UNDONE, {"merge_id": merge.id, "done_at": session.now(), "by": session.actor.name})
    _tell(undoing)
    return UndoResult(
        id=merge.id,
        survivor_id=merge.survivor_id,
        merged_ids=undoing.members,
        done=True,
        restored=dict(sorted(undoing.restored.items())),
        kept=dict(sorted(undoing.kept.items())),
        gone=dict(sorted(undoing.gone.items())),
    )


_HISTORY: Final = table_of(CharacteristicChange)
_FORGET: Final = delete(_HISTORY).where(
    _HISTORY.c.entity == Account.entity_name(), _HISTORY.c.record_id == bindparam("account_id"), _HISTORY.c.source == bindparam("said")
)
_MERGE: Final = table_of(AccountMerge)
_UNDONE: Final = (
    update(_MERGE)
    .where(_MERGE.c.id == bindparam("merge_id"))
    .values(state="undone", undone_at=bindparam("done_at", type_=UtcDateTime), undone_by=bindparam("by"))
)


def _steps(entries: Sequence[Entry]) -> list[list[Entry]]:
    found: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.step].append(entry)
    return [found[step] for step in sorted(found, reverse=True)]


def _take_back(undoing: Undoing, entries: Sequence[Entry]) -> None:
    """Take back one step: all of its rows are of one table and one action."""
    connection, table, action = undoing.connection, undoing.table(entries[0].table), entries[0].action
    mine = [entry for entry in entries if (entry.table, entry.key) not in undoing.left]
    if action == RECORD:
        _restore_records(undoing)
        return
    if action == ADDED:
        delete_rows(connection, table, [entry.key for entry in mine])
    elif action == DROPPED:
        insert_images(connection, table, [entry.old for entry in mine])
    else:
        update_images(connection, table, [(entry.key, entry.old) for entry in mine])
    if action != ADDED and mine:
        undoing.restored[table.name] += len(mine)


def _restore_records(undoing: Undoing) -> None:
    """Write the accounts back; one that somebody changed since, and that is changed now, gets a new version."""
    connection, session = undoing.connection, undoing.session
    for key, image in undoing.records.items():
        update_images(connection, ACCOUNT, [(key, image)])
        if _VERSION not in image:
            stamps: dict[str, Any] = {"updated_at": session.now(), "updated_by": session.actor.name}
            connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == key[0]).values(version=ACCOUNT.c.version + 1, **stamps))


def _follow_parents(undoing: Undoing) -> None:
    """Let what belongs to a person or a site be where these are: also what was made since, and what stays or goes by choice."""
    connection = undoing.connection
    moved: dict[str, list[int]] = defaultdict(list)
    for entry in undoing.entries:
        moved[entry.table].append(entry.key[0])
    for child, links in PARENTS.items():
        for column, cls, _ in links:
            keys = moved.get(cls.__tablename__)
            if not keys:
                continue
            connection.execute(_following(_table(undoing, child), column, table_of(cls)), {"keys": keys})


@lru_cache(maxsize=64)
def _following(table: Table, column: str, parent: Table) -> Update:
    home = select(parent.c.account_id).where(parent.c.id == table.c[column]).scalar_subquery()
    mine = table.c[column].in_(bindparam("keys", expanding=True))
    return update(table).where(mine, table.c.account_id != home).values(account_id=home)


def _table(undoing: Undoing, entity: str) -> Table:
    return table_of(undoing.session.registry.entities[entity])


def _tell(undoing: Undoing) -> None:
    """Leave history and events, and forget what the session knows of the rows."""
    session = undoing.session
    followers = {_table(undoing, child) for child in PARENTS}
    forget_loaded(session, {undoing.table(entry.table) for entry in undoing.entries} | followers | {ACCOUNT})
    records = {account.id: account for account in session.orm.scalars(READING, {"ids": undoing.accounts})}
    for key, changes in undoing.told.items():
        session.unit.tell(Change(Account.entity_name(), RecordVerb.UPDATED, records[key[0]], dict(changes)), session.now())
    refresh_words(session, undoing.accounts)
    rows: dict[str, list[Key]] = defaultdict(list)
    for entry in undoing.entries:
        if entry.action != ADDED:
            rows[entry.table].append(entry.key)
    tell_watchers(session, undoing.accounts, rows)
    merge = undoing.merge
    session.publish(AccountUnmerged(merge_id=merge.id, survivor_id=merge.survivor_id, merged_ids=undoing.members))
