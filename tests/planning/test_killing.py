"""Processes that are killed while they apply: the configuration is the old one or the new one."""

from __future__ import annotations

import os
import random
import signal
import time
from functools import partial
from pathlib import Path
from typing import Final

import psycopg  # noqa: F401 - what a child needs is imported before it is forked
import pytest
from sqlalchemy import Connection, event

from crmcore import Crm
from crmcore.deployment import load
from crmcore.planning import apply_plan, configuration_text, make_plan
from crmcore.testing.databases import Template
from tests.processes import fork, wait_for

from .test_plans import FIRM

pytestmark = pytest.mark.feature("P4.3")

KILLS: Final = int(os.environ.get("CRM_KILLS", "12"))
"""Kills at random times for each kind of database, besides those at statements."""
MOMENTS: Final = 25
"""Statements before which a process is killed, spread over all of them."""

OLD: Final = """
portfolios: {BU1: {RESID: Residenziale, ALTRO: Altro}}
zones: {VI: {label: Vecchia, provinces: [VI], sellers: {2026-01-01: AGN009}}, PD: {label: Padova, postcodes: ["35010"]}}
salespersons: {AGN009: Ada}
characteristics: {account: {consumo: {label: Consumo}, vecchia: Vecchia}}
"""
TEMPLATE: Final = Template("planning/killing", lambda url: Crm.open(url, migrate=True).close())


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    for name, text in (("old", OLD), ("new", FIRM)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "crm.yaml").write_text("database: sqlite://\ninclude: [all.yaml]\n")
        (tmp_path / name / "all.yaml").write_text(text)
    return tmp_path / "old", tmp_path / "new"


def bring(crm: Crm, folder: Path) -> None:
    deployment = load(folder)
    apply_plan(crm, deployment, make_plan(crm, deployment, prune=True).hash, prune=True)


def apply(url: str, folder: Path, *, die_at: int | None = None) -> None:
    """Plan and apply in this process, which kills itself before its statement number ``die_at``, counted from 1; 0 is the commit."""
    crm = Crm.open(url)
    deployment = load(folder)
    expected = make_plan(crm, deployment, prune=True).hash
    count = 0

    def before_statement(*_: object) -> None:
        nonlocal count
        count += 1
        if count == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_commit(_: Connection) -> None:
        if die_at == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(crm.engine, "before_cursor_execute", before_statement)
    event.listen(crm.engine, "commit", before_commit)
    apply_plan(crm, deployment, expected, prune=True)
    crm.close()


def text_of(url: str) -> dict[str, str]:
    with Crm.open(url) as crm:
        return configuration_text(crm)


def count_statements(url: str, folder: Path) -> int:
    seen: list[str] = []
    with Crm.open(url) as crm:
        deployment = load(folder)
        expected = make_plan(crm, deployment, prune=True).hash
        event.listen(crm.engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
        apply_plan(crm, deployment, expected, prune=True)
    return len(seen)


@pytest.mark.timeout(600)
def test_a_process_killed_before_any_statement_leaves_the_old_configuration(crm_databases, database_kind, tmp_path, folders):
    old, new = folders
    with crm_databases.fresh(database_kind, tmp_path, TEMPLATE) as url:
        with Crm.open(url) as crm:
            bring(crm, old)
        total = count_statements(url, new)
        after = text_of(url)
    with crm_databases.fresh(database_kind, tmp_path, TEMPLATE) as url:
        with Crm.open(url) as crm:
            bring(crm, old)
        before = text_of(url)
        assert before != after
        # The commit is counted as 0.
        moments = sorted({0, *(1 + number * (total - 1) // MOMENTS for number in range(MOMENTS + 1))})
        for number in moments:
            assert wait_for(fork(partial(apply, url, new, die_at=number))) == -signal.SIGKILL
            assert text_of(url) == before, f"killed before statement {number} of {total}"
        assert wait_for(fork(partial(apply, url, new))) == 0
        assert text_of(url) == after


@pytest.mark.kills
@pytest.mark.timeout(7200)
def test_a_process_killed_at_any_time_leaves_the_old_configuration_or_the_new_one(crm_databases, database_kind, tmp_path, folders):
    old, new = folders
    with crm_databases.fresh(database_kind, tmp_path, TEMPLATE) as url:
        with Crm.open(url) as crm:
            bring(crm, old)
        before = text_of(url)
        started = time.monotonic()
        assert wait_for(fork(partial(apply, url, new))) == 0
        duration = time.monotonic() - started
        after = text_of(url)
    seen: dict[str, int] = {"old": 0, "new": 0}
    chance = random.Random(20260511)
    with crm_databases.fresh(database_kind, tmp_path, TEMPLATE) as url:
        with Crm.open(url) as crm:
            bring(crm, old)
        here = before
        for _ in range(KILLS):
            pid = fork(partial(apply, url, new if here == before else old))
            time.sleep(chance.uniform(0, duration * 1.2))
            os.kill(pid, signal.SIGKILL)
            assert wait_for(pid) in {0, -signal.SIGKILL}
            # On the way back some things stay as obsolete ones: what counts is that it is one of the two ends.
            with Crm.open(url) as crm:
                ends = [make_plan(crm, load(folder), prune=True).is_empty for folder in (old, new)]
            assert any(ends), "neither the old configuration nor the new one"
            seen["old" if ends[0] else "new"] += 1
            here = before if ends[0] else after
    assert sum(seen.values()) == KILLS
