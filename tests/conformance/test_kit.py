"""The kit itself: it finds nothing on a sound plugin, and cannot find nothing by doing nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from crmcore import Account, Handler, Migrations, hookimpl
from crmcore.errors import UsageError
from crmcore.hooks import Phase, Template
from crmcore.testing import CHECKS, KINDS, PluginConformance, TestDatabases, examine, run_checks

from .kitchen import BROKEN, SOUND, imported

NO_DATABASE: Final = {check.name for check in CHECKS if check.tried is None}


@pytest.mark.feature("P2.8")
def test_nothing_is_wrong_with_a_sound_plugin_on_both_databases(sound: ModuleType, crm_databases: TestDatabases):
    crm_databases.postgres()  # skips, or in CI fails, without one

    found = examine(sound, crm_databases)

    assert [problem.line() for problem in found.problems] == []
    expected = [(check.name, kind) for check in CHECKS for kind in (KINDS if check.tried else [None])]
    assert [(each.check, each.kind) for each in found.executed] == expected


@pytest.mark.feature("P2.8")
def test_run_checks_returns_the_problems_alone(crm_databases: TestDatabases):
    with imported("empty_label", BROKEN) as module:
        problems = run_checks(module, crm_databases, only=NO_DATABASE)

    assert [problem.code for problem in problems] == ["KIT_TEXT"]


@pytest.mark.feature("P2.8")
def test_the_names_of_the_tests_and_of_the_checks_are_the_same():
    tests = {name.removeprefix("test_") for name in vars(PluginConformance) if name.startswith("test_")}

    assert tests == {check.name for check in CHECKS}


@pytest.mark.feature("P2.8")
def test_every_check_says_what_it_checks():
    assert [check.name for check in CHECKS if not check.summary.endswith((".", ":"))] == []


# A sound plugin that loses one thing is not sound any more


@pytest.mark.feature("P2.8")
def test_a_sound_plugin_with_a_handler_that_forgets_to_look_is_caught(
    sound: ModuleType, crm_databases: TestDatabases, monkeypatch: pytest.MonkeyPatch
):
    def tag_account(session, event):
        session.add(sound.Tag(account_id=event.id, word=f"new {event.event_id}"[:36] + str(id(event))[-4:]))

    monkeypatch.setattr(sys.modules["sound.work"], "tag_account", tag_account)
    monkeypatch.setattr(sound, "crm_handlers", _hook(lambda: [Handler(event="account.created", fn=_module_level(tag_account))]))

    found = examine(sound, crm_databases, kinds=["sqlite"], only={"handlers_idempotent"})

    assert [(problem.code, problem.object) for problem in found.problems] == [("KIT_HANDLER_REPEATED", "tag_account")]


@pytest.mark.feature("P2.8")
def test_a_sound_plugin_with_a_column_more_is_caught_on_both_databases(
    sound: ModuleType, crm_databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    crm_databases.postgres()
    folder = Path(sound.__file__).parent / "migrations"
    package = tmp_path / "sound_revisions"
    (package / "migrations").mkdir(parents=True)
    text = (folder / "sound_0001_first_tables.py").read_text()
    assert "length=40" in text
    (package / "migrations" / "sound_0001_first_tables.py").write_text(text.replace("length=40", "length=41"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sound, "crm_migrations", _hook(lambda: Migrations("sound_revisions")))

    found = examine(sound, crm_databases, only={"migrations_equal_models", "files_shipped"})

    differences = [problem for problem in found.problems if problem.code == "KIT_MIGRATION_DIFFERENCE"]
    assert {(problem.object, problem.params["database"]) for problem in differences} == {
        ("sound_tag", "sqlite"),
        ("sound_tag", "postgresql"),
    }
    assert {problem.code for problem in found.of("files_shipped")} == {"KIT_NOT_SHIPPED"}


@pytest.mark.feature("P2.8")
def test_a_sample_of_the_configuration_that_does_not_fit_is_caught(
    sound: ModuleType, crm_databases: TestDatabases, monkeypatch: pytest.MonkeyPatch
):
    # The start checks schemas so well that none is left whose sample is wrong: the sample itself has to be spoilt.
    monkeypatch.setattr("crmcore.testing.conformance.checks.settings.sample", lambda schema, lang: "days: many\n")

    found = examine(sound, crm_databases, only={"configuration"})

    assert {(problem.code, problem.object) for problem in found.problems} == {
        ("KIT_CONFIG_SAMPLE", "days"),
    }


@pytest.mark.feature("P2.8")
def test_a_sound_plugin_with_a_failing_template_is_caught(sound: ModuleType, crm_databases: TestDatabases, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        sound, "crm_templates", _hook(lambda: [Template(name="sound.letter", package="endless_template", path="letter.txt")])
    )
    monkeypatch.syspath_prepend(BROKEN)

    found = examine(sound, crm_databases, only={"templates", "files_shipped"})

    assert [(problem.code, problem.object) for problem in found.problems] == [
        ("KIT_NOT_SHIPPED", "sound.letter"),
        ("KIT_TEMPLATE", "sound.letter"),
    ]


@pytest.mark.feature("P2.8")
def test_handlers_of_both_phases_are_tried(sound: ModuleType):
    assert {handler.phase for handler in sound.crm_handlers()} == set(Phase)


# Installed plugins


@pytest.mark.feature("P2.8")
def test_a_plugin_that_is_registered_under_another_name_is_caught(
    sound: ModuleType, crm_databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _install(tmp_path, monkeypatch, "noise = sound")

    found = examine(sound, crm_databases, only={"registered"})

    assert [(problem.code, problem.params["entry"]) for problem in found.problems] == [("PLUGIN_NAME_MISMATCH", "noise")]


@pytest.mark.feature("P2.8")
def test_an_installed_plugin_without_an_entry_point_is_caught(
    sound: ModuleType, crm_databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _install(tmp_path, monkeypatch, "")

    found = examine(sound, crm_databases, only={"registered"})

    assert [(problem.code, problem.object) for problem in found.problems] == [("KIT_NOT_REGISTERED", "sound")]


@pytest.mark.feature("P2.8")
def test_a_plugin_is_found_by_the_name_under_which_it_is_installed(
    sound: ModuleType, crm_databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _install(tmp_path, monkeypatch, "sound = sound")

    found = examine("sound", crm_databases, kinds=["sqlite"], only={"starts_alone", "registered", "starts_with_all"})

    assert (found.problems, len(found.executed)) == ([], 3)


@pytest.mark.feature("P2.8")
def test_a_plugin_that_clashes_with_an_installed_one_is_caught(
    sound: ModuleType, crm_databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "rival.py").write_text(
        "from crmcore import FieldType, PluginInfo, hookimpl, hookspec\n"
        "from types import ModuleType\n"
        'PLUGIN = PluginInfo(name="sound_rival")\n'
        'POINTS = ModuleType("rival_points")\n'
        "@hookspec\n"
        "def sound_rival_call(value):\n"
        '    """Call."""\n'
        "POINTS.sound_rival_call = sound_rival_call\n"
        "@hookimpl\n"
        "def crm_extension_points():\n"
        "    return [POINTS]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    _install(tmp_path, monkeypatch, "sound_rival = rival")

    def sound_rival_call(value):
        return value

    # A hook of a plugin that is not required: nobody notices until both are enabled.
    monkeypatch.setattr(sound, "sound_rival_call", _module_level(sound_rival_call, "sound"), raising=False)

    found = examine(sound, crm_databases, only={"starts_alone", "starts_with_all"})

    assert found.of("starts_alone") == []
    assert ("HOOK_NOT_MARKED", "sound_rival_call") in {(problem.code, problem.hook) for problem in found.of("starts_with_all")}


@pytest.mark.feature("P2.8")
def test_a_plugin_that_cannot_be_imported_is_caught(crm_databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "crashing.py").write_text('"""A plugin."""\n\nimport nowhere_to_be_found\n')
    _install(tmp_path, monkeypatch, "crashing = crashing")

    found = examine("crashing", crm_databases)

    assert [(problem.code, problem.plugin) for problem in found.problems] == [("PLUGIN_IMPORT_FAILED", "crashing")]
    assert "nowhere_to_be_found" in found.problems[0].text()


@pytest.mark.feature("P2.8")
def test_a_plugin_that_is_not_installed_is_caught(crm_databases: TestDatabases):
    assert [problem.code for problem in run_checks("nobody", crm_databases)] == ["PLUGIN_UNKNOWN"]


# Overrides


@pytest.mark.feature("P2.8")
def test_an_override_without_a_reason_is_an_error():
    with pytest.raises(UsageError, match=r"KIT_OVERRIDE_REASON.*purge"):
        type("TestSilent", (PluginConformance,), {"plugin": "sound", "overrides": {"purge": " "}})


@pytest.mark.feature("P2.8")
def test_an_override_of_an_unknown_check_is_an_error():
    with pytest.raises(UsageError, match=r"KIT_OVERRIDE_UNKNOWN.*did you mean purge"):
        type("TestMisspelt", (PluginConformance,), {"plugin": "sound", "overrides": {"purged": "because"}})


@pytest.mark.feature("P2.8")
@pytest.mark.parametrize("replacement", [lambda self: None, None])
def test_redefining_a_check_without_a_reason_is_an_error(replacement):
    with pytest.raises(UsageError, match=r"KIT_OVERRIDE_REASON.*purge"):
        type("TestReplaced", (PluginConformance,), {"plugin": "sound", "test_purge": replacement})


@pytest.mark.feature("P2.8")
def test_redefining_a_check_with_a_reason_is_taken():
    attributes = {"plugin": "sound", "test_purge": lambda self: None, "overrides": {"purge": "its tables are shared with the ERP"}}

    assert type("TestReasoned", (PluginConformance,), attributes).__test__


@pytest.mark.feature("P2.8")
def test_an_override_of_one_object_leaves_the_others_checked(crm_databases: TestDatabases):
    reason = "the number of a machine"
    with imported("unmarked_phone", BROKEN) as module:
        overrides = {"personal_data:unmarked_phone_thing.mobile_phone": reason}
        found = examine(module, crm_databases, only={"personal_data"}, overrides=overrides)
        wrong = examine(module, crm_databases, only={"personal_data"}, overrides={"personal_data:unmarked_phone_thing.word": reason})

    assert found.problems == []
    assert [problem.code for problem in wrong.problems] == ["KIT_PERSONAL_UNMARKED"]


@pytest.mark.feature("P2.8")
def test_overrides_of_a_run_without_pytest_are_checked_too(sound: ModuleType, crm_databases: TestDatabases):
    found = examine(sound, crm_databases, only={"texts"}, overrides={"texts": "", "nonsense": "because"})

    assert {problem.code for problem in found.problems} == {"KIT_OVERRIDE_REASON", "KIT_OVERRIDE_UNKNOWN"}


# Samples and arguments of the author


@pytest.mark.feature("P2.8")
def test_samples_of_the_author_are_used(sound: ModuleType, crm_databases: TestDatabases):
    used = []

    def samples(session, number):
        account = session.add(Account(name=f"Own {number}"))
        session.flush()
        used.append(number)
        note = sound.Note(account_id=account.id, body="by hand", due=session.now().date(), value=number)
        return [note]

    found = examine(sound, crm_databases, kinds=["sqlite"], only={"records"}, samples=samples)

    assert ([problem.line() for problem in found.problems], bool(used)) == ([], True)


@pytest.mark.feature("P2.8")
def test_a_job_is_tried_with_the_arguments_of_the_author(crm_databases: TestDatabases):
    with imported("hungry_job", BROKEN) as module:
        arguments = {"hungry_job.remind": {"account_id": 1}}
        found = examine(module, crm_databases, kinds=["sqlite"], only={"jobs_run"}, job_arguments=arguments)

    assert found.problems == []


@pytest.mark.feature("P2.8")
def test_required_settings_are_filled_from_the_sample_and_from_the_author(sound: ModuleType, crm_databases: TestDatabases):
    found = examine(sound, crm_databases, kinds=["sqlite"], only={"records"}, settings={"sound": {"days": 0}})

    assert [(problem.code, "days" in problem.text()) for problem in found.problems] == [("KIT_RAISED", True)]


# Under pytest


@pytest.mark.feature("P2.8")
def test_three_lines_are_enough_under_pytest(tmp_path: Path):
    # One check on one database stands for all that need one: the whole of it is what the first test of this module runs.
    outcome = _pytest(tmp_path, SOUND, "sound", "-k", "not postgresql and (purge or not sqlite)")

    databases = len(CHECKS) - len(NO_DATABASE)
    assert f"{len(NO_DATABASE) + 1} passed, {2 * databases - 1} deselected" in outcome, outcome


@pytest.mark.feature("P2.8")
def test_a_plugin_that_does_not_start_fails_one_test_and_skips_the_others(tmp_path: Path):
    outcome = _pytest(tmp_path, BROKEN, "wrong_arguments", "-k", "not sqlite and not postgresql")

    assert f"1 failed, {len(NO_DATABASE) - 1} skipped" in outcome, outcome
    assert re.search("HOOK_SIGNATURE.*wrong_arguments.*crm_validate.*request", outcome)


def _pytest(folder: Path, plugins: Path, name: str, *arguments: str) -> str:
    """Run the three lines in a process of their own, as a partner does."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_conformance.py").write_text(
        f"import {name}\nfrom crmcore.testing import PluginConformance\nclass TestIt(PluginConformance):\n    plugin = {name}\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(plugins), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


def _hook(function):
    return hookimpl(function)


def _module_level(function, module: str = "sound.work"):
    """Return a function that looks as if it had been written at the top of a module."""
    function.__qualname__ = function.__name__
    function.__module__ = module
    return function


def _install(folder: Path, monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    info = folder / "kit_tests-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kit-tests\nVersion: 1.0\n")
    (info / "top_level.txt").write_text("sound\n")
    (info / "entry_points.txt").write_text(f"[crmcore.plugins]\n{entry}\n")
    monkeypatch.syspath_prepend(folder)
