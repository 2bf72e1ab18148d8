"""Bad input: a code for each thing that is wrong, all of them together, and nothing written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import attrs
import pytest
from crmcore_offers.archive import Documents, NewRow
from crmcore_offers.codes.archive import CODES
from crmcore_offers.model import Document, OrderType, Product, Row, Unit, VatCode
from sqlalchemy import func, select

from crmcore import ValidationFailed
from crmcore.model import Person, Salesperson, Site

pytestmark = pytest.mark.feature("G05", "G13", "G14", "I-30", "I-35")

GOOD = NewRow(product="CUC-100", price=Decimal("10.00"), quantity=2)
LONG = Decimal("1." + "3" * 30)

ROWS = {
    "quantity 0": ({"quantity": Decimal(0)}, "OFFERS_QUANTITY"),
    "quantity negative": ({"quantity": Decimal(-1)}, "OFFERS_QUANTITY"),
    "quantity no number": ({"quantity": Decimal("NaN")}, "OFFERS_QUANTITY"),
    "quantity endless": ({"quantity": Decimal("Infinity")}, "OFFERS_QUANTITY"),
    "quantity of 30 decimals": ({"quantity": LONG}, "OFFERS_DECIMALS"),
    "half a piece": ({"quantity": Decimal("1.5"), "unit": "PZ"}, "OFFERS_DECIMALS"),
    "quantity too large": ({"quantity": Decimal(10) ** 12}, "OFFERS_AMOUNT"),
    "quantity float": ({"quantity": 1.5}, "VALUE_INVALID"),
    "price negative": ({"price": Decimal("-0.01")}, "OFFERS_PRICE"),
    "price of 30 decimals": ({"price": LONG}, "OFFERS_DECIMALS"),
    "price no number": ({"price": Decimal("sNaN")}, "OFFERS_PRICE"),
    "cost negative": ({"cost": Decimal(-1)}, "OFFERS_PRICE"),
    "discount over 100": ({"discounts": "100.5"}, "OFFERS_DISCOUNT"),
    "discount no number": ({"discounts": "dieci"}, "OFFERS_DISCOUNT"),
    "net too large": ({"quantity": Decimal(10) ** 11, "price": Decimal(10) ** 11}, "OFFERS_AMOUNT"),
    "VAT unknown": ({"vat": "99"}, "OFFERS_VAT_UNKNOWN"),
    "VAT obsolete": ({"vat": "S20"}, "OFFERS_VAT_OBSOLETE"),
    "no VAT": ({"product": None}, "OFFERS_VAT_UNKNOWN"),
    "unit unknown": ({"unit": "BARILE"}, "OFFERS_UNIT_UNKNOWN"),
    "product of nowhere": ({"product": "A\0"}, "OFFERS_PRODUCT_UNKNOWN"),
    "product unknown": ({"product": "XXX"}, "OFFERS_PRODUCT_UNKNOWN"),
    "product obsolete": ({"product": "OLD-001"}, "OFFERS_PRODUCT_OBSOLETE"),
}
HEADERS = {
    "probability": ({"probability": 101}, "OFFERS_PROBABILITY"),
    "probability negative": ({"probability": -1}, "OFFERS_PROBABILITY"),
    "period": ({"close_period": "2026-13"}, "OFFERS_PERIOD"),
    "amount": ({"taxable": Decimal(10) ** 16}, "OFFERS_AMOUNT"),
    "signature before quote": ({"quote_inserted": date(2026, 5, 3), "customer_signature": date(2026, 5, 2)}, "INVALID_DATE_ORDER"),
    "installation before signature": ({"customer_signature": date(2026, 5, 3), "installation": date(2026, 5, 2)}, "INVALID_DATE_ORDER"),
    "active and cancelled": ({"cancellation": date(2026, 5, 3), "activation": date(2026, 5, 2)}, "OFFERS_CANCELLED_ACTIVE"),
    "an instant for a day": ({"activation": datetime(2026, 5, 3, tzinfo=UTC), "installation": date(2026, 5, 3)}, "VALUE_INVALID"),
    "number 0": ({"number": 0}, "VALUE_INVALID"),
    "number no number": ({"number": "sette"}, "VALUE_INVALID"),
    "state unknown": ({"state": "nowhere"}, "STATE_UNKNOWN"),
    "currency": ({"currency": "EURO"}, "VALUE_INVALID"),
    "agent unknown": ({"agent_id": 9999}, "NOT_FOUND"),
}


@pytest.fixture
def shop(firm):
    firm.catalogue()
    with firm.system() as session:
        session.add(VatCode(code="S20", label_it="Vecchia aliquota", rate=Decimal(20), obsolete=True))
        session.add(Unit(code="PZ", label_it="Pezzi", places=0))
        session.add(Product(code="OLD-001", label_it="Fuori catalogo", vat="S22", obsolete=True))
        session.add(OrderType(code="T-OLD", label_it="Vecchio", meaning="offer", obsolete=True))
        session.add(OrderType(code="T-REQ", label_it="Completo", meaning="offer", required_fields=["close_period", "competitors"]))
        session.add(OrderType(code="T-ANY", label_it="Riattivabile", meaning="contract", allow_after_cancel=True, requires_unblocked=False))
        session.commit()
    firm.hotel = firm.account()
    return firm


def refused(firm, kind="T-OFF", rows=(GOOD,), login="admin", **fields):
    """Try to make a document, see that nothing is written, and return the codes of the problems."""
    with firm.session(login) as session, pytest.raises(ValidationFailed) as caught:
        Documents(session).create(kind, firm.hotel, rows=rows, **fields)
        session.commit()
    with firm.system() as session:
        assert [session.scalar(select(func.count()).select_from(cls)) for cls in (Document, Row)] == [0, 0]
    assert all(caught.value.text(lang) and "?>" not in caught.value.text(lang) for lang in ("it", "en"))
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_is_wrong_with_a_new_row_is_refused_by_code(shop):
    found = {name: refused(shop, rows=[GOOD, attrs.evolve(GOOD, **values)]) for name, (values, _) in ROWS.items()}
    assert found == {name: [code] for name, (_, code) in ROWS.items()}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_is_wrong_with_a_new_header_is_refused_by_code(shop):
    found = {name: set(refused(shop, rows=(), **values)) for name, (values, _) in HEADERS.items()}
    assert found == {name: {code} for name, (_, code) in HEADERS.items()}
    assert refused(shop, "T-XXX") == ["OFFERS_TYPE_UNKNOWN"]
    assert refused(shop, "T-OLD") == ["OFFERS_TYPE_OBSOLETE"]
    assert refused(shop, "T-REQ") == ["MISSING_FIELD", "MISSING_FIELD"]
    assert refused(shop, "T-\0") == ["OFFERS_TYPE_UNKNOWN"]
    assert refused(shop, colour="rosso") == ["FIELD_UNKNOWN"]
    with shop.session() as session:
        session.add(Document(type="T-XXX", account_id=shop.hotel, issued_on=date(2026, 5, 11), owner="admin", probability=-3))
        with pytest.raises(ValidationFailed) as caught:
            session.commit()
    assert [problem.code for problem in caught.value.problems] == ["OFFERS_TYPE_UNKNOWN", "OFFERS_PROBABILITY"]


def test_everything_that_is_wrong_is_told_at_once(shop):
    bad = [attrs.evolve(GOOD, **ROWS[name][0]) for name in ("quantity negative", "discount over 100", "price of 30 decimals")]
    found = refused(shop, "T-REQ", rows=bad, probability=200, close_period="domani")
    assert sorted(found) == [
        *("MISSING_FIELD", "OFFERS_DECIMALS", "OFFERS_DISCOUNT", "OFFERS_PERIOD", "OFFERS_PROBABILITY", "OFFERS_QUANTITY"),
    ]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.feature("I-6", "I-22")
def test_blocked_accounts_foreign_sites_and_people_who_left_are_refused(shop):
    with shop.system() as session:
        session.add(Salesperson(code="EX", kind="agent", name="Chi è andato", disabled_from=date(2026, 5, 11)))
        other = session.accounts.create(name="Altri", phone1="+39 0424 000012", portfolio="GENERICO")
        session.flush()
        site, person = session.add(Site(account_id=other.id)), session.add(Person(account_id=other.id, last_name="Verdi"))
        session.commit()
        gone = session.scalar(select(Salesperson.id).where(Salesperson.code == "EX"))
        keys = {"site_id": site.id, "person_id": person.id}
    assert refused(shop, **keys) == ["OFFERS_NOT_OF_ACCOUNT"] * 2
    assert refused(shop, agent_id=gone) == ["SELLER_DISABLED"]
    assert refused(shop, referrer_id=gone) == ["SELLER_DISABLED"]
    with shop.system() as session:
        session.states.change(session.accounts.require(shop.hotel), "blocked")
        session.commit()
    assert refused(shop) == ["ACCOUNT_BLOCKED"]
    with shop.session() as session:
        documents = Documents(session)
        # A type that says so may; and what was made before somebody left may be theirs.
        made = documents.create("T-ANY", shop.hotel, agent_id=gone, issued_on=date(2026, 5, 10))
        documents.set_dates(made, cancellation=date(2026, 5, 3), activation=date(2026, 5, 4))
        session.commit()
        made.operator_id = gone
        with pytest.raises(ValidationFailed, match="SELLER_DISABLED"):
            session.commit()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.feature("I-31", "I-34")
def test_what_is_wrong_with_a_change_is_refused_and_the_document_is_as_before(shop):
    with shop.session() as session:
        documents = Documents(session)
        document = documents.create("T-OFF", shop.hotel, rows=[GOOD, attrs.evolve(GOOD, unit="PZ")])
        full = documents.create("T-REQ", shop.hotel, close_period="2026-Q3", competitors=["Rossi"])
        session.commit()
        key, wanted = document.id, full.id
    changes = {
        "OFFERS_TYPE_FIXED": lambda head, rows: setattr(head, "type", "T-ORD"),
        "OFFERS_DISCOUNT": lambda head, rows: setattr(rows[0], "discounts", "120"),
        "OFFERS_QUANTITY": lambda head, rows: setattr(rows[0], "quantity", Decimal(-2)),
        "OFFERS_DECIMALS": lambda head, rows: setattr(rows[1], "quantity", Decimal("2.5")),
        "OFFERS_VAT_OBSOLETE": lambda head, rows: setattr(rows[0], "vat", "S20"),
        "INVALID_DATE_ORDER": lambda head, rows: documents.set_dates(head, activation=date(2026, 1, 2), installation=date(2026, 1, 3)),
        "STATE_ASSIGNED": lambda head, rows: setattr(rows[0], "state", "confirmed"),
    }
    for code, change in changes.items():
        with shop.session() as session:
            documents = Documents(session)
            document = documents.get(key)
            change(document, documents.rows(document))
            with pytest.raises(ValidationFailed) as caught:
                session.commit()
            assert [problem.code for problem in caught.value.problems] == [code]
    with shop.session() as session:
        documents = Documents(session)
        documents.get(wanted).close_period = ""
        with pytest.raises(ValidationFailed, match="MISSING_FIELD"):
            session.commit()
        with pytest.raises(ValidationFailed, match="FIELD_UNKNOWN"):
            documents.change_row(documents.rows(documents.get(key))[0], state="confirmed")
        with pytest.raises(ValidationFailed, match="OFFERS_NOT_LOCKED"):
            documents.override_lock(documents.get(key), "Perché sì")
        with pytest.raises(ValidationFailed, match="OFFERS_REVISION_UNKNOWN"):
            documents.content(documents.get(key), 3)
        assert (documents.get(key).version, documents.get(key).total) == (1, Decimal("48.80"))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.feature("I-34")
def test_nothing_of_a_locked_document_changes_save_what_machines_note(shop):
    with shop.session() as session:
        documents = Documents(session)
        document = documents.create("T-OFF", shop.hotel, rows=[GOOD])
        session.commit()
        documents.change_state(document, "cancelled", "Non si fa")
        session.commit()
        key = document.id
    changes = [
        lambda session, head, row: setattr(head, "notes", "Altro"),
        lambda session, head, row: setattr(row, "notes", "Altro"),
        lambda session, head, row: session.delete(row),
        lambda session, head, row: Documents(session).add_rows(head, [GOOD]),
        lambda session, head, row: session.states.change(row, "confirmed"),
        lambda session, head, row: Documents(session).revise(head, "Ancora"),
    ]
    for change in changes:
        with shop.session() as session:
            documents = Documents(session)
            document = documents.get(key)
            with pytest.raises(ValidationFailed) as caught:
                change(session, document, documents.rows(document)[0])
                session.commit()
            assert {problem.code for problem in caught.value.problems} == {"DOCUMENT_LOCKED"}
    with shop.session() as session:
        documents = Documents(session)
        document = documents.get(key)
        # Moving a row into a locked document is a change of it as well.
        other = documents.create("T-OFF", shop.hotel, rows=[GOOD])
        session.commit()
        documents.rows(other)[0].document_id = key
        with pytest.raises(ValidationFailed, match="DOCUMENT_LOCKED"):
            session.commit()


@pytest.mark.feature("I-34", "I-17")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_accounts_with_locked_documents_are_merged_and_erased(shop):
    twin = shop.account("Hotel Miramonti")
    with shop.session() as session:
        documents = Documents(session)
        document = documents.create("T-OFF", twin, rows=[GOOD], notes="Chiamare la signora")
        session.commit()
        documents.change_state(document, "cancelled")
        session.commit()
        key = document.id
        session.merges.merge(shop.hotel, [twin])
        session.commit()
    with shop.system() as session:
        assert session.require(Document, key).account_id == shop.hotel
        session.privacy.erase(session.accounts.require(shop.hotel), reason="Richiesta")
        session.commit()
    with shop.system() as session:
        document = session.require(Document, key)
        assert (document.notes, document.state, document.total) == ("", "cancelled", Decimal("24.40"))


def test_every_code_is_spoken_of_in_the_tests():
    from pathlib import Path

    texts = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [code.code for code in CODES if code.code not in texts] == []
