"""Processes to be killed, and databases of both kinds for them."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))


def pytest_collection_modifyitems(items):
    for item in items:
        if "kills" in getattr(item, "fixturenames", ()):
            item.add_marker("kills")


@pytest.fixture(scope="session")
def zygote():
    from crash_zygote import Zygote

    started = Zygote()
    yield started
    started.close()


@pytest.fixture(scope="session")
def kills():
    """How often a process is killed in each scenario on each database."""
    return int(os.environ.get("CRM_KILLS", "25"))


@pytest.fixture
def rng(request):
    """Random numbers whose seed pytest prints when the test fails; set CRM_SEED to get the same ones again."""
    seed = int(os.environ.get("CRM_SEED", "0")) or random.SystemRandom().getrandbits(32)
    print(f"{request.node.name}: CRM_SEED={seed}")  # noqa: T201 - pytest shows it with a failure
    return random.Random(seed)


@pytest.fixture
def ledger_url(crm_databases, database_kind, tmp_path):
    """The URL of a database with the tables of the ledger."""
    from ledger_checks import LEDGER

    with crm_databases.fresh(database_kind, tmp_path, LEDGER) as url:
        yield url
