"""What the children of the zygote do. Each opens its Crm after the fork, and says ``ready`` when the interesting part begins."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import crm_clockwork
import crm_ledger
from crm_ledger import Counter, Entry, Posted, Tally
from sqlalchemy import column, create_engine, event, insert, select, table

from crmcore import Crm, FrozenClock
from crmcore.errors import StaleVersion, WriteConflict
from crmcore.events import SystemClock
from crmcore.work import Worker

PLUGINS = {"ledger": crm_ledger, "clockwork": crm_clockwork}


class ShiftedClock:
    """The clock of the machine, some seconds ahead: leases of whoever died before have run out."""

    def __init__(self, seconds):
        self._clock = SystemClock()
        self._ahead = timedelta(seconds=seconds)

    def shift(self, seconds):
        self._ahead = timedelta(seconds=seconds)

    def now(self):
        return self._clock.now() + self._ahead


def warm_up():
    """Import, map and compile before the first fork whatever does not belong to a connection."""
    import psycopg  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'warm.db')}"
        with open_crm(url, migrate=True, plugins=("ledger", "clockwork")) as crm, crm.session("warm") as session:
            make_tallies(session)
            session.add(Entry(run="warm", number=1))
            session.commit()
            crm.worker().run_until_idle()


def make_tallies(session):
    for name in ("commits", "delivered", "steps"):
        session.add(Tally(name=name))
    session.flush()


def open_crm(url, *, file="", pause=0, ahead=0.0, frozen=None, plugins=("ledger",), migrate=False):
    clock = FrozenClock(datetime.fromisoformat(frozen)) if frozen else ShiftedClock(ahead)
    settings = {"ledger": {"file": file, "pause": pause}}
    return Crm.open(url, plugins=[PLUGINS[name] for name in plugins], settings=settings, clock=clock, migrate=migrate)


class Doom:
    """Kill this process at the n-th point of what it does with the database."""

    def __init__(self, engine, at):
        self._at = at
        self.points = 0
        if at is not None:
            for name in ("before_cursor_execute", "after_cursor_execute", "commit", "rollback", "checkin"):
                event.listen(engine, name, self._point)

    def _point(self, *_):
        self.points += 1
        if self.points == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def commits(report, url, run, times, first=1, die_at=None):
    """Commit number ``first`` and the following, telling ``begin n`` and ``end n`` around each."""
    with open_crm(url) as crm:
        Doom(crm.engine, die_at)
        report("ready")
        for number in range(first, first + times):
            with crm.session(run) as session:
                write_number(session, run, number)
                report(f"begin {number}")
                session.commit()
                report(f"end {number}")


def write_number(session, run, number):
    """Do commit ``number`` of a run: create, sometimes update and delete, publish, enqueue, set and cancel timers."""
    session.add(Entry(run=run, number=number))
    if number % 3 == 0:
        find(session, run, number - 1).note = f"seen by {number}"
    if number % 4 == 0:
        session.delete(find(session, run, number - 2))
        session.timers.cancel(f"{run}:{number - 2}")
    session.publish(Posted(run=run, number=number))
    session.jobs.enqueue("ledger.step", {"token": f"{run}:{number}"})
    session.timers.set(f"{run}:{number}", session.now() + timedelta(hours=1), "ledger.ring", {"number": number})


def find(session, run, number):
    return session.scalars(select(Entry).where(Entry.run == run, Entry.number == number)).one()


def work(report, url, name=None, lease=60.0, batch=20, die_at=None, **options):
    """Run everything that is due."""
    with open_crm(url, **options) as crm:
        Doom(crm.engine, die_at)
        worker = Worker(crm, name=name, batch=batch, lease=timedelta(seconds=lease))
        report("ready")
        report(f"ran {worker.run_until_idle()}")


def serve(report, url, until, lease=60.0, batch=20, poll=0.02, **options):
    """Work until there is nothing more to do, also for others: a file appears."""
    with open_crm(url, **options) as crm:
        worker = Worker(crm, batch=batch, lease=timedelta(seconds=lease))
        report("ready")
        done = 0
        while not Path(until).exists():
            count = worker.run_until_idle()
            done += count
            if not count:
                time.sleep(poll)
        report(f"ran {done}")


def host_commit(report, url, run, die_at=None):
    """Write a row of the host, a commit of the CRM, and another row, in one transaction of a host's plain engine."""
    engine = create_engine(url)
    order = table("host_order", column("name"))
    with engine.connect() as connection, Crm.open(connection, plugins=[PLUGINS["ledger"]]) as crm:
        connection.rollback()
        Doom(engine, die_at)
        report("ready")
        connection.execute(insert(order).values(name=f"{run}:before"))
        with crm.session(run) as session:
            write_number(session, run, 1)
            session.commit()
        connection.execute(insert(order).values(name=f"{run}:after"))
        report("begin 1")
        connection.commit()
        report("end 1")


def raise_counters(report, url, names, times):
    """Read, raise and write counters, again when somebody else was quicker; tell every other error."""
    stale = conflicts = 0
    with open_crm(url) as crm:
        report("ready")
        for number in range(times):
            name = names[number % len(names)]
            while True:
                try:
                    with crm.session(f"process{os.getpid()}") as session:
                        counter = session.scalars(select(Counter).where(Counter.name == name)).one()
                        counter.value += 1
                        session.commit()
                    break
                except StaleVersion:
                    stale += 1
                except WriteConflict:
                    conflicts += 1
            report(f"raised {name}")
    report(f"stale {stale}")
    report(f"conflicts {conflicts}")


def read_all(report, url, until):
    """Read counters over and over; each answer must be one committed state, and no read may fail or wait for writers."""
    longest = reads = 0
    last = -1
    with open_crm(url) as crm:
        report("ready")
        while not Path(until).exists():
            begun = time.monotonic()
            with crm.session("reader") as session:
                total = sum(session.scalars(select(Counter.value)))
            longest = max(longest, time.monotonic() - begun)
            assert total >= last, "a read went back in time"
            last = total
            reads += 1
    report(f"reads {reads}")
    report(f"longest {longest}")


SCENARIOS = {function.__name__: function for function in (commits, work, serve, host_commit, raise_counters, read_all)}
