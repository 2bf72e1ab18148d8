"""The full-text index: `FTS5` on SQLite, a `tsvector` with a GIN index on PostgreSQL; no extension is needed.

One row for each account, of words that `words` made: the databases neither split nor stem, so both find the same. The table belongs to no
model: its form is the database's own, and a migration makes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Float,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.types import UserDefinedType

from crmcore.migrate.managed import SEARCH_TABLE
from crmcore.model import Account, Entity, Person
from crmcore.query.documents import CHUNK, Document, read_documents
from crmcore.query.words import Term, terms
from crmcore.storage import NewRows, dump_json, insert_rows

CANDIDATES: Final = 2_000
"""Of how many accounts the rank is computed: who asks for one letter does not wait for the order of a million."""

_PLACES: Final = ("name", "people", "codes", "notes")
# In metadata of their own: no model, and nothing that a migration compares.
_FTS: Final = Table(
    SEARCH_TABLE, MetaData(), Column("rowid", Integer), *(Column(name, Text) for name in _PLACES), Column(SEARCH_TABLE, Text)
)
_WEIGHTS: Final = (10.0, 6.0, 8.0, 1.0)
_PLACE_OF: Final[Mapping[tuple[type[Entity], str], str]] = {
    (Account, "name"): "name",
    (Account, "notes"): "notes",
    (Person, "last_name"): "people",
    (Person, "first_name"): "people",
    (Person, "notes"): "notes",
}
"""Where the words of a field are; all others are codes."""
_LETTERS: Final = {"name": "A", "codes": "B", "people": "C", "notes": "D"}
_LAST_POSITION: Final = 16_383


class _TextSearch(UserDefinedType[Any]):
    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        return self.name


_VECTOR: Final = _TextSearch("TSVECTOR")
_QUERY: Final = _TextSearch("TSQUERY")
_SEARCH: Final = Table(SEARCH_TABLE, MetaData(), Column("account_id", BigInteger), Column("document", _VECTOR))


def text_query(text: str, dialect: str, places: Collection[str] = _PLACES) -> str:
    """Return what a database is asked for a text: whole words, or words that begin so; nothing when it has neither letters nor digits.

    Every word is quoted, so nothing that anybody writes is syntax. ``places`` are those of a document in which words count.
    """
    some = len(places) < len(_PLACES)
    if dialect == "postgresql":
        letters = "".join(sorted(_LETTERS[place] for place in places)) if some else ""
        return _asked(terms(text), " & ", " | ", f"('{{word}}':{letters} | '{{word}}':*{letters})" if some else "('{word}' | '{word}':*)")
    asked = _asked(terms(text), " AND ", " OR ", '("{word}" OR "{word}" *)')
    return f"{{{' '.join(sorted(places))}}} : ({asked})" if some and asked else asked


def matching_ids(dialect: str, asked: ColumnElement[Any]) -> Select[Any]:
    """Return the query of the accounts that are found, for a condition; ``asked`` is a parameter of `text_query`."""
    if dialect == "postgresql":
        return select(_SEARCH.c.account_id).where(_matches(asked))
    return select(_FTS.c.rowid).where(_fts_matches(asked))


def listed_ids(dialect: str, name: str) -> Select[Any]:
    """Return the query of the ids in one parameter, however many there are; `ids_argument` writes its value."""
    if dialect == "postgresql":
        return select(func.unnest(cast(bindparam(name, type_=Text()), ARRAY(BigInteger))))
    return select(func.json_each(bindparam(name, type_=Text())).table_valued("value").c.value)


def ids_argument(dialect: str, ids: Iterable[int]) -> str:
    """Return ids as the parameter of `listed_ids` takes them."""
    listed = ",".join(map(str, ids))
    return f"{{{listed}}}" if dialect == "postgresql" else f"[{listed}]"


def matching(
    dialect: str, text: str, conditions: Sequence[ColumnElement[bool]], places: Collection[str] = _PLACES, *, after: int | None = None
) -> Select[Any]:
    """Return the query of the ids of accounts that a text finds; with ``after`` those behind an id, in their order."""
    asked = bindparam(None, text_query(text, dialect, places), Text, unique=True)
    # The index is asked first, and has its ids in order: from the accounts, SQLite would ask it about each.
    key: ColumnElement[Any] = _SEARCH.c.account_id if dialect == "postgresql" else _FTS.c.rowid
    source = (_SEARCH if dialect == "postgresql" else _FTS).join(Account.__table__, Account.id == key)
    found = select(key).select_from(source).where(_matches(asked) if dialect == "postgresql" else _fts_matches(asked), *conditions)
    return found if after is None else found.where(key > after).order_by(key)


def places_without(hidden: Mapping[type[Entity], Collection[str]]) -> frozenset[str]:
    """Return the places of a document in which there is no word of a hidden field."""
    return frozenset(_PLACES) - {_PLACE_OF.get((cls, field), "codes") for cls, fields in hidden.items() for field in fields}


def places_of(document: Document) -> Iterator[tuple[Mapping[str, None], float]]:
    """Yield the places of a document with what a word counts there."""
    for place, weight in zip(_PLACES, _WEIGHTS, strict=True):
        yield getattr(document, place), weight


def ranked(dialect: str, text: str, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Return the query of ids and scores of the accounts that a text finds, the best first."""
    asked = bindparam(None, text_query(text, dialect), Text, unique=True)
    if dialect == "postgresql":
        weights: ColumnElement[Any] = literal_column("'{0.1, 0.6, 0.8, 1.0}'::float4[]")
        key: ColumnElement[Any] = _SEARCH.c.account_id
        whole = bindparam(None, _whole_words(text), Text, unique=True)
        # Two ranks: in one query, PostgreSQL takes a word and its beginning for the same.
        score: ColumnElement[Any] = sum(
            (func.ts_rank(weights, _SEARCH.c.document, cast(each, _QUERY), type_=Float) for each in (asked, whole)),
            start=literal(0.0, Float),
        )
        found = select(key.label("id"), score.label("score")).select_from(_SEARCH).join(Account, Account.id == key).where(_matches(asked))
    else:
        key = _FTS.c.rowid
        score = -func.bm25(literal_column(SEARCH_TABLE), *(literal_column(str(weight)) for weight in _WEIGHTS), type_=Float)
        found = select(key.label("id"), score.label("score")).select_from(_FTS).join(Account, Account.id == key).where(_fts_matches(asked))
    first = found.where(*conditions).limit(CANDIDATES).subquery("candidates")
    return select(first.c.id, first.c.score).order_by(first.c.score.desc(), first.c.id)


