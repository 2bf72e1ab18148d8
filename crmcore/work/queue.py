"""The queue: one table for deliveries, timers and jobs; claimed with a lease, finished in the transaction of the work itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Connection, and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from crmcore.model import JOB
from crmcore.storage import NewRows, insert_rows

QUEUED: Final = "queued"
RUNNING: Final = "running"
DONE: Final = "done"
DEAD: Final = "dead"
CANCELLED: Final = "cancelled"
STATES: Final = (QUEUED, RUNNING, DONE, DEAD, CANCELLED)

LONGEST_ERROR: Final = 4_000
_SILENT: Final = "the worker died or was silent beyond its lease"


@attrs.frozen(kw_only=True)
class NewJob:
    """A row to put on the queue."""

    kind: str
    plugin: str
    name: str
    run_at: datetime
    created_at: datetime
    correlation_id: str
    args: Mapping[str, Any] = attrs.field(factory=dict)
    key: str | None = None
    event_id: str | None = None
    max_attempts: int = 8
    causation_id: str | None = None
    depth: int = 0
    replace: bool = False
    """Whether a waiting row of the same key is moved to the new time, rather than kept as it is."""
    on_behalf: str | None = None
    """The user whose work it is."""


@attrs.frozen
class Claimed:
    """A job that this worker holds."""

    id: int
    kind: str
    plugin: str
    name: str
    event_id: str | None
    args: Mapping[str, Any]
    key: str | None
    run_at: datetime
    attempts: int
    max_attempts: int
    correlation_id: str
    causation_id: str | None
    depth: int
    on_behalf: str | None


_IS_QUEUED: Final = JOB.c.state == QUEUED
_IS_RUNNING: Final = JOB.c.state == RUNNING

_CLAIMED: Final = tuple(JOB.c[field.name] for field in attrs.fields(Claimed))


def is_queued() -> ColumnElement[bool]:
    """Return the condition for waiting jobs, in the form that their index serves."""
    return _IS_QUEUED


def is_running() -> ColumnElement[bool]:
    """Return the condition for running jobs, in the form that their index serves."""
    return _IS_RUNNING


def insert_jobs(connection: Connection, jobs: Sequence[NewJob]) -> None:
    """Put jobs on the queue; one whose key is already waiting there changes nothing, or moves it if it says so."""
    insert_rows(connection, [rows_without_key(jobs)])
    upsert_with_key(connection, jobs)


def rows_without_key(jobs: Iterable[NewJob]) -> NewRows:
    """Return the rows of the jobs that have no key."""
    return NewRows(JOB, _NEW, [tuple(_row(job).values()) for job in jobs if job.key is None])


def upsert_with_key(connection: Connection, jobs: Iterable[NewJob]) -> None:
    """Put the jobs that have a key on the queue, or find them waiting there."""
    # In the order of their keys, because each locks its row: two commits that ask for the same ones must not wait for each other.
    for job in sorted((job for job in jobs if job.key is not None), key=lambda job: job.key or ""):
        _upsert(connection, job)


_NEW: Final = (
    "kind",
    "plugin",
    "name",
    "event_id",
    "args",
    "key",
    "waiting_key",
    "state",
    "run_at",
    "attempts",
    "max_attempts",
    "correlation_id",
    "causation_id",
    "depth",
    "created_at",
    "on_behalf",
)
"""The columns of a new row, in their order."""


def _row(job: NewJob) -> dict[str, Any]:
    return {
        "kind": job.kind,
        "plugin": job.plugin,
        "name": job.name,
        "event_id": job.event_id,
        "args": job.args,
        "key": job.key,
        "waiting_key": job.key,
        "state": QUEUED,
        "run_at": job.run_at,
        "attempts": 0,
        "max_attempts": job.max_attempts,
        "correlation_id": job.correlation_id,
        "causation_id": job.causation_id,
        "depth": job.depth,
        "created_at": job.created_at,
        "on_behalf": job.on_behalf,
    }


def _upsert(connection: Connection, job: NewJob) -> None:
    # Imported here: the dialects of PostgreSQL bring in asyncio, which only its users should pay for.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_into  # noqa: PLC0415
    else:
        from sqlalchemy.dialects.sqlite import insert as insert_into  # type: ignore[assignment] # noqa: PLC0415
    statement = insert_into(JOB).values(**_row(job))
    # One that is kept is written as it is: that locks it, so that it cannot run before this commit, and miss what is committed here.
    changed = ("run_at", "args", "name", "plugin", "kind", "attempts", "max_attempts", "on_behalf") if job.replace else ("waiting_key",)
    moved = {name: statement.excluded[name] for name in changed}
    connection.execute(statement.on_conflict_do_update(index_elements=[JOB.c.waiting_key], set_=moved))


def cancel(connection: Connection, keys: Iterable[str], now: datetime) -> int:
    """Cancel the waiting jobs of some keys, and return how many there were."""
    statement = update(JOB).where(JOB.c.key.in_(tuple(keys)), _IS_QUEUED).values(state=CANCELLED, finished_at=now, waiting_key=None)
    return connection.execute(statement).rowcount


def claim(
    connection: Connection,
    worker: str,
    names: Collection[str],
    now: datetime,
    lease: timedelta,
    limit: int,
) -> list[Claimed]:
    """Take up to ``limit`` due jobs among ``names`` for a worker, oldest first; nobody else gets them while the lease lasts.

    Jobs of plugins that are not enabled here are left alone.
    """
    due = (
        select(JOB.c.id)
        .where(_IS_QUEUED, JOB.c.run_at <= now, JOB.c.name.in_(tuple(names)))
        .order_by(JOB.c.run_at, JOB.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # PostgreSQL may run a plain subquery more than once, and would then take more than the limit.
        .cte("due")
    )
    taken = {"state": RUNNING, "lease_owner": worker, "lease_until": now + lease, "attempts": JOB.c.attempts + 1, "waiting_key": None}
    statement = update(JOB).where(JOB.c.id.in_(select(due.c.id))).values(taken).returning(*_CLAIMED)
    rows = connection.execute(statement).all()
    return sorted((Claimed(*row) for row in rows), key=lambda job: (job.run_at, job.id))


def extend(connection: Connection, worker: str, ids: Collection[int], until: datetime) -> int:
    """Prolong the lease on jobs that this worker still holds, and return how many these are."""
    return connection.execute(update(JOB).where(_held(worker, ids)).values(lease_until=until)).rowcount


def finish(connection: Connection, worker: str, job_id: int, now: datetime) -> bool:
    """Mark a job as done, if this worker still holds it; False means that its effects must be rolled back."""
    done = {"state": DONE, "finished_at": now, "lease_owner": None, "lease_until": None, "last_error": None}
    return connection.execute(update(JOB).where(_held(worker, [job_id])).values(done)).rowcount == 1


def fail(connection: Connection, worker: str, job: Claimed, now: datetime, retry_at: datetime, error: str) -> str:
    """Give a failed job back for a later attempt, or lay it among the dead, and return its new state."""
    held = connection.execute(select(JOB.c.id).where(_held(worker, [job.id]))).first()
    if held is None:
        return RUNNING
    if job.attempts >= job.max_attempts:
        _end(connection, job.id, DEAD, now, error)
        return DEAD
    return _requeue(connection, job.id, job.key, now, run_at=retry_at, last_error=error[:LONGEST_ERROR])


def bury(connection: Connection, worker: str, job_id: int, now: datetime, error: str) -> bool:
    """Lay a job among the dead although it has attempts left, if this worker still holds it: trying again is for people to decide."""
    held = connection.execute(select(JOB.c.id).where(_held(worker, [job_id]))).first()
    if held is not None:
        _end(connection, job_id, DEAD, now, error)
    return held is not None


def release(connection: Connection, worker: str, ids: Collection[int], now: datetime) -> None:
    """Give back jobs that were claimed and not begun; the attempt does not count."""
    for row in connection.execute(select(JOB.c.id, JOB.c.key).where(_held(worker, ids))).all():
        _requeue(connection, row.id, row.key, now, attempts=JOB.c.attempts - 1)


def reclaim(connection: Connection, now: datetime) -> int:
    """Put back on the queue what dead workers held, or lay it among the dead when its attempts are used up; return how many.

    A worker runs what it claimed in order, so only the first job that it left can have been begun: the others get their attempt back,
    and do not die of a job that kills every worker.
    """
    expired = (
        select(JOB.c.id, JOB.c.key, JOB.c.attempts, JOB.c.max_attempts, JOB.c.lease_owner)
        .where(_IS_RUNNING, or_(JOB.c.lease_until.is_(None), JOB.c.lease_until < now))
        .order_by(JOB.c.run_at, JOB.c.id)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(expired).all()
    owners: set[str | None] = set()
    for row in rows:
        if row.lease_owner in owners:
            _requeue(connection, row.id, row.key, now, attempts=row.attempts - 1)
        elif row.attempts >= row.max_attempts:
            _end(connection, row.id, DEAD, now, _SILENT)
        else:
            _requeue(connection, row.id, row.key, now, last_error=_SILENT)
        owners.add(row.lease_owner)
    return len(rows)


def retry(connection: Connection, ids: Collection[int], now: datetime) -> int:
    """Put dead jobs back on the queue with fresh attempts, and return how many were dead."""
    rows = connection.execute(select(JOB.c.id, JOB.c.key).where(JOB.c.id.in_(tuple(ids)), JOB.c.state == DEAD)).all()
    for row in rows:
        _requeue(connection, row.id, row.key, now, attempts=0, run_at=now, finished_at=None)
    return len(rows)


def _held(worker: str, ids: Collection[int]) -> ColumnElement[bool]:
    return and_(JOB.c.id.in_(tuple(ids)), JOB.c.lease_owner == worker, _IS_RUNNING)


def _end(connection: Connection, job_id: int, state: str, now: datetime, error: str) -> None:
    values = {"state": state, "finished_at": now, "lease_owner": None, "lease_until": None, "last_error": error[:LONGEST_ERROR]}
    connection.execute(update(JOB).where(JOB.c.id == job_id).values(values))


def _requeue(connection: Connection, job_id: int, key: str | None, now: datetime, **values: object) -> str:
    """Let a job wait again, unless a newer one of the same key waits already: one of the two is enough."""
    waiting = {"state": QUEUED, "waiting_key": key, "lease_owner": None, "lease_until": None}
    again = update(JOB).where(JOB.c.id == job_id).values(waiting | values)
    if key is None:
        connection.execute(again)
        return QUEUED
    try:
        # Looking first would not do: the newer one may be in a transaction that commits while we wait for it.
        with connection.begin_nested():
            connection.execute(again)
    except IntegrityError:
        _end(connection, job_id, CANCELLED, now, "a newer job of the same key was waiting")
        return CANCELLED
    return QUEUED
