"""How pages look: measured in the PDF and in its pictures, for offers of many rows and of rows without end."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pypdfium2
import pytest
from crmcore_offers.model import Document, Row
from crmcore_offers.printing import Prints

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

MARGIN = 16 * 72 / 25.4
"""Left and right, in points."""


@pytest.fixture
def long_offer(printing):
    """Return the PDF of an offer of 120 rows: some of several lines, one longer than a page, codes and words that do not fit."""
    with printing.session() as session:
        document = Document(
            type="T-OFF",
            account_id=printing.hotel,
            reference="OFF-120",
            issued_on=date(2026, 5, 20),
            owner="anna",
            taxable=Decimal("1482.00"),
            vat_amount=Decimal("326.04"),
            total=Decimal("1808.04"),
        )
        session.add(document)
        session.flush()
        for number in range(1, 121):
            more = "\nAnta in rovere, top in quarzo: è così già da più di 18 mm." * (number % 4) + (
                " finitura" * 600 if number == 60 else ""
            )
            session.add(
                Row(
                    document_id=document.id,
                    position=number,
                    code=f"C{number:03}" if number != 7 else "ARTICOLO-CON-UN-CODICE-CHE-NON-FINISCE-MAI-0007",
                    description=f"Riga{number:03}.{more}" if number != 8 else "Riga008." + "x" * 200,
                    quantity=Decimal(1),
                    price=Decimal("12.35"),
                    vat="S22",
                    vat_rate=Decimal(22),
                    net=Decimal("12.35"),
                )
            )
        session.flush()
        content = Prints(session).pdf(document)
    with pypdfium2.PdfDocument(content) as pdf:
        yield [Page(pdf, number) for number in range(len(pdf))]


class Page:
    """The text of a page with the places of its characters, and its picture."""

    def __init__(self, pdf, number):
        page = pdf[number]
        text = page.get_textpage()
        self.text = text.get_text_bounded().replace("\r\n", "\n")
        self.width, self.height = page.get_size()
        self.boxes = [(text.get_text_range(each, 1), text.get_charbox(each)) for each in range(text.count_chars())]
        self.picture = page.render(scale=0.75).to_pil().convert("L")
        text.close()
        page.close()

    def right_of(self, value):
        """Return where the occurrences of a text end."""
        flat = "".join(char for char, _ in self.boxes)
        found, start = [], flat.find(value)
        while start >= 0:
            found.append(round(self.boxes[start + len(value) - 1][1][2], 1))
            start = flat.find(value, start + 1)
        return found


@pytest.mark.feature("G07", "G14")
def test_an_offer_of_many_rows_keeps_its_margins_heads_rows_and_totals(long_offer):
    assert 8 <= len(long_offer) <= 14
    for number, page in enumerate(long_offer, 1):
        assert f"Pagina {number} di {len(long_offer)}" in page.text
        shown = [box for char, box in page.boxes if char.strip()]
        # Nothing is outside of the margins, whatever does not fit into its column.
        assert min(box[0] for box in shown) >= MARGIN - 1
        assert max(box[2] for box in shown) <= page.width - MARGIN + 1
        assert min(box[1] for box in shown) >= 20
        if "Riga" in page.text or "finitura" in page.text:
            assert "Descrizione" in page.text
        # Amounts stand below each other.
        assert len(set(page.right_of("12,35"))) <= 2
        # Paper is white at its edges.
        edge = 24
        for box in ((0, 0, edge, page.picture.height), (page.picture.width - edge, 0, page.picture.width, page.picture.height)):
            assert page.picture.crop(box).getextrema()[0] > 250
        # The footer is on its own: nothing runs into it.
        top = max(box[3] for char, box in page.boxes if char.strip() and box[3] < 24 * 72 / 25.4 - 2)
        assert min(box[1] for char, box in page.boxes if char.strip() and box[1] > top) >= 24 * 72 / 25.4 - 2

    whole = "\n".join(page.text for page in long_offer)
    assert [number for number in range(1, 121) if f"Riga{number:03}." not in whole] == []
    # Code, description and amount of a row are on one page.
    for number in set(range(1, 121)) - {7, 60}:
        [home] = [page for page in long_offer if f"Riga{number:03}." in page.text]
        assert f"C{number:03}" in home.text
    last = long_offer[-1].text
    assert [each for each in ("1.482,00", "326,04", "1.808,04", "Aliquota", "Riga120.", "Per accettazione") if each not in last] == []
