"""`crm plan`, `apply`, `diff`, `export-config` and `init --example`, as people and programs run them."""

from __future__ import annotations

import json
import os
import re

import pytest

from crmcore.cli.codes import ExitCode
from crmcore.cli.commands import plan as commands

pytestmark = pytest.mark.feature("P4.3")


@pytest.fixture
def firm(shop):
    """Return a migrated deployment with some configuration."""
    with (shop / "crm.yaml").open("a") as file:
        file.write("\nportfolios: {BU1: {RESID: Residenziale}}\ninclude: [config/*.yaml]\n")
    (shop / "config").mkdir()
    (shop / "config" / "kinds.yaml").write_text("interaction_kinds: {fair: Fiera, visit: {label: Visita in sede}}\n")
    return shop


def test_a_plan_is_shown_and_applied_by_its_hash(crm, firm):
    shown = crm("-C", firm, "--lang", "en", "plan", code=6).output
    assert "portfolios:\n  + BU1/RESID (new)" in shown
    assert "  ~ visit (changes)\n" in shown
    [found] = re.findall(r"crm apply --plan ([0-9a-f]{16})\n", shown)
    assert "Applied 3 step(s)." in crm("-C", firm, "--lang", "en", "apply", "--plan", found).output
    assert crm("-C", firm, "--lang", "it", "plan").output == "Niente da fare: il database è come dicono i file.\n"
    # The plan is another one by now: there is nothing to do.
    assert "PLAN_MOVED" in crm("-C", firm, "apply", "--plan", found, code=1).output


def test_a_plan_as_json(crm, firm):
    found = json.loads(crm("-C", firm, "--json", "plan", code=6).stdout)
    assert [(step["collection"], step["key"], step["kind"]) for step in found["steps"]] == [
        ("portfolios", ["BU1", "RESID"], "add"),
        ("interaction_kinds", ["fair"], "add"),
        ("interaction_kinds", ["visit"], "change"),
    ]
    done = json.loads(crm("-C", firm, "--json", "apply", "--plan", found["hash"]).stdout)
    assert done["hash"] == found["hash"]
    assert json.loads(crm("-C", firm, "--json", "plan").stdout)["empty"] is True


def test_what_is_left_out_needs_prune(crm, firm):
    found = json.loads(crm("-C", firm, "--json", "plan", code=6).stdout)
    crm("-C", firm, "apply", "--plan", found["hash"])
    (firm / "config" / "kinds.yaml").write_text("interaction_kinds: {fair: Fiera}\n")
    assert "1 item(s) that the files do not mention stay; with --prune they go." in crm("-C", firm, "--lang", "en", "plan").output
    shown = crm("-C", firm, "--lang", "en", "plan", "--prune", code=6).output
    assert "  < visit (falls back to the layer below)\n" in shown
    [option] = re.findall(r"apply --plan (.*)\n", shown)
    assert option.endswith(" --prune")
    crm("-C", firm, "apply", "--plan", *option.split())
    crm("-C", firm, "plan", "--prune")


def test_a_broken_configuration_is_told_with_its_lines(crm, firm):
    (firm / "config" / "kinds.yaml").write_text("interaction_kinds:\n  fair: {lable: Fiera}\nzonez: {}\n")
    shown = crm("-C", firm, "--lang", "en", "plan", code=3).output
    assert "kinds.yaml:2:10: interaction_kinds.fair.lable: is not known here, did you mean 'label'?" in shown
    assert "kinds.yaml:3:1: zonez: is not known here, did you mean 'zones'?" in shown
    assert "No such option" not in crm("-C", firm, "apply", "--plan", "x", code=3).output


def test_a_plan_that_cannot_be_applied_has_another_exit_code(crm, shop):
    config = shop / "crm.yaml"
    text = config.read_text()
    config.write_text(text + "characteristics: {account: {codice: Codice}}\n")
    found = json.loads(crm("-C", shop, "--json", "plan", code=6).stdout)
    crm("-C", shop, "apply", "--plan", found["hash"])
    from crmcore import Crm

    with Crm.open(shop) as opened, opened.session("anna") as s:
        s.accounts.create(name="Rossi", phone1="+39 0424 000012", portfolio="GENERICO", characteristics={"codice": "A"})
        s.commit()
    config.write_text(text + "characteristics: {account: {codice: {label: Codice, type: integer}}}\n")
    shown = crm("-C", shop, "--lang", "it", "plan", code=1).output
    assert "! 1 valori non si convertono in integer (schede 1…)" in shown
    found = json.loads(crm("-C", shop, "--json", "plan", code=1).stdout)
    assert "PLAN_BLOCKED" in crm("-C", shop, "apply", "--plan", found["hash"], code=1).output


@pytest.mark.feature("P4.4")
def test_overrides_are_shown_in_three_ways(crm, firm):
    assert "changes nothing" not in crm("-C", firm, "--lang", "en", "diff").output
    row = json.loads(crm("-C", firm, "--json", "diff").stdout)
    assert row == [
        {
            "item": "interaction_kinds visit",
            "field": "label",
            "owner": "core",
            "layer": {"it": "Visita", "en": "Visit"},
            "files": {"it": "Visita in sede", "en": "Visit"},
            "database": {"it": "Visita", "en": "Visit"},
        }
    ]


@pytest.mark.feature("P4.5")
def test_an_export_is_a_deployment_whose_plan_is_empty(crm, firm, tmp_path):
    found = json.loads(crm("-C", firm, "--json", "plan", code=6).stdout)
    crm("-C", firm, "apply", "--plan", found["hash"])
    folder = tmp_path / "copy"
    crm("-C", firm, "export-config", folder)
    assert sorted(path.name for path in (folder / "config").iterdir()) == ["interaction_kinds.yaml", "portfolios.yaml"]
    assert os.path.relpath(firm / "crm.db", folder) in (folder / "crm.yaml").read_text()
    crm("-C", folder, "plan", "--prune")
    assert "DEPLOYMENT_EXISTS" in crm("-C", firm, "export-config", folder, code=1).output


@pytest.mark.feature("P4.7")
@pytest.mark.parametrize("name", ["arredo-contract", "call-center", "forza-vendita"])
def test_an_example_is_where_one_starts(crm, tmp_path, name):
    folder = tmp_path / "firm"
    assert f"crm -C {folder} plan" in crm("--lang", "it", "init", folder, "--example", name).output
    found = json.loads(crm("-C", folder, "--json", "plan", code=6).stdout)
    crm("-C", folder, "apply", "--plan", found["hash"])
    crm("-C", folder, "plan", "--prune")
    assert (folder / "README.md").is_file()
    assert "DEPLOYMENT_EXISTS" in crm("init", folder, "--example", name, code=1).output


def test_the_examples_are_listed_and_others_are_not_known(crm, tmp_path):
    assert "forza-vendita" in crm("init", "--example", "list").output
    assert "EXAMPLE_UNKNOWN" in crm("init", tmp_path / "x", "--example", "forza", code=1).output
    assert not (tmp_path / "x").exists()


def test_an_example_goes_to_the_database_that_one_names(crm, tmp_path):
    crm("init", tmp_path / "firm", "--example", "call-center", "--database", "sqlite:///other.db", "--plugin", "toyshop", "--no-migrate")
    text = (tmp_path / "firm" / "crm.yaml").read_text()
    assert 'database: "sqlite:///other.db"\n' in text
    assert "plugins: [toyshop]\n" in text


def test_the_exit_codes_have_names():
    assert (ExitCode.CHANGES, ExitCode.REFUSED) == (6, 1)
    assert commands.plan.name == "plan"
