"""The catalogue: configuration, prices with breaks and promotions, parametric products, rows filled from it."""

from __future__ import annotations

import textwrap
from datetime import date
from decimal import Decimal

import attrs
import pytest
from crmcore_offers.archive import Documents, NewRow
from crmcore_offers.model import Category, Document, OrderType, Price, PriceList, Product, Row, VatCode
from crmcore_offers.pricing import Asked, NewPrice, PriceLists, Products, configure, fill_rows
from sqlalchemy import event, select

from crmcore import ValidationFailed
from crmcore.deployment import load
from crmcore.errors import ConfigurationError
from crmcore.planning import apply_plan, configuration_text, make_plan

pytestmark = pytest.mark.feature("G09", "J25")
DAY = date(2026, 5, 20)

CATALOGUE = """
offers.categories:
  ARREDO: {label: {it: Arredo, en: Furniture}}
  CUCINE: {label: Cucine, parent: ARREDO}
offers.products:
  CUC-100: {label: Cucina 100, category: CUCINE, unit: pz, vat: "22", cost: 1800.5}
  ARM-220: {label: Armadio 220, category: ARREDO, unit: pz, vat: "22"}
offers.price_lists:
  BASE:
    label: Listino base
    is_default: true
    prices:
      - {product: CUC-100, price: 3250.00}
      - {product: CUC-100, price: "3100.00", from_quantity: 3}
      - {product: ARM-220, price: 780.00, discounts: "10 % + 2,5 %"}
  RIV:
    label: Rivenditori
    prices: [{product: CUC-100, price: 2900}]
  PRIMAVERA:
    label: Primavera 2026
    promotional: true
    valid_from: 2026-05-01
    valid_to: 2026-05-31
    prices: [{product: CUC-100, price: 3200, discounts: "10"}, {product: ARM-220, price: 760}]
"""


@pytest.fixture
def files(tmp_path):
    """Return a function that writes a deployment of one file."""

    def write(text):
        (tmp_path / "crm.yaml").write_text("database: sqlite://\nplugins: [offers, italy]\ninclude: [config.yaml]\n")
        (tmp_path / "config.yaml").write_text(textwrap.dedent(text))
        return load(tmp_path)

    return write


def bring(crm, deployment, *, prune=False):
    plan = make_plan(crm, deployment, prune=prune)
    apply_plan(crm, deployment, plan.hash, prune=prune)
    assert make_plan(crm, deployment, prune=prune).steps == ()
    return [f"{step.kind} {'/'.join(step.key)}" for step in plan.steps if step.collection.startswith("offers.")]


@pytest.fixture
def shop(firm, files):
    bring(firm.crm, files(CATALOGUE))
    return firm


def codes(caught):
    return [problem.code for problem in caught.value.problems]


def quote(session, product, quantity, on=DAY, **more):
    found = PriceLists(session).price_of(product, quantity, on, **more)
    return found.list, found.price, found.discounts


def test_the_catalogue_is_configured_planned_and_exported(firm, files):
    crm = firm.crm
    bring(crm, files(CATALOGUE))
    with firm.system() as session:
        brought = {row[0]: (row[1], row[2]) for row in session.execute(select(VatCode.code, VatCode.rate, VatCode.nature))}
        assert brought["22"] == (Decimal(22), "")
        assert brought["N6.3"] == (Decimal(0), "N6.3")
        arredo, cucine = (session.scalar(select(Category).where(Category.code == code)) for code in ("ARREDO", "CUCINE"))
        assert (arredo.path, cucine.path) == (f"{arredo.id}/", f"{arredo.id}/{cucine.id}/")
        assert session.search.ids("offers.product", {"field": "category_id", "op": "within", "value": "ARREDO"}) == [1, 2]
        discounts = session.scalars(select(Price.discounts).where(Price.discounts != "").order_by(Price.discounts)).all()
        assert discounts == ["10", "10+2.5"]
    assert "prices:" in configuration_text(crm)["offers.price_lists"]
    fewer = CATALOGUE.replace("      - {product: CUC-100, price: 3250.00}\n", "").replace("price: 780.00", "price: 790")
    assert bring(crm, files(fewer)) == ["change BASE"]
    with firm.system() as session:
        assert quote(session, "ARM-220", 1, date(2026, 6, 1)) == ("BASE", Decimal(790), "10+2.5")
        assert PriceLists(session).price_of("CUC-100", 1, date(2026, 6, 1), missing=True) is None


