"""Deployments: what a file may say, and the place of everything that is wrong with it."""

from __future__ import annotations

import pytest

from crmcore.deployment import Deployment, load, validate_settings, write_new
from crmcore.errors import ConfigurationError
from crmcore.hooks import ConfigSchema, Label

pytestmark = pytest.mark.feature("P4.1", "P4.2")

DAYS = ConfigSchema(
    {
        "days": {"type": "integer", "default": 30, "label": Label("Giorni", "Days"), "help": "Days."},
        "token": {"type": "string", "secret": True, "label": Label("Gettone", "Token"), "help": "Token."},
    },
)


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="crm.yaml"):
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write_file


def problems_of(file, **options):
    with pytest.raises(ConfigurationError) as caught:
        load(file, **options)
    return caught.value


def test_a_deployment_is_loaded_from_its_folder_or_its_file(write, tmp_path):
    write("database: sqlite:///data/crm.db\nplugins: [italy]\nlang: en\nzone: Europe/Vienna\nbusy_timeout: 2.5\n")
    by_folder = load(tmp_path)
    assert by_folder == load(tmp_path / "crm.yaml")
    assert (by_folder.plugins, by_folder.lang, str(by_folder.zone), by_folder.busy_timeout) == (("italy",), "en", "Europe/Vienna", 2.5)
    assert by_folder.database == f"sqlite:///{tmp_path.as_posix()}/data/crm.db"
    assert by_folder.folder == tmp_path


def test_defaults_are_those_of_the_sections(write, tmp_path):
    write("database: sqlite://\n")
    found = load(tmp_path)
    assert (found.plugins, found.settings, found.lang, str(found.zone)) == ((), {}, "it", "Europe/Rome")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:////var/crm.db", "postgresql://anna@host/crm"])
def test_addresses_that_are_not_relative_stay_as_they_are(write, tmp_path, url):
    write(f"database: '{url}'\n")
    assert load(tmp_path).database == url


def test_on_stays_text_and_keys_stay_as_written(write, tmp_path):
    write("database: sqlite://\nsettings:\n  toy:\n    on: yes\n    00184: off\n")
    assert load(tmp_path).settings == {"toy": {"on": "yes", "00184": "off"}}


def test_a_file_of_windows_with_a_byte_order_mark_is_read(write, tmp_path):
    write(b"\xef\xbb\xbfdatabase: sqlite://\r\nplugins:\r\n  - italy\r\n")
    assert load(tmp_path).plugins == ("italy",)


def test_the_database_takes_secrets_and_encodes_a_password(write, tmp_path):
    (tmp_path / "user").write_text("anna\n")
    write("database: postgresql://${file:user}:${env:PW}@${env:HOST}/crm\n")
    found = load(tmp_path, environ={"PW": "p@ss/w:rd", "HOST": "db.example:5433"})
    assert found.database == "postgresql://anna:p%40ss%2Fw%3Ard@db.example:5433/crm"
    assert "p%40ss" not in repr(found)
    assert "p%40ss" not in str(found)


def test_an_address_may_come_whole_from_the_environment(write, tmp_path):
    write("database: ${env:URL}\n")
    assert load(tmp_path, environ={"URL": "postgresql://a:b%40@h/crm"}).database == "postgresql://a:b%40@h/crm"


def test_every_problem_is_reported_with_line_and_column(write):
    file = write(
        "database: postgresql://u:${env:PW}@h/db\n"
        "plugins: [a,\n"
        "  b, a, Bad]\n"
        "setings: {}\n"
        "settings:\n"
        "  a:\n"
        "    days: 1\n"
        "    days: 3\n"
        "    x: !!python/name:os.system\n"
        "zone: Europe\n"
        "busy_timeout: true\n"
        "lang: ${env:LANG}\n",
    )
    error = problems_of(file, environ={})
    assert [(problem.code, problem.params["place"].removeprefix(str(file))) for problem in error.problems] == [
        ("SECRET_MISSING", ":1:11"),
        ("CONFIG_INVALID", ":3:9"),
        ("CONFIG_INVALID", ":4:1"),
        ("CONFIG_INVALID", ":8:5"),
        ("CONFIG_INVALID", ":9:8"),
        ("CONFIG_INVALID", ":10:7"),
        ("CONFIG_INVALID", ":11:15"),
        ("SECRET_REFUSED", ":12:7"),
    ]
    assert "forse 'settings'" in error.text("it")
    assert "did you mean 'settings'" in error.text("en")


