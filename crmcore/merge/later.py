"""Merges are undone in the opposite order: what a later one built on is not taken away from under it (I-19)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, or_, select

from crmcore.changesets.rows import table_of
from crmcore.errors import UsageError
from crmcore.merge.images import Image
from crmcore.merge.journal import DROPPED, Entry
from crmcore.merge.references import ReferenceMap
from crmcore.model import MERGE_ROW, Account, AccountMerge, AccountMergeMember

MERGED: Final = "merged"


def refuse_later(
    connection: Connection, merge_id: int, accounts: Collection[int], entries: Sequence[Entry], references: ReferenceMap
) -> None:
    """Refuse to undo a merge before later ones that touched the same accounts or rows.

    Raises:
        UsageError: ``MERGE_LATER`` with their numbers.
    """
    later = _of_accounts(connection, merge_id, accounts) | _of_rows(connection, merge_id)
    referred = {key for entry in entries if entry.action == DROPPED for key in _accounts_in(entry.table, entry.old, references)}
    later |= _of_merged(connection, merge_id, referred - set(accounts))
    if later:
        raise UsageError("MERGE_LATER", id=merge_id, later=", ".join(map(str, sorted(later, reverse=True))))


def _of_accounts(connection: Connection, merge_id: int, accounts: Collection[int]) -> set[int]:
    return set(connection.execute(_BY_ACCOUNTS, {"merge_id": merge_id, "accounts": list(accounts)}).scalars())


def _of_rows(connection: Connection, merge_id: int) -> set[int]:
    """Return the later merges in whose journals there is a row that is in this one's."""
    return set(connection.execute(_BY_ROWS, {"merge_id": merge_id}).scalars())


_MERGE: Final = table_of(AccountMerge).c
_MEMBER: Final = table_of(AccountMergeMember).c
_LATER: Final = (_MERGE.id > bindparam("merge_id"), _MERGE.state == MERGED)
_GIVEN: Final[BindParameter[Any]] = bindparam("accounts", expanding=True)
_BY_ACCOUNTS: Final = (
    select(_MERGE.id)
    .join_from(table_of(AccountMerge), table_of(AccountMergeMember), _MEMBER.merge_id == _MERGE.id)
    .where(*_LATER, or_(_MERGE.survivor_id.in_(_GIVEN), _MEMBER.account_id.in_(_GIVEN)))
)
_MINE: Final = MERGE_ROW.alias("mine")
_THEIRS: Final = MERGE_ROW.alias("theirs")
_BY_ROWS: Final = (
    select(_MERGE.id)
    .join_from(_MINE, _THEIRS, (_THEIRS.c.table_name == _MINE.c.table_name) & (_THEIRS.c.key == _MINE.c.key))
    .join(table_of(AccountMerge), _MERGE.id == _THEIRS.c.merge_id)
    .where(_MINE.c.merge_id == bindparam("merge_id"), _THEIRS.c.merge_id > bindparam("merge_id"), _MERGE.state == MERGED)
    .distinct()
)


def _of_merged(connection: Connection, merge_id: int, accounts: Collection[int]) -> set[int]:
    """Return the merges by which accounts went away that a row of the journal, which would come back, refers to."""
    if not accounts:
        return set()
    merge, member, account = table_of(AccountMerge).c, table_of(AccountMergeMember).c, table_of(Account).c
    query = (
        select(merge.id)
        .join_from(table_of(AccountMerge), table_of(AccountMergeMember), member.merge_id == merge.id)
        .join(table_of(Account), account.id == member.account_id)
        .where(merge.id > merge_id, merge.state == MERGED, account.id.in_(accounts), account.merged_into_id.is_not(None))
    )
    return set(connection.execute(query).scalars())


def _accounts_in(table: str, image: Image, references: ReferenceMap) -> set[Any]:
    account = table_of(Account)
    found = set()
    for reference in references.to(account):
        if reference.table.name == table and reference.target is account.c.id:
            value = image.get(reference.column.name)
            named = reference.named_by is None or image.get(reference.named_by.name) == reference.entity
            if value is not None and named:
                found.add(int(value))
    return found
