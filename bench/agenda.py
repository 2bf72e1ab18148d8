"""The agenda against hand-written SQL on the same tables: one operator out of a million actions (W6), and a day's due list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from crmcore_agenda.duties import duties
from crmcore_agenda.model import Action, Kind, RecencyClock, Recurring
from crmcore_agenda.recurring import Feeder
from sqlalchemy import text

from bench.databases import Databases, backends
from bench.measure import Figure, interleaved
from crmcore import Account, Actor, Crm, FrozenClock

NOW: Final = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)
TODAY: Final = date(2026, 5, 11)
MOST: Final = 1_000


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure both on each database; ``quick`` with a tenth of the rows and of the operators, so that each list is as long."""
    found: list[Figure] = []
    count = 100_000 if quick else 1_000_000
    for kind in databases.kinds:
        with (
            databases.source.fresh(kind, databases.folder) as url,
            Crm.open(url, plugins=["agenda", "italy"], settings=_SETTINGS, clock=FrozenClock(NOW), migrate=True) as crm,
        ):
            rule = _fill(crm, count)
            found += _measured(crm, kind, count, rule, rounds=3 if quick else 7)
    return found


_SETTINGS: Final = {"core": {"required_account_fields": ["name"]}}


def _stamps() -> dict[str, Any]:
    return {"version": 1, "created_at": NOW, "updated_at": NOW, "created_by": "bench", "updated_by": "bench"}


def _fill(crm: Crm, count: int) -> int:
    """Write accounts, actions and clocks past the session, and return the rule of the clocks."""
    with crm.session(Actor.system("bench")) as session:
        rule = session.add(Recurring(code="calls", label_it="Telefonata", steps=[{"kind": "phone", "days": 0}]))
        session.commit()
    with crm.engine.begin() as connection:
        kind = connection.execute(Kind.__table__.select().limit(1)).one().id
        for start in range(0, count, 10_000):
            numbers = range(start, min(start + 10_000, count))
            connection.execute(Account.__table__.insert(), [_account(number) for number in numbers])
            connection.execute(Action.__table__.insert(), [_action(number, kind, count // 10_000) for number in numbers])
            clocks = [_clock(number, rule.id, count // 333) for number in numbers]
            connection.execute(RecencyClock.__table__.insert(), clocks)
        for table in ("account", "agenda_action", "agenda_clock"):
            connection.execute(text(f"ANALYZE {table}"))
    return rule.id


def _account(number: int) -> dict[str, Any]:
    return {
        "name": f"Ditta {number:07} S.r.l.",
        "characteristics": {},
        "uid": f"{number + 1:032x}",
        "kind": "business",
        "language": "it",
        "seller_source": "zone",
        "private": False,
        "incomplete": False,
        **_stamps(),
    }


def _action(number: int, kind: int, operators: int) -> dict[str, Any]:
    # One in five is open; of each operator's, some are late, some due today, most later.
    closed = number % 5 != 0
    return {
        "title": f"Chiamata {number}",
        "kind_id": kind,
        "owner": f"op{number * 7 % operators}",
        "assignee": f"op{number // 5 % operators}",
        "due": TODAY + timedelta(days=number * 13 % 60 - 15),
        "state": "done" if closed else "todo",
        "closed": closed,
        "priority": 0,
        "notify": {},
        "text": "",
        "text_missing": False,
        "private": False,
        "shared": True,
        "mandatory": True,
        "account_id": number + 1,
        "source_key": "",
        "origin": "manual",
        "outcome": "ok" if closed else "",
        "report": "",
        "overdue_told": False,
        **_stamps(),
    }


def _clock(number: int, rule: int, days: int) -> dict[str, Any]:
    due = TODAY + timedelta(days=number % days - 2)
    return {"recurring_id": rule, "account_id": number + 1, "due_on": due, "next_on": due, **_stamps()}


def _measured(crm: Crm, kind: str, count: int, rule: int, *, rounds: int) -> list[Figure]:
    session = crm.session("op7")
    feeder = Feeder(session)
    calls = session.require(Recurring, rule)
    raw = crm.engine.connect()
    dashboard, due = _raw_dashboard(raw), _raw_due(raw, rule)
    rows = duties(session)
    expected = [row[0] for row in dashboard()]
    assert [row.id for row in rows] == expected
    fallen = [row[0] for row in due()]
    assert list(feeder.due(calls, TODAY)) == fallen
    size = f"{count:,} actions"
    contenders: dict[str, Callable[[], object]] = {
        "mine": lambda: duties(session),
        "mine raw": dashboard,
        "due": lambda: feeder.due(calls, TODAY),
        "due raw": due,
    }
    seconds = interleaved({name: _quiet(call) for name, call in contenders.items()}, rounds=rounds, times=20, servers=lambda: backends(crm))
    session.close()
    raw.close()
    found = [
        ("dashboard of one operator, late and today (W6)", "mine", len(expected)),
        ("due list of one day", "due", len(fallen)),
    ]
    return [
        Figure(
            subject=f"agenda: {name}, {size}",
            database=kind,
            value=seconds[key] * 1e6,
            unit="µs",
            baseline=seconds[f"{key} raw"] * 1e6,
            against="hand-written SQL",
            target=1.5,
            notes=(f"{rows} rows",),
        )
        for name, key, rows in found
    ]


def _quiet(call: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        call()

    return run


_DASHBOARD: Final = """
SELECT a.id, a.title, a.due, a.starts_at, k.code, a.account_id, c.name, a.lead_id, a.assignee, a.owner, a.state, a.priority
FROM agenda_action a JOIN agenda_kind k ON k.id = a.kind_id LEFT JOIN account c ON c.id = a.account_id
WHERE a.assignee = :who AND a.closed = :closed AND a.due <= :day ORDER BY a.due, a.id LIMIT :most
"""
_DUE: Final = "SELECT account_id FROM agenda_clock WHERE recurring_id = :rule AND next_on <= :day ORDER BY next_on, account_id LIMIT 1000"


def _raw_dashboard(connection: Any) -> Callable[[], list[Any]]:
    return _prepared(connection, _DASHBOARD, {"who": "op7", "closed": False, "day": TODAY, "most": MOST})


def _raw_due(connection: Any, rule: int) -> Callable[[], list[Any]]:
    return _prepared(connection, _DUE, {"rule": rule, "day": TODAY})


def _prepared(connection: Any, statement: str, values: dict[str, Any]) -> Callable[[], list[Any]]:
    """Return a statement that goes straight to the driver, as one writes it by hand."""
    driver = connection.connection.driver_connection
    sqlite = connection.dialect.name == "sqlite"
    given = {name: value.isoformat() if sqlite and isinstance(value, date) else value for name, value in values.items()}
    sql = (
        statement
        if sqlite
        else statement.replace(":who", "%(who)s")
        .replace(":closed", "%(closed)s")
        .replace(":day", "%(day)s")
        .replace(":most", "%(most)s")
        .replace(":rule", "%(rule)s")
    )

    def run() -> list[Any]:
        cursor = driver.cursor()
        try:
            return list(cursor.execute(sql, given).fetchall())
        finally:
            cursor.close()

    return run
