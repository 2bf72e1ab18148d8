"""Fixtures of the core's own tests; those for databases come from `crmcore.testing`."""

from __future__ import annotations

import signal
from contextlib import contextmanager

import pytest
from hypothesis import settings
from sqlalchemy import event

# Machines are noisy: a slow example is not a wrong one.
settings.register_profile("crmcore", deadline=None)
settings.load_profile("crmcore")


def pytest_configure():
    """Hear interrupts: a shell makes what it runs in the background deaf to them, and so what these tests start and interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def count_statements():
    """Count what reaches the database: `with count_statements(crm) as statements`."""

    @contextmanager
    def counting(crm):
        seen: list[str] = []

        def note(_connection, _cursor, statement, *_):
            # How far the user reaches is asked once in each transaction, whatever it does: `tests/access` counts that.
            if not statement.startswith(crm.access.question):
                seen.append(statement)

        event.listen(crm.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(crm.engine, "before_cursor_execute", note)

    return counting