FAULTS = [
    ("price: 3250.00}", "price: 3250.1234567}", "decimali"),
    ("price: 3250.00}", "price: -1}", "0 o più"),
    ("from_quantity: 3}", "from_quantity: 0}", "si sovrappongono"),
    ('discounts: "10 % + 2,5 %"', 'discounts: "101"', "percentuali"),
    ("{product: ARM-220, price: 760}", "{product: NONE, price: 760}", "non esiste"),
    ("label: Rivenditori", "label: Rivenditori\n    is_default: true", "predefinito"),
    ("category: CUCINE", "category: NONE", "NONE"),
    ('vat: "22", cost', 'vat: "23", cost', "23"),
    ("cost: 1800.5", "cost: 1800.5, price_rule: 'import os'", "(CUC-100, 1:1)"),
    ("cost: 1800.5", "cost: 1800.5, options: [{code: colore}]", "colore"),
    ("offers.products:", "offers.vat: {X: {label: X, rate: 0}}\noffers.products:", "natura"),
    ("offers.products:", "offers.vat: {X: {label: X, rate: 0, nature: N9}}\noffers.products:", "N9"),
    ("parent: ARREDO}", "parent: CUCINE}", "CUCINE"),
]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_faulty_catalogue_is_refused_with_its_line(firm, files):
    for old, new, said in FAULTS:
        assert old in CATALOGUE
        with pytest.raises(ConfigurationError) as caught:
            make_plan(firm.crm, files(CATALOGUE.replace(old, new)))
        texts = [problem.text("it") for problem in caught.value.problems]
        assert any(said in text for text in texts), (new, texts)
        assert all("config.yaml" in text for text in texts)


def test_programs_bring_products_and_prices_beside_those_of_the_files(shop, files):
    with shop.system() as session:
        Products(session).create_all([{"code": f"P{number:03}", "label_it": f"Prodotto {number}", "vat": "22"} for number in range(50)])
        lists = PriceLists(session)
        lists.create("ERP", "Listino del gestionale")
        assert lists.set_prices("ERP", [NewPrice(product=f"P{number:03}", price=number) for number in range(50)]) == 50
        assert lists.set_prices("BASE", [NewPrice(product="P001", price="9.90")]) == 1
        session.commit()
        assert lists.set_prices("ERP", [NewPrice(product="P001", price=1), NewPrice(product="P002", price="2.50")], replace=True) == 49
        session.commit()
        assert quote(session, "P002", 1, price_list="ERP") == ("ERP", Decimal("2.5"), "")
        assert quote(session, "P001", 1) == ("BASE", Decimal("9.9"), "")
    # A plan sees none of it, whatever it prunes; and what a file names is the file's from then on.
    assert bring(shop.crm, files(CATALOGUE), prune=True) == []
    assert "ERP" not in configuration_text(shop.crm)["offers.price_lists"]
    assert bring(shop.crm, files(CATALOGUE + "  ERP: {label: Preso}\n")) == ["change ERP"]
    with shop.system() as session:
        with pytest.raises(ValidationFailed) as caught:
            Products(session).update("CUC-100", label_it="Altro")
        assert codes(caught) == ["OFFERS_CATALOGUE_CONFIGURED"]
        with pytest.raises(ValidationFailed) as caught:
            PriceLists(session).set_prices("BASE", [NewPrice(product="ARM-220", price=1)])
        assert codes(caught) == ["OFFERS_CATALOGUE_CONFIGURED"]
        assert Products(session).obsolete("P001").obsolete
        with pytest.raises(ValidationFailed) as caught:
            Products(session).create("P002", "Ancora")
        assert codes(caught) == ["OFFERS_CATALOGUE_TAKEN"]
        with pytest.raises(ValidationFailed) as caught:
            PriceLists(session).create("ERP", "Ancora")
        assert codes(caught) == ["OFFERS_CATALOGUE_TAKEN"]
        assert quote(session, "P002", 1, price_list="ERP") == ("ERP", Decimal("2.5"), "")


