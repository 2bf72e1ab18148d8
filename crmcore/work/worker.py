"""The worker: deliver events, run timers and jobs; as many processes as one likes, nothing twice at once."""

from __future__ import annotations

import logging
import os
import socket
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Connection, func, select

from crmcore.errors import CrmError, DatabaseBusy, DatabaseError, WriteConflict
from crmcore.events import Envelope
from crmcore.hooks import Handler, Job
from crmcore.model import EVENT, JOB, SCHEDULE, User, UserStatus
from crmcore.session.actor import Actor, Cause
from crmcore.storage import translate_errors, write_transaction
from crmcore.work import queue, schedules

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.session import Session

_DELIVERY: Final = "delivery"
log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=60)
"""How long a worker may be silent before its jobs are given to another."""
BATCH: Final = 20
LONGEST_BACKOFF: Final = timedelta(hours=6)


@attrs.frozen
class JobRun:
    """What a job is told about its run. ``attempt`` counts from 1; ``due`` is when it should have begun."""

    id: int
    name: str
    args: Mapping[str, Any]
    attempt: int
    due: datetime
    key: str | None = None


class LeaseLost(CrmError, RuntimeError):
    """Raised at the end of a job that another worker has taken over meanwhile; its effects are rolled back."""

    default_code = "LEASE_LOST"


class WorkRefused(CrmError, PermissionError):
    """Raised at the start of a job whose user was blocked after asking for it (A08)."""

    default_code = "USER_BLOCKED"


