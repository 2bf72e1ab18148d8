"""The commands: what they do, for people and for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from crmcore import Actor, Crm
from crmcore.cli.codes import ExitCode
from crmcore.deployment import load

pytestmark = pytest.mark.feature("P2.7")


def jsons(crm, *args, code=0):
    return json.loads(crm("--json", *args, code=code).stdout)


def break_a_job(shop):
    with Crm.open(shop) as opened:
        with opened.session(Actor.system("test")) as session:
            session.jobs.enqueue("toyshop.fail")
            session.commit()
        opened.worker().run_until_idle()


# init and migrate


def test_init_writes_a_deployment_and_prepares_its_database(crm, tmp_path):
    result = jsons(crm, "init", tmp_path / "new", "--plugin", "toyshop", "--zone", "Europe/Vienna")
    assert result == {"path": str(tmp_path / "new" / "crm.yaml"), "plugins": ["toyshop"], "migrated": True}
    assert load(tmp_path / "new").plugins == ("toyshop",)
    with Crm.open(tmp_path / "new") as opened:
        assert str(opened.zone) == "Europe/Vienna"


def test_init_without_a_folder_goes_where_the_deployment_is(crm, tmp_path):
    crm("-C", tmp_path, "--lang", "en", "init", "--no-migrate")
    assert load(tmp_path).lang == "en"
    assert not (tmp_path / "crm.db").exists()


def test_init_writes_nothing_over_a_deployment_or_with_a_plugin_that_does_not_start(crm, shop, tmp_path):
    before = (shop / "crm.yaml").read_bytes()
    assert "DEPLOYMENT_EXISTS" in crm("init", shop, code=ExitCode.REFUSED).stderr
    assert (shop / "crm.yaml").read_bytes() == before
    crm("init", tmp_path / "other", "--plugin", "absent", code=ExitCode.CONFIGURATION)
    assert not (tmp_path / "other").exists()


def test_migrate_shows_its_steps_and_says_when_there_is_nothing_to_do(crm, tmp_path):
    crm("init", tmp_path, "--no-migrate")
    assert "core_0001" in crm("-C", tmp_path, "migrate").stderr
    assert "già aggiornato" in crm("-C", tmp_path, "migrate").stdout
    assert jsons(crm, "-C", tmp_path, "migrate") == []
    assert [row["state"] for row in jsons(crm, "-C", tmp_path, "migrate", "--status")] == ["current"]


# doctor


def test_doctor_shows_points_plugins_tables_events_jobs_and_the_queue(crm, shop):
    found = jsons(crm, "-C", shop, "doctor")
    points = {point["name"]: point for point in found["points"]}
    assert points["crm_handlers"]["plugins"] == ["toyshop"]
    assert points["crm_working_calendar"]["kind"] == "single"
    assert (found["plugins"][0]["version"], found["plugins"][0]["capabilities"]) == ("1.2.3", ["unguarded"])
    assert {"table": "account", "owner": "core"} in found["tables"]
    events = {event["type"]: event["handlers"] for event in found["events"]}
    assert events["account.created"] == [{"name": "toyshop.note", "phase": "after_commit"}]
    assert {job["name"]: job["schedule"] for job in found["jobs"]}["toyshop.note"] == "every 1 days"
    assert (found["database"]["kind"], found["problems"], found["dead"]) == ("sqlite", [], 0)
    shown = crm("-C", shop, "doctor").stdout
    for part in ("Punti di estensione", "toyshop.note (after_commit)", "Nessun problema."):
        assert part in shown


def test_doctor_finds_dead_jobs(crm, shop):
    break_a_job(shop)
    found = jsons(crm, "-C", shop, "doctor", code=ExitCode.REFUSED)
    assert (found["queue"]["dead"], found["dead"]) == (1, 1)
    assert "jobs list --state dead" in crm("-C", shop, "doctor", "--brief", code=ExitCode.REFUSED).stdout


def test_doctor_lists_every_problem_when_nothing_starts(crm, shop):
    file = shop / "crm.yaml"
    file.write_text(file.read_text().replace("  - toyshop", "  - toyshop\n  - absent") + "settings:\n  toyshop:\n    dais: 3\n")
    (shop / "crm.db").unlink()
    found = jsons(crm, "-C", shop, "doctor", code=ExitCode.REFUSED)
    assert [problem["code"] for problem in found["problems"]] == ["PLUGIN_UNKNOWN", "CONFIG_INVALID", "SCHEMA_BEHIND"]
    # What works is shown all the same.
    assert [plugin["name"] for plugin in found["plugins"]] == ["toyshop"]


def test_doctor_of_nothing_says_so(crm, tmp_path):
    assert "CONFIG_UNREADABLE" in crm("-C", tmp_path, "doctor", code=ExitCode.REFUSED).stdout


# plugin


def test_plugins_are_listed_with_their_state(crm, shop, tmp_path):
    states = {row["name"]: (row["state"], row["version"]) for row in jsons(crm, "-C", shop, "plugin", "list")}
    assert states["toyshop"] == ("enabled", "1.2.3")
    outside = {row["name"]: row["state"] for row in jsons(crm, "-C", tmp_path, "plugin", "list")}
    assert outside["toyshop"] == "installed"
    (shop / "crm.yaml").write_text("database: sqlite://\nplugins: [absent]\n")
    assert {row["name"]: row["state"] for row in jsons(crm, "-C", shop, "plugin", "list")}["absent"] == "missing"


def test_plugins_are_enabled_and_disabled_in_the_file(crm, tmp_path):
    crm("init", tmp_path)
    before = (tmp_path / "crm.yaml").read_text()
    assert jsons(crm, "-C", tmp_path, "plugin", "enable", "toyshop") == {"changed": ["toyshop"], "plugins": ["toyshop"]}
    assert "è già abilitato" in crm("-C", tmp_path, "plugin", "enable", "toyshop").stdout
    assert load(tmp_path).plugins == ("toyshop",)
    crm("-C", tmp_path, "plugin", "disable", "toyshop")
    assert (tmp_path / "crm.yaml").read_text() == before


def test_enabling_changes_nothing_when_something_does_not_start(crm, tmp_path):
    crm("init", tmp_path)
    file = tmp_path / "crm.yaml"
    file.write_text(file.read_text() + "settings:\n  toyshop: {days: many}\n")
    before = file.read_bytes()
    assert "PLUGIN_UNKNOWN" in crm("-C", tmp_path, "plugin", "enable", "toyshop", "absent", code=ExitCode.CONFIGURATION).stderr
    assert "settings.toyshop.days" in crm("-C", tmp_path, "plugin", "enable", "toyshop", code=ExitCode.CONFIGURATION).stderr
    assert file.read_bytes() == before


def test_a_broken_plugin_can_be_disabled(crm, shop):
    file = shop / "crm.yaml"
    file.write_text(file.read_text().replace("  - toyshop", "  - toyshop\n  - absent\n  - gone"))
    assert jsons(crm, "-C", shop, "plugin", "disable", "absent")["plugins"] == ["toyshop", "gone"]


def test_purging_needs_a_disabled_plugin_and_the_token_of_its_report(crm, shop):
    break_a_job(shop)
    assert "PURGE_REFUSED" in crm("-C", shop, "plugin", "purge", "toyshop", code=ExitCode.REFUSED).stderr
    crm("-C", shop, "plugin", "disable", "toyshop")
    report = jsons(crm, "-C", shop, "plugin", "purge", "toyshop")
    assert (report["removed"], report["rows"]["crm_job"]) == (False, 1)
    assert report["token"] in crm("-C", shop, "plugin", "purge", "toyshop").stdout
    crm("-C", shop, "plugin", "purge", "toyshop", "--confirm", "wrong", code=ExitCode.REFUSED)
    assert jsons(crm, "-C", shop, "plugin", "purge", "toyshop", "--confirm", report["token"])["removed"] is True
    assert jsons(crm, "-C", shop, "jobs", "list") == []


# work and jobs


def test_work_runs_what_is_due(crm, shop):
    with Crm.open(shop) as opened, opened.session("anna") as session:
        session.accounts.create(name="Rossi", phone1="0444 123456", portfolio="GENERICO")
        session.commit()
    assert jsons(crm, "-C", shop, "work", "--until-idle")["jobs"] >= 1
    assert "Eseguiti 0 lavori." in crm("-C", shop, "work", "--once").stdout


def test_dead_jobs_are_seen_and_retried(crm, shop):
    break_a_job(shop)
    (row,) = jsons(crm, "-C", shop, "jobs", "list", "--state", "dead")
    assert (row["name"], row["state"], row["attempts"]) == ("toyshop.fail", "dead", 1)
    assert "the toy broke" in crm("-C", shop, "jobs", "list").stdout
    assert "the toy broke" in jsons(crm, "-C", shop, "jobs", "show", row["id"])["last_error"]
    assert "last_error" in crm("-C", shop, "jobs", "show", row["id"]).stdout
    assert jsons(crm, "-C", shop, "jobs", "retry", row["id"]) == {"retried": 1}
    refused = crm("-C", shop, "jobs", "retry", row["id"], code=ExitCode.REFUSED)
    assert "JOB_NOT_DEAD" in refused.stderr
    crm("-C", shop, "work", "--until-idle")
    assert jsons(crm, "-C", shop, "jobs", "retry", "--all")["retried"] == 1


def test_an_empty_queue_is_a_sentence_and_an_empty_list(crm, tmp_path):
    crm("init", tmp_path)
    assert crm("-C", tmp_path, "jobs", "list").stdout == "Nessun lavoro.\n"
    assert jsons(crm, "-C", tmp_path, "jobs", "list") == []


# Commands of plugins


def test_a_command_of_a_plugin_gets_the_crm_and_prints_either_way(crm, shop):
    assert jsons(crm, "-C", shop, "toyshop", "greet", "Ada") == [{"name": "Ada", "days": 30}]
    assert crm("-C", shop, "toyshop", "greet", "[Ada]").stdout == "NAME   DAYS\n[Ada]  30\n"


# Terminals


def test_what_is_piped_has_no_colours(process, shop):
    for args in (["doctor"], ["plugin", "list"], ["--help"], ["migrate", "--status"]):
        done = process("-C", shop, *args)
        assert "\x1b" not in done.stdout + done.stderr
    assert "\x1b" not in process("-C", shop, "jobs", "show", "5", code=1).stderr


@pytest.mark.skipif(os.name == "nt", reason="terminals of POSIX")
@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_terminal_gets_tables_with_rich_unless_it_says_no(shop, environment, env, coloured):
    import pty

    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "crmcore.cli", "-C", str(shop), "plugin", "list"],
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            env={**environment, **env},
            check=True,
            timeout=60,
        )
        shown = os.read(ours, 100_000).decode()
    finally:
        os.close(theirs)
        os.close(ours)
    assert "toyshop" in shown
    assert ("\x1b[" in shown) is coloured


def test_instants_are_iso_in_json_and_local_for_people(crm, shop):
    break_a_job(shop)
    (row,) = jsons(crm, "-C", shop, "jobs", "list", "--state", "dead")
    moment = datetime.fromisoformat(row["run_at"])
    assert moment.tzinfo is not None
    local = moment.astimezone(load(shop).zone)
    assert local.astimezone(UTC) == moment
    assert f"{local:%Y-%m-%d %H:%M:%S}" in crm("-C", shop, "jobs", "list").stdout
