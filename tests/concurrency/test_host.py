"""The CRM inside a host's transaction: both commit or neither, whatever fails and whoever is killed."""

from __future__ import annotations

import pytest
from crash_scenarios import PLUGINS, open_crm
from crm_ledger import Counter, Entry
from ledger_checks import check_run
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select, text

from crmcore import Crm
from crmcore.errors import CrmError, StaleVersion, UsageError, ValidationFailed
from crmcore.model import AUDIT, EVENT, JOB

pytestmark = pytest.mark.feature("P2.3", "P2.hold")

HOST = Table("host_order", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(40), nullable=False))
MODES = ("plain", "immediate")


def make_engine(url, mode="plain"):
    """Return an engine as a host makes it: with the driver's own transactions, or with its own BEGIN."""
    from sqlalchemy import event

    engine = create_engine(url)
    if mode == "immediate" and engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def on_connect(connection, _):
            connection.isolation_level = None

        @event.listens_for(engine, "begin")
        def on_begin(connection):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@pytest.fixture(params=MODES)
def host(request, ledger_url):
    engine = make_engine(ledger_url, request.param)
    HOST.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def outside(ledger_url):
    """An engine of somebody else, who sees only what is committed."""
    engine = create_engine(ledger_url)
    yield engine
    engine.dispose()


def open_on(target):
    return Crm.open(target, plugins=[PLUGINS["ledger"]])


def orders(engine):
    with engine.connect() as connection:
        return connection.execute(select(HOST.c.name).order_by(HOST.c.id)).scalars().all()


def everything(engine):
    """Return how many rows each table of the CRM has."""
    with engine.connect() as connection:
        return [
            connection.execute(select(text("count(*)")).select_from(table)).scalar_one() for table in (Entry.__table__, AUDIT, EVENT, JOB)
        ]


def write_order(connection, name):
    connection.execute(insert(HOST).values(name=name))


def write_entry(crm, run, connection=None, number=1):
    with crm.session(run, connection=connection) as session:
        session.add(Entry(run=run, number=number))
        session.jobs.enqueue("ledger.step", {"token": f"{run}:{number}"})
        session.timers.set(f"{run}:{number}", session.now(), "ledger.ring")
        session.commit()


@pytest.mark.parametrize("order", ["host first", "crm first", "crm alone"])
def test_what_the_host_commits_is_there(host, outside, order):
    before = everything(outside)
    with host.connect() as connection, open_on(connection) as crm:
        if order == "host first":
            write_order(connection, "a")
        write_entry(crm, "inside")
        if order == "crm first":
            write_order(connection, "a")
        # Nobody else sees anything yet.
        assert before == everything(outside)
        assert orders(outside) == []
        connection.commit()
    assert ([] if order == "crm alone" else ["a"]) == orders(host)
    # Entry, with the audit rows of entry and echo, two events, a delivery, a job and a timer.
    assert [now - then for now, then in zip(everything(host), before, strict=True)] == [1, 2, 2, 3]


@pytest.mark.parametrize("order", ["host first", "crm first", "crm alone"])
def test_what_the_host_rolls_back_is_gone(host, order):
    before = everything(host)
    with host.connect() as connection, open_on(connection) as crm:
        if order == "host first":
            write_order(connection, "a")
        write_entry(crm, "inside")
        if order == "crm first":
            write_order(connection, "a")
        connection.rollback()
    assert orders(host) == []
    assert before == everything(host)


def test_what_the_host_forgets_to_commit_is_gone(host):
    before = everything(host)
    with host.connect() as connection, open_on(connection) as crm:
        write_order(connection, "a")
        write_entry(crm, "inside")
    assert orders(host) == []
    assert before == everything(host)


def test_several_sessions_on_one_transaction_see_each_other_and_stand_or_fall_together(host):
    before = everything(host)
    with host.connect() as connection, open_on(connection) as crm:
        write_order(connection, "a")
        write_entry(crm, "first")
        with crm.session("second") as session:
            found = session.scalars(select(Entry).where(Entry.run == "first")).one()
            found.note = "seen"
            session.commit()
        with crm.session("third") as session:
            session.add(Entry(run="third", number=1))
            session.flush()
            session.rollback()
        write_order(connection, "b")
        connection.commit()
    assert orders(host) == ["a", "b"]
    with host.connect() as connection:
        assert [tuple(row) for row in connection.execute(select(Entry.run, Entry.note))] == [("first", "seen")]
    assert [now - then for now, then in zip(everything(host), before, strict=True)] == [1, 3, 3, 3]


def test_an_error_of_the_crm_leaves_the_hosts_own_writes_in_place(host):
    before = everything(host)
    with host.connect() as connection, open_on(connection) as crm:
        write_order(connection, "before")
        with crm.session("inside") as session:
            session.add(Entry(run="inside", number=1))
            session.flush()
            session.add(Entry(run=None, number=2))
            with pytest.raises(ValidationFailed):
                session.commit()
        with crm.session("inside") as session:
            session.add(Counter(name="twice"))
            session.add(Counter(name="twice"))
            with pytest.raises(CrmError) as caught:
                session.commit()
            assert caught.value.code == "CONSTRAINT_VIOLATED"
        write_order(connection, "after")
        write_entry(crm, "later")
        connection.commit()
    assert orders(host) == ["before", "after"]
    assert [now - then for now, then in zip(everything(host), before, strict=True)] == [1, 2, 2, 3]


