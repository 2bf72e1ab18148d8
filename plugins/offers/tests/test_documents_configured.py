"""Order types as a deployment configures them, and the commands."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner
from crmcore_offers.archive import Documents, NewRow
from crmcore_offers.model import OrderType, VatCode
from crmcore_offers.pricing import Products
from sqlalchemy import select

from crmcore import Actor, Crm
from crmcore.cli import crm as command

pytestmark = [pytest.mark.feature("G11", "G12", "I-75"), pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)]

DEPLOYMENT = """
database: sqlite:///crm.db
plugins: [offers, italy]
offers.types:
  OFF: {number_format: "{series}{number:04d}/{year}"}
  LEA:
    label: {it: Noleggio, en: Lease}
    meaning: contract
    series: LEA
    initial_state: INITIAL
    successors: [SUCCESSOR]
    generates: GENERATED
    required_fields: [close_period, REQUIRED]
    stamp: STAMP
    number_format: "FORMAT"
"""
GOOD = {
    "INITIAL": "verifying",
    "SUCCESSOR": "FAT",
    "GENERATED": "SEG",
    "REQUIRED": "needs",
    "STAMP": "contract_inserted",
    "FORMAT": "{number}",
}
WRONG = {
    "INITIAL": "nessuno",
    "SUCCESSOR": "XXX",
    "GENERATED": "LEA",
    "REQUIRED": "colore",
    "STAMP": "notes",
    "FORMAT": "{numero}",
}


@pytest.fixture
def folder(tmp_path, database_kind):
    assert database_kind == "sqlite"
    write(tmp_path, GOOD)
    return tmp_path


def write(folder, values):
    text = DEPLOYMENT
    for name, value in values.items():
        text = text.replace(name, value)
    (folder / "crm.yaml").write_text(text, "utf-8")


@pytest.fixture
def run(folder):
    def run(*arguments, code=0, lang="en"):
        result = CliRunner().invoke(command, ["-C", str(folder), "--lang", lang, *arguments])
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_a_type_that_makes_no_sense_is_refused_with_its_place(folder, run):
    run("migrate")
    write(folder, WRONG)
    refused = run("plan", code=3)
    fields = ("initial_state", "successors", "generates", "required_fields", "stamp", "number_format")
    assert [name for name in fields if f"offers.types.LEA.{name}" not in refused] == []
    for text in ("has no state nessuno", "no type XXX", "LEA → LEA", "no field colore", "notes is no date", "{numero}"):
        assert text in refused
    write(folder, {**GOOD, "INITIAL": "verifying"})
    run("apply", "--plan", json.loads(run("--json", "plan", code=6))["hash"])
    assert "changes" not in run("plan")


def test_the_usual_types_are_there_and_the_commands_show_what_is_made_of_them(folder, run):
    run("migrate")
    run("apply", "--plan", json.loads(run("--json", "plan", code=6))["hash"])
    with Crm.open(folder) as crm, crm.session(Actor.system("test")) as session:
        types = {each.code: each for each in session.scalars(select(OrderType))}
        begun = {code: each.initial_state for code, each in types.items() if each.initial_state}
        session.add(VatCode(code="S22", label_it="Aliquota di prova", rate=Decimal(22)))
        account = session.accounts.create(name="Hotel Miramonti", phone1="+39 0424 000012", portfolio="GENERICO")
        session.flush()
        documents = Documents(session)
        documents.create("offer", account, rows=[NewRow(price=Decimal("7.5"), vat="S22", description="Trasporto")])
        lease = documents.create("LEA", account, close_period="2026", needs="Auto", reference="1/2026")
        session.commit()
        assert [each.type for each in documents.successors(lease)] == ["SEG"]
    assert sorted(types) == ["APP", "COM", "CON", "DDT", "FAT", "LEA", "NC", "OFF", "OPP", "ORD", "SEG", "VEN"]
    # A sale on the line and an appointment begin in different states; all others in that of the table.
    assert begun == {"APP": "booked", "VEN": "verifying", "LEA": "verifying"}

    [row] = json.loads(run("--json", "offers", "list", "--type", "OFF"))
    shown = json.loads(run("--json", "offers", "show", row["reference"]))
    assert (row["reference"][:7], shown["type"], shown["account"], shown["total"]) == ("OFF0001", "OFF Offer", "Hotel Miramonti", "9.15")
    assert [(each["description"], each["net"]) for each in shown["rows"]] == [("Trasporto", "7.50")]
    assert "Offerta" in run("offers", "show", row["reference"], lang="it")
    assert "Nessun documento." in run("offers", "list", "--state", "lost", "--account", "1", lang="it")

    [changed] = json.loads(run("--json", "offers", "state", f"#{row['key']}", "won", "--reason", "Firmata"))
    assert (changed["old"], changed["new"], changed["override"]) == ("inserted", "won", False)
    [order] = json.loads(run("--json", "offers", "convert", row["reference"], "ORD"))
    assert (order["reference"][:2], order["predecessor"], order["total"]) == ("1/", row["key"], "9.15")
    [sold] = json.loads(run("--json", "offers", "list", "--state", "won"))
    assert sold["key"] == row["key"]

    refused = run("offers", "convert", row["reference"], "NC", code=1)
    assert "OFFERS_NO_SUCCESSOR" in refused
    assert "NOT_FOUND" in run("offers", "show", "99/1999", code=1)
    with Crm.open(folder) as crm, crm.session(Actor.system("test")) as session:
        Documents(session).create("OPP", 1, reference="1/2026")
        session.commit()
    assert "OFFERS_REFERENCE_AMBIGUOUS" in run("offers", "show", "1/2026", code=1)


def test_a_document_is_made_on_the_command_line(folder, run):
    run("migrate")
    run("apply", "--plan", json.loads(run("--json", "plan", code=6))["hash"])
    [account] = json.loads(run("--json", "accounts", "create", "Hotel Miramonti", "--phone", "0424 000012", "--portfolio", "GENERICO"))
    with Crm.open(folder) as crm, crm.session(Actor.system("test")) as session:
        Products(session).create("CUC-100", "Cucina", vat="22")
        session.commit()
    made = ("--json", "offers", "create", "OFF", str(account["id"]), "--row", "CUC-100:4:3250,00:10")
    [offer] = json.loads(run(*made, "--row", "CUC-100:1:2250"))
    assert (offer["taxable"], offer["total"]) == ("13950.00", "17019.00")
    assert "OFFERS_PRICE_MISSING" in run("offers", "create", "OFF", str(account["id"]), "--row", "CUC-100", code=1)
    for wrong in ("CUC-100:x", ":4", "CUC-100:1:1:1:1"):
        assert "PRODUCT[:QUANTITY" in run("offers", "create", "OFF", "1", "--row", wrong, code=2)
