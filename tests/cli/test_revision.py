"""`crm plugin revision`, on a plugin that is installed for the test."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.feature("P2.7", "P2.5")

MODULE = """
from sqlalchemy.orm import Mapped
from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl
PLUGIN = PluginInfo(name="ledger")
class LedgerEntity(Entity, plugin="ledger"):
    __abstract__ = True
class Line(LedgerEntity):
    __tablename__ = "ledger_line"
    __visibility__ = Visibility.public()
    __personal__ = ()
    amount: Mapped[int]
@hookimpl
def crm_tables(): return [Line]
@hookimpl
def crm_migrations(): return Migrations("crmcore_ledger")
"""


def crm(folder, *arguments, code=0):
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "crmcore.cli", "--lang", "en", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_the_first_revision_and_the_next_are_written_and_then_nothing_is_left(tmp_path):
    package = tmp_path / "crmcore_ledger"
    package.mkdir()
    (package / "__init__.py").write_text(MODULE, "utf-8")
    info = tmp_path / "crmcore_ledger-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crmcore-ledger\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text("[crmcore.plugins]\nledger = crmcore_ledger\n", "utf-8")
    assert "ledger_0001_first.py" in crm(tmp_path, "plugin", "revision", "ledger", "first")
    assert "are what its revisions lead to" in crm(tmp_path, "plugin", "revision", "ledger", "again")
    (package / "__init__.py").write_text(
        MODULE.replace("amount: Mapped[int]", "amount: Mapped[int]\n    note: Mapped[str | None]"), "utf-8"
    )
    assert "ledger_0002_note.py" in crm(tmp_path, "plugin", "revision", "ledger", "note")
    assert "note" in (package / "migrations" / "ledger_0002_note.py").read_text("utf-8")


def test_an_unknown_plugin_is_refused(tmp_path):
    assert "PLUGIN_UNKNOWN" in crm(tmp_path, "plugin", "revision", "nobody", "x", code=3)
