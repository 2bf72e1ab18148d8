"""How many events a worker delivers in a second, and how many jobs it claims."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from bench.commits import plain
from bench.databases import Databases, account, backends, plugin
from bench.measure import Figure, interleaved, server_time
from crmcore import Account, Crm, Envelope, Handler, Job, JobRun, Session
from crmcore.storage import write_transaction
from crmcore.work import queue


def do_nothing(session: Session, envelope: Envelope) -> None:
    """Handle an event without any effect."""
    del session, envelope


def write_one(session: Session, envelope: Envelope) -> None:
    """Handle an event by writing one record, with its history."""
    if envelope.actor == "bench":
        session.add(Account(name=f"echo of {envelope.id}"))


def no_job(session: Session, run: JobRun) -> None:
    """Do nothing as a job."""
    del session, run


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure deliveries to one handler, and claims by one process."""
    count = 300 if quick else 1_000
    found = []
    for kind in databases.kinds:
        for subject, handler in (("does nothing", do_nothing), ("writes a record", write_one)):
            module = plugin(handlers=(Handler(event="account.created", fn=handler),))
            with databases.open(kind, module) as crm:
                found.append(_deliver(crm, kind, subject, count))
        with databases.open(kind, plugin(jobs=(Job(name="bench.job", fn=no_job),))) as crm:
            found += [_claim(crm, kind, size, count) for size in (1, 20)]
    return found


def _deliver(crm: Crm, kind: str, subject: str, count: int) -> Figure:
    with crm.session("bench") as session:
        for number in range(count):
            session.add(account(number))
        session.commit()
    servers = backends(crm)
    worker = crm.worker()
    wall, used = time.perf_counter(), time.process_time() + server_time(servers)
    # What the deliveries themselves publish is delivered too.
    done = worker.run_until_idle()
    wall, used = time.perf_counter() - wall, time.process_time() + server_time(servers) - used
    baseline = interleaved({"plain": plain(crm, 1)}, rounds=5, times=50, servers=lambda: backends(crm))["plain"]
    return Figure(
        subject=f"event delivered to a handler that {subject}",
        database=kind,
        value=used / done * 1e6,
        unit="µs",
        baseline=baseline * 1e6,
        against="plain ORM commit of 1 row",
        notes=(f"{done / wall:,.0f} events per second by the clock, {done} events",),
    )


def _claim(crm: Crm, kind: str, size: int, count: int) -> Figure:
    with crm.session("bench") as session:
        for _ in range(count):
            session.jobs.enqueue("bench.job")
        session.commit()
    servers = backends(crm)
    wall, used = time.perf_counter(), time.process_time() + server_time(servers)
    done = sum(iter(_claimer(crm, size), 0))
    wall, used = time.perf_counter() - wall, time.process_time() + server_time(servers) - used
    return Figure(
        subject=f"job claimed, {size} at a time",
        database=kind,
        value=used / done * 1e6,
        unit="µs",
        notes=(f"{done / wall:,.0f} jobs per second by the clock",),
    )


def _claimer(crm: Crm, size: int) -> Callable[[], int]:
    def claim() -> int:
        with write_transaction(crm.engine) as connection:
            return len(queue.claim(connection, "bench", ["bench.job"], crm.clock.now(), timedelta(minutes=10), size))

    return claim
