"""Purging shows what would go, then removes exactly that, with or without the plugin's code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, func, inspect, select, text

from crmcore.errors import DatabaseError
from crmcore.hooks import Migrations
from crmcore.migrate import PluginRecord, compare, purge, purge_report, record_plugins, recorded_plugins, upgrade
from crmcore.model import JOB, METADATA, PLUGIN, SCHEDULE

from .fake_plugins import ALPHA, BETA, CORE, CORE_TABLES, Package

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
UID = "01890a5d-ac96-774b-bcce-b302099a8057"


def records(*, enabled: bool) -> list[PluginRecord]:
    return [PluginRecord("alpha", "1.0", ("alpha_item",), enabled), PluginRecord("beta", "2.0", ("beta_part",), enabled)]


@pytest.fixture
def migrations(package: Package) -> Mapping[str, Migrations]:
    return {"core": CORE, "alpha": package("alpha", ALPHA), "beta": package("beta", BETA)}


@pytest.fixture
def filled(engine: Engine, migrations: Mapping[str, Migrations]) -> Engine:
    """A database with two disabled plugins, and rows of both everywhere."""
    upgrade(engine, migrations, before_commit=lambda connection: record_plugins(connection, records(enabled=False), now=NOW))
    with engine.begin() as connection:
        values = {"name": "Rossi", "kind": "business", "characteristics": {}, "version": 1, "uid": UID, "language": "it"}
        values |= {"seller_source": "zone", "private": False, "incomplete": False}
        stamps = {"created_at": NOW, "created_by": "x", "updated_at": NOW, "updated_by": "x"}
        connection.execute(METADATA.tables["account"].insert().values(id=1, **values, **stamps))
        connection.execute(text("INSERT INTO alpha_item (id, account_id, name, size) VALUES (1, 1, 'one', 1), (2, 1, 'two', 1)"))
        connection.execute(text("INSERT INTO beta_part (id, account_id, item_id) VALUES (1, 1, 1)"))
        for plugin in ("alpha", "beta", "beta"):
            connection.execute(JOB.insert().values(plugin=plugin, **job()))
        for plugin in ("alpha", "beta"):
            connection.execute(SCHEDULE.insert().values(job=f"{plugin}.sweep", plugin=plugin, next_at=NOW))
    return engine


def job() -> dict[str, object]:
    numbers = {"attempts": 0, "max_attempts": 3, "depth": 0}
    return {
        "kind": "job",
        "name": "sweep",
        "args": {},
        "state": "queued",
        "run_at": NOW,
        "created_at": NOW,
        "correlation_id": UID,
        **numbers,
    }


def counts(connection: Connection) -> dict[str, int]:
    return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (JOB, SCHEDULE, PLUGIN)}


@pytest.mark.feature("P2.7")
def test_the_report_lists_tables_and_rows(filled: Engine) -> None:
    with filled.connect() as connection:
        report = purge_report(connection, "beta")
        again = purge_report(connection, "beta")
    assert report.tables == (("beta_part", 1), ("crm_schema_beta", 1))
    assert report.rows == (("crm_job", 2), ("crm_schedule", 1), ("crm_plugin", 1))
    assert (report.plugin, report.version) == ("beta", "2.0")
    assert report.token == again.token
    assert len(report.token) == 64


@pytest.mark.feature("P2.7")
def test_purging_removes_exactly_what_the_report_lists(filled: Engine) -> None:
    # Neither module nor revisions of the plugin are asked for: its code may be gone.
    with filled.connect() as connection:
        before = set(inspect(connection).get_table_names())
        report = purge_report(connection, "beta")
    assert purge(filled, "beta", report.token) == report
    with filled.connect() as connection:
        assert before - set(inspect(connection).get_table_names()) == {"beta_part", "crm_schema_beta"}
        assert counts(connection) == {"crm_job": 1, "crm_schedule": 1, "crm_plugin": 1}
        assert compare(connection, CORE_TABLES) == []
        assert connection.execute(text("SELECT count(*) FROM alpha_item")).scalar_one() == 2
        alpha = purge_report(connection, "alpha")
    purge(filled, "alpha", alpha.token)
    with filled.connect() as connection:
        assert "alpha_item" not in inspect(connection).get_table_names()
        assert recorded_plugins(connection) == []


@pytest.mark.feature("P2.7")
def test_a_purged_plugin_can_be_installed_again(filled: Engine, migrations: Mapping[str, Migrations]) -> None:
    with filled.connect() as connection:
        token = purge_report(connection, "beta").token
    purge(filled, "beta", token)
    assert [step.revision for step in upgrade(filled, migrations)] == ["beta_0001"]


@pytest.mark.feature("P2.7")
def test_a_plugin_that_is_enabled_or_referred_to_is_not_purged(filled: Engine) -> None:
    with filled.begin() as connection:
        record_plugins(connection, records(enabled=True), now=NOW)
    with filled.connect() as connection, pytest.raises(DatabaseError) as raised:
        purge_report(connection, "alpha")
    assert raised.value.code == "PURGE_REFUSED"
    assert raised.value.params == {"name": "alpha", "reason": "it is still enabled; table beta_part refers to alpha_item"}


@pytest.mark.feature("P2.7")
@pytest.mark.parametrize(("plugin", "reason"), [("gamma", "never seen"), ("core", "it is the core")])
def test_an_unknown_plugin_and_the_core_are_not_purged(filled: Engine, plugin: str, reason: str) -> None:
    with filled.connect() as connection, pytest.raises(DatabaseError, match=reason):
        purge_report(connection, plugin)


@pytest.mark.feature("P2.7")
def test_a_report_that_has_changed_is_not_carried_out(filled: Engine) -> None:
    with filled.connect() as connection:
        token = purge_report(connection, "beta").token
    with filled.begin() as connection:
        connection.execute(text("INSERT INTO beta_part (id, account_id, item_id) VALUES (2, 1, 1)"))
    with pytest.raises(DatabaseError, match="has changed since the report"):
        purge(filled, "beta", token)
    with filled.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM beta_part")).scalar_one() == 2


@pytest.mark.feature("P2.7")
def test_a_damaged_record_does_not_cost_the_tables_of_others(filled: Engine) -> None:
    with filled.begin() as connection:
        record_plugins(connection, [PluginRecord("beta", "2.0", ("beta_part", "account"), enabled=False)], now=NOW)
    with filled.connect() as connection, pytest.raises(DatabaseError, match="table account does not carry its name"):
        purge_report(connection, "beta")


@pytest.mark.feature("P2.7")
def test_tables_that_refer_to_each_other_in_a_circle_are_removed(engine: Engine) -> None:
    upgrade(engine, {"core": CORE})
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE gamma_one (id INTEGER PRIMARY KEY)"))
        connection.execute(
            text("CREATE TABLE gamma_two (id INTEGER PRIMARY KEY, one_id INTEGER CONSTRAINT fk_two REFERENCES gamma_one (id))")
        )
        connection.execute(text("ALTER TABLE gamma_one ADD COLUMN two_id INTEGER CONSTRAINT fk_one REFERENCES gamma_two (id)"))
        record_plugins(connection, [PluginRecord("gamma", "1", ("gamma_one", "gamma_two"), enabled=False)], now=NOW)
        token = purge_report(connection, "gamma").token
    report = purge(engine, "gamma", token)
    assert report.tables == (("gamma_one", 0), ("gamma_two", 0))
    with engine.connect() as connection:
        assert not {"gamma_one", "gamma_two"} & set(inspect(connection).get_table_names())


@pytest.mark.feature("P2.7", "P2.3")
def test_purging_in_a_hosts_transaction_is_undone_with_it(filled: Engine) -> None:
    with filled.connect() as connection:
        purge(connection, "beta", purge_report(connection, "beta").token)
        connection.rollback()
    with filled.connect() as connection:
        assert purge_report(connection, "beta").tables == (("beta_part", 1), ("crm_schema_beta", 1))


@pytest.mark.feature("P2.4")
def test_plugins_are_recorded_and_left_alone_when_nothing_changed(engine: Engine) -> None:
    upgrade(engine, {"core": CORE})
    with engine.begin() as connection:
        assert recorded_plugins(connection) == []
        record_plugins(connection, records(enabled=True), now=NOW)
        record_plugins(connection, [PluginRecord("alpha", "1.1", ("alpha_item", "alpha_added"))], now=LATER, disable_others=True)
        record_plugins(connection, [PluginRecord("alpha", "1.1", ("alpha_added", "alpha_item"))], now=NOW)
        assert recorded_plugins(connection) == [
            PluginRecord("alpha", "1.1", ("alpha_added", "alpha_item")),
            PluginRecord("beta", "2.0", ("beta_part",), enabled=False),
        ]
        assert connection.execute(select(PLUGIN.c.changed_at)).scalars().all() == [LATER, LATER]


@pytest.mark.feature("P2.4")
def test_a_database_that_was_never_migrated_has_seen_no_plugin(engine: Engine) -> None:
    with engine.connect() as connection:
        assert recorded_plugins(connection) == []
