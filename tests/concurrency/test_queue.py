"""Several workers on one queue: each job once, never two at a time, and each occurrence of a recurring job once."""

from __future__ import annotations

import threading
import time
from collections import Counter as Count
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from crash_scenarios import PLUGINS, open_crm
from crm_ledger import Entry
from ledger_checks import effects, job_states, tally
from sqlalchemy import select

from crmcore import Crm
from crmcore.model import JOB, SCHEDULE
from crmcore.work import Worker

pytestmark = pytest.mark.feature("P2.6", "P2.hold")

BOTH = ("ledger", "clockwork")
START = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)


def enqueue(crm, count, **options):
    with crm.session("test") as session:
        for number in range(count):
            session.jobs.enqueue("ledger.step", {"token": number}, **options)
        session.commit()


def runs_by_job(file):
    """Return who ran each job, from when to when."""
    open_runs, runs = {}, []
    for line in Path(file).read_text().splitlines():
        word, job, who, moment = line.split()
        if word == "start":
            open_runs[job, who] = int(moment)
        else:
            runs.append((job, open_runs.pop((job, who)), int(moment), who))
    assert open_runs == {}
    return runs


def test_many_workers_run_each_job_of_one_queue_once(zygote, ledger_url, processes, tmp_path):
    file, until, jobs = str(tmp_path / "runs"), tmp_path / "until", 1_000
    with open_crm(ledger_url) as crm:
        enqueue(crm, jobs)
        workers = [zygote.start("serve", url=ledger_url, file=file, until=str(until)) for _ in range(processes)]
        patience = time.monotonic() + 100
        while time.monotonic() < patience:
            with crm.engine.connect() as connection:
                if set(job_states(connection)) == {"done"}:
                    break
            time.sleep(0.05)
        until.touch()
        ran = [int(zygote.wait(worker).ok().all("ran")[0]) for worker in workers]
        with crm.engine.connect() as connection:
            assert {"done": jobs} == job_states(connection)
            assert Count(str(number) for number in range(jobs)) == effects(connection, "step")
            assert jobs == tally(connection, "steps")
            assert {1} == set(connection.execute(select(JOB.c.attempts)).scalars())
    runs = runs_by_job(file)
    # Also outside the database each ran once: nobody took what another was running.
    assert jobs == len(runs) == len({job for job, *_ in runs}) == sum(ran)
    assert len({who for *_, who in runs}) == processes


def test_workers_with_clocks_of_their_own_fire_each_occurrence_once(zygote, ledger_url, tmp_path):
    minutes = 12
    zygote.run("work", url=ledger_url, frozen=START.isoformat(), plugins=BOTH).ok()
    for minute in range(1, minutes + 1):
        # The clocks of the machines do not agree to the second.
        moments = [(START + timedelta(minutes=minute, seconds=second)).isoformat() for second in (0, -0.4, 0.3, 2, 5)]
        workers = [zygote.start("work", url=ledger_url, frozen=moment, plugins=BOTH) for moment in moments]
        for worker in workers:
            zygote.wait(worker).ok()
    with open_crm(ledger_url) as crm, crm.engine.connect() as connection:
        due = [(START + timedelta(minutes=minute)).isoformat() for minute in range(1, minutes + 1)]
        assert Count(due) == effects(connection, "tick")


class StoppedWhileReading:
    """A clock whose reader is held up right after its n-th reading, as a process that waits for a lock or for the processor."""

    def __init__(self, moment, later, stop_at):
        self._moment = moment
        self._later = later
        self._left = stop_at
        self.reached = threading.Event()
        self.let_go = threading.Event()

    def now(self):
        if self.let_go.is_set():
            return self._later
        self._left -= 1
        if self._left == 0:
            self.reached.set()
            self.let_go.wait(0.5)
        return self._moment


@pytest.mark.parametrize("stop_at", [1, 2, 3, 4])
def test_a_worker_that_was_held_up_at_its_start_does_not_bring_an_occurrence_back(ledger_url, stop_at):
    due = START + timedelta(minutes=1)
    with open_crm(ledger_url, frozen=START.isoformat(), plugins=BOTH) as crm:
        crm.worker().run_until_idle()
        clock = StoppedWhileReading(due - timedelta(milliseconds=1), due + timedelta(seconds=1), stop_at)
        with Crm.open(ledger_url, plugins=[PLUGINS[name] for name in BOTH], clock=clock) as slow:
            thread = threading.Thread(target=lambda: Worker(slow, name="slow").run_until_idle())
            thread.start()
            clock.reached.wait(0.5)
            crm.clock.freeze(due)
            crm.worker().run_until_idle()
            clock.let_go.set()
            thread.join()
        crm.clock.freeze(due + timedelta(seconds=2))
        crm.worker().run_until_idle()
        with crm.engine.connect() as connection:
            assert Count([due.isoformat()]) == effects(connection, "tick")
            following = select(SCHEDULE.c.next_at).where(SCHEDULE.c.job == "clockwork.tick")
            assert due + timedelta(minutes=1) == connection.execute(following).scalar_one()


