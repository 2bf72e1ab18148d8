"""`crm merge`: preview, run, undo with its questions, and the list."""

from __future__ import annotations

import json

import pytest

from crmcore import Crm
from crmcore.cli.codes import ExitCode

pytestmark = pytest.mark.feature("D03", "S07")


@pytest.fixture
def twins(shop):
    """Make two accounts of one firm, and return their ids."""
    with Crm.open(str(shop)) as crm, crm.session("anna") as s:
        one = s.accounts.create(name="Rossi", phone1="+39 0424 000012", portfolio="GENERICO")
        two = s.accounts.create(name="ROSSI", phone1="+39 0424 000013", portfolio="GENERICO", email="b@example.com")
        s.commit()
        return one.id, two.id


def edit(shop, key, **fields):
    with Crm.open(str(shop)) as crm, crm.session("anna") as s:
        s.accounts.update(s.accounts.require(key), **fields)
        s.commit()


def test_a_merge_is_looked_at_done_listed_and_taken_back(crm, shop, twins):
    one, two = twins
    found = json.loads(crm("-C", shop, "--json", "merge", "preview", one, two).stdout)
    assert (found["archived"], found["refusals"]) == ({"account_portfolio": 1}, [])
    assert "phone1" in crm("-C", shop, "merge", "preview", one, two).stdout
    assert "Nessuna unione" in crm("-C", shop, "merge", "list").stdout
    done = json.loads(crm("-C", shop, "--json", "merge", "run", one, two, "--rule", "survivor", "--reason", "doppione").stdout)
    assert (done["survivor_id"], done["merged_ids"]) == (one, [two])
    [listed] = json.loads(crm("-C", shop, "--json", "merge", "list", "--account", two).stdout)
    assert (listed["id"], listed["reason"], listed["actor"], listed["undone_at"]) == (done["id"], "doppione", "system:cli", None)
    assert "ACCOUNT_MERGED" in crm("-C", shop, "merge", "preview", one, two).stdout
    edit(shop, one, email="a@example.com")
    asked = crm("-C", shop, "merge", "undo", done["id"], code=ExitCode.REFUSED).stdout
    key = f"account:{one}:email"
    assert key in asked
    [question] = json.loads(crm("-C", shop, "--json", "merge", "undo", done["id"], code=ExitCode.REFUSED).stdout)["questions"]
    assert (question["old"], question["merged"], question["now"]) == (None, "b@example.com", "a@example.com")
    crm("-C", shop, "merge", "undo", done["id"], "--choose", key, code=ExitCode.USAGE)
    assert "Annullata l'unione" in crm("-C", shop, "merge", "undo", done["id"], "--choose", f"{key}=keep").stdout
    assert "MERGE_UNDONE" in crm("-C", shop, "merge", "undo", done["id"], code=ExitCode.REFUSED).stderr
    again = crm("-C", shop, "merge", "run", one, two).stdout
    assert f"{two} in {one}" in again
    assert json.loads(crm("-C", shop, "--json", "merge", "undo", int(done["id"]) + 1).stdout)["done"] is True
    assert "doppione" not in crm("-C", shop, "merge", "list").stdout
