"""The processes and databases of the tests of crashes, for tests in which nobody dies."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "crash" / "support"))


@pytest.fixture(scope="session")
def zygote():
    from crash_zygote import Zygote

    started = Zygote()
    yield started
    started.close()


@pytest.fixture
def ledger_url(crm_databases, database_kind, tmp_path):
    """The URL of a database with the tables of the ledger."""
    from ledger_checks import LEDGER

    with crm_databases.fresh(database_kind, tmp_path, LEDGER) as url:
        yield url


@pytest.fixture
def processes(database_kind):
    """How many processes write to one database at once (issue 2)."""
    return {"sqlite": 4, "postgresql": 8}[database_kind]
