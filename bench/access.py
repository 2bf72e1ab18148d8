"""What the guard costs: an agent with a quarter of 100,000 accounts, against the same questions without a guard."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import func, select

from bench.databases import Databases, backends
from bench.measure import Figure, interleaved
from bench.registry import account_row
from crmcore import Account, Actor, Crm
from crmcore.model import Profile, Salesperson, User

SELLERS: Final = 4


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure a page, a get and a count on each database; ``quick`` with 20,000 accounts instead of 100,000."""
    found: list[Figure] = []
    for kind in databases.kinds:
        with databases.open(kind) as crm:
            count = 20_000 if quick else 100_000
            _fill(crm, count)
            found += _compare(crm, kind, count, quick=quick)
    return found


def _fill(crm: Crm, count: int) -> None:
    with crm.session(Actor.system("bench")) as session:
        sellers = [session.add(Salesperson(code=f"A{number}", kind="agent", name=f"A{number}")) for number in range(SELLERS)]
        profile = session.add(Profile(code="AGENTE", label_it="Agente", functions=["customers.*"], scopes=[{"kind": "own"}]))
        session.flush()
        session.add(User(login="admin"))
        session.add(User(login="agent", profile_id=profile.id, salesperson_id=sellers[0].id))
        session.commit()
        keys = [seller.id for seller in sellers]
    with crm.engine.begin() as connection:
        for start in range(0, count, 10_000):
            rows = [account_row(number) | {"seller_id": keys[number % SELLERS]} for number in range(start, min(start + 10_000, count))]
            connection.execute(Account.__table__.insert(), rows)
        connection.exec_driver_sql("ANALYZE account")


def _compare(crm: Crm, kind: str, count: int, *, quick: bool) -> list[Figure]:
    wanted = select(Account.id).join(Salesperson, Salesperson.id == Account.seller_id).where(Salesperson.code == "A0")
    with crm.session(Actor.system("bench")) as session:
        mine = session.scalars(wanted).all()
    numbers = itertools.cycle(mine)

    def page(actor: str | Actor) -> Callable[[], Any]:
        def ask() -> None:
            with crm.session(actor) as session:
                session.execute(select(Account.id, Account.name, Account.phone1).order_by(Account.name, Account.id).limit(50)).all()

        return ask

    def get(actor: str | Actor) -> Callable[[], Any]:
        def ask() -> None:
            with crm.session(actor) as session:
                session.require(Account, next(numbers))

        return ask

    def total(actor: str | Actor) -> Callable[[], Any]:
        def ask() -> None:
            with crm.session(actor) as session:
                session.scalar(select(func.count()).select_from(Account).where(Account.name < "Ditta 001"))

        return ask

    found = []
    for subject, ask, target in (("page of 50 by name", page, 1.3), ("get by key", get, 1.3), ("count of a range", total, None)):
        contenders = {"guarded": ask("agent"), "free": ask(Actor.system("bench"))}
        measured = interleaved(contenders, rounds=5 if quick else 15, times=100, servers=lambda: backends(crm))
        value, baseline = measured["guarded"] * 1e6, measured["free"] * 1e6
        name = f"guard: {subject}, {count:,} accounts"
        found.append(Figure(subject=name, database=kind, value=value, unit="µs", baseline=baseline, against="system actor", target=target))
    return found
