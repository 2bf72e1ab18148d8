"""The example of a partner's plugin: built, installed in a fresh environment, and tested there as its author would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

import pytest

from crmcore.testing import CHECKS, KINDS, TestDatabases
from crmcore.testing.postgres import URL_VARIABLE

ROOT: Final = Path(__file__).parents[2]
PARTNER: Final = ROOT / "examples" / "partner_plugin"
LOCK: Final = ROOT / "requirements.lock"


@pytest.mark.feature("P2.9", "P2.8")
def test_a_partner_builds_installs_and_tests_a_plugin_in_a_fresh_environment(tmp_path: Path, crm_databases: TestDatabases):
    server = crm_databases.postgres().url
    python = _environment(tmp_path, [_wheel(ROOT, tmp_path), _wheel(PARTNER, tmp_path)])

    _use(python.parent / "crm", tmp_path)
    results = _test(python, tmp_path, server)

    assert {"failure", "error", "skipped"} & {outcome for outcomes in results.values() for outcome in outcomes} == set()
    kit = {f"test_{check.name}": len(KINDS) if check.tried else 1 for check in CHECKS}
    assert {name: len(outcomes) for name, outcomes in results.items() if name in kit} == kit
    assert len(results.keys() - kit) >= 8


def _wheel(project: Path, folder: Path) -> Path:
    """Build the wheel of a project, outside of it."""
    target = folder / "wheels" / project.name
    _run(folder, sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(project))
    [wheel] = target.glob("*.whl")
    return wheel


def _environment(folder: Path, wheels: list[Path]) -> Path:
    """Make an environment that has nothing but what the wheels ask for, and return its interpreter."""
    _run(folder, sys.executable, "-m", "venv", "--without-pip", "venv")
    python = folder / "venv" / "bin" / "python"
    core, partner = wheels
    constraints = ["--constraint", str(LOCK)] if LOCK.exists() else []
    wanted = [f"crmcore[pg,testing] @ {core.as_uri()}", str(partner)]
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "--disable-pip-version-check",
        "install",
        "--quiet",
        *constraints,
        *wanted,
    ]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.fail(
            f"pip could not install the plugin with its dependencies; is a package index within reach?\n{answer.stderr[-2000:]}",
            pytrace=False,
        )
    return python


def _use(crm: Path, folder: Path) -> None:
    """Go through the commands that the README shows."""
    shop = folder / "shop"
    _run(folder, str(crm), "init", str(shop), "--plugin", "warranty")
    _run(folder, str(crm), "-C", str(shop), "migrate")
    assert json.loads(_run(folder, str(crm), "-C", str(shop), "--json", "warranty", "list")) == []
    assert "Nessuna garanzia" in _run(folder, str(crm), "-C", str(shop), "warranty", "list")


def _test(python: Path, folder: Path, server: str) -> dict[str, list[str]]:
    """Run the plugin's own tests away from its sources, and return test → outcomes."""
    work = folder / "work"
    shutil.copytree(PARTNER / "tests", work / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    (work / "pytest.ini").write_text("[pytest]\n")
    where = _run(work, str(python), "-c", "import crmcore, crmcore_warranty as w; print(crmcore.__file__, w.__file__)")
    assert [Path(file).is_relative_to(folder / "venv") for file in where.split()] == [True, True]
    report = work / "report.xml"
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", "tests"]
    answer = subprocess.run(
        command, cwd=work, env={**_environ(), URL_VARIABLE: server, "CI": "true"}, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    results: dict[str, list[str]] = {}
    for case in ET.parse(report).iter("testcase"):
        outcome = next((child.tag for child in case if child.tag in {"failure", "error", "skipped"}), "passed")
        results.setdefault(case.attrib["name"].partition("[")[0], []).append(outcome)
    return results


def _run(folder: Path, *command: str) -> str:
    answer = subprocess.run(command, cwd=folder, env=_environ(), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"{' '.join(command)}\n{answer.stdout}{answer.stderr}"
    return answer.stdout


def _environ() -> dict[str, str]:
    """Return the environment without what would let the sources of this checkout shine through."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CRM_", "PYTEST_")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
