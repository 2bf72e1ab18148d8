"""Imports of lists against a bulk insert of the same rows by SQLAlchemy Core, plus the time to read the file.

The rows are all that the import leaves, its history, events and report included, because nobody would want an import without them; a note
says what the accounts alone cost. The search index is not among them.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Final

from crmcore_quality.importing import Import, ImportKey, ImportRow, Imports, Structure, Target, open_source
from sqlalchemy import Connection, Table, select

from bench.databases import Databases, backends
from bench.measure import Figure, server_time
from crmcore import Account, Actor, CharacteristicDef, Crm, Label
from crmcore.model import AUDIT, EVENT, AccountPortfolio, CharacteristicChange, Site
from crmcore.testing.databases import Kind

BATCH: Final = 2_000
SETTINGS: Final = {"core": {"required_account_fields": ["name", "phone1", "primary_portfolio"]}}
PLUGINS: Final = ["italy", "quality"]
COLUMNS: Final = {
    "Ragione sociale": "name",
    "Indirizzo": "address",
    "CAP": "postcode",
    "Città": "municipality",
    "Prov": "province",
    "Telefono": "phone",
    "E-mail": "email",
    "Consumo": "c.kwh",
    "Gestore": "c.gestore",
    "Scadenza": "c.scadenza",
}
TOWNS: Final = (("36061", "Bassano del Grappa", "VI"), ("35100", "Padova", "PD"), ("47121", "Forlì", "FC"))
FORMS: Final = ("SRL", "s.r.l.", "S.p.A.", "snc")
TABLES: Final = (Account, AccountPortfolio, Site, CharacteristicChange, AUDIT, EVENT, ImportRow, ImportKey)


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Import a list of 100,000 rows, or with ``quick`` of 20,000, on each database."""
    count = 20_000 if quick else 100_000
    path = databases.folder / "lista.csv"
    _write(path, count)
    return [_figure(databases, kind, path, count) for kind in databases.kinds]


def _write(path: Path, count: int) -> None:
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(COLUMNS)
        for number in range(count):
            postcode, town, province = TOWNS[number % 3]
            day = f"{number % 28 + 1:02}/{number % 12 + 1:02}/2026"
            name = f"Ditta Prova {number:06} {FORMS[number % 4]}"
            phone = f"0424 {number:06}" if number % 2 else f"(+39) 049-{number:07}"
            address = f"V.le Stazione, {number % 90 + 1}"
            kwh = f"{number % 9 + 1}.{number % 1000:03},25"
            row = (name, address, postcode, town, province, phone, f"info{number}@example.com", kwh, f"Gestore {number % 5}", day)
            writer.writerow(row)


def _figure(databases: Databases, kind: Kind, path: Path, count: int) -> Figure:
    with databases.source.fresh(kind, databases.folder) as url, Crm.open(url, plugins=PLUGINS, settings=SETTINGS, migrate=True) as crm:
        structure = _prepare(crm)
        memory: list[int] = []
        with crm.engine.connect() as connection:
            connection.execute(select(1))
        pids = backends(crm)
        before = time.process_time() + server_time(pids)
        done = Imports(crm).run(path, structure, lambda _: memory.append(_resident()))
        spent = time.process_time() + server_time(pids) - before
        if done.counts != {"created": count}:
            message = f"the import went wrong: {done}"
            raise RuntimeError(message)
        again = time.process_time() + server_time(pids)
        Imports(crm).run(path, structure)
        again = time.process_time() + server_time(pids) - again
        reading = _reading(path)
        writing = _writing(databases, kind, crm, done.id)
    total = sum(writing.values())
    return Figure(
        subject=f"import of a list, {count:,} rows",
        database=kind,
        value=spent,
        unit="s",
        baseline=reading + total,
        against="reading + bulk insert of the same rows",
        target=2,
        notes=(
            f"{spent / count * 1e6:.0f} µs a row; reading {reading:.2f} s, inserting {total:.2f} s",
            f"inserting the accounts alone {writing['account']:.2f} s",
            f"the same file again, where nothing changes: {again:.2f} s",
            f"memory after the first batches {memory[min(2, len(memory) - 1)]} MB, after the last one {memory[-1]} MB",
        ),
    )


def _prepare(crm: Crm) -> Structure:
    with crm.session(Actor.system("bench")) as session:
        for key, kind in (("kwh", "decimal"), ("gestore", "text"), ("scadenza", "date")):
            session.characteristics.define(CharacteristicDef(key=key, label=Label(key, key), type=kind))
        session.commit()
    columns = tuple(Target(column=column, field=field) for column, field in COLUMNS.items())
    return Structure(name="bench", columns=columns, portfolio={"1": "GENERICO"})


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 >> 20


def _reading(path: Path) -> float:
    before = time.process_time()
    with open_source(path) as source:
        for _ in source.rows():
            pass
    return time.process_time() - before


def _writing(databases: Databases, kind: Kind, crm: Crm, import_id: int) -> dict[str, float]:
    """Insert what the import has left into another database, in transactions of the same size, table by table."""
    spent: dict[str, float] = {}
    with databases.source.fresh(kind, databases.folder) as url, Crm.open(url, plugins=PLUGINS, settings=SETTINGS, migrate=True) as other:
        _copy_import(crm, other)
        with crm.engine.connect() as reading, other.engine.connect() as writing:
            pids = backends(other)
            for each in TABLES:
                table = each if isinstance(each, Table) else each.__table__
                spent[table.name] = _copy(reading, writing, table, pids, import_id)
    return spent


def _copy_import(crm: Crm, other: Crm) -> None:
    with crm.engine.connect() as reading, other.engine.begin() as writing:
        rows = [dict(row) for row in reading.execute(select(Import.__table__)).mappings()]
        writing.execute(Import.__table__.insert(), rows)


def _copy(reading: Connection, writing: Connection, table: Table, pids: list[int], import_id: int) -> float:
    query = select(table)
    if "import_id" in table.c:
        query = query.where(table.c.import_id == import_id)
    if "entity" in table.c:
        # What every database starts with has its history already.
        query = query.where(table.c.entity.in_(("account", "account_portfolio", "site")))
    spent = 0.0
    for some in reading.execution_options(yield_per=BATCH).execute(query).mappings().partitions():
        # The audit numbers its rows itself.
        rows = [{name: value for name, value in row.items() if table is not AUDIT or name != "id"} for row in some]
        before = time.process_time() + server_time(pids)
        writing.execute(table.insert(), rows)
        writing.commit()
        spent += time.process_time() + server_time(pids) - before
    return spent
