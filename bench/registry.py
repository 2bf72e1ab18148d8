"""The registry against hand-written SQL on the same tables: a new account, a list, a timeline, a mass change.

Hand-written SQL writes and reads the rows of the subject alone: no validation, history, audit, events or search index.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import event, select, text

from bench.databases import Databases, backends
from bench.measure import Figure, interleaved
from crmcore import Account, CharacteristicDef, Choice, Crm, Label
from crmcore.model import Interaction, InteractionKind
from crmcore.query import ListView

NOW: Final = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)
SUPPLIERS: Final = ("enel", "edison", "a2a", "iren")
KEYS: Final = ("gestore", "classe", "consumo_kwh", "dal", "note")
COLUMNS: Final = ("id", "name", "phone1", "state", "c.consumo_kwh")


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure the four on each database; ``quick`` with 20,000 accounts instead of 100,000."""
    found: list[Figure] = []
    for kind in databases.kinds:
        with databases.open(kind) as crm:
            _define(crm)
            count = 20_000 if quick else 100_000
            _fill(crm, count)
            found += _creating(crm, kind, quick=quick)
            found += _listing(crm, kind, quick=quick)
            found += _timeline(crm, kind, quick=quick)
            found += _mass(crm, kind, min(count, 50_000), quick=quick)
    return found


def _define(crm: Crm) -> None:
    choices = tuple(Choice(code=code, label=Label(code, code)) for code in SUPPLIERS)
    specs = (
        CharacteristicDef(key="gestore", label=Label("Gestore", "Supplier"), type="choice", choices=choices, indexed=True),
        CharacteristicDef(key="classe", label=Label("Classe", "Class"), indexed=True),
        CharacteristicDef(key="consumo_kwh", label=Label("Consumo", "Consumption"), type="decimal", unit="kWh", indexed=True),
        CharacteristicDef(key="dal", label=Label("Dal", "Since"), type="date"),
        CharacteristicDef(key="note", label=Label("Note", "Notes")),
    )
    with crm.session("bench") as session:
        for spec in specs:
            session.characteristics.define(spec)
        session.commit()
        session.search.declare(ListView(name="consumi", filters=("c.gestore", "c.classe"), sort="c.consumo_kwh"))
        session.characteristics.sync_indexes()
        session.commit()


def _values(number: int) -> dict[str, Any]:
    return {
        "gestore": SUPPLIERS[number % 4],
        "classe": f"C{number * 7 % 200:03}",
        "consumo_kwh": f"{number * 7919 % 100_000}.{number % 9 + 1}",
        "dal": f"20{number % 26:02}-01-01",
        "note": f"nota {number}",
    }


def _stamps() -> dict[str, Any]:
    return {"version": 1, "created_at": NOW, "updated_at": NOW, "created_by": "bench", "updated_by": "bench"}


def _fill(crm: Crm, count: int) -> None:
    """Write accounts and interactions past the session."""
    with crm.engine.begin() as connection:
        for start in range(0, count, 10_000):
            rows = [account_row(number) for number in range(start, min(start + 10_000, count))]
            connection.execute(Account.__table__.insert(), rows)
        kind = connection.execute(select(InteractionKind.__table__.c.id).limit(1)).scalar_one()
        history = [
            {
                "account_id": 1,
                "kind_id": kind,
                "at": NOW - timedelta(hours=number),
                "author": "bench",
                "subject": f"Telefonata {number}",
                "text": "…",
                "direction": "out",
                "function": "",
                "number": 1,
                "current": True,
                **_stamps(),
            }
            for number in range(500)
        ]
        connection.execute(Interaction.__table__.insert(), history)
        for table in ("account", "interaction"):
            connection.execute(text(f"ANALYZE {table}"))


def account_row(number: int) -> dict[str, Any]:
    return {
        "name": f"Ditta {number:06} S.r.l.",
        "phone1": f"+39 0424 {number:06}",
        "characteristics": _values(number),
        "uid": f"{number + 1:032x}",
        "kind": "business",
        "language": "it",
        "seller_source": "zone",
        "private": False,
        "incomplete": False,
        **_stamps(),
    }


