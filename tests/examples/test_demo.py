"""What `make demo` does, as somebody sees who runs it for the first time."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crmcore.cli import crm as root

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


@pytest.mark.feature("S03", "B15", "D01", "D04", "I-17", "I-19")
def test_two_lists_become_a_clean_registry(tmp_path, capsys):
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)

    demo.main(tmp_path / "demo")

    told = capsys.readouterr().out
    assert "lista4000.csv: 4000 rows = 3894 created + 50 updated + 16 rejected + 40 repeated; 13 cells left out" in told
    assert "fiera.csv: 26 rows = 23 created + 0 updated + 3 rejected + 0 repeated" in told
    merged, left = told.split("\nLeft ")
    assert "Vetreria Alba → Vetreria Alba di Libero Alba: one name is part of the other" in merged
    # A household is left to people, and two firms behind one switchboard are not even shown as one.
    assert "Rossi Mario / Rossi Anna: names that contradict" in left
    assert "Beta Consulenze" not in told
    assert "is an account of its own again" in left

    # What the demo proposes next.
    found = CliRunner().invoke(root, ["-C", str(tmp_path / "demo"), "--json", "accounts", "find", "corti"])
    (account,) = json.loads(found.stdout)
    shown = CliRunner().invoke(root, ["-C", str(tmp_path / "demo"), "--json", "accounts", "show", str(account["id"])])
    card = json.loads(shown.stdout)
    assert card["vat_code"] == "00000029991"
    assert {key["key"] for key in card["keys"]} == {"F003", "F004"}
    queue = CliRunner().invoke(root, ["-C", str(tmp_path / "demo"), "--json", "quality", "duplicates", "list"])
    assert len(json.loads(queue.stdout)) == told.count(" / ")
