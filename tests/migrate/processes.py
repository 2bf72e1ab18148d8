"""Real processes that migrate, forked because each costs milliseconds rather than a second of imports."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

# What a child needs is imported before it is forked.
import alembic.command  # noqa: F401
import psycopg  # noqa: F401
from sqlalchemy import Connection, create_engine, event

from crmcore.hooks import Migrations
from crmcore.migrate import upgrade


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