def _statements(crm: Crm, action: Callable[[], None]) -> int:
    seen = itertools.count()

    def note(*_: object) -> None:
        next(seen)

    event.listen(crm.engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(crm.engine, "before_cursor_execute", note)
    return next(seen)


def _creating(crm: Crm, kind: str, *, quick: bool) -> list[Figure]:
    numbers = itertools.count(10_000_000)
    sqlite = kind == "sqlite"

    def ours() -> None:
        number = next(numbers)
        with crm.session("bench") as session:
            session.accounts.create(
                name=f"Nuova {number} S.r.l.",
                phone1=f"+39 0424 {number}",
                characteristics=_values(number),
                people=[{"last_name": f"Rossi {each}", "first_name": "Mario"} for each in range(3)],
            )
            session.commit()

    connection = crm.engine.raw_connection()
    mark = "?" if sqlite else "%s"
    columns = ("uid", "name", "kind", "phone1", "language", "seller_source", "private", "incomplete", "characteristics", *_stamps())
    account_sql = f"INSERT INTO account ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))}) RETURNING id"  # noqa: S608 - constants
    person_columns = ("account_id", "last_name", "first_name", "title", "job_role", "language", "disabled", *_stamps())
    row = f"({', '.join([mark] * len(person_columns))})"
    people_sql = f"INSERT INTO person ({', '.join(person_columns)}) VALUES {', '.join([row] * 3)}"  # noqa: S608 - constants
    now = NOW.replace(tzinfo=None).isoformat(" ") if sqlite else NOW
    stamps = (1, now, now, "bench", "bench")

    def raw() -> None:
        number = next(numbers)
        cursor = connection.cursor()
        if sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        values = (f"{number:032x}", f"Nuova {number} S.r.l.", "business", f"+39 0424 {number}", "it", "zone", False, False)
        key = cursor.execute(account_sql, (*values, json.dumps(_values(number)), *stamps)).fetchone()[0]
        people = [(key, f"Rossi {each}", "Mario", "", "", "it", False, *stamps) for each in range(3)]
        cursor.execute(people_sql, tuple(itertools.chain(*people)))
        connection.driver_connection.commit()

    measured = interleaved({"crmcore": ours, "raw": raw}, rounds=5 if quick else 15, times=100, servers=lambda: backends(crm))
    connection.close()
    notes = (f"{_statements(crm, ours)} statements, at most 8; with validation, history, audit, events and full text",)
    return [_figure("new account, 3 people, 5 values", kind, measured, target=8.0, notes=notes)]


def _listing(crm: Crm, kind: str, *, quick: bool) -> list[Figure]:
    chance = random.Random(7)  # noqa: S311 - the same lists for everybody
    sqlite = kind == "sqlite"
    draw = lambda: (chance.choice(SUPPLIERS), f"C{chance.randrange(200):03}")  # noqa: E731 - one line

    def node() -> dict[str, Any]:
        supplier, group = draw()
        return {
            "and": [{"field": "c.gestore", "op": "eq", "value": supplier}, {"field": "c.classe", "op": "eq", "value": group}],
        }

    def ours() -> None:
        with crm.session("bench") as session:
            session.search.values("account", COLUMNS, node(), sort="c.consumo_kwh")

    def records() -> None:
        with crm.session("bench") as session:
            session.accounts.find(node(), sort="c.consumo_kwh")

    connection = crm.engine.raw_connection()
    get = "json_extract(characteristics, '$.{}')" if sqlite else "(characteristics ->> '{}')"
    collate = "" if sqlite else ' COLLATE "C"'
    value = get.format("consumo_kwh")
    number = (
        f"CAST(CASE WHEN ({value} NOT GLOB '*[^-.0-9]*') THEN {value} END AS NUMERIC)"
        if sqlite
        else f"CASE WHEN ({value} ~ '^-?[0-9]+(\\.[0-9]+)?$') THEN CAST({value} AS NUMERIC) END"
    )
    mark = "?" if sqlite else "%s"
    sql = (
        f"SELECT id, name, phone1, state, {value} FROM account WHERE merged_into_id IS NULL AND (NOT private OR owner = {mark})"  # noqa: S608
        f" AND {get.format('gestore')}{collate} = {mark} AND {get.format('classe')}{collate} = {mark} ORDER BY {number}, id LIMIT 51"
    )

    def raw() -> None:
        cursor = connection.cursor()
        cursor.execute(sql, ("bench", *draw())).fetchall()
        connection.driver_connection.rollback()

    contenders = {"crmcore": ours, "raw": raw, "records": records}
    measured = interleaved(contenders, rounds=5 if quick else 15, times=100, servers=lambda: backends(crm))
    connection.close()
    notes = (
        f"{_statements(crm, ours)} statements; as records instead of values: {measured['records'] * 1e6:,.0f} µs",
        "the index of a list view has the rows in order: what is measured is what opening a session and asking costs beside it",
    )
    found = [_figure("page of 50, two filters, sorted", kind, measured, notes=notes)]
    return [*found, *_unindexed(crm, kind, quick=quick)]


def _unindexed(crm: Crm, kind: str, *, quick: bool) -> list[Figure]:
    """Measure W4 as the peers were: three filters, one of them on a characteristic, sorted by another, without a composite index."""
    chance = random.Random(7)  # noqa: S311 - as above
    sqlite = kind == "sqlite"

    def ours() -> None:
        supplier = chance.choice(SUPPLIERS)
        node = {
            "and": [
                {"field": "c.gestore", "op": "eq", "value": supplier},
                {"field": "kind", "op": "eq", "value": "business"},
                {"field": "name", "op": "between", "value": ["Ditta 001", "Ditta 004"]},
            ]
        }
        with crm.session("bench") as session:
            session.search.values("account", COLUMNS, node, sort="c.dal")

    connection = crm.engine.raw_connection()
    get = "json_extract(characteristics, '$.{}')" if sqlite else "(characteristics ->> '{}')"
    collate = "" if sqlite else ' COLLATE "C"'
    mark = "?" if sqlite else "%s"
    sql = (
        f"SELECT id, name, phone1, state, {get.format('consumo_kwh')}, {get.format('dal')} FROM account"  # noqa: S608 - constants
        f" WHERE merged_into_id IS NULL AND (NOT private OR owner = {mark}) AND {get.format('gestore')}{collate} = {mark} AND kind = {mark}"
        f" AND name BETWEEN {mark} AND {mark} AND {get.format('dal')} IS NOT NULL ORDER BY {get.format('dal')}{collate}, id LIMIT 51"
    )

    def raw() -> None:
        cursor = connection.cursor()
        cursor.execute(sql, ("bench", chance.choice(SUPPLIERS), "business", "Ditta 001", "Ditta 004")).fetchall()
        connection.driver_connection.rollback()

    measured = interleaved({"crmcore": ours, "raw": raw}, rounds=5 if quick else 11, times=20, servers=lambda: backends(crm))
    connection.close()
    return [_figure("page of 50, three filters (W4)", kind, measured, target=1.1)]


def _timeline(crm: Crm, kind: str, *, quick: bool) -> list[Figure]:
    def ours() -> None:
        with crm.session("bench") as session:
            account = session.require(Account, 1)
            list(session.interactions.timeline(account, limit=20))

    connection = crm.engine.raw_connection()
    mark = "?" if kind == "sqlite" else "%s"
    sql = (
        "SELECT i.id, i.at, i.subject, i.text, i.author, i.direction, i.function, i.mark, k.code, k.label_it FROM interaction i"  # noqa: S608 - a mark for a parameter
        f" JOIN interaction_kind k ON k.id = i.kind_id WHERE i.account_id = {mark} AND i.current ORDER BY i.at DESC, i.id DESC LIMIT 21"
    )

    def raw() -> None:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM account WHERE id = {mark}", (1,)).fetchone()  # noqa: S608 - constants
        cursor.execute(sql, (1,)).fetchall()
        connection.driver_connection.rollback()

    measured = interleaved({"crmcore": ours, "raw": raw}, rounds=5 if quick else 15, times=100, servers=lambda: backends(crm))
    connection.close()
    return [_figure("account and its timeline of 20", kind, measured, notes=(f"{_statements(crm, ours)} statements",))]


def _mass(crm: Crm, kind: str, count: int, *, quick: bool) -> list[Figure]:
    """Change one value of many accounts: previewed, confirmed, with history, audit and events, against an UPDATE for each."""
    salts = itertools.count(1)
    sqlite = kind == "sqlite"
    keys = list(range(1, count + 1))

    def wishes() -> Iterable[tuple[int, str]]:
        salt = next(salts)
        return ((key, f"{key * 31 % 90_000}.{salt % 9 + 1}") for key in keys)

    def ours() -> None:
        with crm.session("bench") as session:
            preview = session.characteristics.preview_each(dict(wishes()), "consumo_kwh")
            session.changesets.confirm(preview.token)
            session.commit()

    connection = crm.engine.raw_connection()
    sql = (
        "UPDATE account SET characteristics = json_set(characteristics, '$.consumo_kwh', ?), version = version + 1 WHERE id = ?"
        if sqlite
        else "UPDATE account SET characteristics = characteristics || jsonb_build_object('consumo_kwh', %s::text), version = version + 1"
        " WHERE id = %s"
    )

    def raw() -> None:
        cursor = connection.cursor()
        if sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        cursor.executemany(sql, [(value, key) for key, value in wishes()])
        connection.driver_connection.commit()

    measured = interleaved({"crmcore": ours, "raw": raw}, rounds=1 if quick else 3, servers=lambda: backends(crm))
    connection.close()
    per_row = {name: seconds / count for name, seconds in measured.items()}
    return [_figure(f"mass change of {count:,} values, per row (W7)", kind, per_row, target=4.0)]


def _figure(subject: str, kind: str, measured: dict[str, float], *, target: float | None = None, notes: tuple[str, ...] = ()) -> Figure:
    value, baseline = measured["crmcore"] * 1e6, measured["raw"] * 1e6
    return Figure(subject=subject, database=kind, value=value, unit="µs", baseline=baseline, against="raw SQL", target=target, notes=notes)
