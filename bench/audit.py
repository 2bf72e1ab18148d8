"""What the audit costs: the commit with its index, sealing and verifying a row, and a month of contributions out of a million rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, insert, text

from bench.databases import Databases, account, backends
from bench.measure import Figure, interleaved
from crmcore import Actor, Crm
from crmcore.audit.chain import mark, seal
from crmcore.audit.verifying import verify
from crmcore.model import AUDIT, User

PEOPLE: Final = 40
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_INDEX: Final = next(index for index in AUDIT.indexes if "actor" in index.columns)


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure on each database; ``quick`` with 100,000 rows instead of a million."""
    found: list[Figure] = []
    for kind in databases.kinds:
        with databases.open(kind) as crm:
            found.append(_commit(crm, kind, quick=quick))
        with databases.open(kind) as crm:
            count = 100_000 if quick else 1_000_000
            _fill(crm, count)
            found.append(_month(crm, kind, count, quick=quick))
            found += _chain(crm, kind, 20_000)
    return found


def _commit(crm: Crm, kind: str, *, quick: bool) -> Figure:
    """Compare commits of one account with and without the index that monitoring needs; nothing else of the chain is in a commit."""

    def run() -> None:
        for number in range(50):
            with crm.session("bench") as session:
                session.add(account(number))
                session.commit()

    found: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(7 if quick else 21):
        for name, times in found.items():
            with crm.engine.begin() as connection:
                (_INDEX.create if name == "with" else _INDEX.drop)(connection, checkfirst=True)
            times.append(interleaved({name: run}, rounds=1, servers=lambda: backends(crm))[name] / 50)
    value, baseline = (sorted(found[name])[len(found[name]) // 2] * 1e6 for name in ("with", "without"))
    return Figure(
        subject="audit: commit of 1 row",
        database=kind,
        value=value,
        unit="µs",
        baseline=baseline,
        against="no index of people",
        target=1.05,
    )


def _fill(crm: Crm, count: int) -> None:
    with crm.session(Actor.system("bench")) as session:
        for number in range(PEOPLE):
            session.add(User(login=f"u{number}"))
        session.commit()
    step = timedelta(days=365) / count
    with crm.engine.begin() as connection:
        for first in range(0, count, 10_000):
            rows = [_row(number, START + number * step) for number in range(first, min(first + 10_000, count))]
            connection.execute(insert(AUDIT), rows)
        connection.execute(text("ANALYZE crm_audit"))


def _row(number: int, at: datetime) -> dict[str, Any]:
    # Nine rows of ten are of machines.
    actor = f"u{number // 10 % PEOPLE}" if number % 10 == 0 else "system:erp"
    about = {"entity": "interaction", "entity_id": number, "verb": "created", "changes": {"text": [None, f"visit {number}"]}}
    return {"at": at, "actor": actor, "source": "ui", "correlation_id": f"{number:032x}", **about}


def _month(crm: Crm, kind: str, count: int, *, quick: bool) -> Figure:
    first, last = (START + timedelta(days=150)).date(), (START + timedelta(days=179)).date()

    def ask() -> None:
        with crm.session(Actor.system("bench")) as session:
            assert len(session.monitoring.contributions(first, last).rows) == PEOPLE

    measured = interleaved({"month": ask}, rounds=3 if quick else 9, times=3, servers=lambda: backends(crm))
    return Figure(subject=f"monitoring: a month of {count:,} audit rows", database=kind, value=measured["month"] * 1e3, unit="ms")


def _chain(crm: Crm, kind: str, rows: int) -> list[Figure]:
    found = []
    steps: dict[str, Callable[[Connection], object]] = {
        "seal": lambda connection: seal(connection, mark(connection).until, crm.clock.now(), most=rows),
        "verify": verify,
    }
    for name, step in steps.items():
        with crm.engine.begin() as connection:
            begun = time.process_time()
            step(connection)
            found.append(Figure(subject=f"audit: {name} a row", database=kind, value=(time.process_time() - begun) / rows * 1e6, unit="µs"))
    return found
