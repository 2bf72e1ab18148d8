"""Offers against plain SQLAlchemy and hand-written SQL on the same tables: new ones, states, a list, the pipeline, commissions of a month.

Hand-written SQL reads the rows of the subject alone: nobody asks for whom they exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from crmcore_offers.model import CommissionRule, Document, OrderType, Product, Row, VatCode
from crmcore_offers.reports import By, Reports
from sqlalchemy import Connection, Integer, and_, case, func, select, text, type_coerce
from sqlalchemy.orm import Session as PlainSession
from sqlalchemy.orm import aliased

from bench import offers_writing
from bench.databases import Databases, backends
from bench.measure import Figure, interleaved
from crmcore import Account, Actor, Crm, FrozenClock
from crmcore.model import Profile, Salesperson, User

NOW: Final = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)
TODAY: Final = date(2026, 5, 11)
AGENTS: Final = 20
STATES: Final = ("inserted", "presented", "negotiating", "won", "lost")
COLUMNS: Final = ("id", "reference", "title", "issued_on", "state", "taxable", "probability", "close_period")
FILTER: Final = {"and": [{"field": "type", "op": "eq", "value": "B-OFF"}, {"field": "state", "op": "eq", "value": "presented"}]}
_SETTINGS: Final = {"core": {"required_account_fields": ["name"]}}
_PROBABILITY: Final = {"inserted": 20, "presented": 40, "negotiating": 60}
_OPEN: Final = tuple(_PROBABILITY)


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure all of it on each database; ``quick`` with a tenth of the documents."""
    found: list[Figure] = []
    count = 10_000 if quick else 100_000
    for kind in databases.kinds:
        with (
            databases.source.fresh(kind, databases.folder) as url,
            Crm.open(url, plugins=["offers", "italy"], settings=_SETTINGS, clock=FrozenClock(NOW), migrate=True) as crm,
        ):
            _alone(crm)
            agents = _people(crm)
            _fill(crm, count, agents)
            rounds = 3 if quick else 5
            found += offers_writing.figures(crm, kind, quick=quick)
            found += _page(crm, kind, count, agents, rounds=rounds)
            found += _pipeline(crm, kind, count, rounds=rounds)
            found += _commissions(crm, kind, count, rounds=rounds)
    return found


def _alone(crm: Crm) -> None:
    """Let no query of PostgreSQL have helpers: their processor time is nobody's whom we measure."""
    if crm.engine.dialect.name == "postgresql":
        with crm.engine.begin() as connection:
            name = connection.execute(select(func.current_database())).scalar_one()
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET max_parallel_workers_per_gather = 0')
        crm.engine.dispose()


def _people(crm: Crm) -> list[int]:
    with crm.session(Actor.system("bench")) as session:
        session.add(VatCode(code="B22", label_it="22 %", rate=Decimal(22)))
        for code, counts in (("B-OFF", ["pipeline"]), ("B-CON", ["commission"])):
            session.add(OrderType(code=code, label_it=code, meaning="offer", counts_in=counts))
        session.add(OrderType(code=offers_writing.TYPE, label_it="Offerta", meaning="offer", series="BENCH"))
        agents = [session.add(Salesperson(code=f"B{number:02}", kind="agent", name=f"Agente {number}")) for number in range(AGENTS)]
        session.add(Product(code="P1", label_it="Prodotto"))
        session.add(Product(code="P2", label_it="Prodotto"))
        session.add(CommissionRule(code="base", label_it="Base", percent=Decimal("2.5")))
        session.add(CommissionRule(code="p1", label_it="Prodotto", percent=Decimal(5), priority=1, conditions={"product": ["P1"]}))
        session.commit()
        return [agent.id for agent in agents]


def _limit(crm: Crm) -> None:
    """Make a user who may see everything: from now on the guard of the database is asked about each document."""
    with crm.session(Actor.system("bench")) as session:
        profile = Profile(code="CAPO", label_it="Capo", functions=["customers.*", "offers.*"], scopes=[{"kind": "all"}])
        session.add(profile)
        session.add(User(login="admin"))
        session.flush()
        session.add(User(login="capo", profile_id=profile.id))
        session.commit()


