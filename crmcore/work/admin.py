"""Look at the queue and bring the dead back: what the command line and screens use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Connection, func, select

from crmcore.errors import RecordNotFound, UsageError
from crmcore.model import EVENT, JOB
from crmcore.storage import translate_errors, write_transaction
from crmcore.work import queue

if TYPE_CHECKING:
    from crmcore.app import Crm


@attrs.frozen
class JobInfo:
    """One row of the queue, as people see it."""

    id: int
    kind: str
    plugin: str
    name: str
    state: str
    run_at: datetime
    attempts: int
    max_attempts: int
    key: str | None
    event_id: str | None
    event: str | None
    args: Mapping[str, Any]
    lease_owner: str | None
    lease_until: datetime | None
    created_at: datetime
    finished_at: datetime | None
    last_error: str | None


_COLUMNS = tuple(EVENT.c.type if field.name == "event" else JOB.c[field.name] for field in attrs.fields(JobInfo))


class JobsAdmin:
    """The queue of a Crm."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def counts(self) -> dict[str, int]:
        """Return how many jobs are in each state; states without any are left out."""
        with translate_errors(), self._crm.engine.connect() as connection:
            rows = connection.execute(select(JOB.c.state, func.count()).group_by(JOB.c.state)).all()
        return {state: number for state in queue.STATES for found, number in rows if found == state}

    def find(self, *, state: str | None = None, plugin: str | None = None, limit: int = 100) -> list[JobInfo]:
        """Return the newest jobs, of one state and plugin if given."""
        statement = select(*_COLUMNS).outerjoin(EVENT, JOB.c.event_id == EVENT.c.event_id).order_by(JOB.c.id.desc()).limit(limit)
        if state is not None:
            statement = statement.where(JOB.c.state == state)
        if plugin is not None:
            statement = statement.where(JOB.c.plugin == plugin)
        with translate_errors(), self._crm.engine.connect() as connection:
            return [JobInfo(*row) for row in connection.execute(statement)]

    def get(self, job_id: int) -> JobInfo:
        """Return one job.

        Raises:
            RecordNotFound: ``NOT_FOUND``.
        """
        statement = select(*_COLUMNS).outerjoin(EVENT, JOB.c.event_id == EVENT.c.event_id).where(JOB.c.id == job_id)
        with translate_errors(), self._crm.engine.connect() as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise RecordNotFound("NOT_FOUND", entity="job", id=job_id)
        return JobInfo(*row)

    def retry(self, ids: Collection[int]) -> int:
        """Put dead jobs back on the queue with fresh attempts, and return how many.

        Raises:
            RecordNotFound: ``NOT_FOUND`` for the first one that does not exist; nothing is changed then.
            UsageError: ``JOB_NOT_DEAD`` for the first one that is not dead; nothing is changed then.
        """
        with write_transaction(self._crm.engine) as connection:
            self._require_dead(connection, ids)
            return queue.retry(connection, ids, self._crm.clock.now())

    def retry_all(self) -> int:
        """Put all dead jobs of the enabled plugins back on the queue, and return how many."""
        enabled = ("core", *(plugin.name for plugin in self._crm.registry.plugins))
        with write_transaction(self._crm.engine) as connection:
            ids = connection.execute(select(JOB.c.id).where(JOB.c.state == queue.DEAD, JOB.c.plugin.in_(enabled))).scalars().all()
            return queue.retry(connection, ids, self._crm.clock.now())

    @staticmethod
    def _require_dead(connection: Connection, ids: Collection[int]) -> None:
        states = {row.id: row.state for row in connection.execute(select(JOB.c.id, JOB.c.state).where(JOB.c.id.in_(tuple(ids)))).all()}
        for job_id in ids:
            if job_id not in states:
                raise RecordNotFound("NOT_FOUND", entity="job", id=job_id)
            if states[job_id] != queue.DEAD:
                raise UsageError("JOB_NOT_DEAD", id=job_id, state=states[job_id])
