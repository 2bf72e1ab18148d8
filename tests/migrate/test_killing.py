"""Processes that are killed, or race, while they migrate: the schema is the old one or the new one."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import create_engine, event, inspect, text

from crmcore.hooks import Migrations
from crmcore.migrate import migration_transaction, require_current, status, upgrade
from crmcore.testing.databases import Kind, Template, TestDatabases
from tests.processes import fork, wait_for

from .fake_plugins import ACCOUNT, ALPHA, BETA, CORE, Package
from .processes import migrate

KILLS: Final = int(os.environ.get("CRM_KILLS", "14"))
"""Kills at random times for each kind of database, besides one at every statement, or at every third in the short form."""
STRIDE: Final = 1 if "CRM_KILLS" in os.environ else 3

RACERS: Final = 4

# Enough statements for a kill to hit the middle of something.
LONG_ALPHA: Final = {
    **ALPHA,
    "alpha_0003": (
        """
for number in range(12):
    op.create_table(f"alpha_more_{number}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
    op.create_index(f"ix_alpha_more_{number}_name", f"alpha_more_{number}", ["name"])
""",
        "",
    ),
    "alpha_0004": (
        """
with op.batch_alter_table("account") as batch:
    batch.add_column(sa.Column("alpha_rating", sa.Integer))
op.execute("UPDATE account SET alpha_rating = 7")
""",
        "",
    ),
}

ITEMS = "INSERT INTO alpha_item (id, account_id, name) VALUES (1, 1, 'one'), (2, 1, 'two')"


@pytest.fixture
def old(package: Package) -> Mapping[str, Migrations]:
    return {"core": CORE, "alpha": package("alpha_old", {"alpha_0001": ALPHA["alpha_0001"]})}


@pytest.fixture
def new(package: Package) -> Mapping[str, Migrations]:
    return {"core": CORE, "alpha": package("alpha_new", LONG_ALPHA), "beta": package("beta", BETA)}


@pytest.fixture
def template(old: Mapping[str, Migrations], kind: Kind) -> Template:
    def prepare(url: str) -> None:
        engine = create_engine(url)
        upgrade(engine, old)
        with engine.begin() as connection:
            connection.execute(text(ACCOUNT))
            connection.execute(text(ITEMS))
        engine.dispose()

    return Template(f"killing/{kind}", prepare)


def snapshot(url: str) -> str:
    """Return everything that a migration may change: tables, columns, indexes, keys, versions, rows."""
    engine = create_engine(url)
    # Waits for the connection of a killed process to be gone, which takes PostgreSQL a moment.
    with migration_transaction(engine) as connection:
        inspector = inspect(connection)
        tables = sorted(inspector.get_table_names())
        found: list[object] = []
        for table in tables:
            found.append([(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)])
            found.append(sorted(str(index["name"]) for index in inspector.get_indexes(table)))
            found.append(sorted(str(key["name"]) for key in inspector.get_foreign_keys(table)))
            found.append([tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{table}" ORDER BY 1')])
    engine.dispose()
    return repr((tables, found))


def count_statements(url: str, new: Mapping[str, Migrations]) -> int:
    engine = create_engine(url)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    upgrade(engine, new)
    engine.dispose()
    return len(statements)


@pytest.mark.feature("P2.5")
@pytest.mark.timeout(300)
def test_a_process_killed_before_any_statement_leaves_the_old_schema(
    databases: TestDatabases, kind: Kind, template: Template, new: Mapping[str, Migrations], tmp_path: Path
) -> None:
    with databases.fresh(kind, tmp_path, template) as url:
        total = count_statements(url, new)
        after = snapshot(url)
    with databases.fresh(kind, tmp_path, template) as url:
        before = snapshot(url)
        assert before != after
        # The commit is counted as 0.
        for number in sorted({0, total, *range(1, total, STRIDE)}):
            assert wait_for(fork(partial(migrate, url, new, die_at=number))) == -signal.SIGKILL
            assert snapshot(url) == before, f"killed before statement {number} of {total}"
        assert wait_for(fork(partial(migrate, url, new))) == 0
        assert snapshot(url) == after


@pytest.mark.feature("P2.5")
@pytest.mark.kills
@pytest.mark.timeout(7200)
def test_a_process_killed_at_any_time_leaves_the_old_schema_or_the_new_one(
    databases: TestDatabases, kind: Kind, template: Template, new: Mapping[str, Migrations], tmp_path: Path
) -> None:
    durations = []
    # The fastest of three, because the first one warms up.
    for _ in range(3):
        with databases.fresh(kind, tmp_path, template) as url:
            before = snapshot(url)
            started = time.monotonic()
            assert wait_for(fork(partial(migrate, url, new))) == 0
            durations.append(time.monotonic() - started)
            after = snapshot(url)
    duration = min(durations)
    seed = random.SystemRandom().randrange(2**32)
    delays = random.Random(seed)
    outcomes: Counter[str] = Counter()
    url = databases.create(kind, tmp_path, template)
    for number in range(KILLS):
        child = fork(partial(migrate, url, new))
        # Spread over the whole run and a little beyond, so that the commit is hit too.
        time.sleep(duration * 1.1 * (number % 20 + delays.random()) / 20)
        os.kill(child, signal.SIGKILL)
        code = wait_for(child)
        found = snapshot(url)
        assert found in (before, after), f"neither old nor new; kill {number}, seed {seed}"
        outcomes[f"{'old' if found == before else 'new'}, {'ended' if code == 0 else 'killed'}"] += 1
        if found == after:
            assert wait_for(fork(partial(migrate, url, new))) == 0
            databases.drop(url)
            url = databases.create(kind, tmp_path, template)
    assert wait_for(fork(partial(migrate, url, new))) == 0
    assert snapshot(url) == after
    databases.drop(url)
    print(f"{kind}: {dict(outcomes)}, seed {seed}")  # noqa: T201 - shown when the test fails or with -s
    assert outcomes["old, ended"] == 0
    assert outcomes["old, killed"] > 0


@pytest.mark.feature("P2.5")
@pytest.mark.timeout(120)
def test_processes_that_migrate_at_the_same_time_wait_for_each_other(
    databases: TestDatabases, kind: Kind, new: Mapping[str, Migrations], tmp_path: Path
) -> None:
    for _ in range(3):
        with databases.fresh(kind, tmp_path) as url:
            gate, opening = os.pipe()

            def race(gate: int = gate, opening: int = opening, url: str = url) -> None:
                os.close(opening)
                # Returns when the last writer closes: all start at once.
                os.read(gate, 1)
                migrate(url, new)

            children = [fork(race) for _ in range(RACERS)]
            os.close(gate)
            os.close(opening)
            assert [wait_for(child) for child in children] == [0] * RACERS
            engine = create_engine(url)
            with engine.connect() as connection:
                require_current(connection, new)
                assert [state.current for state in status(connection, new)] == ["core_0001", "alpha_0004", "beta_0001"]
            engine.dispose()