@pytest.mark.parametrize("zone", ["Europe", "Nowhere/Rome", "../etc/passwd", "", "/etc/passwd"])
def test_a_zone_must_exist(write, zone):
    error = problems_of(write(f'database: sqlite://\nzone: "{zone}"\n'))
    assert [problem.params["place"].rsplit(":", 2)[1:] for problem in error.problems] == [["2", "7"]]


def test_there_is_nothing_to_load_where_nothing_is(tmp_path):
    error = problems_of(tmp_path)
    assert [problem.code for problem in error.problems] == ["CONFIG_UNREADABLE"]
    assert "crm init" in error.text()


@pytest.mark.feature("P4.6")
def test_a_missing_secret_never_shows_others(write):
    error = problems_of(write("database: postgresql://${env:USER_X}:${env:PW}@h/db\n"), environ={"PW": "hunter2"})
    assert [problem.params["reference"] for problem in error.problems] == ["${env:USER_X}"]
    assert "hunter2" not in error.text() + repr(error.problems)


# Settings of plugins


def test_settings_are_checked_against_the_schemas_of_the_plugins(write, tmp_path):
    file = write(
        "database: sqlite://\n"
        "plugins: [toy, bare]\n"
        "settings:\n"
        "  toy:\n"
        "    dais: 3\n"
        "    days: true\n"
        "  bare: {x: 1}\n"
        "  tois: {}\n"
        "  resting: {y: 2}\n",
    )
    _, problems = validate_settings(load(file), {"toy": DAYS}, installed=["toy", "bare", "resting"])
    assert [(problem.params["place"].removeprefix(str(file)), problem.params["kind"], problem.plugin) for problem in problems] == [
        (":5:5", "unknown", "toy"),
        (":6:11", "type", "toy"),
        (":7:3", "no_settings", "bare"),
        (":8:3", "no_plugin", None),
    ]


def test_settings_of_plugins_have_defaults_and_secrets(write):
    file = write("database: sqlite://\nplugins: [toy]\nsettings:\n  toy: {token: '${env:TOKEN}'}\n")
    deployment = load(file, environ={"TOKEN": "hunter2"})
    values, problems = validate_settings(deployment, {"toy": DAYS})
    assert problems == []
    assert (values["toy"]["days"], values["toy"]["token"].reveal()) == (30, "hunter2")
    assert "hunter2" not in repr(values) + repr(deployment)


def test_a_plugin_without_settings_in_the_file_gets_its_defaults(write):
    deployment = load(write("database: sqlite://\nsettings:\n  toy:\n"))
    assert validate_settings(deployment, {"toy": DAYS})[0]["toy"]["days"] == 30


def test_settings_of_a_plugin_that_did_not_start_are_left_alone(write):
    deployment = load(write("database: sqlite://\nplugins: [toy]\nsettings:\n  toy: {x: 1}\n"))
    assert validate_settings(deployment, {}, left_out=["toy"])[1] == []


# New deployments


def test_a_new_deployment_is_valid_and_says_what_is_what(tmp_path):
    file = write_new(tmp_path / "shop", database="sqlite:///x.db", plugins=["italy", "quality"], zone="Europe/Rome", lang="en")
    found = load(tmp_path / "shop")
    assert isinstance(found, Deployment)
    assert (found.plugins, found.lang) == (("italy", "quality"), "en")
    comments = [line for line in file.read_text().splitlines() if line.startswith("#")]
    assert any("plugin abilitati" in line for line in comments)
    assert any("fuso orario" in line for line in comments)


def test_a_deployment_is_never_overwritten(tmp_path):
    file = write_new(tmp_path)
    before = file.read_bytes()
    with pytest.raises(ConfigurationError) as caught:
        write_new(tmp_path, lang="en")
    assert caught.value.code == "DEPLOYMENT_EXISTS"
    assert file.read_bytes() == before
