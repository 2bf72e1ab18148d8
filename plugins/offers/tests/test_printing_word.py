"""Contracts from Word documents: filled in by the core's sandbox, and nothing that a file may carry gets further."""

from __future__ import annotations

import base64
import io
import zipfile
from decimal import Decimal

import docx
import pytest
from crmcore_offers.model import Document, PrintTemplate, Row
from crmcore_offers.printing import Prints
from sqlalchemy import select

from crmcore.errors import ValidationFailed
from crmcore.scripting.templates import Missing, TemplateUnresolved

pytestmark = [pytest.mark.feature("G20", "S10", "I-52"), pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)]

RELATION = '<Relationship Id="rId{id}" Type="{kind}" Target="{target}" TargetMode="{mode}"/></Relationships>'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def saved(document):
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def contract():
    """Write a contract as people do: a table of rows, a header, and placeholders that Word tore into runs."""
    made = docx.Document()
    made.core_properties.title = "Contratto {document.reference}"
    made.sections[0].header.paragraphs[0].text = "{company.name} - P. IVA {company.vat_code}"
    made.sections[0].footer.paragraphs[0].text = "Documento {{ document.reference }}, PEC {account.pec}"
    torn = made.add_paragraph("Acquirente: ")
    for part in ("{acc", "ount.na", "me}", " e {{ accou", "nt.vat_code }", "}"):
        torn.add_run(part).bold = len(part) % 2 == 0
    made.add_paragraph("Note: {document.notes}")
    made.add_paragraph("{%p if document.expiry %}")
    made.add_paragraph("Valida fino al {document.expiry}")
    made.add_paragraph("{%p endif %}")
    table = made.add_table(rows=4, cols=3)
    for cell, text in zip(table.rows[0].cells, ("Codice", "Descrizione", "Importo"), strict=True):
        cell.text = text
    table.rows[1].cells[0].text = "{%tr for row in rows %}"
    for cell, text in zip(table.rows[2].cells, ("{{ row.code }}", "{{ row.description }}", "{{ row.net }}"), strict=True):
        cell.text = text
    table.rows[3].cells[0].text = "{%tr endfor %}"
    made.add_paragraph("Totale {{ document.values.total|money }} - “{{ document.title|default('senza titolo') }}”")
    # Real contracts have far more markup than the sandbox would look at.
    for number in range(400):
        made.add_paragraph(f"Art. {number}. Clausola di prova che non contiene segnaposti, ma occupa posto nel documento.")
    return saved(made)


def written(*paragraphs):
    made = docx.Document()
    for each in paragraphs:
        made.add_paragraph(each)
    return saved(made)


def changed(content, members=None, *, types=None):
    """Return a package with members replaced or added; a member is a function of what was there."""
    made = io.BytesIO()
    named = dict(members or {})
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for each in before.namelist():
            data = before.read(each)
            if each == "[Content_Types].xml" and types:
                data = types(data)
            after.writestr(each, named.pop(each)(data) if each in named else data)
        for name, change in named.items():
            after.writestr(name, change(b""))
    return made.getvalue()


def linked(kind, target, mode="External", content=None):
    relation = RELATION.format(id=99, kind=f"{OFFICE}/{kind}", target=target, mode=mode).encode()
    insert = {"word/_rels/document.xml.rels": lambda data: data.replace(b"</Relationships>", relation)}
    return changed(content or written("{account.name}"), insert)


@pytest.fixture
def document(printing):
    with printing.session() as session:
        made = Document(
            type="T-CON",
            account_id=printing.account(name="Rossi & Figli <S.r.l.>", vat_code="00000039990"),
            reference="CON-7",
            issued_on=printing.clock.now().date(),
            owner="anna",
            notes="prima riga\nseconda riga {{ account.name }} \x02" + "0\x03",
        )
        session.add(made)
        session.flush()
        for number, (code, net) in enumerate((("CUC-100", "11440.00"), ("ARM-220", "3705.00")), 1):
            session.add(
                Row(
                    document_id=made.id,
                    position=number,
                    code=code,
                    description=f"«{code}» & C.",
                    vat="S22",
                    price=Decimal(net),
                )
            )
        session.commit()
        yield session, made


def put(session, content, **fields):
    found = session.scalar(select(PrintTemplate).where(PrintTemplate.code == "word"))
    if found is not None:
        session.delete(found)
        session.flush()
    file = content if isinstance(content, str) else base64.b64encode(content).decode()
    session.add(PrintTemplate(code="word", label_it="Contratto", format="word", file=file, **fields))
    session.flush()
    return Prints(session)