def write(connection: Connection, documents: Collection[Document], *, new: bool) -> None:
    """Write the documents of accounts; ``new`` ones have no row yet."""
    if not documents:
        return
    if not new:
        remove(connection, [document.account_id for document in documents])
    if connection.dialect.name == "postgresql":
        rows = [{"account_id": each.account_id, "document": _vector(each)} for each in documents]
        connection.exec_driver_sql(_WRITE, {"rows": dump_json(rows)})
    else:
        found = [(each.account_id, *(" ".join(getattr(each, place)) for place in _PLACES)) for each in documents]
        insert_rows(connection, [NewRows(_FTS, ("rowid", *_PLACES), found)])


# Two that write to one account wait for each other when they remove its words; the second does not see those that the first wrote instead.
_WRITE: Final = (
    f"INSERT INTO {SEARCH_TABLE} (account_id, document) SELECT account_id, document "  # noqa: S608 - a constant
    "FROM json_to_recordset(CAST(%(rows)s AS json)) AS given (account_id bigint, document tsvector) "
    "ON CONFLICT (account_id) DO UPDATE SET document = excluded.document"
)


def remove(connection: Connection, account_ids: Iterable[int]) -> None:
    """Remove the documents of accounts."""
    ordered = sorted(account_ids)
    target, key = (_SEARCH, _SEARCH.c.account_id) if connection.dialect.name == "postgresql" else (_FTS, _FTS.c.rowid)
    for start in range(0, len(ordered), CHUNK):
        connection.execute(delete(target).where(key.in_(ordered[start : start + CHUNK])))


def rebuild(connection: Connection) -> int:
    """Write the whole index anew from the records, in the caller's transaction, and return how many accounts it has."""
    connection.execute(delete(_SEARCH if connection.dialect.name == "postgresql" else _FTS))
    last = total = 0
    while True:
        ids = (
            connection.execute(select(Account.__table__.c.id).where(Account.__table__.c.id > last).order_by("id").limit(CHUNK))
            .scalars()
            .all()
        )
        if not ids:
            return total
        write(connection, read_documents(connection, ids), new=True)
        last, total = ids[-1], total + len(ids)


def _whole_words(text: str) -> str:
    """Return the words that are asked for, any of them; for the rank alone."""
    return " | ".join(f"'{word}'" for term in terms(text) for choice in term.choices for word in choice)


def _asked(wanted: Iterable[Term], both: str, either: str, form: str) -> str:
    parts = [[both.join(form.format(word=word) for word in choice) for choice in term.choices] for term in wanted]
    return both.join(f"({either.join(f'({choice})' for choice in choices)})" for choices in parts)


def _matches(asked: ColumnElement[Any]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = _SEARCH.c.document.op("@@")(cast(asked, _QUERY))
    return found


def _fts_matches(asked: ColumnElement[Any]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = _FTS.c[SEARCH_TABLE].op("MATCH")(asked)
    return found


def _vector(document: Document) -> str:
    """Return the text of a `tsvector`: words with positions, which carry the weights."""
    found: list[str] = []
    position = 0
    for place, letter in _LETTERS.items():
        for word in getattr(document, place):
            position = min(position + 1, _LAST_POSITION)
            found.append(f"'{word}':{position}{letter}")
    return " ".join(found)
