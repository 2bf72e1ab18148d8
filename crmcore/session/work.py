"""Jobs and timers of a session: rows that appear with its commit, or not at all."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from crmcore.errors import UsageError
from crmcore.events import add_working_days
from crmcore.storage import dump_json
from crmcore.work.queue import NewJob

if TYPE_CHECKING:
    from crmcore.session.session import Session


def new_job(
    session: Session,
    name: str,
    args: Mapping[str, Any],
    *,
    kind: str,
    at: datetime,
    key: str | None,
    replace: bool = False,
) -> NewJob:
    """Return the row of a job that the session's commit will put on the queue."""
    bound = session.registry.jobs.get(name)
    if bound is None:
        near = difflib.get_close_matches(name, session.registry.jobs, n=1)
        raise UsageError("JOB_UNKNOWN", name=name, hint=f"; did you mean {near[0]}?" if near else "")
    try:
        # A round trip now, where the caller can see it, rather than a surprise in the worker.
        plain = json.loads(dump_json(dict(args)))
    except (TypeError, ValueError) as error:
        raise UsageError("JOB_ARGUMENTS", name=name, reason=error) from error
    cause = session.unit.cause
    return NewJob(
        kind=kind,
        plugin=bound.plugin,
        name=name,
        args=plain,
        key=key,
        run_at=at,
        created_at=session.now(),
        max_attempts=bound.job.max_attempts,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
        depth=cause.depth,
        replace=replace,
        on_behalf=session.actor.person,
    )


class JobsApi:
    """Work to be done after the commit, by a worker."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def enqueue(self, name: str, args: Mapping[str, Any] | None = None, *, key: str | None = None) -> None:
        """Run job ``name`` as soon as a worker is free; ``args`` are JSON values.

        With a ``key`` that already waits on the queue, nothing is added. A job that itself was caused by events goes on counting their
        depth.

        Raises:
            UsageError: ``JOB_UNKNOWN`` or ``JOB_ARGUMENTS``.
        """
        session = self._session
        session.unit.jobs.append(new_job(session, name, args or {}, kind="job", at=session.now(), key=key))


class TimersApi:
    """Work to be done at a time, once, also after a restart."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def set(self, key: str, at: datetime, name: str, args: Mapping[str, Any] | None = None) -> None:
        """Run job ``name`` at the aware instant ``at``; a waiting timer of the same ``key`` is moved.

        Raises:
            UsageError: ``JOB_UNKNOWN`` or ``JOB_ARGUMENTS``.
        """
        session = self._session
        session.unit.jobs.append(new_job(session, name, args or {}, kind="timer", at=at, key=key, replace=True))

    def set_after_working_days(
        self,
        key: str,
        start: date,
        days: int,
        name: str,
        args: Mapping[str, Any] | None = None,
        *,
        at: time = time(0, 0),
    ) -> datetime:
        """Run job ``name`` on the day ``days`` working days after ``start``, at a local time, and return that instant."""
        session = self._session
        day = add_working_days(session.crm.calendar, start, days)
        moment = datetime.combine(day, at, tzinfo=session.crm.zone)
        self.set(key, moment, name, args)
        return moment

    def cancel(self, key: str) -> None:
        """Cancel the waiting timer of ``key``; nothing happens when there is none."""
        unit = self._session.unit
        unit.jobs[:] = [job for job in unit.jobs if job.key != key]
        unit.cancelled.append(key)
