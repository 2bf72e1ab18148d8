"""`crm new-plugin` writes a plugin that works, passes the linter, and can be installed, enabled and purged."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from crmcore.cli.codes import ExitCode
from crmcore.deployment import check_schema

from .conftest import install

pytestmark = pytest.mark.feature("P2.7")

LONGEST = "abcdefghijklmnopqrstuvwx"


def run(folder, *command, code=0):
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_it_writes_a_whole_distribution(crm, tmp_path):
    result = json.loads(crm("--json", "new-plugin", "field_visits", "--folder", tmp_path / "fv").stdout)
    assert {
        "pyproject.toml",
        "README.md",
        "crmcore_field_visits/__init__.py",
        "crmcore_field_visits/model.py",
        "crmcore_field_visits/configuration.py",
        "crmcore_field_visits/handlers.py",
        "crmcore_field_visits/commands.py",
        "crmcore_field_visits/migrations/field_visits_0001_reminders.py",
        "tests/test_conformance.py",
    } <= set(result["files"])
    for name in result["files"]:
        assert "$" not in (tmp_path / "fv" / name).read_text().replace("'.[test]'", "")


def test_the_folder_is_named_after_the_plugin(crm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "crmcore-field-visits" in crm("--lang", "en", "new-plugin", "field_visits").stdout
    assert (tmp_path / "crmcore-field-visits" / "pyproject.toml").exists()


@pytest.mark.parametrize("name", ["Warranty", "1st", "a-b", "core", "crm", "x" * 25, "", "a/b"])
def test_a_bad_name_is_refused(crm, tmp_path, name):
    assert "PLUGIN_NAME_INVALID" in crm("new-plugin", "--folder", tmp_path / "x", "--", name, code=ExitCode.REFUSED).stderr
    assert not (tmp_path / "x").exists()


def test_a_folder_with_something_in_it_is_left_alone(crm, tmp_path):
    (tmp_path / "mine").write_text("x")
    assert "non è vuota" in crm("new-plugin", "toys", "--folder", tmp_path, code=ExitCode.REFUSED).stderr
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["field_visits", LONGEST, "x"])
def test_it_passes_the_linter_and_its_own_tests(crm, tmp_path, name):
    crm("new-plugin", name, "--folder", tmp_path)
    run(tmp_path, "-m", "ruff", "check", "--no-cache", ".")
    run(tmp_path, "-m", "ruff", "format", "--check", "--no-cache", ".")
    run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_reminders.py")


@pytest.mark.feature("P2.8")
def test_it_passes_the_conformance_kit(crm, tmp_path):
    crm("new-plugin", "zz_kit", "--folder", tmp_path)
    install(tmp_path, "zz_kit", "0.1.0")
    # `-c` puts the folder on the path, as an installation would. The partner's plugin and the tutorial run the kit on PostgreSQL, too.
    run(tmp_path, "-c", "import sys, pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-k', 'not postgresql', 'tests']))")


def test_its_migration_makes_what_its_model_says(crm, tmp_path):
    crm("new-plugin", "field_visits", "--folder", tmp_path)
    run(
        tmp_path,
        "-c",
        "import crmcore_field_visits as plugin\n"
        "from crmcore import Crm\n"
        "from crmcore.migrate import compare\n"
        "with Crm.open('sqlite://', plugins=[plugin], migrate=True) as crm, crm.engine.connect() as connection:\n"
        "    tables = crm.registry.tables('field_visits')\n"
        "    assert not list(compare(connection, tables)), list(compare(connection, tables))\n",
    )


def test_its_settings_are_sound(crm, tmp_path):
    crm("new-plugin", "zz_sound", "--folder", tmp_path)
    sys.path.insert(0, str(tmp_path))
    try:
        from crmcore_zz_sound.configuration import SCHEMA
    finally:
        sys.path.remove(str(tmp_path))
    assert check_schema("zz_sound", SCHEMA) == []


def test_its_life_in_a_deployment(crm, process, tmp_path):
    site, shop = tmp_path / "site", tmp_path / "shop"
    crm("new-plugin", "zz_life", "--folder", site)
    install(site, "zz_life", "0.1.0")

    def installed(*args, code=0):
        return process("-C", shop, *args, code=code, PYTHONPATH=str(site))

    installed("init", "--plugin", "zz_life")
    account = (
        f"from crmcore import *\nwith Crm.open({str(shop)!r}) as c, c.session('anna') as s:\n"
        "  s.accounts.create(name='Rossi', phone1='1', portfolio='GENERICO'); s.commit()"
    )
    subprocess.run([sys.executable, "-c", account], env={"PYTHONPATH": str(site)}, check=True, timeout=60)
    installed("work", "--until-idle")
    (row,) = json.loads(installed("--json", "zz_life", "list").stdout)
    assert row["text"] == "Rossi"
    installed("plugin", "disable", "zz_life")
    report = json.loads(installed("--json", "plugin", "purge", "zz_life").stdout)
    assert report["tables"]["zz_life_reminder"] == 1
    installed("plugin", "purge", "zz_life", "--confirm", report["token"])
    installed("doctor")
