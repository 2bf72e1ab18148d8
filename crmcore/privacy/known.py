"""By what a person is known: the values under which somebody would look for them, and those that nobody else shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Connection, or_, select

from crmcore.model import Account, ContactPoint, Entity, Person, Site
from crmcore.privacy.references import Belongings
from crmcore.privacy.suppression import CODE, EMAIL, KIND_OF, PHONE, Identifier, identifier
from crmcore.storage import batches

_ACCOUNT: Final = {"phone1": PHONE, "email": EMAIL, "pec": EMAIL, "vat_code": CODE, "fiscal_code": CODE}
_SHORTEST: Final = 6
"""Characters: a shorter text is in too many others to stand for somebody."""
_PER_STATEMENT: Final = 1_000


@attrs.frozen
class Known:
    """Identifiers for the suppression list, and texts to look for in what was written freely."""

    identifiers: frozenset[Identifier]
    texts: frozenset[str]


def known_by(connection: Connection, belong: Belongings) -> Known:
    """Return by what the people of some records are known and nobody else is: who shares a phone with others is not erased with it."""
    mine = list(_values(connection, belong, None))
    words = {word for _, value in mine for word in (value, *value.split())}
    others = list(_values(connection, belong, sorted(words)))
    shared = {value for _, value in others} | {each for kind, value in others if kind and (each := identifier(kind, value))}
    identifiers = frozenset(each for kind, value in mine if kind and (each := identifier(kind, value)) and each not in shared)
    texts = frozenset(value for kind, value in mine if _stands_for_somebody(kind, value) and value not in shared)
    return Known(identifiers, texts)


def _stands_for_somebody(kind: str, value: str) -> bool:
    """Return whether a text may be looked for anywhere: a name of one word is a word like others."""
    return len(value) >= _SHORTEST and (bool(kind) or " " in value.strip())


def _values(connection: Connection, belong: Belongings, wanted: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """Yield kinds (empty for names) and values of the people themselves, or those of everybody else that are among the wanted ones."""
    for row in _rows(connection, Account, (*_ACCOUNT, "name"), belong, wanted):
        yield from ((_ACCOUNT.get(name, ""), value) for name, value in row.items() if value)
    for row in _rows(connection, Site, ("phone",), belong, wanted):
        yield from ((PHONE, value) for value in row.values() if value)
    for row in _rows(connection, ContactPoint, ("kind", "value", "raw"), belong, wanted):
        yield from ((KIND_OF.get(row["kind"], ""), value) for value in (row["value"], row["raw"]) if value)
    for row in _rows(connection, Person, ("first_name", "last_name"), belong, wanted):
        names = [name for name in (row["first_name"], row["last_name"]) if name]
        yield from (("", " ".join(order)) for order in (names, names[::-1]) if len(names) > 1)


def _rows(
    connection: Connection, cls: type[Entity], names: Sequence[str], belong: Belongings, wanted: Sequence[str] | None
) -> Iterator[Mapping[str, Any]]:
    table = cls.__table__
    query = select(table.c.id, *(table.c[name] for name in names))
    keys = belong.live.get(cls, set())
    conditions: list[ColumnElement[bool]]
    if wanted is None:
        conditions = [table.c.id.in_(some) for some in batches(sorted(keys))]
    else:
        searched = [table.c[name] for name in names if name not in {"kind", "first_name"}]
        conditions = [or_(*(column.in_(some) for column in searched)) for some in batches(wanted, _PER_STATEMENT)]
    for condition in conditions:
        for row in connection.execute(query.where(condition)).mappings():
            if wanted is None or row["id"] not in keys:
                yield {name: row[name] for name in names}
