"""Upgrading and downgrading: everything or nothing, on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.pool import StaticPool

from crmcore.errors import DatabaseBusy, DatabaseError
from crmcore.hooks import Migrations
from crmcore.migrate import compare, downgrade, migration_transaction, require_current, status, upgrade
from crmcore.migrate.managed import is_search
from crmcore.storage import open_storage
from crmcore.testing.databases import Kind, Template, TestDatabases

from .fake_plugins import ACCOUNT, ALPHA, BETA, CORE, CORE_TABLES, Package

NAMES = {table.name for table in CORE_TABLES}


def names(connection: Connection) -> set[str]:
    return {name for name in inspect(connection).get_table_names() if not is_search(name)}


def columns(connection: Connection, table: str) -> list[str]:
    return [column["name"] for column in inspect(connection).get_columns(table)]


def revisions(engine: Engine, migrations: Mapping[str, Migrations]) -> dict[str, str | None]:
    with engine.connect() as connection:
        return {state.plugin: state.current for state in status(connection, migrations)}


def add_rows(connection: Connection) -> None:
    connection.execute(text(ACCOUNT))
    connection.execute(text("INSERT INTO alpha_item (id, account_id, name) VALUES (1, 1, 'one'), (2, 1, 'two')"))


@pytest.mark.feature("P2.5")
def test_upgrading_from_nothing_makes_what_the_models_say(engine: Engine, core: Mapping[str, Migrations]) -> None:
    seen: list[str] = []
    done = upgrade(engine, core, progress=lambda step: seen.append(f"{step.number}/{step.total} {step.revision} {step.message}"))
    assert seen == ["1/1 core_0001 platform and registry"]
    assert [step.revision for step in done] == ["core_0001"]
    with engine.connect() as connection:
        require_current(connection, core)
        assert compare(connection, CORE_TABLES) == []
        assert names(connection) == {*NAMES, "crm_schema_core"}
    assert upgrade(engine, core) == ()


@pytest.mark.feature("P2.5")
def test_downgrading_to_base_leaves_nothing(engine: Engine, core: Mapping[str, Migrations]) -> None:
    upgrade(engine, core)
    assert [step.revision for step in downgrade(engine, "core", CORE)] == ["core_0001"]
    with engine.connect() as connection:
        assert names(connection) == set()
    assert downgrade(engine, "core", CORE) == ()
    upgrade(engine, core)
    with engine.connect() as connection:
        assert compare(connection, CORE_TABLES) == []


@pytest.mark.feature("P2.5")
def test_plugins_refer_to_the_core_and_to_each_other(engine: Engine, package: Package) -> None:
    migrations = {"core": CORE, "alpha": package("alpha", ALPHA), "beta": package("beta", BETA)}
    done = upgrade(engine, migrations)
    assert [(step.plugin, step.revision, step.number, step.total) for step in done] == [
        ("core", "core_0001", 1, 4),
        ("alpha", "alpha_0001", 2, 4),
        ("alpha", "alpha_0002", 3, 4),
        ("beta", "beta_0001", 4, 4),
    ]
    with engine.connect() as connection:
        referred = {key["referred_table"] for key in inspect(connection).get_foreign_keys("beta_part")}
        constraints = {key["name"] for key in inspect(connection).get_foreign_keys("beta_part")}
    assert referred == {"account", "alpha_item"}
    assert constraints == {"fk_beta_part_account_id", "fk_beta_part_item_id"}
    assert [step.revision for step in downgrade(engine, "alpha", migrations["alpha"], "alpha_0001")] == ["alpha_0002"]
    assert revisions(engine, migrations) == {"core": "core_0001", "alpha": "alpha_0001", "beta": "beta_0001"}


@pytest.mark.feature("P2.5")
def test_changing_a_table_keeps_its_rows_and_those_that_refer_to_it(engine: Engine, package: Package) -> None:
    old = {"core": CORE, "alpha": package("alpha_old", {"alpha_0001": ALPHA["alpha_0001"]}), "beta": package("beta", BETA)}
    upgrade(engine, old)
    with engine.begin() as connection:
        add_rows(connection)
        connection.execute(text("INSERT INTO beta_part (id, account_id, item_id) VALUES (1, 1, 1)"))
    upgrade(engine, {**old, "alpha": package("alpha", ALPHA)})
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id, size FROM alpha_item ORDER BY id")).all() == [(1, 1), (2, 1)]
        assert connection.execute(text("SELECT item_id FROM beta_part")).all() == [(1,)]


@pytest.mark.feature("P2.5")
@pytest.mark.parametrize(
    "fault",
    [
        "raise ValueError('broken on purpose')",
        "op.execute('SELECT nothing FROM nowhere')",
        "op.get_bind().commit()",
        "op.get_bind().rollback()",
        "op.execute('COMMIT')",
        "with op.get_context().autocommit_block():\n    op.execute('SELECT 1')",
    ],
)
@pytest.mark.parametrize("inside_host", [False, True])
def test_a_failing_revision_leaves_the_old_schema_and_is_named(engine: Engine, package: Package, fault: str, *, inside_host: bool) -> None:
    old = {"core": CORE, "alpha": package("alpha_old", {"alpha_0001": ALPHA["alpha_0001"]})}
    upgrade(engine, old)
    with engine.begin() as connection:
        add_rows(connection)
    broken = {**ALPHA, "alpha_0003": (fault, ""), "alpha_0004": ("", "")}
    new = {"core": CORE, "alpha": package("alpha", broken), "beta": package("beta", BETA)}
    with engine.connect() if inside_host else nullcontext(engine) as target, pytest.raises(DatabaseError) as raised:
        upgrade(target, new)
    assert (raised.value.code, raised.value.params["plugin"], raised.value.params["revision"]) == (
        "MIGRATION_FAILED",
        "alpha",
        "alpha_0003",
    )
    assert revisions(engine, new) == {"core": "core_0001", "alpha": "alpha_0001", "beta": None}
    with engine.connect() as connection:
        assert columns(connection, "alpha_item") == ["id", "account_id", "name"]
        assert "beta_part" not in names(connection)
    upgrade(engine, {"core": CORE, "alpha": package("alpha_mended", ALPHA), "beta": new["beta"]})


@pytest.mark.feature("P2.5")
def test_a_revision_that_leaves_dangling_references_is_refused(databases: TestDatabases, package: Package, tmp_path: Path) -> None:
    with databases.fresh("sqlite", tmp_path) as url:
        engine = create_engine(url)
        upgrade(engine, {"core": CORE, "alpha": package("alpha_old", ALPHA)})
        with engine.begin() as connection:
            add_rows(connection)
        bad = {"core": CORE, "alpha": package("alpha", {**ALPHA, "alpha_0003": ("op.execute('DELETE FROM account')", "")})}
        with pytest.raises(DatabaseError, match=r"2 row\(s\) of alpha_item refer to nothing in account"):
            upgrade(engine, bad)
        assert revisions(engine, bad)["alpha"] == "alpha_0002"
        engine.dispose()


@pytest.mark.feature("P2.5")
def test_keys_are_not_given_twice_after_a_table_was_changed(engine: Engine, package: Package) -> None:
    first = """