def test_workers_that_start_together_give_each_recurring_job_one_row(zygote, ledger_url, processes):
    workers = [zygote.start("work", url=ledger_url, frozen=START.isoformat(), plugins=BOTH) for _ in range(processes)]
    for worker in workers:
        zygote.wait(worker).ok()
    with open_crm(ledger_url) as crm, crm.engine.connect() as connection:
        rows = connection.execute(select(SCHEDULE.c.job)).scalars().all()
        assert sorted(rows) == ["clockwork.tick", "core.audit_expire", "core.audit_seal", "core.prune", "core.signin"]


def test_a_key_that_waits_is_not_run_before_the_commit_that_asked_for_it_again(ledger_url):
    with open_crm(ledger_url) as crm:
        with crm.session("first") as session:
            session.jobs.enqueue("ledger.see", key="see")
            session.commit()
        asked, ran = threading.Event(), threading.Event()
        thread = threading.Thread(target=lambda: (asked.wait(30), crm.worker().run_until_idle(), ran.set()))
        with crm.session("second") as session:
            # The transaction writes something, asks for the job that must see it, and takes its time before it commits.
            session.add(Entry(run="second", number=1))
            session.jobs.enqueue("ledger.see", key="see")
            session.unit.finishers.append(lambda _: (asked.set(), ran.wait(0.5)))
            thread.start()
            session.commit()
        thread.join()
        crm.worker().run_until_idle()
        with crm.engine.connect() as connection:
            assert "1" in effects(connection, "seen")


def test_a_worker_outlives_a_key_that_comes_back_while_it_waits_anew(ledger_url, database_kind):
    if database_kind == "sqlite":
        pytest.skip("one writer at a time: the two transactions cannot meet")
    with open_crm(ledger_url) as crm:
        with crm.session("first") as session:
            session.jobs.enqueue("ledger.fail", key="again")
            session.commit()
        worker = crm.worker()
        original = worker._record_failure
        asked, failed = threading.Event(), threading.Event()

        def second():
            with crm.session("second") as session:
                session.jobs.enqueue("ledger.fail", key="again")
                session.unit.finishers.append(lambda _: (asked.set(), failed.wait(30), time.sleep(0.2)))
                session.commit()

        def record(*arguments):
            # The job failed; before it is put back, somebody puts its key on the queue and has not committed yet.
            thread.start()
            assert asked.wait(30)
            failed.set()
            original(*arguments)

        thread = threading.Thread(target=second)
        worker._record_failure = record
        worker.run_once()
        thread.join()
        with crm.engine.connect() as connection:
            states = Count(connection.execute(select(JOB.c.state).where(JOB.c.key == "again")).scalars())
        assert Count(queued=1, cancelled=1) == states


def test_a_job_does_not_run_twice_at_once_because_the_one_before_it_took_longer_than_its_timeout(ledger_url, tmp_path):
    file = tmp_path / "runs"
    with open_crm(ledger_url, frozen=START.isoformat(), file=str(file)) as crm:
        enqueue(crm, 3)
        clock, worker = crm.clock, crm.worker(name="slow")
        other = crm.worker(name="other")
        run_one, seen = worker._run_one, []

        def slow(job, envelope):
            seen.append(job.id)
            if len(seen) == 1:
                # An hour is the timeout of a job: this one counts as stuck. Its heart beats for what it claimed with it.
                for _ in range(4):
                    clock.advance(timedelta(minutes=21))
                    worker._beat()
                clock.advance(timedelta(minutes=2))
                other.run_until_idle()
            run_one(job, envelope)

        worker._run_one = slow
        worker.run_until_idle()
        with crm.engine.connect() as connection:
            assert Count("012") == effects(connection, "step")
        runs = Count(line.split()[1] for line in file.read_text().splitlines() if line.startswith("start"))
        # The stuck one may have run again elsewhere; what waited behind it ran there, and nowhere else.
        assert all(runs[str(job)] == 1 for job in map(int, runs) if job != seen[0]), runs
