"""Each way to end: its exit code, its message in two languages, and no traceback."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from crmcore.cli.codes import ExitCode

pytestmark = pytest.mark.feature("P2.7")


def set_key(shop, line):
    file = shop / "crm.yaml"
    key = line.partition(":")[0]
    gone = (f"{key}:", "  - ") if key == "plugins" else f"{key}:"
    kept = [each for each in file.read_text().splitlines() if not each.startswith(gone)]
    file.write_text("\n".join([*kept, line, ""]))


def test_0_when_all_is_well(crm, shop):
    assert "Nessun problema." in crm("-C", shop, "doctor", code=ExitCode.OK).output


def test_1_when_refused(crm, shop):
    result = crm("-C", shop, "jobs", "retry", "77", code=ExitCode.REFUSED)
    assert "NOT_FOUND: job 77" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "args", [["nonsense"], ["jobs", "list", "--state", "odd"], ["jobs", "retry"], ["work", "--once", "--until-idle"], ["plugin"]]
)
def test_2_when_called_in_a_wrong_way(crm, args):
    assert "Usage:" in crm(*args, code=ExitCode.USAGE).output


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("lang: de", "CONFIG_INVALID"),
        ("langs: it", "CONFIG_INVALID"),
        ("plugins: [", "CONFIG_UNREADABLE"),
        ("plugins: [absent]", "PLUGIN_UNKNOWN"),
    ],
)
def test_3_when_configuration_or_plugins_do_not_start(crm, shop, line, code):
    set_key(shop, line)
    result = crm("-C", shop, "jobs", "list", code=ExitCode.CONFIGURATION)
    assert code in result.stderr
    assert "Traceback" not in result.output


def test_3_with_every_problem_of_the_file(crm, shop):
    (shop / "crm.yaml").write_text("database: sqlite://\nlang: de\nzone: Nowhere\n")
    lines = crm("-C", shop, "work", code=ExitCode.CONFIGURATION).stderr.splitlines()
    assert lines[0] == "Errore: la configurazione non è valida, 2 problemi"
    assert [line.split(":")[2:4] for line in lines[1:]] == [["2", "7"], ["3", "7"]]


def test_3_where_there_is_no_deployment(crm, tmp_path):
    assert "crm init" in crm("-C", tmp_path, "work", "--once", code=ExitCode.CONFIGURATION).stderr


def test_4_when_the_schema_is_behind(crm, tmp_path, toyshop):
    crm("init", tmp_path, "--no-migrate")
    for args in (["jobs", "list"], ["migrate", "--status"]):
        crm("-C", tmp_path, *args, code=ExitCode.SCHEMA)
    crm("-C", tmp_path, "migrate")
    crm("-C", tmp_path, "migrate", "--status", code=ExitCode.OK)


def test_5_when_the_database_does_not_answer(crm, shop):
    pytest.importorskip("psycopg")
    set_key(shop, "database: postgresql://crm:hunter2@127.0.0.1:1/crm")
    result = crm("-C", shop, "jobs", "list", code=ExitCode.DATABASE)
    assert "DATABASE_UNREACHABLE" in result.stderr
    assert "hunter2" not in result.output


def test_5_when_the_database_stays_busy(crm, tmp_path):
    crm("init", tmp_path)
    set_key(tmp_path, "busy_timeout: 0.1")
    holder = sqlite3.connect(tmp_path / "crm.db", isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        crm("-C", tmp_path, "jobs", "retry", "--all", code=ExitCode.DATABASE)
    finally:
        holder.close()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_130_when_interrupted(shop, environment):
    with subprocess.Popen(
        [sys.executable, "-m", "crmcore.cli", "-C", str(shop), "toyshop", "wait"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as running:
        assert running.stdout.readline() == "waiting\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == ExitCode.INTERRUPTED
        assert "Traceback" not in running.stderr.read()


# Faults


def test_a_fault_of_a_plugin_is_one_line_and_a_traceback_only_on_demand(crm, shop):
    result = crm("-C", shop, "toyshop", "boom", code=ExitCode.REFUSED)
    assert "Errore inatteso: ZeroDivisionError: secret detail" in result.stderr
    assert "Traceback" not in result.output
    assert "Traceback" in crm("-C", shop, "--debug", "toyshop", "boom", code=ExitCode.REFUSED).stderr


@pytest.mark.parametrize("name", ["lost", "stuck"])
def test_a_command_that_cannot_be_imported_names_its_plugin(crm, shop, name):
    result = crm("-C", shop, "toyshop", name, code=ExitCode.REFUSED)
    assert f"plugin toyshop, command {name}" in result.stderr
    assert "Traceback" not in result.output


def test_the_language_is_that_of_the_option_the_environment_or_the_deployment(crm, shop):
    def said(*args, **env):
        return crm(*args[:-2], "-C", shop, *args[-2:], code=ExitCode.REFUSED, **env).stderr

    assert "non è un attore" in said("toyshop", "refuse")
    assert "is not an actor" in said("--lang", "en", "toyshop", "refuse")
    assert "is not an actor" in said("toyshop", "refuse", CRM_LANG="en")
    set_key(shop, "lang: en")
    assert "does not exist" in crm("-C", shop, "jobs", "show", "9", code=ExitCode.REFUSED).stderr


def test_with_json_errors_are_json_too(crm, shop):
    set_key(shop, "lang: de")
    error = json.loads(crm("-C", shop, "--json", "jobs", "list", code=ExitCode.CONFIGURATION).stderr)["error"]
    assert [problem["code"] for problem in error["problems"]] == ["CONFIG_INVALID"]
    assert error["problems"][0]["params"]["path"] == "lang"


def test_a_plugin_that_is_not_enabled_says_so(crm, tmp_path):
    crm("init", tmp_path)
    assert "crm plugin enable toyshop" in crm("-C", tmp_path, "toyshop", "greet", code=ExitCode.USAGE).stderr


def test_the_deployment_may_come_from_the_environment(crm, shop):
    crm("jobs", "list", CRM_DEPLOYMENT=str(shop))


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_after_its_job(shop, environment, tmp_path, number):
    from crmcore import Actor, Crm

    began, ended = tmp_path / "began", tmp_path / "ended"
    with Crm.open(shop) as opened, opened.session(Actor.system("test")) as session:
        session.jobs.enqueue("toyshop.slow", {"began": str(began), "ended": str(ended)})
        session.commit()
    with subprocess.Popen(
        [sys.executable, "-m", "crmcore.cli", "-C", str(shop), "--json", "work", "--name", "one"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as running:
        deadline = time.monotonic() + 30
        while not began.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, "Traceback" in err) == (ExitCode.OK, False)
    assert ended.exists()
    assert json.loads(out)["worker"] == "one"