op.create_table("alpha_word", sa.Column("id", sa.Integer, primary_key=True), sa.Column("word", sa.String(5)), sqlite_autoincrement=True)
op.create_table("alpha_gone", sa.Column("id", sa.Integer, primary_key=True), sqlite_autoincrement=True)
"""
    second = """
with op.batch_alter_table("alpha_word") as batch:
    batch.alter_column("word", type_=sa.String(9), existing_type=sa.String(5))
op.drop_table("alpha_gone")
"""
    insert = text("INSERT INTO alpha_word (word) VALUES ('a') RETURNING id")
    upgrade(engine, {"alpha": package("alpha_old", {"alpha_0001": (first, "")})})
    with engine.begin() as connection:
        given = [connection.execute(insert).scalar_one() for _ in range(3)]
        connection.execute(text("DELETE FROM alpha_word"))
    upgrade(engine, {"alpha": package("alpha", {"alpha_0001": (first, ""), "alpha_0002": (second, "")})})
    with engine.begin() as connection:
        assert (given, connection.execute(insert).scalar_one()) == ([1, 2, 3], 4)


@pytest.mark.feature("P2.5")
def test_a_plugin_that_is_no_longer_installed_does_not_stop_the_others(engine: Engine, package: Package) -> None:
    alpha_old = package("alpha_old", {"alpha_0001": ALPHA["alpha_0001"]})
    upgrade(engine, {"core": CORE, "alpha": alpha_old, "beta": package("beta", BETA)})
    without_beta = {"core": CORE, "alpha": package("alpha", ALPHA)}
    assert [step.revision for step in upgrade(engine, without_beta)] == ["alpha_0002"]
    with engine.connect() as connection:
        require_current(connection, without_beta)
        assert {"beta_part", "crm_schema_beta"} <= names(connection)


@pytest.mark.feature("P2.5")
def test_a_schema_that_is_behind_or_ahead_is_refused_naming_every_plugin(engine: Engine, package: Package) -> None:
    old = {"core": CORE, "alpha": package("alpha_old", {"alpha_0001": ALPHA["alpha_0001"]})}
    new = {"core": CORE, "alpha": package("alpha", ALPHA), "beta": package("beta", BETA)}
    upgrade(engine, old)
    with engine.connect() as connection, pytest.raises(DatabaseError) as behind:
        require_current(connection, new)
    assert behind.value.code == "SCHEMA_BEHIND"
    assert behind.value.params["detail"] == "alpha is at alpha_0001, expected alpha_0002; beta is at nothing, expected beta_0001"
    upgrade(engine, new)
    with engine.connect() as connection, pytest.raises(DatabaseError) as ahead:
        require_current(connection, old)
    assert ahead.value.code == "SCHEMA_AHEAD"
    assert ahead.value.params["detail"] == "alpha is at alpha_0002, expected alpha_0001"
    with pytest.raises(DatabaseError) as refused:
        upgrade(engine, old)
    assert refused.value.code == "SCHEMA_AHEAD"
    with pytest.raises(DatabaseError):
        downgrade(engine, "alpha", old["alpha"])


@pytest.mark.feature("P2.5")
def test_asking_for_the_status_takes_two_queries_whatever_the_number_of_plugins(engine: Engine, package: Package) -> None:
    migrations = {"core": CORE, "alpha": package("alpha", ALPHA), "beta": package("beta", BETA)}
    upgrade(engine, migrations)
    statements: list[str] = []
    with engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
        require_current(connection, migrations)
    assert len(statements) == 2


@pytest.mark.feature("P2.5", "P2.3")
@pytest.mark.parametrize("commit", [True, False])
def test_in_a_hosts_transaction_both_commit_or_neither(engine: Engine, package: Package, *, commit: bool) -> None:
    migrations = {"core": CORE, "alpha": package("alpha", ALPHA)}
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE host_table (id INTEGER)")) if commit else None
        upgrade(connection, migrations)
        assert connection.in_transaction()
        connection.execute(text("CREATE TABLE host_later (id INTEGER)"))
        if commit:
            connection.commit()
        else:
            connection.rollback()
    with engine.connect() as connection:
        expected = {"host_table", "host_later", "alpha_item", "crm_schema_alpha", "crm_schema_core", *NAMES} if commit else set()
        assert names(connection) == expected


@pytest.mark.feature("P2.5", "P2.3")
def test_a_failure_in_a_hosts_transaction_leaves_the_hosts_work(engine: Engine, package: Package) -> None:
    broken = {"core": CORE, "alpha": package("alpha", {**ALPHA, "alpha_0003": ("raise ValueError('no')", "")})}
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        connection.execute(text("CREATE TABLE host_table (id INTEGER)"))
        with pytest.raises(DatabaseError):
            upgrade(connection, broken)
        connection.commit()
    with engine.connect() as connection:
        assert names(connection) == {"host_table"}


@pytest.mark.feature("P2.5", "P2.3")
def test_inside_a_hosts_transaction_no_table_is_dropped_that_deletes_would_cascade_from(
    databases: TestDatabases, package: Package, tmp_path: Path
) -> None:
    with databases.fresh("sqlite", tmp_path) as url:
        engine = create_engine(url)
        old = {"core": CORE, "alpha": package("alpha_old", {"alpha_0001": ALPHA["alpha_0001"]}), "beta": package("beta", BETA)}
        upgrade(engine, old)
        with engine.begin() as connection:
            add_rows(connection)
            connection.execute(text("INSERT INTO beta_part (id, account_id, item_id) VALUES (1, 1, 1)"))
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            with pytest.raises(DatabaseError, match="would delete or change rows of beta_part"):
                upgrade(connection, {**old, "alpha": package("alpha", ALPHA)})
            assert connection.execute(text("SELECT count(*) FROM beta_part")).scalar_one() == 1
        engine.dispose()


@pytest.mark.feature("P2.5")
def test_what_is_to_happen_before_commit_happens_in_the_same_transaction(engine: Engine, core: Mapping[str, Migrations]) -> None:
    def fail(connection: Connection) -> None:
        assert names(connection) == {*NAMES, "crm_schema_core"}
        message = "on purpose"
        raise LookupError(message)

    with pytest.raises(LookupError):
        upgrade(engine, core, before_commit=fail)
    with engine.connect() as connection:
        assert names(connection) == set()


@pytest.mark.feature("P2.5")
def test_waiting_for_another_migration_ends_with_a_clear_error(url: str, core: Mapping[str, Migrations]) -> None:
    first, second = create_engine(url), create_engine(url)
    with migration_transaction(first), pytest.raises(DatabaseBusy) as raised:
        upgrade(second, core, wait=0.2)
    assert raised.value.params["seconds"] == 0.2
    upgrade(second, core)
    first.dispose()
    second.dispose()


@pytest.mark.feature("P2.5")
def test_the_engine_of_the_crm_is_given_back_as_it_was(databases: TestDatabases, tmp_path: Path, core: Mapping[str, Migrations]) -> None:
    with databases.fresh("sqlite", tmp_path) as url:
        storage = open_storage(url)
        upgrade(storage.engine, core)
        with storage.engine.connect() as connection:
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("foreign_keys", "journal_mode", "busy_timeout")]
        assert found == [1, "wal", 30_000]
        storage.close()


@pytest.mark.feature("P2.5")
def test_a_database_in_memory_is_migrated_unless_a_transaction_is_open_on_its_only_connection(core: Mapping[str, Migrations]) -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        with pytest.raises(DatabaseBusy):
            upgrade(engine, core)
        connection.rollback()
    upgrade(engine, core)
    with engine.connect() as connection:
        assert compare(connection, CORE_TABLES) == []
    engine.dispose()


@pytest.mark.feature("P2.2", "P2.5")
def test_a_template_is_prepared_once_and_copied(databases: TestDatabases, kind: Kind, tmp_path: Path) -> None:
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        engine = create_engine(url)
        upgrade(engine, {"core": CORE})
        engine.dispose()

    template = Template("test_a_template", prepare)
    for _ in range(2):
        with databases.fresh(kind, tmp_path, template) as url:
            engine = create_engine(url)
            with engine.begin() as connection:
                require_current(connection, {"core": CORE})
                connection.execute(
                    text("INSERT INTO crm_plugin (name, version, enabled, tables, changed_at) VALUES ('a', '1', '1', '[]', '2026-01-01')")
                )
            engine.dispose()
    assert len(prepared) == 1
