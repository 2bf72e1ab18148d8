"""Merging and undoing, against the statements alone that move the same rows: no journal, no rules, no audit, events or search index.

An account with 21 rows of six tables of the core is merged into another one; tables of a plugin that have no such row cost a question.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, insert, text, update

from bench.databases import Databases, backends
from bench.measure import Figure, interleaved
from crmcore import Account, CharacteristicDef, Crm, Label
from crmcore.changesets.rows import table_of
from crmcore.model import AccountRole, ContactPoint, Entity, ExternalKey, Interaction, Person, Site

NOW: Final = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)
STAMPS: Final[dict[str, Any]] = {"version": 1, "created_at": NOW, "updated_at": NOW, "created_by": "bench", "updated_by": "bench"}
GOAL: Final = 5.0
"""Milliseconds of processor time for a merge, and for undoing it (issue 7)."""


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure both on each database."""
    found: list[Figure] = []
    for kind in databases.kinds:
        with databases.open(kind) as crm:
            found += _figures(crm, kind, quick=quick)
    return found


def _figures(crm: Crm, kind: str, *, quick: bool) -> list[Figure]:
    rounds = 40 if quick else 150
    with crm.session("bench") as session:
        for key in ("gestore", "consumo"):
            session.characteristics.define(CharacteristicDef(key=key, label=Label(key, key)))
        session.commit()
    # One for the warm-up, and one that the baseline moves to and fro.
    pairs = list(_make(crm, rounds + 2))
    ours, (here, there) = iter(pairs[1:]), pairs[0]
    directions = itertools.cycle(((there, here), (here, there)))
    merges: list[int] = []

    def merge() -> None:
        one, two = next(ours)
        with crm.session("bench") as session:
            merges.append(session.merges.merge(one, [two]).id)
            session.commit()

    def undo() -> None:
        with crm.session("bench") as session:
            session.merges.undo(merges.pop())
            session.commit()

    def move() -> None:
        _move(crm, *next(directions))

    found = []
    for subject, call in (("merge of two accounts", merge), ("undoing it", undo)):
        times = interleaved({"ours": call, "plain": move}, rounds=rounds, servers=lambda: backends(crm))
        found.append(
            Figure(
                subject=subject,
                database=kind,
                value=times["ours"] * 1000,
                unit="ms",
                baseline=times["plain"] * 1000,
                against="UPDATE of the rows alone",
                target=GOAL,
                of="value",
                notes=(f"{len(crm.registry.entities)} entities, 21 rows of 6 tables",),
            )
        )
    return found


def _make(crm: Crm, count: int) -> Iterator[tuple[int, int]]:
    """Make pairs of accounts, the second of each with 21 rows that belong to it, past the session."""
    with crm.engine.begin() as connection:
        kind = connection.execute(text("SELECT min(id) FROM interaction_kind")).scalar_one()
        for number in range(count):
            one, two = (_insert(connection, Account, _account(2 * number + place)) for place in range(2))
            children: list[tuple[type[Entity], dict[str, Any]]] = [
                *(
                    (Person, {"last_name": f"Rossi {each}", "first_name": "", "title": "", "job_role": "", "language": "it"})
                    for each in range(3)
                ),
                *((Site, {"kind": "operative", "raw": "", "country": "IT"}) for _ in range(2)),
                *(
                    (ContactPoint, {"kind": "phone", "value": f"+39 {number} {each}", "raw": "", "label": "", "position": 1})
                    for each in range(4)
                ),
                *(
                    (
                        Interaction,
                        {"kind_id": kind, "at": NOW, "author": "bench", "subject": "", "text": "…", "direction": "out", "function": ""},
                    )
                    for _ in range(10)
                ),
            ]
            for cls, values in children:
                _insert(connection, cls, {"account_id": two, **values, **_flags(cls)})
            _insert(connection, AccountRole, {"account_id": two, "role": "customer"})
            key = {"entity": "account", "entity_id": two, "source": "erp", "company": "", "stream": "", "key": str(number)}
            _insert(connection, ExternalKey, key)
            yield one, two


def _flags(cls: type[Entity]) -> dict[str, Any]:
    if cls is Interaction:
        return {"number": 1, "current": True}
    return {} if cls is ContactPoint else {"disabled": False, **({"address_unverified": False} if cls is Site else {})}


def _account(number: int) -> dict[str, Any]:
    return {
        "name": f"Ditta {number:06} S.r.l.",
        "phone1": "+39 0424 000012",
        "characteristics": {"gestore": f"g{number % 3}", "consumo": str(number)},
        "uid": f"{number + 1:032x}",
        "kind": "business",
        "language": "it",
        "seller_source": "zone",
        "private": False,
        "incomplete": False,
    }


def _insert(connection: Connection, cls: type[Entity], values: dict[str, Any]) -> int:
    table = table_of(cls)
    key: int = connection.execute(insert(table).values({**values, **STAMPS}).returning(table.c.id)).scalar_one()
    return key


def _move(crm: Crm, source: int, target: int) -> None:
    tables: list[tuple[Table, str]] = [(table_of(cls), "account_id") for cls in (Person, Site, ContactPoint, Interaction, AccountRole)]
    with crm.engine.begin() as connection:
        for table, column in [*tables, (table_of(ExternalKey), "entity_id")]:
            connection.execute(update(table).where(table.c[column] == source).values({column: target}))
