"""Efficacy and profitability: every breakdown sums to the whole, and each document stands behind it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from crmcore_offers.model import Category, Document, Product, Row
from crmcore_offers.reports import By, Reports
from sqlalchemy import event, select

from crmcore.model import Site

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def money(text):
    return Decimal(text)


class Shop:
    def __init__(self, session):
        self.session = session
        self.products = {product.code: product.id for product in session.scalars(select(Product))}

    def offer(self, account, rows, **fields):
        """Add an offer with its rows, of which the archive makes the totals."""
        fields = {"type": "T-OFF", "issued_on": date(2026, 3, 1), "owner": "admin", "state": "presented", **fields}
        document = self.session.add(Document(account_id=account, **fields))
        self.session.flush()
        for position, row in enumerate(rows, 1):
            self.session.add(Row(document_id=document.id, position=position, vat="S22", **row))
        return document

    def row(self, product, quantity, net, cost=None, **more):
        found = {"product_id": self.products.get(product), "quantity": Decimal(quantity), "price": Decimal(net) / Decimal(quantity)}
        return {**found, "cost": None if cost is None else Decimal(cost), **more}


def season(firm):
    """Add the offers of two agents: 24,000.00 presented of which 11,193.00 were won, and 31,500.00 of which 13,152.00."""
    firm.catalogue()
    sellers = firm.people()
    hotel, other = (firm.account(name=f"Ditta {code}", seller_id=sellers[code], seller_source="manual") for code in ("A1", "A2"))
    with firm.system() as session:
        shop = Shop(session)
        category = session.add(Category(code="CUCINE", label_it="Cucine"))
        session.flush()
        session.add(Site(account_id=hotel, kind="legal", province="VI"))
        elsewhere = session.add(Site(account_id=other, kind="operative", province="PD"))
        session.flush()
        session.get(Product, shop.products["CUC-100"]).category_id = category.id
        anna, bruno = {"agent_id": sellers["A1"]}, {"agent_id": sellers["A2"], "campaign": "Fiera"}
        won = {"state": "won"}
        shop.offer(
            hotel, [shop.row("CUC-100", 2, "5720.00", "1000.005"), shop.row("ARM-220", 3, "2223.00", "700")], reference="1", **won, **anna
        )
        rows = [shop.row("CUC-100", 1, "3250.00", "3000", state="confirmed"), shop.row("ARM-220", 1, "750.00", "1", state="waiting")]
        shop.offer(hotel, rows, reference="2", **won, **anna)
        shop.offer(hotel, [shop.row("CUC-100", 3, "12057.00", "1"), shop.row("MON-001", 1, "9.00", state="cancelled")], **anna)
        shop.offer(other, [shop.row("CUC-100", 4, "13152.00")], issued_on=date(2026, 4, 1), site_id=elsewhere.id, **won, **bruno)
        shop.offer(other, [shop.row(None, 1, "18348.00")], state="lost", **bruno)
        shop.offer(other, [shop.row("CUC-100", 1, "1.00")], issued_on=date(2027, 1, 1), **won, **bruno)
        session.commit()
    return hotel


@pytest.mark.feature("L04", "G10", "S14", "I-45")
def test_efficacy_is_won_of_presented_and_each_breakdown_sums_to_the_whole(firm):
    hotel = season(firm)
    with firm.system() as session:
        reports = Reports(session)
        agents = reports.efficacy(*YEAR)
        assert [(each.key, each.presented, each.won, each.efficacy) for each in agents.lines] == [
            ("A1", money("24000.00"), money("11193.00"), money("46.64")),
            ("A2", money("31500.00"), money("13152.00"), money("41.75")),
        ]
        # 2 at 1000.005, 3 at 700, 1 at 3000: what waits of a partial confirmation costs nothing yet.
        first = agents.lines[0]
        assert (first.count, first.won_count, first.cost, first.margin) == (3, 2, money("7100.01"), money("4092.99"))
        assert first.margin_percent == money("36.57")
        whole = agents.total
        assert (whole.count, whole.won_count, whole.presented, whole.won) == (5, 3, money("55500.00"), money("24345.00"))
        for by in By:
            found = reports.efficacy(*YEAR, by)
            assert (by, found.total) == (by, whole)
            for name in ("presented", "won", "cost"):
                assert (by, name, sum(getattr(line, name) for line in found.lines)) == (by, name, getattr(whole, name))
            if not by.of_rows:
                assert sum(line.count for line in found.lines) == 5
        products = reports.efficacy(*YEAR, By.PRODUCT).lines
        assert [(each.key, each.count, each.won_count, each.presented, each.won) for each in products] == [
            ("ARM-220", 2, 1, money("2973.00"), money("2223.00")),
            ("CUC-100", 4, 3, money("34179.00"), money("22122.00")),
            ("", 1, 0, money("18348.00"), money("0.00")),
        ]
        assert [(each.key, each.label.it) for each in reports.efficacy(*YEAR, By.CATEGORY).lines] == [
            ("CUCINE", "Cucine"),
            ("", "(nessuno)"),
        ]
        # The legal site of the customer, unless the document has one of its own.
        provinces = [(each.key, each.won) for each in reports.efficacy(*YEAR, By.PROVINCE).lines]
        assert provinces == [("PD", money("13152.00")), ("VI", money("11193.00")), ("", money("0.00"))]
        # A document whose rows do not come to its amount: the rest is shown, and nothing is lost.
        session.add(Document(account_id=hotel, type="T-OFF", issued_on=date(2026, 2, 1), owner="admin", taxable=money("5.00")))
        session.commit()
        found = reports.efficacy(*YEAR, By.PRODUCT)
        assert sum(each.presented for each in found.lines) == found.total.presented == money("55505.00")


@pytest.mark.feature("L04", "I-7", "I-27")
def test_an_agent_sees_the_agents_own_in_sums_and_document_by_document(firm):
    season(firm)
    with firm.session("anna") as session:
        session.states.tables()
        seen = []
        event.listen(session.orm.connection(), "before_cursor_execute", lambda _c, _d, statement, *_: seen.append(statement))
        report = Reports(session).efficacy(*YEAR)
        assert len(seen) == 3
        assert report.total.won == money("11193.00")
        Reports(session).efficacy(*YEAR, By.PRODUCT)
        assert len(seen) == 3 + 4
        pages, after = [], None
        for _ in range(3):
            page = Reports(session).efficacy_documents(*YEAR, after=after, page=2)
            pages.append([(row.key, row.won, row.cost, row.agent) for row in page.rows])
            after = page.next
            if after is None:
                break
        assert len(seen) == 7 + 4
        assert pages == [
            [("1/2026", money("0.00"), money("0.00"), "A1"), ("2", money("3250.00"), money("3000.00"), "A1")],
            [("1", money("7943.00"), money("4100.01"), "A1")],
        ]