def _stamps() -> dict[str, Any]:
    return {"version": 1, "created_at": NOW, "updated_at": NOW, "created_by": "bench", "updated_by": "bench"}


def _fill(crm: Crm, count: int, agents: list[int]) -> None:
    """Write accounts, documents and rows past the session."""
    with crm.engine.begin() as connection:
        products = list(connection.execute(select(Product.id).order_by(Product.code)).scalars())
        for start in range(0, count, 10_000):
            numbers = range(start, min(start + 10_000, count))
            accounts = [_account(number) for number in numbers if number < count // 5]
            if accounts:
                connection.execute(Account.__table__.insert(), accounts)
            connection.execute(Document.__table__.insert(), [_document(number, count, agents) for number in numbers])
            connection.execute(Row.__table__.insert(), [_row(number, place, products) for number in numbers for place in (1, 2, 3)])
        for table in ("account", "offers_document", "offers_row"):
            connection.execute(text(f"ANALYZE {table}"))


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


def _document(number: int, count: int, agents: list[int]) -> dict[str, Any]:
    # One in five is a contract that was confirmed some day of a year; offers are in every state.
    contract = number % 5 == 4  # noqa: PLR2004 - a share
    state = "won" if contract else STATES[number // 5 % len(STATES)]
    confirmed = TODAY - timedelta(days=number * 7919 % 365) if contract else None
    return {
        "type": "B-CON" if contract else "B-OFF",
        "account_id": number % (count // 5) + 1,
        "owner": "bench",
        "reference": f"{number}/2026",
        "title": f"Fornitura {number}",
        "issued_on": TODAY - timedelta(days=number * 13 % 700),
        "state": state,
        "agent_id": agents[number * 7 % AGENTS],
        "close_period": f"2026-{number % 12 + 1:02}",
        "probability": number % 101 if number % 3 == 0 else None,
        "taxable": Decimal(number * 7919 % 10_000_019).scaleb(-2),
        # One in a hundred was made of the one before it.
        "predecessor_id": number if number % 100 == 50 else None,  # noqa: PLR2004 - a share
        "effective_confirmation": confirmed,
        "competitors": [],
        "characteristics": {},
        **_stamps(),
    }


def _row(number: int, place: int, products: list[int]) -> dict[str, Any]:
    return {
        "document_id": number + 1,
        "position": place,
        "product_id": products[place % 2],
        "quantity": Decimal(place),
        "price": Decimal("100.05"),
        "net": Decimal("100.05") * place,
        "vat": "B22",
        "state": "confirmed",
        "commission": True,
        "options": {},
        **_stamps(),
    }


def _page(crm: Crm, kind: str, count: int, agents: list[int], *, rounds: int) -> list[Figure]:
    agent = agents[0]
    wanted = {"and": [*FILTER["and"], {"field": "agent_id", "op": "eq", "value": agent}]}
    session = crm.session("op")
    raw = crm.engine.connect()
    plain = PlainSession(crm.engine)
    values = {"type": "B-OFF", "state": "presented", "agent": agent}
    hand, full = (_prepared(raw, _PAGE.replace("<columns>", each), values) for each in (", ".join(COLUMNS), "*"))
    query = select(Document).where(Document.type == "B-OFF", Document.state == "presented", Document.agent_id == agent)
    query = query.order_by(Document.issued_on.desc(), Document.id.desc()).limit(51)

    def records() -> list[Any]:
        plain.expunge_all()
        return list(plain.scalars(query))

    def found() -> list[Any]:
        session.orm.expunge_all()
        return list(session.search.find("offers.document", wanted, sort="-issued_on", page=50))

    def rows() -> list[Any]:
        return list(session.search.values("offers.document", COLUMNS, wanted, sort="-issued_on", page=50))

    table = Document.__table__
    columns = select(*(table.c[name] for name in COLUMNS)).where(table.c.type == "B-OFF", table.c.state == "presented")
    columns = columns.where(table.c.agent_id == agent).order_by(table.c.issued_on.desc(), table.c.id.desc()).limit(51)

    def typed() -> list[Any]:
        return list(plain.execute(columns))

    keys = [row[0] for row in hand()][:50]
    assert keys == [row[0] for row in rows()] == [each.id for each in found()] == [each.id for each in records()][:50]
    contenders = {"values": rows, "hand": hand, "typed": typed, "records": found, "plain": records, "full": full}
    seconds = _seconds(crm, contenders, rounds=rounds, times=50)
    for each in (session, raw, plain):
        each.close()
    name = f"offers: page of 50 of {count:,} documents, three filters"
    return [
        _figure(f"{name}, as values", kind, seconds["values"], seconds["typed"], "plain SQLAlchemy", 1.5),
        _figure(f"{name}, as values", kind, seconds["values"], seconds["hand"], "hand-written SQL"),
        _figure(f"{name}, as records", kind, seconds["records"], seconds["plain"], "plain SQLAlchemy", 1.5),
        _figure(f"{name}, as records", kind, seconds["records"], seconds["full"], "hand-written SQL"),
    ]


def _pipeline(crm: Crm, kind: str, count: int, *, rounds: int) -> list[Figure]:
    session, raw, plain = crm.session("op"), crm.engine.connect(), PlainSession(crm.engine)
    hand = _prepared(raw, _PIPELINE, {})
    contenders: dict[str, Callable[[], object]] = {
        "mine": lambda: Reports(session).pipeline(By.AGENT),
        "hand": hand,
        "plain": lambda: plain.execute(_plain_pipeline()).all(),
    }
    lines = Reports(session).pipeline(By.AGENT).lines
    told = sorted((line.count, line.taxable, line.weighted) for line in lines)
    for driver in (hand(), plain.execute(_plain_pipeline()).all()):
        assert told == sorted((row[1], Decimal(int(row[2])).scaleb(-2), Decimal(int(row[3])).scaleb(-2)) for row in driver)
    seconds = _seconds(crm, contenders, rounds=rounds, times=3)
    session.close()
    _limit(crm)
    guarded = crm.session("capo")
    assert Reports(guarded).pipeline(By.AGENT).lines == lines
    limited = _seconds(crm, {"mine": lambda: Reports(guarded).pipeline(By.AGENT), "hand": hand}, rounds=rounds, times=3)
    for each in (guarded, raw, plain):
        each.close()
    name = f"offers: pipeline by agent over {count:,} documents"
    return [
        _figure(name, kind, seconds["mine"], seconds["hand"], "hand-written SQL", 1.5),
        _figure(name, kind, seconds["mine"], seconds["plain"], "plain SQLAlchemy"),
        _figure(f"{name}, of a guarded user", kind, limited["mine"], limited["hand"], "hand-written SQL"),
    ]


def _commissions(crm: Crm, kind: str, count: int, *, rounds: int) -> list[Figure]:
    session, raw, plain = crm.session(Actor.system("bench")), crm.engine.connect(), PlainSession(crm.engine)
    month = {"first": date(2026, 4, 1), "last": date(2026, 4, 30)}
    hand = _prepared(raw, _COMMISSIONS, month)

    def by_hand() -> Mapping[int, Decimal]:
        return _summed((agent, product, Decimal(net).scaleb(-2)) for agent, product, net in hand())

    def with_records() -> Mapping[int, Decimal]:
        plain.expunge_all()
        query = (
            select(Document.agent_id, Product.code, Row)
            .join(Row, Row.document_id == Document.id)
            .join(Product, Product.id == Row.product_id)
        )
        wanted = Document.effective_confirmation.between(month["first"], month["last"])
        counting = and_(wanted, Document.type == "B-CON", Document.state == "won", Row.commission.is_(True))
        return _summed((agent, product, row.net) for agent, product, row in plain.execute(query.where(counting)))

    def mine() -> Any:
        return Reports(session).commissions(month["first"], month["last"])

    told = sorted(each.amount for each in mine().people())
    assert told == sorted(by_hand().values()) == sorted(with_records().values())
    seconds = _seconds(crm, {"mine": mine, "hand": by_hand, "plain": with_records}, rounds=rounds, times=3)
    rows = len(mine().lines)
    for each in (session, raw, plain):
        each.close()
    name = f"offers: commissions of a month, {rows:,} rows with their rules, of {count:,} documents"
    return [
        _figure(name, kind, seconds["mine"], seconds["hand"], "hand-written SQL"),
        _figure(name, kind, seconds["mine"], seconds["plain"], "plain SQLAlchemy", 1.5),
    ]


def _summed(rows: Any) -> Mapping[int, Decimal]:
    found: dict[int, Decimal] = defaultdict(Decimal)
    for agent, product, net in rows:
        percent = Decimal(5) if product == "P1" else Decimal("2.5")
        found[agent] += (net * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return found


def _figure(name: str, kind: str, value: float, baseline: float, against: str, target: float | None = None) -> Figure:
    return Figure(subject=name, database=kind, value=value * 1e6, unit="µs", baseline=baseline * 1e6, against=against, target=target)


def _seconds(crm: Crm, contenders: Mapping[str, Callable[[], object]], *, rounds: int, times: int = 1) -> dict[str, float]:
    quiet = {name: _quiet(call) for name, call in contenders.items()}
    return interleaved(quiet, rounds=rounds, times=times, servers=lambda: backends(crm))


def _quiet(call: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        call()

    return run


_PAGE: Final = """
SELECT <columns> FROM offers_document WHERE type = :type AND state = :state AND agent_id = :agent
ORDER BY issued_on DESC, id DESC LIMIT 51
"""
_PIPELINE: Final = """
SELECT d.agent_id, count(*), sum(d.taxable),
  sum((d.taxable * coalesce(d.probability, CASE d.state WHEN 'inserted' THEN 20 WHEN 'presented' THEN 40 ELSE 60 END) + 50) / 100)
FROM offers_document d WHERE d.type = 'B-OFF' AND d.currency = 'EUR' AND d.state IN ('inserted', 'presented', 'negotiating')
  AND NOT EXISTS (
    SELECT 1 FROM offers_document s WHERE s.predecessor_id = d.id AND s.type = 'B-OFF' AND s.state NOT IN ('lost', 'cancelled'))
GROUP BY d.agent_id
"""
_COMMISSIONS: Final = """
SELECT d.agent_id, p.code, r.net
FROM offers_row r JOIN offers_document d ON d.id = r.document_id JOIN offers_product p ON p.id = r.product_id
WHERE d.type = 'B-CON' AND d.state = 'won' AND d.effective_confirmation BETWEEN :first AND :last AND r.commission
"""


def _plain_pipeline() -> Any:
    after = aliased(Document)
    living = select(1).where(after.predecessor_id == Document.id, after.type == "B-OFF", after.state.not_in(("lost", "cancelled")))
    percent = func.coalesce(Document.probability, case(_PROBABILITY, value=Document.state))
    taxable = type_coerce(Document.taxable, Integer())
    amounts = (func.count(), func.sum(taxable), func.sum((taxable * percent + 50) // 100))
    wanted = (Document.type == "B-OFF", Document.currency == "EUR", Document.state.in_(_OPEN), ~living.exists())
    return select(Document.agent_id, *amounts).where(*wanted).group_by(Document.agent_id)


def _prepared(connection: Connection, statement: str, values: dict[str, Any]) -> Callable[[], list[Any]]:
    """Return a statement that goes straight to the driver, as one writes it by hand."""
    driver: Any = connection.connection.driver_connection
    sqlite = connection.dialect.name == "sqlite"
    given = {name: value.isoformat() if sqlite and isinstance(value, date) else value for name, value in values.items()}
    sql = statement
    for name in () if sqlite else values:
        sql = sql.replace(f":{name}", f"%({name})s")

    def run() -> list[Any]:
        cursor = driver.cursor()
        try:
            return list(cursor.execute(sql, given).fetchall())
        finally:
            cursor.close()

    return run