class Worker:
    """Run the queue of a Crm. `Crm.worker` makes one; `crm work` runs one in a process of its own.

    A job runs in a transaction that also marks it as done: it leaves its whole effect in the database, or none, and then runs
    again. What it does outside the database must bear repetition.
    """

    def __init__(self, crm: Crm, *, name: str | None = None, batch: int = BATCH, lease: timedelta = LEASE) -> None:
        self._crm = crm
        self.name = name or f"{socket.gethostname()[:30]}:{os.getpid()}:{crm.ids.uuid7()[-6:]}"
        self._batch = batch
        self._lease = lease
        self._held: set[int] = set()
        self._held_until = crm.clock.now()
        """Until when, as far as this worker knows, nobody else takes what it holds."""
        self._stuck_at: datetime | None = None
        """When the job that is running counts as stuck."""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._handlers = {bound.name: (bound.plugin, bound.handler) for group in crm.registry.handlers.values() for bound in group}
        self._jobs = {name: (bound.plugin, bound.job) for name, bound in crm.registry.jobs.items()}
        self._known = frozenset((*self._handlers, *self._jobs))
        self._scheduled = False

    # Running

    def run(self, *, poll: float = 1.0) -> int:
        """Work until `stop` is called, and return how many jobs were run; looks for work every ``poll`` seconds when there is none.

        An unreachable or busy database is waited for.
        """
        done = 0
        with _Heartbeat(self._beat, self._lease.total_seconds() / 4):
            while not self._stop.is_set():
                try:
                    count = self.run_once()
                except (DatabaseBusy, DatabaseError, WriteConflict) as error:
                    log.warning("worker %s: %s", self.name, error)
                    count = 0
                done += count
                if not count:
                    self._crm.wait_for_work(poll)
        return done

    def run_until_idle(self) -> int:
        """Run everything that is due now, also what that leads to, and return how many jobs were run."""
        done = 0
        with _Heartbeat(self._beat, self._lease.total_seconds() / 4):
            while not self._stop.is_set() and (count := self.run_once()):
                done += count
        return done

    def stop(self) -> None:
        """Let the worker end after the job that it is running; safe to call from a signal handler or another thread."""
        self._stop.set()
        self._crm.wake()

    def run_once(self) -> int:
        """Claim one batch of due work, run it, and return how many jobs were run."""
        if not self._scheduled:
            schedules.prepare(self._crm)
            self._scheduled = True
        if not self._is_anything_due(self._crm.clock.now()):
            return 0
        with write_transaction(self._crm.engine) as connection:
            # Not before: SQLite may have let us wait for the lock longer than the lease is.
            now = self._crm.clock.now()
            schedules.fire(connection, self._crm, now)
            queue.reclaim(connection, now)
            jobs = queue.claim(connection, self.name, self._known, now, self._lease, self._batch)
        return self._run_batch(jobs, now + self._lease)

    def next_due(self) -> datetime | None:
        """Return when something is next to be done, possibly in the past, or None when nothing waits."""
        with translate_errors(), self._crm.engine.connect() as connection:
            waiting = select(func.min(JOB.c.run_at)).where(queue.is_queued(), JOB.c.name.in_(tuple(self._known)))
            moments = [connection.execute(waiting).scalar(), schedules.next_due(connection, self._crm)]
        known = [moment for moment in moments if moment is not None]
        return min(known) if known else None

    def _is_anything_due(self, now: datetime) -> bool:
        """Look without taking the write lock, which an idle worker would otherwise take from everybody, all the time."""
        with translate_errors(), self._crm.engine.connect() as connection:
            waiting = select(JOB.c.id).where(queue.is_queued(), JOB.c.run_at <= now, JOB.c.name.in_(tuple(self._known))).limit(1)
            silent = select(JOB.c.id).where(queue.is_running(), JOB.c.lease_until < now).limit(1)
            scheduled = select(SCHEDULE.c.job).where(SCHEDULE.c.next_at <= now, SCHEDULE.c.job.in_(schedules.names(self._crm))).limit(1)
            return any(connection.execute(statement).first() is not None for statement in (waiting, silent, scheduled))

    def _run_batch(self, jobs: Sequence[queue.Claimed], until: datetime) -> int:
        events = self._events(jobs)
        waiting = list(jobs)
        with self._lock:
            self._held = {job.id for job in jobs}
            self._held_until = until
        try:
            while waiting and not self._stop.is_set() and self._begin(waiting[0]):
                job = waiting[0]
                self._run_one(job, events.get(job.event_id or ""))
                waiting.pop(0)
                with self._lock:
                    self._held.discard(job.id)
        finally:
            with self._lock:
                self._held.clear()
                self._stuck_at = None
            if waiting:
                with write_transaction(self._crm.engine) as connection:
                    queue.release(connection, self.name, [job.id for job in waiting], self._crm.clock.now())
        return len(jobs) - len(waiting)

    def _begin(self, job: queue.Claimed) -> bool:
        """Return whether a claimed job is still this worker's: the one before it may have taken longer than the lease."""
        with self._lock:
            now = self._crm.clock.now()
            if now >= self._held_until:
                return False
            self._stuck_at = now + self._declared(job)[1].timeout
            return True

    def _declared(self, job: queue.Claimed) -> tuple[str, Handler | Job]:
        """Return what runs, and whose it is: a handler and a job of one plugin may have the same name."""
        return self._handlers[job.name] if job.kind == _DELIVERY else self._jobs[job.name]

    def _run_one(self, job: queue.Claimed, envelope: Envelope | None) -> None:
        plugin, declared = self._declared(job)
        cause = Cause(job.correlation_id, job.causation_id, job.depth + 1 if job.kind == _DELIVERY else job.depth)
        source = f"event:{job.name}" if job.kind == _DELIVERY else f"job:{job.name}"
        try:
            with self._crm.session(
                attrs.evolve(Actor.system(plugin), on_behalf=_person(job, envelope)), source=source, cause=cause
            ) as session:
                if job.kind == "job":
                    _require_active(session, job.on_behalf)
                self._call(session, declared, job, envelope)
                session.unit.finishers.append(lambda connection: self._finish(connection, job))
                session.commit()
        except LeaseLost as error:
            log.warning("%s", error)
        except WorkRefused as error:
            log.warning("plugin %s: job %s was not run: %s", job.plugin, job.name, error)
            with write_transaction(self._crm.engine) as connection:
                queue.bury(connection, self.name, job.id, self._crm.clock.now(), str(error))
        except Exception as error:  # noqa: BLE001 - the isolation border of jobs: one failure is recorded with its plugin, the others go on
            self._record_failure(job, declared, error)

    @staticmethod
    def _call(session: Session, declared: Handler | Job, job: queue.Claimed, envelope: Envelope | None) -> None:
        if isinstance(declared, Job):
            declared.fn(session, JobRun(job.id, job.name, job.args, job.attempts, job.run_at, job.key))
        elif envelope is None:
            message = f"event {job.event_id} of delivery {job.id} is gone"
            raise LookupError(message)
        else:
            declared.fn(session, envelope)

    def _finish(self, connection: Connection, job: queue.Claimed) -> None:
        # The fence: whoever lost the lease must not leave an effect, because another worker leaves the same one.
        if not queue.finish(connection, self.name, job.id, self._crm.clock.now()):
            raise LeaseLost("LEASE_LOST", worker=self.name, id=job.id)

    def _record_failure(self, job: queue.Claimed, declared: Handler | Job, error: Exception) -> None:
        now = self._crm.clock.now()
        pause = min(declared.backoff * 2 ** min(job.attempts - 1, 20), LONGEST_BACKOFF)
        report = "".join(traceback.format_exception(error))[-queue.LONGEST_ERROR :]
        with write_transaction(self._crm.engine) as connection:
            state = queue.fail(connection, self.name, job, now, now + pause, report)
        log.error(
            "plugin %s: %s %s failed (attempt %s of %s, now %s): %s",
            job.plugin,
            job.kind,
            job.name,
            job.attempts,
            job.max_attempts,
            state,
            error,
        )

    def _events(self, jobs: Sequence[queue.Claimed]) -> dict[str, Envelope]:
        ids = {job.event_id for job in jobs if job.event_id is not None}
        if not ids:
            return {}
        with translate_errors(), self._crm.engine.connect() as connection:
            rows = connection.execute(select(EVENT).where(EVENT.c.event_id.in_(ids))).all()
        return {row.event_id: read_row(row._mapping) for row in rows}  # noqa: SLF001 - public, whatever its name

    def _beat(self) -> None:
        now = self._crm.clock.now()
        with self._lock:
            # What waits behind a stuck job goes to others together with it.
            alive = set() if self._stuck_at is not None and now >= self._stuck_at else set(self._held)
        if alive:
            try:
                with write_transaction(self._crm.engine) as connection:
                    kept = queue.extend(connection, self.name, alive, now + self._lease)
            except CrmError as error:
                # The next beat tries again. On SQLite the job itself may hold the lock, and then nobody else can take it over either.
                log.info("worker %s could not extend its lease: %s", self.name, error)
            else:
                with self._lock:
                    # Fewer: one was finished in this moment, or lost. The next beat tells.
                    if kept == len(alive):
                        self._held_until = now + self._lease


def _person(job: queue.Claimed, envelope: Envelope | None) -> str | None:
    """Return the user whose work a job is; what follows from an event is the work of who caused it."""
    if envelope is not None and ":" not in envelope.actor:
        return envelope.actor
    return job.on_behalf


def _require_active(session: Session, login: str | None) -> None:
    """Refuse the job of a user who is blocked; timers and deliveries are the company's own, and run."""
    if login is not None and session.scalar(select(User.status).where(User.login == login)) == UserStatus.BLOCKED:
        raise WorkRefused("USER_BLOCKED", login=login)


class _Heartbeat:
    """Call a function every so many seconds, in a thread, for as long as the block lasts."""

    def __init__(self, beat: Callable[[], None], seconds: float) -> None:
        self._beat = beat
        self._seconds = seconds
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crmcore-heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._seconds):
            self._beat()


def read_row(row: Mapping[Any, Any]) -> Envelope:
    """Return the envelope that a row of the event log holds."""
    changes = {key: (old, new) for key, (old, new) in row["changes"].items()}
    fields = {field.name: row[field.name] for field in attrs.fields(Envelope) if field.name not in {"id", "changes"}}
    return Envelope(**fields, id=row["entity_id"], changes=changes)
