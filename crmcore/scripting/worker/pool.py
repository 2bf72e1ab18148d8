"""The workers of one parent: warm ones in reserve, each for one tenant at a time, and a new one for each that is lost.

A thread of its own starts them (`_Keeper`), for two reasons: nobody has to wait for what is only the reserve, and the system ends a worker
together with the thread that started it, so that must be one that lasts.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from crmcore.errors import CrmError
from crmcore.scripting.worker.process import Loss, WorkerGone, WorkerPlan, WorkerProcess, WorkerStale, WorkerUnavailable

_LOG: Final = logging.getLogger("crmcore.scripting.worker")
_SUSPICIOUS: Final = frozenset({Loss.FILTERED, Loss.PROTOCOL})
_KEEPER: Final = "crmcore-script-workers"


class NoWorkerFree(CrmError, TimeoutError):
    """Say that all workers were busy for too long; no fault of the script."""

    default_code = "SCRIPT_WORKERS_BUSY"


class WorkerPool:
    """Hand out workers. For as many threads as like, in the process that made it and in those forked from it."""

    def __init__(self, plan: WorkerPlan, *, size: int = 4, reserve: int = 1, patience: float = 10.0) -> None:
        """Prepare for at most ``size`` processes, of which ``reserve`` wait for new tenants; nothing is started yet.

        ``patience`` is how many seconds a caller waits for a worker.
        """
        self.plan = plan
        self.size = size
        self.reserve = min(reserve, size)
        self.patience = patience
        self._reset()

    def _reset(self) -> None:
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._idle: list[WorkerProcess] = []
        self._used = 0
        self._starting = 0
        self._waiting = 0
        self._lost = 0
        self._closed = False
        self._failure: WorkerUnavailable | None = None
        self._failed_last = False
        self._keeper: threading.Thread | None = None

    @property
    def lost(self) -> int:
        """How many workers were lost with a request."""
        return self._lost

    def walls(self) -> Mapping[str, str]:
        """Start a worker if there is none, and return its walls: name → "" or why it is missing.

        Raises:
            WorkerUnavailable: when workers cannot be had here.
        """
        with self._taken(None) as worker:
            return MappingProxyType(dict(worker.walls))

    @contextmanager
    def worker(self, tenant: str) -> Iterator[WorkerProcess]:
        """Hand out a worker that has worked for this tenant only. It is ended when the block raises anything.

        Raises:
            WorkerUnavailable: when workers cannot be had here.
            NoWorkerFree: when all were busy for too long.
        """
        with self._taken(tenant) as worker:
            yield worker

    @contextmanager
    def _taken(self, tenant: str | None) -> Iterator[WorkerProcess]:
        worker = self._take(tenant)
        try:
            yield worker
        except BaseException as error:
            self._lose(worker, error)
            raise
        self._give_back(worker)

    def close(self) -> None:
        """End all workers; who is waiting for an answer of one loses it."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            keeper = self._keeper
            self._changed.notify_all()
        for worker in idle:
            worker.kill()
        if keeper is not None and keeper is not threading.current_thread() and self._process == os.getpid():
            keeper.join()

    def _take(self, tenant: str | None) -> WorkerProcess:
        if self._process != os.getpid():
            self._leave_to_parent()
        until = time.monotonic() + self.patience
        with self._changed:
            self._waiting += 1
            try:
                while (found := self._find(tenant)) is None:
                    self._ensure_keeper()
                    self._wait(until)
            finally:
                self._waiting -= 1
            self._used += 1
            # One of the reserve may be gone now.
            self._changed.notify_all()
        return found

    def _find(self, tenant: str | None) -> WorkerProcess | None:
        """Return a worker of the tenant, or one that nobody had; make room when only those of others are there. Under the lock."""
        if self._closed:
            message = "the workers were closed"
            raise WorkerUnavailable(message)
        for wanted in dict.fromkeys((tenant, None)):
            for number in range(len(self._idle) - 1, -1, -1):
                if self._idle[number].tenant == wanted:
                    worker = self._idle.pop(number)
                    worker.tenant = tenant
                    return worker
        if self._count() >= self.size and self._idle:
            # The one that was used least recently.
            self._idle.pop(0).kill()
            self._changed.notify_all()
        return None

    def _wait(self, until: float) -> None:
        left = until - time.monotonic()
        if left <= 0 or not self._changed.wait(left):
            raise NoWorkerFree(count=self.size, seconds=self.patience)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _give_back(self, worker: WorkerProcess) -> None:
        keep = not worker.worn
        with self._changed:
            self._used -= 1
            keep = keep and not self._closed
            if keep:
                self._idle.append(worker)
            self._changed.notify_all()
        if not keep:
            worker.kill()

    def _lose(self, worker: WorkerProcess, error: BaseException) -> None:
        worker.kill()
        with self._changed:
            self._used -= 1
            self._lost += not isinstance(error, WorkerStale)
            self._changed.notify_all()
        if isinstance(error, WorkerGone | WorkerStale):
            # What the filter stopped, or what tried to speak for others, is no accident.
            suspicious = error.suspicious if isinstance(error, WorkerStale) else error.loss in _SUSPICIOUS
            level = logging.CRITICAL if suspicious else logging.WARNING
            _LOG.log(level, "script worker %d of tenant %r was lost: %s", worker.pid, worker.tenant, error)

    def _count(self) -> int:
        return len(self._idle) + self._used + self._starting

    def _leave_to_parent(self) -> None:
        """Start anew in a forked process: the workers belong to the parent, and so may the lock."""
        inherited = self._idle
        self._reset()
        for worker in inherited:
            worker.abandon()

    def _ensure_keeper(self) -> None:
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._keep, name=_KEEPER, daemon=True)
            self._keeper.start()

    def _keep(self) -> None:
        """Start workers as long as some are missing; the only thread that does."""
        while True:
            with self._changed:
                while not self._closed and not self._missing():
                    self._changed.wait()
                if self._closed:
                    return
                self._starting += 1
            worker, failure = None, None
            try:
                worker = WorkerProcess(self.plan)
            except WorkerUnavailable as error:
                failure = error
            except Exception as error:  # noqa: BLE001 - this thread must last: without it nobody would ever get a worker again
                failure = WorkerUnavailable(f"{type(error).__name__}: {error}")
            self._welcome(worker, failure)

    def _missing(self) -> bool:
        fresh = sum(worker.tenant is None for worker in self._idle) + self._starting
        # After a failure nobody tries again by himself: only somebody who needs one.
        wanted = self._waiting if self._failed_last else max(self.reserve, self._waiting)
        return fresh < wanted and self._count() < self.size

    def _welcome(self, worker: WorkerProcess | None, failure: WorkerUnavailable | None) -> None:
        with self._changed:
            self._starting -= 1
            self._failed_last = worker is None
            closed = self._closed
            if worker is not None and not closed:
                self._idle.append(worker)
            if failure is not None:
                _LOG.error("no script worker could be started: %s", failure.reason)
                self._failure = failure
            self._changed.notify_all()
        if worker is not None and closed:
            worker.kill()
