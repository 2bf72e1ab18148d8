"""Delete what journals of merges keep of people: values of accounts, and whole rows that had to go."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Final

import attrs
from sqlalchemy import Connection, delete, or_, select, update

from crmcore.changesets.rows import table_of
from crmcore.merge.images import Image
from crmcore.merge.journal import DROPPED
from crmcore.model import MERGE_ROW, AccountMerge, AccountMergeMember, Entity
from crmcore.storage import batches, dump_json

_MERGE: Final = table_of(AccountMerge)
_MEMBER: Final = table_of(AccountMergeMember)


def merges_of(connection: Connection, accounts: Collection[int]) -> set[int]:
    """Return the merges that accounts survived, or in which they went."""
    found: set[int] = set()
    for some in batches(sorted(accounts)):
        mine = select(_MEMBER.c.merge_id).where(_MEMBER.c.account_id.in_(some))
        found.update(connection.execute(select(_MERGE.c.id).where(or_(_MERGE.c.survivor_id.in_(some), _MERGE.c.id.in_(mine)))).scalars())
    return found


@attrs.frozen
class DroppedRow:
    """A row that a merge removed, because another one says the same, or because it would have led to itself; as the database stored it."""

    table: str
    key: int
    image: Image


def dropped_rows(connection: Connection, merges: Collection[int]) -> Iterator[DroppedRow]:
    """Yield the rows with a key of their own that some merges removed."""
    row = MERGE_ROW.c
    for some in batches(sorted(merges)):
        query = select(row.table_name, row.key, row.old).where(row.merge_id.in_(some), row.action == DROPPED)
        for table, key, old in connection.execute(query):
            values = json.loads(key)
            if len(values) == 1 and isinstance(values[0], int):
                yield DroppedRow(table, values[0], old)


def merges_that_keep(connection: Connection, rows: Mapping[type[Entity], Collection[int]]) -> set[int]:
    """Return the merges whose journals have personal values of some rows: most have only where a row was."""
    found: set[int] = set()
    row = MERGE_ROW.c
    for cls, keys in rows.items():
        personal = set(cls.__personal__)
        for some in batches([dump_json([key]) for key in sorted(keys)] if personal else []):
            mine = (row.table_name == cls.__tablename__, row.key.in_(some))
            for merge_id, old, new in connection.execute(select(row.merge_id, row.old, row.new).where(*mine)):
                if not personal.isdisjoint({*old, *new}):
                    found.add(merge_id)
    return found


def forget_merges(connection: Connection, merges: Collection[int]) -> int:
    """Delete the journals of some merges, which cannot be undone any more, and return how many had one."""
    count = 0
    for some in batches(sorted(merges)):
        count += len(set(connection.execute(select(MERGE_ROW.c.merge_id).where(MERGE_ROW.c.merge_id.in_(some)).distinct()).scalars()))
        connection.execute(delete(MERGE_ROW).where(MERGE_ROW.c.merge_id.in_(some)))
        connection.execute(update(_MERGE).where(_MERGE.c.id.in_(some)).values(decisions=[]))
    return count
