"""`crm doctor` tells where scripts run, and which walls are around them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from crmcore import Crm
from crmcore.scripting.locked.bounds import REQUIRED

pytestmark = pytest.mark.feature("I-16", "F03")


@pytest.fixture
def deployment(tmp_path):
    def make(*lines):
        (tmp_path / "crm.yaml").write_text("\n".join(["database: sqlite:///crm.db", *lines]))
        Crm.open(tmp_path, migrate=True).close()
        return tmp_path

    return make


def doctor(folder, *options):
    command = [sys.executable, "-m", "crmcore.cli", "-C", str(folder), *options, "doctor"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_in_this_process_there_are_none(deployment):
    assert json.loads(doctor(deployment(), "--json"))["scripts"] == {"isolation": "process", "walls": {}}


def test_in_a_worker_each_is_listed(deployment, new_pool):
    new_pool(size=1)
    folder = deployment("settings:", "  core:", "    script_isolation: worker")
    found = json.loads(doctor(folder, "--json"))["scripts"]
    assert found["isolation"] == "worker"
    assert {name: found["walls"][name] for name in REQUIRED} == dict.fromkeys(REQUIRED, "")
    assert "no_new_privileges" in doctor(folder)
