"""Opening and closing: what can be opened, what is refused, and that nothing stays behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select, text

from crmcore import Account, ConfigSchema, Crm, Label
from crmcore.errors import ConfigurationError, DatabaseError, StartError, UsageError, ValidationFailed
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("P2.3")
L = Label("Giorni", "Days")
DAYS = ConfigSchema({"days": {"type": "integer", "default": 30, "min": 1, "label": L, "help": "How many."}})
EXAMPLES = Path(__file__).parents[2] / "examples"


def count(crm):
    with crm.session("anna") as s:
        return s.scalar(select(func.count()).select_from(Account))


def add(crm, name="Bellini", **options):
    with crm.session("anna", **options) as s:
        s.accounts.create(name=name, phone1="+39 0424 000012", portfolio="GENERICO")
        s.commit()


def test_a_database_that_was_never_migrated_is_refused_with_what_to_do(database_url):
    with pytest.raises(DatabaseError, match=r"SCHEMA_BEHIND: .*core is at nothing.*crm migrate"):
        Crm.open(database_url)
    with Crm.open(database_url, migrate=True) as crm:
        add(crm)
    with Crm.open(database_url) as crm:
        assert count(crm) == 1


def test_a_database_without_a_name_vanishes():
    with Crm.open("sqlite://", migrate=True) as crm:
        add(crm)
        file = Path(crm.engine.url.database)
        assert file.exists()
    assert not file.parent.exists()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense://", "oracle://h/x"])
def test_other_databases_are_refused(url):
    with pytest.raises(DatabaseError, match="DATABASE_URL"):
        Crm.open(url)


def test_the_password_of_a_database_is_never_shown():
    with pytest.raises(DatabaseError) as caught:
        Crm.open("mysql://anna:secret@host/crm")
    assert "secret" not in str(caught.value)


def test_a_deployment_folder_says_everything(tmp_path, frozen_clock):
    (tmp_path / "crm.yaml").write_text(
        "database: sqlite:///data.db\nplugins: [italy]\nzone: Europe/Rome\nlang: it\nsettings:\n  italy:\n    patron: VI\n", "utf-8"
    )
    with Crm.open(tmp_path, migrate=True, clock=frozen_clock) as crm:
        assert [plugin.name for plugin in crm.registry.plugins] == ["italy"]
        assert crm.settings("italy")["patron"] == "VI"
        assert not crm.calendar.is_working_day(date(2026, 9, 8))
    assert (tmp_path / "data.db").exists()


def test_settings_from_python_are_checked_like_those_of_a_file():
    plugin = make_plugin("toy", crm_configuration=DAYS)
    with Crm.open("sqlite://", plugins=[plugin], migrate=True) as crm:
        assert crm.settings("toy") == {"days": 30}
        assert crm.settings("other") == {}
    for wrong, reason in (({"days": 0}, "days"), ({"days": True}, "days"), ({"day": 1}, "days")):
        with pytest.raises(ConfigurationError, match=reason):
            Crm.open("sqlite://", plugins=[plugin], settings={"toy": wrong})
    with pytest.raises(ConfigurationError, match="no enabled plugin"):
        Crm.open("sqlite://", settings={"toy": {"days": 1}})


def test_an_unknown_zone_is_refused():
    with pytest.raises(ConfigurationError, match="Europe/Roma"):
        Crm.open("sqlite://", zone="Europe/Roma")


def test_two_crms_with_different_plugins_and_databases_live_side_by_side(tmp_path):
    def crm_validate(changes):
        return []

    plugin = make_plugin("toy", crm_validate=crm_validate)
    with (
        Crm.open(f"sqlite:///{tmp_path / 'a.db'}", plugins=[plugin], migrate=True) as a,
        Crm.open(f"sqlite:///{tmp_path / 'b.db'}", migrate=True) as b,
    ):
        add(a)
        assert (count(a), count(b)) == (1, 0)
        assert (len(a.registry.plugins), len(b.registry.plugins)) == (1, 0)


def test_many_threads_share_one_crm(open_crm):
    crm = open_crm()
    threads = [threading.Thread(target=lambda n=n: [add(crm, f"{n}-{m}") for m in range(5)]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(crm) == 30


@pytest.fixture
def host(database_url):
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE host_row (n integer)"))
    yield engine
    engine.dispose()


def rows(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM host_row")).scalar()


@pytest.mark.parametrize("outcome", ["commit", "rollback"])
@pytest.mark.parametrize("first", ["host", "crm"])
def test_inside_the_hosts_transaction_both_last_or_neither(host, outcome, first):
    with Crm.open(host, migrate=True) as crm:
        with host.connect() as connection:
            if first == "host":
                connection.execute(text("INSERT INTO host_row VALUES (1)"))
            add(crm, connection=connection)
            if first == "crm":
                connection.execute(text("INSERT INTO host_row VALUES (1)"))
            getattr(connection, outcome)()
        expected = 1 if outcome == "commit" else 0
        assert (count(crm), rows(host)) == (expected, expected)
        # The host's engine is the host's: it still works after the CRM is closed.
    assert rows(host) == expected


def test_a_refusal_undoes_the_crms_part_only(host):
    with Crm.open(host, migrate=True) as crm:
        with host.begin() as connection:
            connection.execute(text("INSERT INTO host_row VALUES (1)"))
            add(crm, "kept", connection=connection)
            with pytest.raises(ValidationFailed):
                add(crm, "x" * 500, connection=connection)
            with pytest.raises(ValidationFailed), crm.session("anna", connection=connection) as s:
                s.accounts.create(name="Martian", kind="martian", phone1="1", portfolio="GENERICO")
                s.commit()
        assert (count(crm), rows(host)) == (1, 1)


def test_a_crm_on_a_connection_migrates_and_works_inside_the_hosts_transaction(host):
    with host.connect() as connection:
        with Crm.open(connection, migrate=True) as crm:
            add(crm)
            with pytest.raises(UsageError, match="HOST_CONNECTION"):
                crm.worker()
        connection.execute(text("INSERT INTO host_row VALUES (1)"))
        connection.rollback()
    assert rows(host) == 0
    with pytest.raises(DatabaseError, match="SCHEMA_BEHIND"):
        Crm.open(host)


def test_a_calendar_that_raises_stops_the_start():
    def crm_working_calendar(settings):
        raise KeyError("closures")

    with pytest.raises(StartError, match=r"plugin toy, hook crm_working_calendar.*KeyError"):
        Crm.open("sqlite://", plugins=[make_plugin("toy", crm_working_calendar=crm_working_calendar)])


@pytest.mark.parametrize(("example", "said"), [("embed_host_app.py", "2 orders, 1 account")])
def test_the_examples_run(example, said, database_url):
    done = subprocess.run([sys.executable, EXAMPLES / example, database_url], capture_output=True, text=True, check=True)
    assert said in done.stdout


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_connections_of_a_host_go_back_to_its_pool_as_they_were(host):
    def settings():
        with host.connect() as connection:
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("foreign_keys", "busy_timeout")]

    before = settings()
    with Crm.open(host, migrate=True) as crm:
        for _ in range(3):
            add(crm)
            assert settings() == before
        with crm.session("anna") as s:
            assert s.execute(text("SELECT * FROM pragma_foreign_keys")).scalar() == 1
    assert settings() == before
