"""Reports as people get them: on the command line, as text, in a spreadsheet, as a picture."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from crmcore_offers.model import CommissionRule, Document, OrderType, Row, Target, VatCode
from crmcore_offers.reports import By, Reports, Unit
from crmcore_offers.reports.charts import bars_of, svg_chart, text_chart
from crmcore_offers.reports.sheets import sheet_of

from crmcore import Actor, Crm
from crmcore.cli import crm as command
from crmcore.model import Salesperson


def fill(session):
    """Add an open offer and a won contract of an agent whose name a spreadsheet would run."""
    session.add(VatCode(code="S22", label_it="22 %", rate=Decimal(22)))
    session.add(OrderType(code="T-OFF", label_it="Offerta", meaning="offer", counts_in=["pipeline", "commission"]))
    agent = session.add(Salesperson(code="A1", kind="agent", name="=Basso"))
    account = session.accounts.create(name="Hotel Miramonti S.p.A.", phone1="+39 0424 000012", portfolio="GENERICO")
    session.flush()
    common = {"type": "T-OFF", "account_id": account.id, "issued_on": date(2026, 5, 1), "owner": "admin", "agent_id": agent.id}
    session.add(Document(state="presented", taxable=Decimal("18396.00"), close_period="2026-09", reference="1/2026", **common))
    won = session.add(Document(state="won", effective_confirmation=date(2026, 5, 4), reference="2/2026", **common))
    session.add(Target(code="y", period="2026", amount=Decimal("20000.00")))
    session.add(CommissionRule(code="base", label_it="Base", label_en="Basic", percent=Decimal("2.5")))
    session.flush()
    session.add(Row(document_id=won.id, position=1, code="X", quantity=Decimal(3), price=Decimal("411.50"), cost=Decimal(100), vat="S22"))
    session.commit()


@pytest.mark.feature("G01", "L04", "L05", "G22", "G23", "P8.3")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_commands_show_each_report_and_write_it_for_a_spreadsheet(tmp_path, database_kind):
    del database_kind

    def run(*arguments, lang="it", code=0):
        result = CliRunner().invoke(command, ["-C", str(tmp_path), "--lang", lang, *arguments])
        assert result.exit_code == code, result.output
        return result.output

    (tmp_path / "crm.yaml").write_text("database: sqlite:///crm.db\nplugins: [offers]\n", "utf-8")
    run("migrate")
    with Crm.open(tmp_path) as crm, crm.session(Actor.system("test")) as session:
        fill(session)
    file, picture = tmp_path / "out.csv", tmp_path / "out.svg"
    shown = run("offers", "pipeline", "--by", "agent", "--csv", str(file), "--svg", str(picture))
    assert "18.396,00" in shown
    assert "Ponderato" in shown
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rows == [
        ["Codice", "Descrizione", "Numero", "Imponibile", "Ponderato"],
        ["A1", "'=Basso", "1", "18396,00", "7358,40"],
        ["", "Totale", "1", "18396,00", "7358,40"],
    ]
    assert ET.parse(picture).getroot().tag.endswith("svg")
    [line] = [each for each in json.loads(run("--json", "offers", "pipeline")) if each["key"] == "presented"]
    assert (line["taxable"], line["label"]) == ("18396.00", "Presentata")
    lines = json.loads(run("--json", "offers", "forecast", "--period", "2026", "--unit", "year", lang="en"))
    assert [(each["won"], each["weighted"], each["target"], each["gap"], each["percent"]) for each in lines] == [
        ("1234.50", "7358.40", "20000.00", "11407.10", "6.17")
    ]
    period = ("--from", "2026-01-01", "--to", "2026-12-31")
    assert "6,29" in run("offers", "efficacy", *period)
    [document, _] = json.loads(run("--json", "offers", "efficacy", "--documents", *period))
    assert (document["key"], document["margin"], document["margin_percent"]) == ("2/2026", "934.50", "75.70")
    assert json.loads(run("--json", "offers", "commissions", "--period", "2026-05"))[0]["amount"] == "30.86"
    assert "Basic (base): 2.5 % · taxable 1234.50 = 30.86" in run("offers", "commissions", "--rows", "--period", "2026-Q2", lang="en")
    assert "Entrati" in run("offers", "conversion", "--period", "2026")
    assert "% won" in run("offers", "conversion", "--wins", *period, lang="en")
    assert "OFFERS_PERIOD" in run("offers", "pipeline", "--period", "2026-00", code=1)


@pytest.mark.feature("G01", "G23")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_bars_show_the_likely_part_and_the_target(firm):
    with firm.system() as session:
        fill(session)
        reports = Reports(session)
        pipeline, forecast = reports.pipeline(By.AGENT), reports.forecast("2026", Unit.YEAR)
    assert text_chart(bars_of(pipeline), width=10) == ["=Basso  ████░░░░░░  18396.00"]
    # 1234.50 won and 7358.40 likely of 20,000.00: the target is where the scale ends.
    assert text_chart(bars_of(forecast), width=20) == ["2026  █░░░░░░░           │  8592.90"]
    picture = ET.fromstring(svg_chart(bars_of(forecast)))
    lengths = [each.get("width") for each in picture.iter("{http://www.w3.org/2000/svg}rect")]
    assert lengths == ["171", "24"]
    assert sheet_of(pipeline).text("en").splitlines() == [
        "Code  Description  Count    Taxable  Weighted",
        "A1    =Basso           1  18,396.00  7,358.40",
        "      Total            1  18,396.00  7,358.40",
    ]
    with pytest.raises(TypeError, match="is no report"):
        sheet_of("a text")
