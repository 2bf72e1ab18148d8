"""Writing of offers against plain SQLAlchemy and hand-written SQL: an offer of ten rows, and a change of state (W5).

Hand-written SQL and plain SQLAlchemy write number, header and rows of an offer, without any check; and of a change of state what W5 of the
peers did: look whether the workflow knows it, write state, history and an audit row. There are no events, and nobody asks who may.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from crmcore_offers.archive import Documents, NewRow
from crmcore_offers.model import Counter, Document, Row
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session as PlainSession

from bench.databases import backends
from bench.measure import Figure, interleaved
from crmcore import Crm
from crmcore.model import AUDIT, StateChange

NOW: Final = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)
TODAY: Final = date(2026, 5, 11)
ROWS: Final = 10
TYPE: Final = "B-NUM"
"""The type of new offers, which is numbered."""
_TRACED: Final = {
    "at": NOW,
    "actor": "bench",
    "source": "api",
    "correlation_id": str(UUID(int=1)),
    "entity": "offers.document",
    "verb": "updated",
}
_STATES: Final = ("presented", "negotiating")


def figures(crm: Crm, kind: str, *, quick: bool) -> list[Figure]:
    """Measure both, on documents that are there."""
    rounds, times = (3, 20) if quick else (7, 50)
    return [*_creating(crm, kind, rounds, times), *_moving(crm, kind, rounds, times)]


def _creating(crm: Crm, kind: str, rounds: int, times: int) -> list[Figure]:
    def ours() -> None:
        with crm.session("bench") as session:
            rows = [NewRow(product="P1", price=Decimal("100.05"), quantity=place + 1, discounts="10", vat="B22") for place in range(ROWS)]
            Documents(session).create(TYPE, 1, rows=rows, title="Fornitura")
            session.commit()

    def plain() -> None:
        with PlainSession(crm.engine) as session:
            counter = session.scalars(select(Counter).where(Counter.series == "PLAIN")).one()
            counter.last += 1
            net = sum((_net(place) for place in range(ROWS)), Decimal(0))
            common = {"series": "PLAIN", "year": 2026, "number": counter.last, "reference": f"{counter.last}/2026", "title": "Fornitura"}
            document = _stamped(Document(type=TYPE, account_id=1, owner="bench", issued_on=TODAY, state="inserted", taxable=net, **common))
            session.add(document)
            session.flush()
            for place in range(ROWS):
                fields = {"quantity": Decimal(place + 1), "price": Decimal("100.05"), "net": _net(place), "code": "P1"}
                session.add(_stamped(Row(document_id=document.id, position=place + 1, vat="B22", state="waiting", **fields)))
            session.commit()

    connection = crm.engine.connect()
    by_hand = _inserting(connection)
    with PlainSession(crm.engine) as session:
        for series in ("PLAIN", "HAND"):
            session.add(_stamped(Counter(series=series, year=2026, last=0)))
        session.commit()
    seconds = _seconds(crm, {"ours": ours, "plain": plain, "hand": by_hand}, rounds, times)
    connection.close()
    notes = (f"{_statements(crm, ours)} statements of ours; with checks, number, history, audit and events",)
    name = f"offers: new offer of {ROWS} rows"
    return [
        _figure(name, kind, seconds["ours"], seconds["hand"], "hand-written SQL", 8.0, notes),
        _figure(name, kind, seconds["ours"], seconds["plain"], "plain SQLAlchemy"),
    ]


def _moving(crm: Crm, kind: str, rounds: int, times: int) -> list[Figure]:
    with crm.engine.connect() as reading:
        wanted = select(Document.id).where(Document.type == "B-OFF", Document.state.in_(_STATES)).order_by(Document.id).limit(200)
        keys = itertools.cycle(reading.execute(wanted).scalars().all())

    def ours() -> None:
        with crm.session("bench") as session:
            document = session.require(Document, next(keys))
            Documents(session).change_state(document, _other(document.state))
            session.commit()

    def plain() -> None:
        with PlainSession(crm.engine) as session:
            document = session.get_one(Document, next(keys))
            old, document.state = document.state, _other(document.state)
            change = StateChange(
                entity="offers.document",
                record_id=document.id,
                table_name="offers.documents",
                old=old,
                new=document.state,
                at=NOW,
                actor="bench",
                reason="",
                override=False,
            )
            session.add(_stamped(change))
            changes = {"state": [old, document.state]}
            session.execute(AUDIT.insert().values(entity_id=document.id, changes=changes, **_TRACED))
            session.commit()

    connection = crm.engine.connect()
    seconds = _seconds(crm, {"ours": ours, "plain": plain, "hand": _updating(connection, keys)}, rounds, times)
    connection.close()
    notes = (f"{_statements(crm, ours)} statements of ours, at most 6; with workflow, checks, history, audit and events",)
    return [
        _figure("offers: change of state (W5)", kind, seconds["ours"], seconds["hand"], "hand-written SQL", 12.0, notes),
        _figure("offers: change of state (W5)", kind, seconds["ours"], seconds["plain"], "plain SQLAlchemy"),
    ]


def _other(state: str | None) -> str:
    return _STATES[1] if state == _STATES[0] else _STATES[0]


def _net(place: int) -> Decimal:
    return (Decimal("100.05") * (place + 1) * 9 / 10).quantize(Decimal("0.01"))


def _stamped(record: Any) -> Any:  # a record of any class
    for name, value in (("created_at", NOW), ("updated_at", NOW), ("created_by", "bench"), ("updated_by", "bench")):
        setattr(record, name, value)
    return record


class _Insert:
    """An INSERT as the driver takes it: columns that vary first, then those that never do, with what columns are where nothing is said."""

    def __init__(self, table: Any, varying: tuple[str, ...], constants: Mapping[str, Any], connection: Connection) -> None:
        dialect = connection.dialect
        stamps = {"version": 1, "created_at": NOW, "updated_at": NOW, "created_by": "bench", "updated_by": "bench"}
        known: dict[str, Any] = {name: value for name, value in stamps.items() if name in table.c} | dict(constants)
        for column in table.columns:
            if column.name not in {*known, *varying} and column.default is not None:
                known[column.name] = column.default.arg
        mark = "?" if dialect.name == "sqlite" else "%s"
        names = (*varying, *known)
        self.sql = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"  # noqa: S608 - constants
        processors = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in known}
        self.constants = tuple(value if (bind := processors[name]) is None else bind(value) for name, value in known.items())


def _inserting(connection: Connection) -> Callable[[], None]:
    driver: Any = connection.connection.driver_connection
    sqlite = connection.dialect.name == "sqlite"
    mark = "?" if sqlite else "%s"
    count = f"UPDATE offers_counter SET last = last + 1 WHERE series = {mark} AND year = {mark} RETURNING last"  # noqa: S608 - constants
    fields = {"type": TYPE, "account_id": 1, "owner": "bench", "issued_on": TODAY, "state": "inserted", "series": "HAND", "year": 2026}
    fields |= {"title": "Fornitura", "competitors": [], "characteristics": {}}
    header = _Insert(Document.__table__, ("number", "reference"), fields, connection)
    common = {"price": Decimal("100.05"), "discounts": "10", "vat": "B22", "state": "waiting", "options": {}}
    row = _Insert(Row.__table__, ("document_id", "position", "quantity", "net"), common, connection)

    def run() -> None:
        cursor = driver.cursor()
        if sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        number = cursor.execute(count, ("HAND", 2026)).fetchone()[0]
        key = cursor.execute(f"{header.sql} RETURNING id", (number, f"{number}/2026", *header.constants)).fetchone()[0]
        rows = [(key, place + 1, (place + 1) * 1_000_000, int(_net(place) * 100), *row.constants) for place in range(ROWS)]
        cursor.executemany(row.sql, rows)
        driver.commit()

    return run


def _updating(connection: Connection, keys: Iterator[int]) -> Callable[[], None]:
    driver: Any = connection.connection.driver_connection
    sqlite = connection.dialect.name == "sqlite"
    mark = "?" if sqlite else "%s"
    read = f"SELECT state, version FROM offers_document WHERE id = {mark}"  # noqa: S608 - constants
    write = f"UPDATE offers_document SET state = {mark}, version = version + 1 WHERE id = {mark} AND version = {mark}"  # noqa: S608
    constants = {"entity": "offers.document", "table_name": "offers.documents", "at": NOW, "actor": "bench"}
    check = f"SELECT s.flags FROM state s JOIN state_table t ON t.id = s.table_id WHERE t.name = {mark} AND s.code IN ({mark}, {mark})"  # noqa: S608
    audit = _Insert(AUDIT, ("entity_id", "changes"), _TRACED, connection)
    history = _Insert(StateChange.__table__, ("record_id", "old", "new"), constants, connection)

    def run() -> None:
        cursor, key = driver.cursor(), next(keys)
        if sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        state, version = cursor.execute(read, (key,)).fetchone()
        other = _other(state)
        assert len(cursor.execute(check, ("offers.documents", state, other)).fetchall()) == len(_STATES)
        cursor.execute(write, (other, key, version))
        cursor.execute(history.sql, (key, state, other, *history.constants))
        cursor.execute(audit.sql, (key, json.dumps({"state": [state, other]}), *audit.constants))
        driver.commit()

    return run


def _statements(crm: Crm, work: Callable[[], None]) -> int:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(crm.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(crm.engine, "before_cursor_execute", note)
    return len(seen)


def _seconds(crm: Crm, contenders: Mapping[str, Callable[[], None]], rounds: int, times: int) -> dict[str, float]:
    return interleaved(contenders, rounds=rounds, times=times, servers=lambda: backends(crm))


def _figure(
    name: str, kind: str, value: float, baseline: float, against: str, target: float | None = None, notes: tuple[str, ...] = ()
) -> Figure:
    return Figure(
        subject=name, database=kind, value=value * 1e6, unit="µs", baseline=baseline * 1e6, against=against, target=target, notes=notes
    )