def test_what_is_in_use_becomes_obsolete_and_what_is_not_goes(shop, files):
    account = shop.account()
    with shop.system() as session:
        for code in ("X1", "X2", "X3"):
            session.add(VatCode(code=code, label_it="Di prova", rate=Decimal(9)))
        session.add(OrderType(code="T-OFF", label_it="Offerta di prova", meaning="offer"))
        session.flush()
        Products(session).create("P1", "Prodotto", vat="X1")
        document = session.add(Document(type="T-OFF", account_id=account, issued_on=DAY, owner="anna"))
        session.flush()
        session.add(Row(document_id=document.id, position=1, vat="X3", price=Decimal(1), net=Decimal(1)))
        session.commit()
    # X1 is the code of a product that programs brought, X3 that of a row, which names it by its code.
    steps = bring(shop.crm, files(CATALOGUE), prune=True)
    assert sorted(step for step in steps if "X" in step) == ["obsolete X1", "obsolete X3", "remove X2"]


def test_prices_by_quantity_list_and_promotion(shop):
    account = shop.account(characteristics={"offers_price_list": "RIV"})
    with shop.system() as session:
        before, after = date(2026, 4, 30), date(2026, 6, 1)
        assert quote(session, "CUC-100", 1, before) == ("BASE", Decimal(3250), "")
        assert quote(session, "CUC-100", Decimal("2.999999"), before) == ("BASE", Decimal(3250), "")
        assert quote(session, "CUC-100", 3, after) == ("BASE", Decimal(3100), "")
        # 3200 less 10 % is 2880: better than 3250, than 3100, and than the 2900 of the customer.
        for more in ({}, {"account": account}, {"price_list": "RIV"}):
            assert quote(session, "CUC-100", 5, **more) == ("PRIMAVERA", Decimal(3200), "10")
        assert quote(session, "CUC-100", 1, after, account=account) == ("RIV", Decimal(2900), "")
        # 780 less 10 and 2.5 % is 684.45: the promotion of 760 is no bargain.
        assert quote(session, "ARM-220", 1) == ("BASE", Decimal(780), "10+2.5")
        # A list without the product leaves it to the default list.
        found = PriceLists(session).price_of("ARM-220", 1, after, account=account)
        assert (found.list, found.promotional, found.why.en) == ("BASE", False, "default list")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_has_no_price_and_what_is_not_there_is_said(shop):
    with shop.system() as session:
        Products(session).create("NUOVO", "Senza prezzo", vat="22")
        lists = PriceLists(session)
        asked = [Asked(product="NUOVO"), Asked(product="CUC-100"), Asked(product="NUOVO", quantity=9)]
        with pytest.raises(ValidationFailed) as caught:
            lists.prices_of(asked, DAY)
        assert codes(caught) == ["OFFERS_PRICE_MISSING"] * 2
        assert [each is None for each in lists.prices_of(asked, DAY, missing=True)] == [True, False, True]
        with pytest.raises(ValidationFailed) as caught:
            lists.price_of("NIENTE", 1, DAY)
        assert codes(caught) == ["OFFERS_CATALOGUE_UNKNOWN"]
        session.scalar(select(PriceList).where(PriceList.code == "RIV")).obsolete = True
        session.flush()
        with pytest.raises(ValidationFailed) as caught:
            lists.price_of("CUC-100", 1, DAY, price_list="RIV")
        assert codes(caught) == ["OFFERS_CATALOGUE_OBSOLETE"]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_prices_that_overlap_or_are_none_are_refused_all_together(shop):
    with shop.system() as session:
        wrong = [
            NewPrice(product="CUC-100", price=1, from_quantity=10, valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 30)),
            NewPrice(product="CUC-100", price=2, from_quantity=10, valid_from=date(2026, 6, 30)),
            NewPrice(product="ARM-220", price="1.1234567"),
            NewPrice(product="ARM-220", price=-1),
            NewPrice(product="ARM-220", price=1, discounts="50+101"),
            NewPrice(product="ARM-220", price=1, valid_from=DAY, valid_to=date(2026, 5, 19)),
            NewPrice(product="NIENTE", price=1),
        ]
        with pytest.raises(ValidationFailed) as caught:
            PriceLists(session).set_prices("RIV", wrong)
        assert sorted(codes(caught)) == ["OFFERS_CATALOGUE_UNKNOWN", "OFFERS_PRICE_OVERLAP", *["OFFERS_PRICE_VALUE"] * 4]
        overlap = next(each for each in caught.value.problems if each.code == "OFFERS_PRICE_OVERLAP")
        assert "2026-01-01 / 2026-06-30" in overlap.text("it")
        assert "2026-06-30 / …" in overlap.text("it")
        assert session.scalar(select(Price.id).where(Price.from_quantity == 10)) is None


