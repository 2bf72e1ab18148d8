"""The guard leaves the indexes to a limited user's questions, on both databases (I-27)."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from crmcore import Account, Actor
from crmcore.model import Profile, Salesperson, User

pytestmark = pytest.mark.feature("I-27", "A03")

SCOPES = ("own", "owner", "subtree", "unassigned", "all")


@pytest.fixture
def crm(open_crm):
    """A Crm with two thousand accounts of four salespersons, of whom one is a user with each kind of scope in turn."""
    crm = open_crm()
    with crm.session(Actor.system("setup")) as s:
        sellers = [s.add(Salesperson(code=f"A{number}", kind="agent", name=f"A{number}")) for number in range(4)]
        profiles = [
            s.add(Profile(code=kind.upper(), label_it=kind, functions=["customers.*"], scopes=[{"kind": kind}], masks={}))
            for kind in SCOPES
        ]
        s.flush()
        s.add(User(login="admin"))
        for profile in profiles:
            s.add(User(login=profile.code.lower(), profile_id=profile.id, salesperson_id=sellers[0].id))
        owners = [seller.id for seller in sellers]
        s.accounts.create_many([{"name": f"Ditta {number:04}"} for number in range(2_000)])
        s.commit()
    accounts = Account.__table__
    with crm.engine.begin() as connection:
        for rest, owner in enumerate(owners):
            connection.execute(accounts.update().where(accounts.c.id % 4 == rest).values(seller_id=owner, owner="owner"))
        connection.execute(text("ANALYZE account"))
    return crm


def plan(session, query):
    """Return the plan of a query as the user's own connection makes it."""
    connection = session.orm.connection()
    sql = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    word = "EXPLAIN QUERY PLAN" if session.dialect == "sqlite" else "EXPLAIN"
    return [str(row[-1]) for row in connection.exec_driver_sql(f"{word} {sql}")]


@pytest.mark.parametrize("scope", SCOPES)
def test_pages_gets_and_ranges_are_answered_by_their_index(crm, scope):
    page = select(Account.id, Account.name).order_by(Account.name, Account.id).limit(50)
    with crm.session(scope) as s:
        seen = s.execute(page).all()
        assert s.guard.limited
        assert len(seen) == (0 if scope == "unassigned" else 50)
        for query, index in (
            (page, "ix_account_name"),
            (select(func.count()).select_from(Account).where(Account.name.between("Ditta 0010", "Ditta 0019")), "ix_account_name"),
            (select(Account.id, Account.name).where(Account.id == 7), "pk_account" if s.dialect == "postgresql" else "INTEGER PRIMARY KEY"),
        ):
            lines = plan(s, query)
            assert any(index in line for line in lines), lines
            assert not [line for line in lines if "Seq Scan on account " in line or line.strip() in {"SCAN account", "SCAN account_0"}], (
                lines
            )
