"""Real processes that migrate, forked because each costs milliseconds rather than a second of imports."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import NoReturn

# What a child needs is imported before it is forked.
import alembic.command  # noqa: F401
import psycopg  # noqa: F401
from sqlalchemy import Connection, create_engine, event

from crmcore.hooks import Migrations
from crmcore.migrate import upgrade


def fork(work: Callable[[], None]) -> int:
    """Run ``work`` in a child and return its process id; the child ends with 0, or with 1 and its traceback on stderr."""
    with warnings.catch_warnings():
        # Pytest's own threads never hold a lock that the child needs.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _run(work)
    return pid


def _run(work: Callable[[], None]) -> NoReturn:
    status = 1
    try:
        work()
        status = 0
    # Isolation border: nothing may get back into the copy of pytest that this process is.
    except BaseException:  # noqa: BLE001
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


def wait_for(pid: int) -> int:
    """Wait for a child and return its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def migrate(url: str, migrations: Mapping[str, Migrations], *, die_at: int | None = None) -> None:
    """Upgrade in this process, which kills itself before its statement number ``die_at``, counted from 1; 0 is the commit."""
    engine = create_engine(url)
    count = 0

    def before_statement(*_: object) -> None:
        nonlocal count
        count += 1
        if count == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_commit(_: Connection) -> None:
        if die_at == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", before_commit)
    upgrade(engine, migrations)
    engine.dispose()
