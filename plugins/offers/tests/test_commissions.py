"""Commissions: of what, for whom, by which rule, and checked before they are applied."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import attrs
import pytest
from click.testing import CliRunner
from crmcore_offers.model import Category, CommissionRule, Document, OrderType, Product, Row
from crmcore_offers.reports import Reports
from sqlalchemy import event, select

from crmcore import Label, State, ValidationFailed
from crmcore.cli import crm as command
from crmcore.model import Salesperson

MAY = (date(2026, 5, 1), date(2026, 5, 31))


def rule(code, **fields):
    fields = {name: Decimal(each) if name in {"percent", "amount"} else each for name, each in fields.items()}
    return CommissionRule(code=code, label_it=f"Regola {code}", **fields)


class Shop:
    """Documents with rows, of which the archive makes the totals."""

    def __init__(self, session, account):
        self.session = session
        self.account = account
        self.products = {product.code: product.id for product in session.scalars(select(Product))}

    def sell(self, rows, confirmed=date(2026, 5, 11), **fields):
        fields = {"type": "T-CON", "issued_on": date(2026, 5, 2), "owner": "admin", "state": "won", **fields}
        document = Document(account_id=self.account, effective_confirmation=confirmed, **fields)
        made = [self.row(number, *each) for number, each in enumerate(rows, 1)]
        self.session.add(document)
        self.session.flush()
        for row in made:
            self.session.add(Row(document_id=document.id, vat="S22", **row))
        self.session.flush()
        return document

    def row(self, position, product, quantity, net, more=None):
        found = {
            "position": position,
            "product_id": self.products[product],
            "quantity": Decimal(quantity),
            "price": Decimal(net) / Decimal(quantity),
        }
        return {**found, **(more or {})}


def of(report):
    return [(line.person, line.product, line.rule, line.amount) for line in report.lines]


@pytest.fixture
def shop(firm):
    firm.catalogue()
    firm.sellers = firm.people()
    account = firm.account(seller_id=firm.sellers["A1"])
    with firm.system() as session:
        yield Shop(session, account)


@pytest.mark.feature("G22", "I-36", "S10")
def test_only_rows_of_documents_in_exposing_states_count_and_all_sums_agree(firm, shop):
    session, sellers = shop.session, firm.sellers
    session.add(rule("base", percent="2.5"))
    session.add(rule("cucine", percent="5", priority=10, conditions={"product": ["CUC-100"]}))
    session.add(OrderType(code="T-CN", label_it="Storno", meaning="credit_note", sign=-1, counts_in=["commission"]))
    session.flush()
    mine = {"agent_id": sellers["A1"]}
    shop.sell([("CUC-100", 4, "11440.10"), ("MON-001", 1, "2100.30")], reference="C1", **mine)
    # What is negative counts nowhere, what exposes nothing not yet; both have rows and rules all the same.
    shop.sell([("CUC-100", 1, "1000.00")], state="lost", **mine)
    shop.sell([("CUC-100", 1, "1000.00")], state="negotiating", **mine)
    shop.sell([("CUC-100", 1, "1000.00")], type="T-ORD", **mine)
    shop.sell([("CUC-100", 1, "1000.00")], confirmed=date(2026, 6, 1), **mine)
    left_out = [
        ("MON-001", 1, "1000.00", {"commission": False}),
        ("MON-001", 1, "0.00", {"state": "cancelled"}),
        ("MON-001", 1, "5.00", {"state": "returned"}),
    ]
    shop.sell(left_out, **mine)
    shop.sell([("MON-001", 1, "100.10")], type="T-CN", reference="N1", agent_id=sellers["A2"])
    shop.sell([("MON-001", 1, "100.00")])
    part = [("MON-001", 1, "10.00", {"state": "confirmed"}), ("MON-001", 1, "90.00", {"state": "waiting"})]
    shop.sell(part, reference="C2", **mine)
    session.commit()
    report = Reports(session).commissions(*MAY)
    assert of(report) == [
        ("A1", "CUC-100", "cucine", Decimal("572.01")),
        ("A1", "MON-001", "base", Decimal("52.51")),
        ("A2", "MON-001", "base", Decimal("-2.50")),
        ("A1", "MON-001", "base", Decimal("0.25")),
    ]
    assert report.lines[0].why() == "Regola cucine (cucine): 5 % · imponibile 11440.10 = 572.01"
    assert report.lines[0].why("en") == "Regola cucine (cucine): 5 % · taxable 11440.10 = 572.01"
    people, documents = report.people(), report.documents()
    assert [(each.key, each.rows, each.base_amount, each.amount) for each in people] == [
        ("A1", 3, Decimal("13550.40"), Decimal("624.77")),
        ("A2", 1, Decimal("-100.10"), Decimal("-2.50")),
    ]
    assert [(each.label, each.amount) for each in documents] == [
        ("C1", Decimal("624.52")),
        ("N1", Decimal("-2.50")),
        ("C2", Decimal("0.25")),
    ]
    assert report.total == Decimal("622.27") == sum(each.amount for each in people) == sum(each.amount for each in documents)
    # The contract without an agent: a rule held, and there was nobody.
    assert len(report.without_rule) == 1
    assert Reports(session).commissions(*MAY, agent="A2").total == Decimal("-2.50")
    table = session.states.table("offers.documents").definition
    quiet = [attrs.evolve(state, flags={"confirmed": True}) if state.code == "won" else state for state in table.states]
    session.states.define(attrs.evolve(table, states=tuple(quiet)))
    session.commit()
    # Still sold, and exposing no more: flags decide, not codes.
    assert Reports(session).commissions(*MAY).lines == ()


@pytest.mark.feature("G22")
def test_the_highest_rule_that_holds_decides_for_each_beneficiary(firm, shop):
    session, sellers = shop.session, firm.sellers
    parent = session.add(Category(code="ARREDO", label_it="Arredo"))
    session.flush()
    parent.path = f"{parent.id}/"
    below = session.add(Category(code="CUCINE", label_it="Cucine", parent_id=parent.id))
    session.flush()
    below.path = f"{parent.path}{below.id}/"
    session.get(Product, shop.products["CUC-100"]).category_id = below.id
    agency = session.add(Salesperson(code="AGZ1", kind="agency", name="Agenzia Nord"))
    nobody = session.scalar(select(Salesperson.id).where(Salesperson.code == "AGN000"))
    session.add(rule("tutti", percent="1"))
    session.add(rule("arredo", percent="3.3333", priority=5, conditions={"category": ["ARREDO"]}))
    session.add(rule("margine", percent="10", amount="1.005", base="margin", priority=20, conditions={"agent": ["A2"]}))
    session.add(rule("grandi", percent="7", priority=30, conditions={"rule": 'row.net > 5000 and document.agent == "A1"'}))
    session.add(rule("scaduta", percent="99", priority=99, valid_to=date(2026, 5, 10)))
    session.add(rule("vecchia", percent="98", priority=98, obsolete=True))
    session.add(rule("agenzia", amount="2.50", beneficiary="agency", conditions={"type": ["T-CON"], "agency": ["AGZ1"]}))
    session.flush()
    cost = {"cost": Decimal("700.333333")}
    both = {"agent_id": sellers["A1"], "agency_id": agency.id}
    shop.sell([("CUC-100", 1, "5000.00"), ("CUC-100", 2, "5000.01"), ("MON-001", "1.5", "99.99")], **both)
    shop.sell([("CUC-100", 3, "3000.00", cost), ("CUC-100", 3, "3000.00")], agent_id=sellers["A2"])
    shop.sell([("MON-001", 1, "100.00")], agent_id=nobody)
    session.commit()
    report = Reports(session).commissions(*MAY)
    assert of(report) == [
        ("A1", "CUC-100", "arredo", Decimal("166.67")),
        ("AGZ1", "CUC-100", "agenzia", Decimal("2.50")),
        ("A1", "CUC-100", "grandi", Decimal("350.00")),
        ("AGZ1", "CUC-100", "agenzia", Decimal("5.00")),
        ("A1", "MON-001", "tutti", Decimal("1.00")),
        ("AGZ1", "MON-001", "agenzia", Decimal("3.75")),
        # Margin: 3000.00 less 3 at 700.333333 is 899.00; ten percent, and 3 times 1.005 kept as 1.01, rounded once.
        ("A2", "CUC-100", "margine", Decimal("92.93")),
        # Without a cost there is no margin to have a part of: the next rule decides.
        ("A2", "CUC-100", "arredo", Decimal("99.999").quantize(Decimal("0.01"))),
    ]
    assert len(report.without_rule) == 1
    seen = []
    connection = session.orm.connection()
    event.listen(connection, "before_cursor_execute", lambda _c, _d, statement, *_: seen.append(statement))
    Reports(session).commissions(*MAY)
    assert len(seen) == 6, seen
    session.add(rule("rotta", percent="1", priority=1000, conditions={"rule": "row.net / 0 > 1"}))
    session.commit()
    with pytest.raises(ValidationFailed) as refused:
        Reports(session).commissions(*MAY)
    assert [problem.code for problem in refused.value.problems] == ["OFFERS_COMMISSION_RULE"]
    assert "rotta" in refused.value.problems[0].text("it")


@pytest.mark.feature("G22", "I-7", "I-27")
def test_without_a_date_of_confirmation_the_day_of_the_state_counts_for_whoever_sees_the_document(firm, shop):
    session, sellers = shop.session, firm.sellers
    hidden = firm.account(name="Altra S.r.l.", seller_id=sellers["A3"])
    table = session.states.table("offers.documents").definition
    done = State(code="activated", label=Label("Attivato", "Activated"), order=85, flags={"confirmed": True, "exposing": True})
    session.states.define(attrs.evolve(table, states=(*table.states, done)))
    session.add(rule("base", percent="10"))
    session.flush()
    plain = {"confirmed": None, "agent_id": sellers["A1"], "state": "presented"}
    first = shop.sell([("MON-001", 1, "100.00")], **plain)
    second = shop.sell([("MON-001", 1, "1000.00")], **plain)
    shop.account = hidden
    third = shop.sell([("MON-001", 1, "10000.00")], **plain)
    began = shop.sell([("MON-001", 1, "5.00")], **{**plain, "state": "won"})
    session.commit()
    moves = (
        ((2026, 5, 31, 23, 30), first, "won"),
        ((2026, 6, 2), first, "activated"),
        ((2026, 5, 5), second, "won"),
        ((2026, 5, 6), second, "presented"),
        ((2026, 6, 3), second, "won"),
        ((2026, 5, 20), third, "won"),
    )
    for when, document, state in moves:
        firm.at(*when)
        session.states.change(document, state)
        session.commit()
    for document in (first, second, third, began):
        document.effective_confirmation = None
    session.commit()

    def days(login, *period):
        with firm.session(login) as reading:
            return [(line.document_id, line.day) for line in Reports(reading).commissions(*period).lines]

    june = (date(2026, 6, 1), date(2026, 6, 30))
    # Into exposing states, and not from one of them to another; after a step back, the last time. What began there has its own date.
    mine = [(first.id, date(2026, 5, 31))]
    assert days("anna", *MAY) == mine
    assert days("anna", *june) == [(second.id, date(2026, 6, 3))]
    assert days("marco", *MAY) == mine
    assert days("carla", *MAY) == [(began.id, date(2026, 5, 2)), (third.id, date(2026, 5, 20))]
    assert len(days("admin", *MAY)) == 3


DEPLOYMENT = """
database: sqlite:///crm.db
plugins: [offers]
salespersons: {A1: Anna Basso}
offers.targets:
  anna: {period: 2026-Q3, agent: A1, amount: "60000"}
  firm: {period: 2026, amount: "240000.00"}
