"""The values that scripts of these tests see, and the two levels at which they run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crmcore.scripting.worker import ENGINES, InProcess, Isolated, WorkerPlan, WorkerPool, WorkerUnavailable
from tests.scripting.attacks import fresh

SUPPORT = Path(__file__).parent / "support"


@pytest.fixture
def context():
    return fresh()


@pytest.fixture
def canary(tmp_path, monkeypatch):
    (tmp_path / "secret.txt").write_text("CANARY-FILE-7f3a9")
    (tmp_path / "out").mkdir()
    monkeypatch.setenv("CRM_CANARY_ENV", "CANARY-ENV-2b81c")
    monkeypatch.chdir(tmp_path)
    # A folder that only its owner may enter would protect it by itself.
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == tmp_path.stat().st_uid and folder != Path("/tmp"):
            folder.chmod(0o755)
    return tmp_path


@pytest.fixture(scope="session")
def new_pool():
    """Make pools that can run plain Python too, and close them at the end; skips where processes cannot be locked down."""
    made = []
    sys.path.insert(0, str(SUPPORT))

    def make(**options):
        plan = {name: options.pop(name) for name in ("memory", "cpu_seconds", "jobs") if name in options}
        pool = WorkerPool(WorkerPlan(engines={**ENGINES, "python": "breach:ENGINE"}, **plan), **options)
        made.append(pool)
        try:
            pool.walls()
        except WorkerUnavailable as error:
            if sys.platform == "linux":
                raise
            pytest.skip(error.reason)
        return pool

    yield make
    sys.path.remove(str(SUPPORT))
    for pool in made:
        pool.close()


@pytest.fixture(scope="session")
def pool(new_pool):
    return new_pool(size=3)


@pytest.fixture(scope="session")
def isolated(pool):
    return Isolated(pool)


@pytest.fixture(scope="session", params=["process", "worker"])
def runner(request):
    """Either level: what holds in one holds in the other."""
    return InProcess(ENGINES) if request.param == "process" else request.getfixturevalue("isolated")
