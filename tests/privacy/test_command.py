"""`crm privacy`: preview, confirm, and what was done."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from crmcore import Account, Actor, Crm
from crmcore.cli import crm as root

pytestmark = pytest.mark.feature("S18", "A12")


@pytest.fixture
def shop(tmp_path):
    """A deployment with a customer who agreed to something."""
    folder = tmp_path / "shop"
    assert CliRunner().invoke(root, ["init", str(folder)]).exit_code == 0
    with Crm.open(folder) as opened, opened.session(Actor.system("setup")) as s:
        account = s.accounts.create(name="Mario Rossi", kind="retail", phone1="+39 0424 000012", portfolio="GENERICO")
        s.consents.record(account, "marketing", "email", given=True, source="web", proof="form 12")
        s.commit()
    return folder


def test_a_person_is_previewed_exported_erased_and_found_in_the_log(shop, tmp_path):
    def crm(*args, code=0):
        done = CliRunner().invoke(root, ["-C", str(shop), "--lang", "en", *args])
        assert done.exit_code == code, done.output
        return done.output

    assert "form 12" in crm("privacy", "consents", "account", "1")
    crm("privacy", "export", "account", "1", str(tmp_path / "rossi.json"))
    assert json.loads((tmp_path / "rossi.json").read_text())["tables"]["account"][0]["name"] == "Mario Rossi"
    shown = crm("privacy", "preview", "account", "1", "--keep", "consent=lawsuit")
    assert "--keep 'consent=lawsuit'" in shown
    token = json.loads(crm("--json", "privacy", "preview", "account", "1"))["token"]
    assert "ERASURE_CHANGED" in crm("privacy", "erase", "account", "1", "--reason", "request", "--confirm", "0" * 64, code=1)
    assert crm("privacy", "suppression", "--phone", "0424 000012").split()[-1] == "no"
    assert "Erased the person of account 1" in crm("privacy", "erase", "account", "1", "--reason", "request", "--confirm", token)
    assert crm("privacy", "suppression", "--phone", "0424 000012").split()[-1] == "yes"
    rows = json.loads(crm("--json", "privacy", "log"))
    assert [(row["kind"], row["reason"], row["scrubbed_at"] is None) for row in rows] == [
        ("export", "", True),
        ("erasure", "request", False),
    ]
    assert "The log is empty." in crm("privacy", "log", "--due", "2099-01-01")
    assert "clean" in crm("privacy", "scrub")
    with Crm.open(shop) as opened, opened.session(Actor.system("check")) as s:
        assert s.require(Account, 1).name == "—"
