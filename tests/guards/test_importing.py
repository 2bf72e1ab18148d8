"""Importing does nothing: no engine, no thread, no environment, no file; and it does not pull in what only some need."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

import pytest

from tools.repository import ROOT

pytestmark = pytest.mark.feature("P2.3")

HEAVY: Final = ("alembic", "rich", "click", "ruamel", "jinja2", "psycopg", "asteval", "numpy", "holidays", "pytest")
"""What costs time to import, and only some ways of using the core need."""

SPY: Final = """
import json, os, sys, threading, traceback
import sqlalchemy

report = {"environment": [], "written": [], "engines": [], "threads": [], "network": [], "processes": []}


def culprit():
    # The nearest frame of ours: what libraries do by themselves is theirs to answer for.
    for frame in reversed(traceback.extract_stack()):
        if "/crmcore" in frame.filename.replace(os.sep, "/"):
            return f"{frame.filename}:{frame.lineno}"
    return ""


def direct():
    # Skip this function, the spy and os itself.
    for frame in reversed(traceback.extract_stack()[:-2]):
        library = frame.filename.endswith(("os.py", "_collections_abc.py")) or "frozen" in frame.filename
        if not library and frame.filename != "<string>":
            return frame.filename.replace(os.sep, "/")
    return ""


class Watched(type(os.environ)):
    def __getitem__(self, key):
        place = direct()
        if "/crmcore" in place:
            report["environment"].append(f"{place}: {key}")
        return super().__getitem__(key)


def hook(event, args):
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        report["written"].append(f"{args[0]} by {culprit()}")
    elif event in {"socket.connect", "sqlite3.connect"}:
        report["network"].append(f"{event} by {culprit()}")
    elif event in {"subprocess.Popen", "os.system", "os.fork", "os.exec"}:
        report["processes"].append(f"{event} by {culprit()}")


def make_engine(*args, **options):
    report["engines"].append(culprit())
    return real_engine(*args, **options)


def start(thread):
    report["threads"].append(culprit())
    return real_start(thread)


os.environ.__class__ = Watched
sys.addaudithook(hook)
real_engine, sqlalchemy.create_engine = sqlalchemy.create_engine, make_engine
real_start, threading.Thread.start = threading.Thread.start, start
before = set(sys.modules)
"""

REPORT: Final = """
report["modules"] = sorted(set(sys.modules) - before)
sys.stdout.write(json.dumps(report))
"""

ALL_NAMES: Final = """
import crmcore
for name in crmcore.__all__:
    getattr(crmcore, name)
"""
"""The names are looked up when they are first used."""

EVERYTHING: Final = """
import importlib, pkgutil, crmcore
for module in pkgutil.walk_packages(crmcore.__path__, "crmcore."):
    # A revision is run by Alembic only, and the templates of new plugins are not modules.
    if ".versions." not in module.name and ".templates" not in module.name and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def run(code: str) -> dict[str, list[str]]:
    answer = subprocess.run(
        [sys.executable, "-B", "-c", SPY + code + REPORT], capture_output=True, text=True, check=False, cwd=ROOT / "tests"
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def effects(report: dict[str, list[str]]) -> dict[str, list[str]]:
    return {kind: found for kind, found in report.items() if kind != "modules" and found}


def test_importing_crmcore_does_nothing():
    assert effects(run(ALL_NAMES)) == {}


def test_importing_every_module_does_nothing():
    assert effects(run(EVERYTHING)) == {}


def test_importing_crmcore_imports_no_plugin_and_nothing_heavy():
    modules = run(ALL_NAMES)["modules"]
    roots = {name.partition(".")[0] for name in modules}
    assert sorted(roots & set(HEAVY)) == []
    assert [name for name in roots if name.startswith("crmcore_")] == []
    assert [name for name in modules if name.startswith(("crmcore.cli", "crmcore.testing"))] == []


def test_the_spy_sees_what_it_is_there_for(tmp_path):
    # A guard that cannot fail guards nothing.
    package = tmp_path / "crmcore_rude"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import os, threading, sqlalchemy\n"
        "os.environ.get('HOME')\n"
        "sqlalchemy.create_engine('sqlite://')\n"
        "threading.Thread(target=len, args=('',)).start()\n"
        f"open({str(tmp_path / 'left')!r}, 'w').close()\n"
    )
    report = run(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import crmcore_rude")
    assert sorted(effects(report)) == ["engines", "environment", "threads", "written"]
