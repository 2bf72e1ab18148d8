"""`crm quality duplicates`, on a deployment with a key set of its own."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from crmcore import Actor, Crm
from crmcore.cli import crm as root
from crmcore.deployment import load

pytestmark = pytest.mark.feature("D02", "D04")

MAIN = """
lang: en
database: sqlite:///crm.db
plugins: [italy, quality]
include: [keys.yaml]
settings:
  core: {required_account_fields: [name]}
"""
KEYS = """
characteristics:
  account:
    tessera: {label: Tessera}
quality.key_sets:
  card:
    label: {it: numero di tessera, en: card number}
    evidence: true
    fields:
      - {field: c.tessera, normalise: code}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crm.yaml").write_text(MAIN)
    (tmp_path / "keys.yaml").write_text(KEYS)
    runner = CliRunner(env={"CRM_LANG": "en"})

    def command(*words, code=0, env=None):
        result = runner.invoke(root, words, env=env)
        assert result.exit_code == code, result.output
        return result.stdout

    command("migrate")
    plan = json.loads(command("--json", "plan", code=6))
    command("apply", "--plan", plan["hash"])
    with Crm.open(load(tmp_path)) as crm, crm.session(Actor.system("test")) as s:
        rows = (
            {"name": "Rossi Impianti S.r.l.", "vat_code": "00000019992", "phone1": "+39 0424 000012"},
            {"name": "ROSSI IMPIANTI SRL", "vat_code": "00000019992", "phone1": "+39 0445 000077"},
            {"name": "Rossi Impianti", "phone1": "+39 0424 000012", "characteristics": {"tessera": "A-0017"}},
            {"name": "R.I. Impianti", "phone1": "+39 0424 000055", "characteristics": {"tessera": "a 0017"}},
        )
        for row in rows:
            s.accounts.create(**row)
        s.commit()
    return command


def test_from_scan_to_answer(run):
    def listed(*words):
        return json.loads(run("--json", "quality", "duplicates", "list", *words))

    found = {row["what"]: row["count"] for row in json.loads(run("--json", "quality", "duplicates", "find"))}
    assert (found["records"], found["groups"], found["merged"]) == (4, 1, 0)
    assert {(row["one"], row["other"]) for row in listed()} >= {(1, 2), (1, 3), (3, 4)}
    assert "same VAT code" in run("quality", "duplicates", "show", "1")
    # The customer's own key, and what it is called.
    assert "same card number" in run("quality", "duplicates", "show", "4")
    [group] = listed("--groups")
    assert {"1", "2", "3"} <= set(group["accounts"].split(", "))
    merges = json.loads(run("--json", "quality", "duplicates", "merge", "--auto", "--dry-run"))
    assert [row["survivor"] for row in merges] == [1]
    run("quality", "duplicates", "merge", "1", "--auto", code=2)
    run("quality", "duplicates", "reject", "1", "3", "--notes", "two branches")
    assert (1, 3) not in {(row["one"], row["other"]) for row in listed()}
    kinds = {row["kind"]: row for row in json.loads(run("--json", "quality", "duplicates", "keys"))}
    assert (kinds["set:card"]["keys"], kinds["set:card"]["current"], kinds["vat_code"]["keys"]) == (2, "yes", 2)
    assert "up to date" in run("quality", "duplicates", "rebuild", "--stale")
    assert "account 4" in run("quality", "duplicates", "rebuild")


def test_a_key_set_of_what_does_not_exist_is_refused_with_its_place(run, tmp_path):
    (tmp_path / "keys.yaml").write_text(KEYS.replace("c.tessera", "c.carta"))
    result = CliRunner(env={"CRM_LANG": "en"}).invoke(root, ["plan"])
    assert result.exit_code != 0
    assert "c.carta" in result.output
    assert "keys.yaml:" in result.output


@pytest.mark.feature("D02")
def test_people_read_their_own_language_whatever_that_of_the_deployment(run):
    run("quality", "duplicates", "find")
    english, italian = (run("quality", "duplicates", "list", env={"CRM_LANG": lang}) for lang in ("en", "it"))
    assert "same phone" in english
    assert "stesso telefono" in italian
    assert run("--lang", "it", "quality", "duplicates", "list") == italian


@pytest.mark.feature("D01", "D04")
def test_who_is_there_already_is_told_before_an_account_is_made(run):
    (found, *_) = json.loads(run("--json", "quality", "duplicates", "check", "Rossi Impianti srl", "--vat-code", "IT00000019992"))
    assert found["account"] == 1
    assert any(reason.startswith("same VAT code") for reason in found["reasons"])
    assert run("quality", "duplicates", "check", "Panificio Zen", "--phone", "0424 999999").strip() == "Nobody who resembles it."