def test_a_lost_race_inside_the_hosts_transaction_leaves_the_hosts_own_writes_in_place(host, outside, database_kind):
    if database_kind == "sqlite":
        pytest.skip("the host's transaction holds the lock: there is no race in it")
    with open_on(outside) as elsewhere:
        write_entry(elsewhere, "run")
        with host.connect() as connection, open_on(connection) as crm:
            write_order(connection, "before")
            with crm.session("slow") as slow, elsewhere.session("quick") as quick:
                seen = slow.scalars(select(Entry).where(Entry.run == "run")).one()
                quick.scalars(select(Entry).where(Entry.run == "run")).one().note = "quick"
                quick.commit()
                seen.note = "slow"
                with pytest.raises(StaleVersion):
                    slow.commit()
            connection.commit()
    assert orders(host) == ["before"]
    with host.connect() as connection:
        assert connection.execute(select(Entry.note)).scalars().all() == ["quick"]


def test_an_engine_of_the_host_goes_on_behaving_as_before(host):
    with open_on(host) as crm:
        write_entry(crm, "own")
        with host.begin() as connection:
            write_order(connection, "a")
            write_entry(crm, "inside", connection=connection)
        with host.connect() as connection:
            write_order(connection, "lost")
        assert orders(host) == ["a"]
        crm.worker().run_until_idle()
        with crm.engine.connect() as connection:
            assert set(connection.execute(select(JOB.c.state)).scalars()) == {"done"}
            connection.rollback()
            assert 1 == check_entries(connection, "own") == check_entries(connection, "inside")
    # The engine is the host's, and stays open.
    assert orders(host) == ["a"]


def check_entries(connection, run):
    return len(connection.execute(select(Entry.id).where(Entry.run == run)).all())


def test_reading_as_the_crm_does_not_end_the_hosts_transaction(host):
    with host.connect() as connection, open_on(connection) as crm:
        write_order(connection, "a")
        with crm.session("reader") as session:
            assert session.scalars(select(Entry)).all() == []
        assert connection.in_transaction()
        connection.rollback()
    assert orders(host) == []


def test_a_worker_is_refused_on_a_hosts_connection(host):
    with host.connect() as connection, open_on(connection) as crm, pytest.raises(UsageError) as caught:
        crm.worker()
    assert caught.value.code == "HOST_CONNECTION"


def test_a_process_killed_at_any_statement_leaves_both_or_neither(zygote, ledger_url):
    engine = make_engine(ledger_url)
    HOST.metadata.create_all(engine)
    point, status, kept = 0, "killed", set()
    while status == "killed":
        point += 1
        run = f"point{point}"
        ended = zygote.run("host_commit", url=ledger_url, run=run, die_at=point)
        status = ended.status
        acknowledged, begun = len(ended.all("end")), len(ended.all("begin"))
        with engine.connect() as connection:
            done = check_run(connection, run, acknowledged, begun)
            mine = connection.execute(select(HOST.c.name).where(HOST.c.name.like(f"{run}:%"))).scalars().all()
            assert done * [f"{run}:before", f"{run}:after"] == mine
            kept.add(done)
    ended.ok()
    engine.dispose()
    assert {0, 1} == kept
    assert point > 20, point


def test_two_crms_of_one_process_do_not_touch(crm_databases, tmp_path):
    from ledger_checks import LEDGER

    with (
        crm_databases.fresh("sqlite", tmp_path, LEDGER) as one,
        crm_databases.fresh("postgresql", tmp_path, LEDGER) as two,
        crm_databases.fresh("sqlite", tmp_path) as three,
        open_crm(one) as first,
        open_crm(two, plugins=("clockwork", "ledger")) as second,
        Crm.open(three, plugins=[], migrate=True) as third,
    ):
        assert [[plugin.name for plugin in crm.registry.plugins] for crm in (first, second, third)] == [
            ["ledger"],
            ["ledger", "clockwork"],
            [],
        ]
        write_entry(first, "first")
        write_entry(second, "second")
        assert [crm.session("x").scalars(select(Entry.run)).all() for crm in (first, second)] == [["first"], ["second"]]
        with third.session("x") as session:
            session.add(Entry(run="third", number=1))
            with pytest.raises(ValidationFailed) as caught:
                session.commit()
        assert [problem.code for problem in caught.value.problems] == ["ENTITY_NOT_ENABLED"]
        assert "clockwork.tick" not in first.registry.jobs
        # Closing one leaves the others.
        first.close()
        write_entry(second, "again")
        with pytest.raises(UsageError):
            first.session("x")