OPTIONS = [
    {
        "code": "colore",
        "label": {"it": "Colore", "en": "Colour"},
        "type": "choice",
        "choices": [{"code": "B", "label": "bianco"}, {"code": "R", "label": "rovere", "price": "120.50"}],
        "default": "B",
    },
    {"code": "larghezza", "type": "number", "min": 60, "max": "240.5", "required": True},
    {"code": "led", "type": "flag", "price": 35},
    {"code": "targa", "type": "text", "max": 10},
]
PRICE_RULE = """cm = options.larghezza - 60
price + cm * decimal("2.675")"""
DESCRIPTION_RULE = 'f"{description} {labels.larghezza} cm, {labels.colore}"'


@pytest.fixture
def wardrobe(shop):
    with shop.system() as session:
        made = Products(session).create(
            "ARM-X", "Armadio", vat="22", unit="pz", options=OPTIONS, price_rule=PRICE_RULE, description_rule=DESCRIPTION_RULE
        )
        session.commit()
        yield session, made


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_options_change_price_and_description(wardrobe, count_statements_of):
    session, product = wardrobe
    with count_statements_of(session) as statements:
        made = configure(session, product, {"larghezza": "61", "colore": "R", "led": True}, Decimal(1), Decimal(500))
        # 500 + 120.50 + 35 + once 2.675, exactly.
        assert (made.price, made.description) == (Decimal("658.175"), "Armadio 61 cm, rovere")
        assert made.options == {"colore": "R", "larghezza": "61", "led": True}
        again = configure(session, product, made.options, Decimal(1), Decimal(500))
        assert again == made
    assert statements == []


WRONG_OPTIONS = [
    ({}, "OFFERS_OPTION_MISSING", "larghezza"),
    ({"larghezza": 59}, "OFFERS_OPTION_VALUE", "60"),
    ({"larghezza": "240.500001"}, "OFFERS_OPTION_VALUE", "240.5"),
    ({"larghezza": "tanto"}, "OFFERS_OPTION_VALUE", "numero"),
    ({"larghezza": 61, "colore": "G"}, "OFFERS_OPTION_VALUE", "B, R"),
    ({"larghezza": 61, "led": "sì"}, "OFFERS_OPTION_VALUE", "sì o no"),
    ({"larghezza": 61, "targa": "troppo lunga"}, "OFFERS_OPTION_VALUE", "10 caratteri"),
    ({"larghezza": 61, "ante": 2}, "OFFERS_OPTION_UNKNOWN", "ante"),
]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_options_that_are_none_are_named_with_what_was_expected(wardrobe):
    session, product = wardrobe
    for options, code, said in WRONG_OPTIONS:
        with pytest.raises(ValidationFailed) as caught:
            configure(session, product, options, Decimal(1), Decimal(500))
        assert codes(caught) == [code]
        assert said in caught.value.problems[0].text("it")


FAILING_RULES = [
    ("x = 1\nx / (quantity - 1)", 2),
    ("'gratis'", 1),
    ("-1", 1),
    ("x = 0\nwhile True:\n    x += 1\nx", 2),
    ("decimal('1') / decimal('1e-30')", 1),
]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_rule_that_fails_is_named_with_its_line_and_nothing_is_written(wardrobe):
    session, product = wardrobe
    for rule, line in FAILING_RULES:
        product.price_rule = rule
        with pytest.raises(ValidationFailed) as caught:
            configure(session, product, {"larghezza": 61}, Decimal(1), Decimal(500))
        assert codes(caught) == ["OFFERS_RULE_FAILED"]
        assert (caught.value.problems[0].params["rule"], caught.value.problems[0].params["line"]) == ("price_rule", line)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_rules_are_checked_when_they_are_written_and_cannot_escape(shop):
    with shop.system() as session:
        for rule in ("__import__('os')", "open('/etc/passwd')", "options.__class__", "session", "lambda: 1", "price +"):
            with pytest.raises(ValidationFailed) as caught:
                Products(session).create("ARM-Y", "Armadio", price_rule=rule)
            assert codes(caught) == ["OFFERS_PRODUCT_INVALID"]
            assert session.scalar(select(Product.id).where(Product.code == "ARM-Y")) is None


@attrs.frozen(kw_only=True)
class Given:
    product: str | None = None
    quantity: Decimal | int = 1
    price: Decimal | None = None
    discounts: str | None = None
    vat: str | None = None
    description: str | None = None
    unit: str | None = None
    cost: Decimal | None = None
    commission: bool | None = None
    options: dict = attrs.field(factory=dict)