def test_a_contract_is_filled_in_with_its_rows_header_and_torn_placeholders(document):
    session, made = document
    prints = put(session, contract())
    assert prints.check("word") == []
    with pytest.raises(TemplateUnresolved) as caught:
        prints.word(made, "word")
    assert caught.value.placeholders == ("account.pec",)
    content = prints.word(made, "word", missing=Missing.BLANK)
    assert prints.word(made, "word", missing=Missing.BLANK) == content
    opened = docx.Document(io.BytesIO(content))
    texts = [each.text for each in opened.paragraphs]
    assert "Acquirente: Rossi & Figli <S.r.l.> e 00000039990" in texts
    assert "Note: prima riga\nseconda riga {{ account.name }} 0" in texts
    assert "Totale 18.476,90 € - “senza titolo”" in texts
    assert not any("Valida" in each for each in texts)
    assert len([each for each in texts if each.startswith("Art. ")]) == 400
    [table] = opened.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Codice", "Descrizione", "Importo"],
        ["CUC-100", "«CUC-100» & C.", "11.440,00"],
        ["ARM-220", "«ARM-220» & C.", "3.705,00"],
    ]
    assert opened.sections[0].header.paragraphs[0].text == "Arredi Bellini S.r.l. - P. IVA 00000019992"
    assert opened.sections[0].footer.paragraphs[0].text == "Documento CON-7, PEC "
    assert opened.core_properties.title == "Contratto CON-7"


WRONG = (
    ("{account.pecc} {{ company.nome }} {{ account.pecc }}", "TEMPLATE_FIELD_UNKNOWN", 2),
    ("{{ ''.__class__.__mro__ }}", "TEMPLATE_REFUSED", 1),
    ("{{ account.__class__ }}", "TEMPLATE_REFUSED", 1),
    ("{% include 'a' %}", "TEMPLATE_REFUSED", 1),
    ("{{ account.name", "TEMPLATE_REFUSED", 1),
    ("{% for row in rows %}{{ row.code }}", "TEMPLATE_REFUSED", 1),
)


def test_what_a_word_template_may_not_say_is_refused_before_it_is_used(document):
    session, made = document
    for paragraph, code, count in WRONG:
        prints = put(session, written(paragraph))
        assert [each.code for each in prints.check("word")] == [code] * count, paragraph
        with pytest.raises(ValidationFailed) as caught:
            prints.word(made, "word")
        assert [each.code for each in caught.value.problems] == [code] * count, paragraph


def test_tags_that_enclose_half_a_table_or_write_without_end_are_refused(document):
    session, made = document
    half = docx.Document()
    half.add_paragraph("{%p for row in rows %}")
    half.add_table(rows=1, cols=1).rows[0].cells[0].text = "{{ row.code }}{%p endfor %}"
    loops = "{% for a in range(900) %}{% for b in range(900) %}"
    for content in (saved(half), written(loops + "x" * 50 + "{% endfor %}{% endfor %}")):
        prints = put(session, content)
        with pytest.raises(ValidationFailed) as caught:
            prints.word(made, "word", missing=Missing.BLANK)
        assert [each.code for each in caught.value.problems] == ["OFFERS_PRINT_FAILED"]


def bad_files():
    good = written("{account.name}")
    macros = lambda data: data.replace(b"wordprocessingml.document.main+xml", b"wordprocessingml.document.macroEnabled.main+xml")  # noqa: E731
    bomb = changed(good, {"word/media/a.png": lambda _: b"\0" * (101 * 2**20)})
    entity = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    field = b'<w:instrText> INCLUDEPICTURE "http://example.com/a.png" </w:instrText></w:body>'
    return {
        "not base64": "§§§",
        "text": b"no Word document",
        "pdf": b"%PDF-1.7 no Word document",
        "cut off": good[: len(good) // 2],
        "broken": good.replace(b"word/document.xml", b"word/documemt.xml"),
        "other zip": changed(good, types=lambda _: b"<Types/>"),
        "no main part": changed(good, {"_rels/.rels": lambda _: b"<Relationships/>"}),
        "broken xml": changed(good, {"word/document.xml": lambda data: data[:-20]}),
        "macros": changed(good, types=macros),
        "vba": changed(good, {"word/vbaProject.bin": lambda _: b"x"}),
        "bomb": bomb,
        "members": changed(good, {f"word/a{number}.bin": lambda _: b"" for number in range(2001)}),
        "entity": changed(good, {"word/other.xml": lambda _: entity}),
        "remote template": linked("attachedTemplate", "https://example.com/a.dotm"),
        "remote picture": linked("image", "file:///etc/passwd"),
        "ole link": linked("oleObject", "file:///c:/a.xlsx"),
        "embedded object": linked("oleObject", "embeddings/a.bin", mode="Internal"),
        "script link": linked("hyperlink", "javascript:alert(1)"),
        "loading field": changed(good, {"word/document.xml": lambda data: data.replace(b"</w:body>", field)}),
    }


def test_a_file_that_is_no_fitting_word_document_is_refused_and_nothing_is_written(document):
    session, made = document
    for name, content in bad_files().items():
        prints = put(session, content)
        assert [each.code for each in prints.check("word")] == ["OFFERS_WORD_INVALID"], name
        with pytest.raises(ValidationFailed) as caught:
            prints.word(made, "word")
        assert [each.code for each in caught.value.problems] == ["OFFERS_WORD_INVALID"], name
    # Links that people click on are fine.
    assert put(session, linked("hyperlink", "mailto:a@example.com")).check("word") == []
