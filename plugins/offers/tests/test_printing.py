"""Documents that people hold: what is in the PDF of an offer, in the text of a contract, and in what is kept of them."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pypdfium2
import pytest
from crmcore_offers.model import Document, DocumentFile, PrintTemplate, Revision, Row, VatCode
from crmcore_offers.printing import Prints
from crmcore_offers.printing.fields import FIELDS, PLACEHOLDERS
from crmcore_offers.printing.later import queue_revision
from sqlalchemy import select

from crmcore import Account
from crmcore.errors import RecordNotFound, ValidationFailed
from crmcore.scripting.templates import Missing, TemplateUnresolved

CUCINA, ARMADIO, MONTAGGIO = ("CUC-100", "Cucina «Città»"), ("ARM-220", "Armadio"), ("MON-001", "Montaggio")
REV0 = ((CUCINA, 4, "3250", "10", "11700.00"), (ARMADIO, 6, "780", "5", "4446.00"), (MONTAGGIO, 1, "2250", "", "2250.00"))
REV1 = ((CUCINA, 4, "3250", "12", "11440.00"), (ARMADIO, 5, "780", "5", "3705.00"), (MONTAGGIO, 1, "2100", "", "2100.00"))
TOTALS = {0: ("18396.00", "4047.12", "22443.12"), 1: ("17245.00", "3793.90", "21038.90")}
CONTRACT = (
    "Tra {company.name} (P. IVA {company.vat_code}) e {account.name}, P. IVA {account.vat_code}, PEC {account.pec},\n"
    "con sede in {account.address}: {document.total} euro, data {document.issued_on}, su IBAN {company.iban}."
)


def row_of(number, kept):
    (code, description), quantity, price, discounts, net = kept
    return {
        "position": number,
        "code": code,
        "description": description,
        "quantity": Decimal(quantity),
        "price": Decimal(price),
        "discounts": discounts,
        "vat": "S22",
        "vat_rate": Decimal(22),
        "net": Decimal(net),
    }


def offer(session, hotel, rows=REV0, kind="T-OFF", reference="OFF-2026-00123", **fields):
    taxable, vat, total = map(Decimal, TOTALS[1 if rows is REV1 else 0])
    made = Document(
        type=kind,
        account_id=hotel,
        reference=reference,
        issued_on=date(2026, 5, 20),
        owner="anna",
        taxable=taxable,
        vat_amount=vat,
        total=total,
        **fields,
    )
    session.add(made)
    session.flush()
    for number, kept in enumerate(rows, 1):
        session.add(Row(document_id=made.id, **row_of(number, kept)))
    session.flush()
    return made


def revise(session, document, number, rows):
    header = {"reference": document.reference, "type": document.type, "issued_on": "2026-05-20", "expiry": "2026-06-30", "gone": 1}
    kept = [
        {name: str(value) if isinstance(value, Decimal) else value for name, value in row_of(*each).items()} for each in enumerate(rows, 1)
    ]
    taxable, vat, total = map(Decimal, TOTALS[number])
    return session.add(
        Revision(
            document_id=document.id,
            number=number,
            author="anna",
            at=datetime(2026, 4, 2, tzinfo=UTC),
            taxable=taxable,
            vat_amount=vat,
            total=total,
            content={"header": header, "rows": kept},
        )
    )


def template(session, code, body, kind="text", **fields):
    session.add(PrintTemplate(code=code, label_it=code, format=kind, body=body, **fields))
    session.flush()


def pages_of(content):
    with pypdfium2.PdfDocument(io.BytesIO(content)) as pdf:
        found = []
        for page in pdf:
            text = page.get_textpage()
            found.append(text.get_text_bounded().replace("\r\n", "\n"))
            text.close()
            page.close()
        return found


@pytest.mark.feature("S01", "G07", "I-30")
def test_the_pdf_of_an_offer_says_what_the_offer_says_and_is_the_same_every_time(printing):
    with printing.session() as session:
        document = offer(session, printing.hotel, REV1, payment="60 giorni", notes="Àèìòù <b>", expiry=date(2026, 6, 30), currency="EUR")
        prints = Prints(session)
        content = prints.pdf(document)
        printing.at(2027, 1, 7)
        assert prints.pdf(document) == content
    [text] = pages_of(content)
    lines = (
        *("Arredi Bellini S.r.l.", "P. IVA 00000019992", "Hotel Miramonti S.p.A.", "Via delle Dolomiti, 7", "36100 Vicenza (VI)"),
        *("n. OFF-2026-00123", "20/05/2026", "P. IVA 00000029991", "PEC hotel@pec.example.com", "Cucina «Città»", "60 giorni", "Àèìòù <b>"),
        *("3.250,00", "11.440,00", "3.705,00", "2.100,00", "17.245,00", "3.793,90", "21.038,90", "30/06/2026", "Pagina 1 di 1"),
    )
    assert [each for each in lines if each not in text.replace("\u00a0", " ")] == []
    with pypdfium2.PdfDocument(content) as pdf:
        said = pdf.get_metadata_dict()
    assert (said["Title"], said["Author"]) == ("Offerta di prova OFF-2026-00123", "Arredi Bellini S.r.l.")
    assert said["CreationDate"].startswith("D:20260520")


@pytest.mark.feature("S01", "G08", "G07", "I-39", "I-40", "I-52")
def test_each_revision_has_its_pdf_as_it_was_and_it_is_kept_once(printing):
    sellers = printing.people()
    with printing.system() as session:
        hotel = session.require(Account, printing.hotel)
        hotel.seller_id, hotel.seller_source = sellers["A1"], "manual"
        document = offer(session, printing.hotel, REV1)
        made = [revise(session, document, number, rows) for number, rows in enumerate((REV0, REV1))]
        session.flush()
        for each in (*made, *made):
            queue_revision(session, each.id)
        session.commit()
        # What the document says today is not what its revisions said.
        document.total, document.reference = Decimal(1), "OTHER"
        session.commit()
        key = document.id
    printing.work()
    with printing.session() as session:
        prints, document = Prints(session), session.require(Document, key)
        assert prints.keep(document, 1).id == prints.files(document)[1].id
        kept = prints.files(document)
        texts = [pages_of(prints.read(each.id))[0] for each in kept]
        assert [each.name for each in kept] == ["OFF-2026-00123-rev0.pdf", "OFF-2026-00123-rev1.pdf"]
        assert [each.size for each in kept] == [len(prints.read(each.id)) for each in kept]
        for text, total in zip(texts, ("22.443,12", "21.038,90"), strict=True):
            assert total in text
            assert "30/06/2026" in text
        with pytest.raises(ValidationFailed) as caught:
            prints.pdf(document, revision=9)
        assert [each.code for each in caught.value.problems] == ["OFFERS_PRINT_REVISION"]
    with printing.session("anna") as session:
        # Hers, as she sees it: the same bytes as the system's.
        document = session.require(Document, key)
        assert Prints(session).pdf(document, revision=1) == Prints(session).read(Prints(session).files(document)[1].id)
    with printing.session("carla") as session:
        # Not her customer: neither the list nor a file is there for her.
        assert session.scalars(select(DocumentFile)).all() == []
        with pytest.raises(RecordNotFound):
            Prints(session).read(kept[0].id)


@pytest.mark.feature("S10", "G20", "I-52")
def test_the_text_of_a_contract_has_every_placeholder_resolved_and_none_left(printing):
    with printing.session() as session:
        document = offer(session, printing.hotel, (), kind="T-CON", reference="")
        document.taxable, document.vat_amount, document.total = Decimal("3109.75"), Decimal("684.15"), Decimal("3793.90")
        template(session, "contratto", CONTRACT)
        prints = Prints(session)
        text = prints.text(document, "contratto")
        assert text == (
            "Tra Arredi Bellini S.r.l. (P. IVA 00000019992) e Hotel Miramonti S.p.A., P. IVA 00000029991, PEC hotel@pec.example.com,\n"
            "con sede in Via delle Dolomiti, 7, 36100 Vicenza (VI): 3.793,90 euro, data 20/05/2026, "
            "su IBAN IT85F0503411801000000012345."
        )
        # The same text on paper, and the same contract in the plugin's own page.
        [written] = pages_of(prints.pdf(document, "contratto"))
        assert " ".join(text.split()) in " ".join(written.split())
        [page] = pages_of(prints.pdf(document))
        assert [each for each in ("VENDITORE", "ACQUIRENTE", "3.793,90", "artt. 1341 e 1342") if each not in page] == []

        template(session, "sbagliato", "PEC {account.pecc}")
        [unknown] = prints.check("sbagliato")
        assert (unknown.code, unknown.object) == ("TEMPLATE_FIELD_UNKNOWN", "account.pecc")
        assert "account.pec?" in unknown.text("it")
        printing.pages.clear()
        for print_it in (prints.text, prints.pdf):
            with pytest.raises(ValidationFailed) as caught:
                print_it(document, "sbagliato")
            assert len(caught.value.problems) == 1
        assert printing.pages == []


@pytest.mark.feature("G20", "I-52")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_a_template_may_not_say_is_refused_and_what_has_no_value_is_up_to_it(printing):
    with printing.session() as session:
        document = offer(session, printing.account(name="<img src='file:///etc/passwd'> & C."), notes="{{ account.name }} {account.name}")
        prints = Prints(session)
        wrong = {
            "names": ("{a.b} {{ rows.total }} {{ row.code }} {{ document.values.title }} {{ company.nome }}", "TEMPLATE_FIELD_UNKNOWN", 5),
            "class": ("{{ account.__class__ }}", "TEMPLATE_REFUSED", 1),
            "mro": ("{{ ''['__class__'].mro() }}", "TEMPLATE_REFUSED", 1),
            "include": ("{% include '/etc/passwd' %}", "TEMPLATE_REFUSED", 1),
            "macro": ("{% macro a() %}{% endmacro %}", "TEMPLATE_REFUSED", 1),
            "open": ("{{ account.name", "TEMPLATE_REFUSED", 1),
            "empty": ("  ", "OFFERS_TEMPLATE_EMPTY", 1),
        }
        for code, (body, expected, count) in wrong.items():
            template(session, code, body, kind="html")
            assert [each.code for each in prints.check(code)] == [expected] * count, code
            with pytest.raises(ValidationFailed):
                prints.pdf(document, code)
        template(
            session,
            "endless",
            "{% for a in range(900) %}{% for b in range(900) %}{% for c in range(900) %}x{% endfor %}{% endfor %}{% endfor %}",
        )
        with pytest.raises(ValidationFailed) as caught:
            prints.text(document, "endless")
        assert [each.code for each in caught.value.problems] == ["OFFERS_PRINT_FAILED"]
        for code, expected in (("offer", "OFFERS_TEMPLATE_FORMAT"), ("nowhere", "OFFERS_TEMPLATE_UNKNOWN")):
            with pytest.raises(ValidationFailed) as caught:
                prints.text(document, code)
            assert [each.code for each in caught.value.problems] == [expected]

        template(session, "pec", "PEC {account.pec}, tel. {person.name}, {document.notes}")
        with pytest.raises(TemplateUnresolved) as unresolved:
            prints.text(document, "pec")
        assert unresolved.value.placeholders == ("account.pec", "person.name")
        # A value is never read as a template.
        assert prints.text(document, "pec", missing=Missing.BLANK) == "PEC , tel. , {{ account.name }} {account.name}"
        assert prints.text(document, "pec", missing=Missing.MARK).startswith("PEC [account.pec?], tel. [person.name?]")
        prints.pdf(document)
        assert "&lt;img src=" in printing.pages[-1].html
        assert "<img" not in printing.pages[-1].html


@pytest.mark.feature("G14", "I-30")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_vat_is_printed_once_for_each_rate_and_for_each_reason_why_there_is_none(printing):
    with printing.session() as session:
        codes = (("S22", 22, ""), ("R22", 22, ""), ("S10", 10, ""), ("X31", 0, "N3.1"), ("X4", 0, "N4"))
        for code, rate, nature in codes[1:]:
            session.add(VatCode(code=code, label_it=f"Aliquota {code}", rate=Decimal(rate), nature=nature))
        session.flush()
        document = offer(session, printing.hotel, ())
        # A quarter of a cent on each row is two cents and a half on their sum, which is rounded up.
        nets = [("S10", 10, "0.05")] * 5 + [("S22", 22, "100"), ("R22", 22, "0.01"), ("X4", 0, "7"), ("X31", 0, "3")]
        for number, (code, rate, net) in enumerate(nets, 1):
            amount = Decimal(net)
            session.add(Row(document_id=document.id, position=number, vat=code, vat_rate=Decimal(rate), price=amount, net=amount))
        gone = {"price": Decimal(900), "net": Decimal(900), "state": "cancelled"}
        session.add(Row(document_id=document.id, position=99, vat="S10", vat_rate=Decimal(10), **gone))
        session.flush()
        template(
            session,
            "taxes",
            "{% for each in taxes %}{{ each.rate }} {{ each.nature|default('-') }} {{ each.taxable }} {{ each.amount }}|{% endfor %}",
        )
        assert Prints(session).text(document, "taxes") == "22% - 100,01 22,00|10% - 0,25 0,03|0% N3.1 3,00 0,00|0% N4 7,00 0,00|"


@pytest.mark.feature("G20", "S10")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_every_placeholder_that_is_documented_can_be_used(printing):
    with printing.session() as session:
        document = offer(session, printing.hotel)
        lists = {"rows", "taxes"}
        body = "".join(
            f"{{% for each in {name} %}}{''.join(f'{{{{ each.{field} }}}}' for field in below)}{{% endfor %}}"
            if name in lists
            else "".join(f"{{{name}.{field}}}" for field in below)
            for name, below in PLACEHOLDERS.items()
        )
        values = "".join(f"{{{{ document.values.{each} }}}}" for each in FIELDS["document"]["values"])
        template(session, "everything", body + values + "{account.c.pod}{document.c.pod}")
        assert Prints(session).check("everything") == []
        assert "11.700,00" in Prints(session).text(document, "everything", missing=Missing.BLANK)
