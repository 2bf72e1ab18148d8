"""Mass maintenance of rows of documents: 50,000 states, by statements and record by record, against the ORM and hand-written SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any, Final

from crmcore_offers.mass import MassMaintenance
from crmcore_offers.model import Document, OrderType, Row, VatCode
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.orm import Session as PlainSession

from bench.databases import Databases, backends
from bench.measure import Figure, interleaved
from crmcore import Account, Actor, Crm, FrozenClock, PluginInfo, hookimpl
from crmcore.model import StateChange

NOW: Final = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)
ROWS_EACH: Final = 5
_SETTINGS: Final = {"core": {"required_account_fields": ["name"]}}
_EVERY: Final = {"field": "code", "op": "eq", "value": "P-1"}


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure on each database; ``quick`` with a tenth of the rows."""
    found: list[Figure] = []
    count = 5_000 if quick else 50_000
    for kind in databases.kinds:
        with (
            databases.source.fresh(kind, databases.folder) as url,
            Crm.open(url, plugins=["offers"], settings=_SETTINGS, clock=FrozenClock(NOW), migrate=True) as crm,
            # The same database, with a plugin that wants to see every record.
            Crm.open(url, plugins=["offers", _onlooker()], settings=_SETTINGS, clock=FrozenClock(NOW)) as watched,
        ):
            _fill(crm, count)
            found += _measured(crm, watched, kind, count, rounds=1 if quick else 3)
    return found


def _onlooker() -> ModuleType:
    module = ModuleType("bench_onlooker")
    vars(module)["PLUGIN"] = PluginInfo(name="onlooker")

    def crm_before_commit(session: object, changes: object) -> None:
        """Look at everything."""
        del session, changes

    vars(module)["crm_before_commit"] = hookimpl(crm_before_commit)
    return module


def _stamps() -> dict[str, Any]:
    return {"version": 1, "created_at": NOW, "updated_at": NOW, "created_by": "bench", "updated_by": "bench"}


def _fill(crm: Crm, count: int) -> None:
    with crm.session(Actor.system("bench")) as session:
        session.add(VatCode(code="S22", label_it="Aliquota", rate=Decimal(22)))
        session.add(OrderType(code="T-CON", label_it="Contratto", meaning="contract", counts_in=["order_book"]))
        account = session.add(Account(name="Hotel Miramonti", owner="bench"))
        session.commit()
        header = _columns(Document, type="T-CON", account_id=account.id, owner="bench")
    with crm.engine.begin() as connection:
        documents = [{**header, "reference": f"SC{number}"} for number in range(count // ROWS_EACH)]
        connection.execute(insert(Document.__table__), documents)
        row = _columns(Row, code="P-1", vat="S22", price=Decimal("29.90"), net=Decimal("29.90"), state="waiting")
        rows = [{**row, "document_id": number // ROWS_EACH + 1, "position": number % ROWS_EACH + 1} for number in range(count)]
        for start in range(0, count, 10_000):
            connection.execute(insert(Row.__table__), rows[start : start + 10_000])
    with crm.engine.begin() as connection:
        for table in ("offers_document", "offers_row"):
            connection.execute(text(f"ANALYZE {table}"))


def _columns(cls: type[Document | Row], **values: Any) -> dict[str, Any]:
    """Return a row of a table with the defaults of its columns."""
    found: dict[str, Any] = {"issued_on": date(2026, 5, 11), "state": "inserted"} if cls is Document else {}
    for column in cls.__table__.columns:
        default: Any = column.default
        if default is not None and default.is_scalar:
            found.setdefault(column.name, default.arg)
    found |= {name: {} for name in ("characteristics", "options") if name in cls.__table__.columns}
    found |= {"competitors": []} if cls is Document else {}
    return {**found, **_stamps(), **values}


def _measured(crm: Crm, watched: Crm, kind: str, count: int, *, rounds: int) -> list[Figure]:
    contenders: Mapping[str, Callable[[], None]] = {
        "statements": lambda: _mass(crm),
        "records": lambda: _mass(watched),
        "orm": lambda: _orm(crm),
        "raw": lambda: _raw(crm),
    }
    seconds = interleaved(contenders, rounds=rounds, servers=lambda: backends(crm))
    each = {name: value / count * 1e6 for name, value in seconds.items()}
    names = {
        "statements": "preview and confirm, by statements",
        "records": "preview and confirm, record by record for a plugin that looks",
        "orm": "the ORM alone, with history",
    }
    return [
        Figure(
            subject=f"offers: state of {count:,} rows, {name}",
            database=kind,
            value=each[key],
            unit="µs/row",
            baseline=each["raw"],
            against="hand-written SQL with history",
            notes=(f"{seconds[key]:.2f} s in all",),
        )
        for key, name in names.items()
    ]


def _target(connection: Connection) -> str:
    """Return the state in which the rows are not."""
    present = connection.execute(select(Row.__table__.c.state).limit(1)).scalar_one()
    return "waiting" if present == "confirmed" else "confirmed"


def _mass(crm: Crm) -> None:
    with crm.engine.connect() as connection:
        target = _target(connection)
    with crm.session(Actor.system("bench")) as session:
        mass = MassMaintenance(session)
        made = mass.preview("offers.row", _EVERY, {"state": target})
        session.commit()
        result = mass.confirm(made.token)
        session.commit()
    assert result.records == made.will_change == made.matched


@contextmanager
def _plain(crm: Crm) -> Iterator[PlainSession]:
    with PlainSession(crm.engine) as session, session.begin():
        yield session


def _orm(crm: Crm) -> None:
    with _plain(crm) as session:
        target = _target(session.connection())
        history = []
        for row in session.scalars(select(Row).where(Row.code == "P-1")):
            history.append({**_HISTORY, "record_id": row.id, "old": row.state, "new": target, **_stamps()})
            row.state, row.updated_at, row.updated_by = target, NOW, "bench"
        session.flush()
        session.execute(insert(StateChange.__table__), history)


_HISTORY: Final = {"entity": "offers.row", "table_name": "offers.rows", "at": NOW, "actor": "bench", "reason": "", "override": False}
_REMEMBER: Final = """
INSERT INTO state_change (entity, record_id, table_name, old, new, at, actor, reason, override, version,
  created_at, created_by, updated_at, updated_by)
SELECT 'offers.row', id, 'offers.rows', state, :target, updated_at, 'bench', '', false, 1, updated_at, 'bench', updated_at, 'bench'
FROM offers_row WHERE code = 'P-1'
"""
_CHANGE: Final = "UPDATE offers_row SET state = :target, version = version + 1, updated_by = 'bench' WHERE code = 'P-1'"


def _raw(crm: Crm) -> None:
    with crm.engine.begin() as connection:
        values = {"target": _target(connection)}
        connection.execute(text(_REMEMBER), values)
        connection.execute(text(_CHANGE), values)