def test_rows_are_filled_from_the_catalogue_in_a_fixed_number_of_statements(wardrobe, count_statements_of):
    session, _ = wardrobe
    rows = [
        Given(product="CUC-100", quantity=4),
        Given(product="CUC-100", price=Decimal(3000), description="Cucina su misura", vat="10"),
        Given(product="ARM-X", options={"larghezza": 61}),
        Given(description="Trasporto", price=Decimal(90), vat="22"),
    ]
    counts = []
    fill_rows(session, rows, DAY)
    for times in (1, 50):
        with count_statements_of(session) as statements:
            found = fill_rows(session, rows * times, DAY)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6
    kitchen, special, wardrobe_row, transport = found[:4]
    assert (kitchen.description, kitchen.unit, kitchen.vat, kitchen.vat_rate) == ("Cucina 100", "pz", "22", Decimal(22))
    assert (kitchen.price, kitchen.discounts, kitchen.cost, kitchen.quote.list) == (Decimal(3200), "10", Decimal("1800.5"), "PRIMAVERA")
    assert (special.price, special.discounts, special.description, special.vat_rate) == (Decimal(3000), "", "Cucina su misura", Decimal(10))
    assert (wardrobe_row.price, wardrobe_row.description) == (Decimal("2.675"), "Armadio 61 cm, bianco")
    assert (transport.code, transport.product_id, transport.price) == ("", None, Decimal(90))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_rows_that_the_catalogue_cannot_fill_are_refused_all_together(wardrobe):
    session, _ = wardrobe
    Products(session).create("NUDO", "Senza niente")
    Products(session).create("VECCHIO", "Non più", obsolete=True)
    with pytest.raises(ValidationFailed) as caught:
        fill_rows(session, [Given(product="NIENTE"), Given(product="VECCHIO"), Given(product="CUC-100")], DAY)
    assert codes(caught) == ["OFFERS_CATALOGUE_UNKNOWN", "OFFERS_CATALOGUE_OBSOLETE"]
    with pytest.raises(ValidationFailed) as caught:
        fill_rows(session, [Given(product="NUDO"), Given(product="CUC-100", vat="99")], DAY)
    assert codes(caught) == ["OFFERS_ROW_VAT", "OFFERS_PRICE_MISSING", "OFFERS_CATALOGUE_UNKNOWN"]


@pytest.fixture
def count_statements_of():
    """Count what reaches the database of a session."""
    from contextlib import contextmanager

    @contextmanager
    def counting(session):
        seen = []

        def note(_connection, _cursor, statement, *_):
            seen.append(statement)

        event.listen(session.crm.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(session.crm.engine, "before_cursor_execute", note)

    return counting


@pytest.mark.feature("G05", "G09", "G14", "J25")
def test_documents_take_prices_from_lists_promotions_and_options(wardrobe, firm):
    session, _ = wardrobe
    firm.at(2026, 5, 20)
    account = firm.account()
    documents = Documents(session)
    rows = [NewRow(product="CUC-100", quantity=4), NewRow(product="ARM-220"), NewRow(product="ARM-X", options={"larghezza": 61})]
    offer = documents.create("OFF", account, rows=[*rows, NewRow(product="CUC-100", price=Decimal(3000))])
    session.flush()
    later = documents.create("OFF", account, rows=rows[:2], issued_on=date(2026, 6, 1))
    session.flush()
    with pytest.raises(ValidationFailed) as caught:
        documents.create(
            "OFF", account, rows=[NewRow(product="CUC-100", options={"colore": "rosso"}), NewRow(description="Senza", vat="22")]
        )

    priced = [(row.code, row.price, row.discounts, row.net) for row in documents.rows(offer)]
    assert [priced[0], priced[1], priced[3]] == [
        ("CUC-100", Decimal("3200.000000"), "10", Decimal("11520.00")),
        ("ARM-220", Decimal("780.000000"), "10+2.5", Decimal("684.45")),
        ("CUC-100", Decimal("3000.000000"), "", Decimal("3000.00")),
    ]
    assert documents.rows(offer)[2].options["larghezza"] == "61"
    assert [row.net for row in documents.rows(later)] == [Decimal("12400.00"), Decimal("684.45")]
    assert codes(caught) == ["OFFERS_OPTION_UNKNOWN", "OFFERS_PRICE_MISSING"]
