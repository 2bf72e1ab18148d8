"""A large deployment against a large database: reading its files, planning, and applying it.

500 characteristics, 40 state tables with ten states each, and 2,000 zones with rules and sellers, on 100,000 accounts with a site each.
An apply is measured once, because it can be done once.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, text

from bench.databases import Databases, backends
from bench.measure import Figure, server_time
from crmcore import Account, Crm
from crmcore.deployment import Deployment, load
from crmcore.model import Site
from crmcore.planning import apply_plan, make_plan

NOW: Final = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)
PROVINCES: Final = ("VI", "PD", "MI", "TO", "RM", "NA", "FI", "BA")
TYPES: Final = ("text", "integer", "decimal", "date", "flag", "choice")
ROOTS: Final = 20
MOVED: Final = 50
"""Zones at the top of the tree, and those that change their seller."""
TARGET: Final = 2.0
"""Seconds for a plan."""


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure on each database; ``quick`` with 20,000 accounts instead of 100,000."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in databases.kinds:
            with databases.open(kind) as crm:
                _fill(crm, 20_000 if quick else 100_000)
                found += _measure(crm, kind, Path(folder) / kind)
    return found


def _measure(crm: Crm, kind: str, folder: Path) -> list[Figure]:
    deployment = _write(folder, "Zona")
    pids = backends(crm)
    first, plan, queries = _plan(crm, deployment, pids)
    began = _used(pids)
    apply_plan(crm, deployment, plan.hash)
    applied = _used(pids) - began
    second, nothing, again = _plan(crm, deployment, pids)
    assert nothing.is_empty
    third, changed, more = _plan(crm, _write(folder, "Area"), pids)
    options: dict[str, Any] = {"unit": "s", "database": kind, "target": TARGET, "of": "value"}
    return [
        Figure(
            subject="plan, everything new",
            value=first,
            notes=(f"{queries} queries, {len(plan.steps)} steps, from the files on",),
            **options,
        ),
        Figure(subject="plan, nothing to do", value=second, notes=(f"{again} queries",), **options),
        Figure(
            subject="plan, 2,000 labels and 50 zones moved", value=third, notes=(f"{more} queries, {len(changed.steps)} steps",), **options
        ),
        Figure(subject="apply everything", value=applied, unit="s", database=kind),
    ]


def _used(pids: Iterable[int]) -> float:
    """Return the processor time of this process and of the database's servers for it."""
    return time.process_time() + server_time(pids)


def _plan(crm: Crm, deployment: Deployment, pids: Iterable[int]) -> tuple[float, Any, int]:
    """Return the seconds of a plan from the files on, the plan, and the number of its queries."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(crm.engine, "before_cursor_execute", note)
    began = _used(pids)
    plan = make_plan(crm, load(deployment.path))
    seconds = _used(pids) - began
    event.remove(crm.engine, "before_cursor_execute", note)
    return seconds, plan, len(seen)


def _write(folder: Path, word: str) -> Deployment:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "crm.yaml").write_text("database: sqlite://\ninclude: ['*.yml']\n")
    (folder / "characteristics.yml").write_text(_characteristics())
    (folder / "states.yml").write_text(_states())
    (folder / "zones.yml").write_text(_zones(word))
    return load(folder)


def _characteristics() -> str:
    lines = ["characteristics:", "  account:"]
    for number in range(500):
        kind = TYPES[number % len(TYPES)]
        choices = ", choices: {a: Prima, b: Seconda}" if kind == "choice" else ""
        lines.append(
            f"    campo_{number:03}: {{label: {{it: Campo {number}, en: Field {number}}}, type: {kind}{choices}, position: {number}}}"
        )
    return "\n".join(lines) + "\n"


def _states() -> str:
    lines = ["state_tables:"]
    for table in range(40):
        lines += [f"  tabella_{table:02}:", f"    label: Tabella {table}", "    mode: steps", "    states:"]
        default = [", default: true", *[""] * 9]
        lines += [f"      s{state}: {{label: Stato {state}, order: {state}{default[state]}}}" for state in range(10)]
        lines += ["    transitions:", *(f"      s{state} -> s{state + 1}: {{groups: [vendite]}}" for state in range(9))]
    return "\n".join(lines) + "\n"


def _zones(word: str) -> str:
    lines = ["salespersons:", *(f"  AGN{number:03}: Agente {number}" for number in range(1, 51)), "zones:"]
    for number in range(2_000):
        # Postcodes go with the number, and fifty zones change their seller with the word.
        seller = (number + (word != "Zona" and number < MOVED)) % 50
        lines += [
            f"  Z{number:04}:",
            f"    label: {word} {number}",
            *([f"    parent: Z{number % ROOTS:04}"] if number >= ROOTS else []),
            f'    postcodes: ["{10_000 + number * 40:05}-{10_000 + number * 40 + 39:05}"]',
            f"    sellers: {{2026-01-01: AGN{seller + 1:03}}}",
        ]
    return "\n".join(lines) + "\n"


def _fill(crm: Crm, count: int) -> None:
    """Write accounts and their sites past the session."""
    stamps = {"version": 1, "created_at": NOW, "updated_at": NOW, "created_by": "bench", "updated_by": "bench"}
    with crm.engine.begin() as connection:
        for start in range(0, count, 10_000):
            numbers = range(start, min(start + 10_000, count))
            connection.execute(Account.__table__.insert(), [_account(number) | stamps for number in numbers])
            connection.execute(Site.__table__.insert(), [_site(number) | stamps for number in numbers])
        for table in ("account", "site"):
            connection.execute(text(f"ANALYZE {table}"))


def _account(number: int) -> dict[str, Any]:
    return {
        "id": number + 1,
        "name": f"Ditta {number:06} S.r.l.",
        "characteristics": {},
        "uid": f"{number + 1:032x}",
        "kind": "business",
        "language": "it",
        "state": "prospect",
        "seller_source": "zone",
        "private": False,
        "incomplete": False,
    }


def _site(number: int) -> dict[str, Any]:
    return {
        "account_id": number + 1,
        "kind": "legal",
        "raw": "",
        # As many different postcodes as there are in Italy.
        "postcode": f"{10_000 + number * 7919 % 4_678 * 17:05}",
        "province": PROVINCES[number % len(PROVINCES)],
        "country": "IT",
        "address_unverified": False,
        "disabled": False,
    }
