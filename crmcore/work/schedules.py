"""Recurring jobs: when each is next due is a row, so that many workers fire it once and a restart forgets nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Delete, delete, func, insert, select, update

from crmcore.events import Rule
from crmcore.hooks import Job
from crmcore.model import JOB, SCHEDULE
from crmcore.storage import write_transaction
from crmcore.work.queue import CANCELLED, DONE, NewJob, insert_jobs

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.session import Session
    from crmcore.work.worker import JobRun

KEEP_DAYS: Final = 30
"""Days that finished rows of the queue are kept; dead ones stay until somebody retries or deletes them."""


def names(crm: Crm) -> tuple[str, ...]:
    """Return the names of the recurring jobs of the enabled plugins."""
    return tuple(name for name, bound in crm.registry.jobs.items() if bound.job.every is not None)


def prepare(crm: Crm) -> None:
    """Give each recurring job its row, and bring those forward whose schedule has become tighter."""
    with write_transaction(crm.engine) as connection:
        if connection.dialect.name == "postgresql":
            # Two workers that start together would both insert.
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("crmcore.schedules"))))
        rows = connection.execute(select(SCHEDULE.c.job, SCHEDULE.c.next_at, SCHEDULE.c.last_at).with_for_update()).all()
        known = {row.job: row for row in rows}
        # Read only now: whoever was held up before the lock would bring back an occurrence that another worker has fired meanwhile.
        now = crm.clock.now()
        wanted = {name: due for name in names(crm) if (due := _next(crm, name, now)) is not None}
        new = [{"job": name, "plugin": crm.registry.jobs[name].plugin, "next_at": due} for name, due in wanted.items() if name not in known]
        if new:
            connection.execute(insert(SCHEDULE), new)
        for name, due in wanted.items():
            # What was fired is over, also for a machine whose clock is behind.
            if name in known and due < known[name].next_at and (known[name].last_at is None or due > known[name].last_at):
                connection.execute(update(SCHEDULE).where(SCHEDULE.c.job == name).values(next_at=due))


def fire(connection: Connection, crm: Crm, now: datetime) -> int:
    """Put the recurring jobs that are due on the queue, once each however many occurrences were missed, and return how many."""
    due = (
        select(SCHEDULE.c.job, SCHEDULE.c.next_at)
        .where(SCHEDULE.c.next_at <= now, SCHEDULE.c.job.in_(names(crm)))
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(due).all()
    jobs = []
    for row in rows:
        bound = crm.registry.jobs[row.job]
        jobs.append(
            NewJob(
                kind="recurring",
                plugin=bound.plugin,
                name=row.job,
                run_at=row.next_at,
                created_at=now,
                key=f"recurring:{row.job}",
                max_attempts=bound.job.max_attempts,
                correlation_id=crm.ids.uuid7(),
            )
        )
        after = _next(crm, row.job, now)
        if after is None:
            connection.execute(delete(SCHEDULE).where(SCHEDULE.c.job == row.job))
        else:
            connection.execute(update(SCHEDULE).where(SCHEDULE.c.job == row.job).values(next_at=after, last_at=row.next_at))
    insert_jobs(connection, jobs)
    return len(rows)


def next_due(connection: Connection, crm: Crm) -> datetime | None:
    """Return when a recurring job of an enabled plugin is next due."""
    moment: datetime | None = connection.execute(select(func.min(SCHEDULE.c.next_at)).where(SCHEDULE.c.job.in_(names(crm)))).scalar()
    return moment


def _next(crm: Crm, name: str, after: datetime) -> datetime | None:
    every = crm.registry.jobs[name].job.every
    return None if every is None else every.next_after(after, crm.zone)


def finished_before(limit: datetime) -> Delete:
    """Return the statement that removes finished rows of the queue."""
    return delete(JOB).where(JOB.c.finished_at < limit, JOB.c.state.in_((DONE, CANCELLED)))


def prune(session: Session, run: JobRun) -> None:
    """Remove finished rows of the queue that are older than `KEEP_DAYS`; the event log and the audit stay."""
    del run
    session.take_write_lock()
    session.orm.connection().execute(finished_before(session.now() - timedelta(days=KEEP_DAYS)))


CORE_JOBS: Final = (
    Job(
        name="core.prune",
        fn=prune,
        every=Rule("FREQ=DAILY;BYHOUR=3;BYMINUTE=10;BYSECOND=0"),
        help="Removes finished rows of the queue after thirty days.",
    ),
)
"""Jobs that the core itself needs."""
