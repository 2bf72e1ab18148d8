"""`crm audit` and `crm monitoring`."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from crmcore import Actor, Crm
from crmcore.cli.codes import ExitCode
from crmcore.model import User

pytestmark = pytest.mark.feature("A11", "A12", "I-71")


@pytest.fixture
def firm(shop):
    """A deployment in which Anna wrote two accounts today, and Bruno nothing."""
    with Crm.open(shop) as opened:
        with opened.session(Actor.system("setup")) as s:
            for login in ("anna", "bruno"):
                s.add(User(login=login))
            s.commit()
        with opened.session("anna", source="ui") as s:
            for name in ("Rossi", "Verdi"):
                s.accounts.create(name=name, phone1="+39 0424 000012", portfolio="GENERICO")
            s.commit()
    return shop


def test_the_audit_is_listed_shown_exported_sealed_and_verified(crm, firm, tmp_path):
    listed = json.loads(crm("-C", firm, "--json", "audit", "list", "--record", "account", "--user", "anna").stdout)
    assert [(row["entity"], row["verb"], row["entity_id"]) for row in listed] == [("account", "created", 2), ("account", "created", 1)]
    assert "Nessuna riga" in crm("-C", firm, "audit", "list", "--before", "2020-01-01").stdout
    shown = crm("-C", firm, "--lang", "en", "audit", "show", listed[1]["id"]).stdout
    assert ("not sealed yet" in shown, "Rossi" in shown) == (True, True)
    crm("-C", firm, "audit", "list", "--record", "account:x", code=ExitCode.USAGE)
    [head] = crm("-C", firm, "audit", "seal").stdout.split()
    assert crm("-C", firm, "audit", "head").stdout.split() == [head]
    assert head in crm("-C", firm, "audit", "verify", "--head", head).stdout
    assert json.loads(crm("-C", firm, "--json", "audit", "verify").stdout)["unsealed"] == 0
    assert json.loads(crm("-C", firm, "--json", "audit", "show", listed[0]["id"]).stdout)["block"] == 1
    crm("-C", firm, "audit", "export", "--record", "account:1", "--output", tmp_path / "account.jsonl")
    [line] = (tmp_path / "account.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["changes"]["name"] == [None, "Rossi"]
    with Crm.open(firm) as opened, opened.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER crm_audit_update"))
        connection.execute(text("UPDATE crm_audit SET actor = 'bruno' WHERE id = :id"), {"id": listed[1]["id"]})
    refused = crm("-C", firm, "--lang", "en", "audit", "verify", code=ExitCode.REFUSED)
    assert f"AUDIT_ROW_CHANGED: row {listed[1]['id']} of the audit was changed" in refused.output


def test_contributions_as_table_bars_and_picture(crm, firm, tmp_path):
    table = crm("-C", firm, "--lang", "en", "monitoring", "contributions", "--svg", tmp_path / "bars.svg").stdout
    assert ("0 ok, 1 poor, 1 inactive" in table, "NEW ACCOUNTS" in table) == (True, True)
    assert (tmp_path / "bars.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert "anna   ████████" in crm("-C", firm, "monitoring", "contributions", "--chart").stdout
    rows = json.loads(crm("-C", firm, "--json", "monitoring", "contributions").stdout)
    assert [(row["login"], row["contributions"], row["status"], row["core.accounts"]) for row in rows] == [
        ("anna", 2, "poor", 2),
        ("bruno", 0, "inactive", 0),
    ]
    past = crm("-C", firm, "monitoring", "contributions", "--from", "2020-01-01", "--to", "2020-01-31", "--chart").stdout
    assert "0 regolari, 0 scarsi, 2 inattivi" in past
