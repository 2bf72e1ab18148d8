"""What is searched of an account: names, people, phones, e-mails, codes and notes, as words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Select, bindparam, inspect, select

from crmcore.model import Account, ContactPoint, Entity, Person
from crmcore.query.words import compact, phone_words, vat_words, words

CHUNK: Final = 2_000
_MOST_WORDS: Final = 5_000
"""In one place of a document: PostgreSQL takes a megabyte, and no more."""
_COLUMNS: Final[Mapping[type[Entity], tuple[str, ...]]] = {
    Account: ("id", "name", "phone1", "email", "pec", "recipient_code", "vat_code", "fiscal_code", "web", "notes"),
    Person: ("account_id", "last_name", "first_name", "notes"),
    ContactPoint: ("account_id", "kind", "value", "raw"),
}
SEARCHED: Final[Mapping[type[Entity], frozenset[str]]] = {cls: frozenset(columns) for cls, columns in _COLUMNS.items()}
"""What has to change for the words of an account to change."""


@attrs.define
class Document:
    """The words of one account, by weight."""

    account_id: int
    name: dict[str, None] = attrs.field(factory=dict)
    people: dict[str, None] = attrs.field(factory=dict)
    codes: dict[str, None] = attrs.field(factory=dict)
    notes: dict[str, None] = attrs.field(factory=dict)

    def take(self, cls: type[Entity], row: Mapping[str, Any]) -> None:
        """Add the words of a record that belongs to the account, or of the account itself."""
        if cls is Account:
            self._account(row)
        elif cls is Person:
            self._add(self.people, words(row["last_name"]) + words(row["first_name"]))
            self._add(self.notes, words(row["notes"]))
        else:
            found = phone_words if row["kind"] == "phone" else compact
            self._add(self.codes, found(row["value"]) + found(row["raw"]))

    def _account(self, row: Mapping[str, Any]) -> None:
        self._add(self.name, words(row["name"]))
        self._add(self.codes, phone_words(row["phone1"]) + vat_words(row["vat_code"]) + vat_words(row["fiscal_code"]))
        for column in ("email", "pec", "recipient_code", "web"):
            self._add(self.codes, compact(row[column]))
        self._add(self.notes, words(row["notes"]))

    @staticmethod
    def _add(place: dict[str, None], found: Iterable[str]) -> None:
        if len(place) < _MOST_WORDS:
            place |= dict.fromkeys(found)


def compose(rows: Iterable[tuple[type[Entity], int, Mapping[str, Any]]]) -> list[Document]:
    """Put together the documents of accounts from their records: class, account and values."""
    found: dict[int, Document] = {}
    # The account itself may come after what belongs to it.
    for cls, account_id, row in rows:
        found.setdefault(account_id, Document(account_id)).take(cls, row)
    return [document for _, document in sorted(found.items())]


def read_documents(
    connection: Connection, account_ids: Collection[int], without: Mapping[type[Entity], Collection[str]] | None = None
) -> list[Document]:
    """Read the documents of some accounts: three statements for each two thousand; one that does not exist, or was merged, has none.

    ``without`` leaves out the words of some fields.
    """
    left_out = without or {}
    return [document for part in _parts(account_ids) for document in compose(_existing(_rows(connection, part, left_out)))]


def _existing(rows: Iterable[tuple[type[Entity], int, Mapping[str, Any]]]) -> list[tuple[type[Entity], int, Mapping[str, Any]]]:
    found = list(rows)
    accounts = {account_id for cls, account_id, _ in found if cls is Account}
    return [row for row in found if row[1] in accounts]


def _rows(
    connection: Connection, account_ids: Collection[int], without: Mapping[type[Entity], Collection[str]]
) -> Iterator[tuple[type[Entity], int, Mapping[str, Any]]]:
    for cls, columns in _COLUMNS.items():
        empty = dict.fromkeys(without.get(cls, ()))
        for row in connection.execute(_query(cls, columns), {"account_ids": list(account_ids)}).mappings():
            yield cls, row[columns[0]], {**row, **empty}


@lru_cache(maxsize=16)
def _query(cls: type[Entity], columns: tuple[str, ...]) -> Select[Any]:
    """Return the query of one class: made once, as that costs more than running it."""
    table = cls.__table__
    wanted = table.c[columns[0]].in_(bindparam("account_ids", expanding=True))
    query = select(*(table.c[name] for name in columns)).where(wanted).order_by(table.c.id)
    # Nobody finds what was merged into another one (I-5).
    return query.where(table.c.merged_into_id.is_(None)) if cls is Account else query


def record_row(record: Entity) -> tuple[type[Entity], int, Mapping[str, Any]] | None:
    """Return a record that this unit of work made as `compose` takes it; None when something of it would have to be read back."""
    columns = _COLUMNS.get(type(record))
    if columns is None:
        return None
    state = record.__dict__
    if columns[0] not in state or inspect(record).expired_attributes:
        return None
    # What was never set is not there, and was written as empty.
    return type(record), state[columns[0]], {name: state.get(name) for name in columns}


def account_key(record: Entity) -> int | None:
    """Return the account that a record has its words in."""
    columns = _COLUMNS.get(type(record))
    found: int | None = record.__dict__.get(columns[0]) if columns else None
    return found


def _parts(account_ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(account_ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
