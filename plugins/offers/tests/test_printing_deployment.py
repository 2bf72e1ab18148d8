"""Templates as data: a deployment brings its own, and the command prints with them."""

from __future__ import annotations

import base64
import io
import json
import re
from datetime import date
from decimal import Decimal

import docx
import pytest
from click.testing import CliRunner
from crmcore_offers.model import Document, OrderType, Row, VatCode
from crmcore_offers.printing.fields import PLACEHOLDERS

from crmcore import Actor, Crm
from crmcore.cli import crm as command
from tools.repository import DOCS

DEPLOYMENT = """\
database: sqlite:///crm.db
plugins: [offers, italy]
settings: {offers: {company_name: Arredi Bellini S.r.l.}, core: {required_account_fields: [name]}}
offers.templates:
  lettera: {label: {it: Lettera}, format: text, body: "Gentile {account.FIELD}, totale {document.total}. {account.pek}"}
  word: {label: {it: Contratto Word}, format: word, file: WORD}
  doppio: {label: {it: Doppio}, page: offer, body: x}
"""


def word(text):
    made, content = docx.Document(), io.BytesIO()
    made.add_paragraph(text)
    made.save(content)
    return base64.b64encode(content.getvalue()).decode()


@pytest.fixture
def run(tmp_path):
    def invoke(*arguments, code=0):
        result = CliRunner().invoke(command, ["-C", str(tmp_path), "--lang", "en", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result.output

    return invoke


@pytest.mark.feature("G07", "G20", "I-52", "P4.1")
def test_a_deployment_brings_templates_which_are_checked_by_the_plan_and_used_by_the_command(run, tmp_path, shared_renderer):
    file = tmp_path / "crm.yaml"
    file.write_text(DEPLOYMENT.replace("FIELD", "nome").replace("WORD", base64.b64encode(b"no Word").decode()), "utf-8")
    run("migrate")
    refused = run("plan", code=3)
    for each in ("account.nome; perhaps account.name?", "account.pek; perhaps account.pec?", "it is not a .docx document", "not both"):
        assert each in refused
    assert "crm.yaml:5:" in refused

    sound = DEPLOYMENT.replace("FIELD", "name").replace(" {account.pek}", "").replace("WORD", word("Per {account.name}"))
    file.write_text("\n".join(sound.splitlines()[:-1]) + "\n", "utf-8")
    run("apply", "--plan", json.loads(run("--json", "plan", code=6))["hash"])
    with Crm.open(tmp_path) as crm, crm.session(Actor.system("test")) as session:
        session.add(VatCode(code="S22", label_it="Aliquota", rate=Decimal(22)))
        session.add(OrderType(code="T-OFF", label_it="Offerta", meaning="offer", template="lettera"))
        hotel = session.accounts.create(name="Hotel Miramonti", phone1="+39 0424 000012", portfolio="GENERICO")
        session.flush()
        total = {"taxable": Decimal(100), "vat_amount": Decimal(22), "total": Decimal(122)}
        made = Document(type="T-OFF", account_id=hotel.id, reference="OFF/7", issued_on=date(2026, 5, 20), owner="a", **total)
        session.add(made)
        session.flush()
        session.add(Row(document_id=made.id, position=1, vat="S22", vat_rate=Decimal(22), price=Decimal(100), net=Decimal(100)))
        session.commit()

    assert run("offers", "check-template", "lettera").strip() == "The template is sound."
    run("offers", "print", "OFF/7", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text("utf-8") == "Gentile Hotel Miramonti, totale 122,00."
    run("offers", "print", "1", tmp_path / "a.docx", "--template", "word")
    assert docx.Document(str(tmp_path / "a.docx")).paragraphs[0].text == "Per Hotel Miramonti"
    run("offers", "print", "OFF/7", tmp_path / "a.pdf", "--template", "offer-en")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert "OFFERS_PRINT_DOCUMENT" in run("offers", "print", "NO", tmp_path / "b.pdf", code=1)
    assert "OFFERS_TEMPLATE_UNKNOWN" in run("offers", "check-template", "no", code=1)
    assert not (tmp_path / "b.pdf").exists()


@pytest.mark.feature("P2.10", "G20")
def test_the_page_about_prints_lists_every_placeholder_with_what_it_is():
    page = (DOCS / "plugins" / "offers" / "printing.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `([a-z_]+\.[a-z0-9_]+)` \| (.+) \|$", page, re.MULTILINE))
    expected = {f"{name}.{field}": label.en for name, below in PLACEHOLDERS.items() for field, label in below.items()}
    assert listed == expected
