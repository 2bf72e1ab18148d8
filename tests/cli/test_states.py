"""`crm states`: the list and the pictures."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from crmcore.cli.codes import ExitCode

pytestmark = pytest.mark.feature("P3.4")


def test_the_list_names_every_table(crm, shop):
    assert "Stati Clienti" in crm("-C", shop, "states", "list").stdout
    rows = json.loads(crm("-C", shop, "--json", "states", "list").stdout)
    found = {row["name"]: (row["entity"], row["mode"], row["states"], row["owner"]) for row in rows}
    assert found["customers"] == ("account", "free", 5, "core")


def test_a_table_is_drawn_as_mermaid_or_svg(crm, shop, tmp_path):
    assert crm("-C", shop, "states", "graph", "customers").stdout.startswith("flowchart LR\n")
    assert crm("-C", shop, "states", "graph", "customers", "--mermaid").stdout.startswith("flowchart LR\n")
    crm("-C", shop, "states", "graph", "customers", "--svg", tmp_path / "c.svg")
    assert ET.parse(tmp_path / "c.svg").getroot().tag.endswith("svg")
    assert crm("-C", shop, "states", "graph", "customers", "--svg", "-").stdout.startswith("<svg")
    assert json.loads(crm("-C", shop, "--json", "states", "graph", "customers").stdout)["mode"] == "free"


def test_what_cannot_be_drawn_is_refused(crm, shop, tmp_path):
    assert "STATE_TABLE_UNKNOWN" in crm("-C", shop, "states", "graph", "nothing", code=ExitCode.REFUSED).stderr
    crm("-C", shop, "states", "graph", "customers", "--mermaid", "--svg", tmp_path / "c.svg", code=ExitCode.USAGE)
