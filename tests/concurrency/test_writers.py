"""Many processes and threads write to one database: nothing is lost, and nobody hears of locks."""

from __future__ import annotations

import threading
from collections import Counter as Count

import pytest
from crash_scenarios import open_crm
from crm_ledger import Counter
from sqlalchemy import func, select

from crmcore.errors import StaleVersion, WriteConflict
from crmcore.model import AUDIT, EVENT

pytestmark = pytest.mark.feature("P2.6", "P2.hold")

NAMES = ["one", "two", "three"]
TIMES = 150


def make_counters(crm, names=NAMES):
    with crm.session("setup") as session:
        for name in names:
            session.add(Counter(name=name))
        session.commit()


def values(connection):
    return dict(connection.execute(select(Counter.name, Counter.value)).all())


def test_many_processes_raise_shared_counters_and_no_update_is_lost(zygote, ledger_url, processes, tmp_path):
    until = tmp_path / "until"
    with open_crm(ledger_url) as crm:
        make_counters(crm)
        reader = zygote.start("read_all", url=ledger_url, until=str(until))
        writers = [zygote.start("raise_counters", url=ledger_url, names=NAMES, times=TIMES) for _ in range(processes)]
        ended = [zygote.wait(writer).ok() for writer in writers]
        until.touch()
        read = zygote.wait(reader).ok()
        raised = Count(name for end in ended for name in end.all("raised"))
        with crm.engine.connect() as connection:
            assert raised == values(connection)
            assert raised.total() == processes * TIMES
            # Each success, and no failure, left its history.
            for table in (AUDIT.c.verb, EVENT.c.type):
                updates = select(func.count()).where(table.in_(("updated", "ledger.counter.updated")))
                assert raised.total() == connection.execute(updates).scalar_one()
    assert int(read.all("reads")[0]) > 10
    # They did meet: without races this test would prove nothing.
    assert sum(int(end.all("stale")[0]) for end in ended) > 0


def test_many_threads_share_one_crm(ledger_url):
    with open_crm(ledger_url) as crm:
        make_counters(crm)
        failures, successes = [], Count()

        def raise_them(number):
            try:
                for step in range(40):
                    name = NAMES[(number + step) % len(NAMES)]
                    while not raise_one(crm, name):
                        pass
                    successes[name] += 1
            except BaseException as error:  # noqa: BLE001 - asserted below, in the thread of the test
                failures.append(error)

        threads = [threading.Thread(target=raise_them, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with crm.engine.connect() as connection:
            assert dict(successes) == values(connection)
        assert successes.total() == 8 * 40


def raise_one(crm, name):
    try:
        with crm.session("thread") as session:
            session.scalars(select(Counter).where(Counter.name == name)).one().value += 1
            session.commit()
    except (StaleVersion, WriteConflict):
        return False
    return True


def test_more_threads_than_pooled_connections_wait_for_each_other(ledger_url):
    with open_crm(ledger_url) as crm:
        make_counters(crm, [f"of {number}" for number in range(24)])
        failures = []
        together = threading.Barrier(24)

        def raise_own(number):
            try:
                together.wait()
                for _ in range(5):
                    assert raise_one(crm, f"of {number}")
            except BaseException as error:  # noqa: BLE001 - asserted below, in the thread of the test
                failures.append(error)

        threads = [threading.Thread(target=raise_own, args=(number,)) for number in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with crm.engine.connect() as connection:
            assert {f"of {number}": 5 for number in range(24)} == values(connection)


def test_the_loser_of_a_race_hears_of_it_and_leaves_nothing(ledger_url):
    with open_crm(ledger_url) as crm:
        make_counters(crm)
        with crm.session("slow") as slow, crm.session("quick") as quick:
            seen = slow.scalars(select(Counter).where(Counter.name == "one")).one()
            for _ in range(2):
                other = quick.scalars(select(Counter).where(Counter.name == "one")).one()
                other.value += 10
                quick.commit()
            seen.value += 1
            with pytest.raises(StaleVersion) as caught:
                slow.commit()
        assert {k: caught.value.params[k] for k in ("entity", "expected", "found")} == {
            "entity": "ledger.counter",
            "expected": 1,
            "found": 3,
        }
        with crm.engine.connect() as connection:
            assert values(connection)["one"] == 20
            assert connection.execute(select(AUDIT).where(AUDIT.c.actor == "slow")).all() == []


def test_the_loser_of_a_race_with_a_delete_hears_of_it(ledger_url):
    with open_crm(ledger_url) as crm:
        make_counters(crm)
        with crm.session("slow") as slow, crm.session("quick") as quick:
            seen = slow.scalars(select(Counter).where(Counter.name == "one")).one()
            quick.delete(quick.scalars(select(Counter).where(Counter.name == "one")).one())
            quick.commit()
            slow.delete(seen)
            with pytest.raises(StaleVersion) as caught:
                slow.commit()
        assert caught.value.params["found"] is None


def test_a_reader_sees_the_state_before_while_a_writer_holds_the_lock(ledger_url):
    with open_crm(ledger_url) as crm:
        make_counters(crm)
        with crm.session("writer") as writer, crm.session("reader") as reader:
            writer.scalars(select(Counter).where(Counter.name == "one")).one().value = 7
            writer.flush()
            assert reader.scalar(select(Counter.value).where(Counter.name == "one")) == 0
            writer.commit()
            reader.rollback()
            assert reader.scalar(select(Counter.value).where(Counter.name == "one")) == 7