offers.commission_rules:
  base: {label: Provvigione base, percent: "2.5"}
  anna: {label: Anna, percent: "3", priority: 5, valid_from: 2026-01-01, conditions: {agent: A1, rule: "row.net > 100"}}
"""
WRONG = """
offers.targets:
  fifth: {period: 2026-Q5, agent: A1, amount: "60000"}
  first: {period: 2026, amount: "240000.00"}
  second: {period: "2026", amount: "1.00"}
offers.commission_rules:
  scripted: {label: Con regola, conditions: {rule: "rows.net > 100"}}
  named: {label: Con codici, conditions: {agent: A7, category: [NESSUNA]}}
  short: {label: Breve, valid_from: 2026-01-01, valid_to: 2025-01-01}
"""
REASONS = (
    "offers.targets.fifth.period: expected a year, a quarter or a month",
    "offers.targets.second.period: first is for the same period",
    "offers.commission_rules.scripted.conditions",
    "offers.commission_rules.named.conditions: agent: there is no A7",
    "offers.commission_rules.named.conditions: category: there is no NESSUNA",
    "offers.commission_rules.short.valid_to: it ends before it begins",
)


@pytest.mark.feature("G22", "G23", "P8.2")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_rules_and_targets_are_checked_before_they_are_applied(tmp_path, database_kind):
    del database_kind

    def run(*arguments, code=0):
        result = CliRunner().invoke(command, ["-C", str(tmp_path), "--lang", "en", *arguments])
        assert result.exit_code == code, result.output
        return result.output

    file = tmp_path / "crm.yaml"
    file.write_text(DEPLOYMENT, "utf-8")
    run("migrate")
    file.write_text(DEPLOYMENT.partition("offers.targets")[0] + WRONG, "utf-8")
    refused = run("plan", code=3)
    for reason in REASONS:
        assert reason in refused
    for right, wrong, reason in (
        ('"240000.00"', '"240000.005"', "at most 2 decimal places"),
        ("agent: A1, amount", "agent: A7, amount", "targets.anna"),
    ):
        file.write_text(DEPLOYMENT.replace(right, wrong), "utf-8")
        assert reason in run("plan", code=3)
    file.write_text(DEPLOYMENT, "utf-8")
    run("apply", "--plan", json.loads(run("--json", "plan", code=6))["hash"])
    assert "changes" not in run("plan")
