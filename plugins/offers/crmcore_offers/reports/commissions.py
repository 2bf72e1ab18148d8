"""Commissions: what who sells gets of what was confirmed in a period (G22, S10, I-36).

What counts: rows with the commission flag, of documents of types that count in ``commission``, in states that are ``exposing`` and not
``negative``; rows that are cancelled or returned do not, and of a partial confirmation only the confirmed rows do. A document is in the
period by its effective confirmation; without one, by the day on which it last came into exposing states from outside of them; without that
(it began there), by its own date. The sign of the type is that of the amounts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Select, and_, or_, select

from crmcore import Label, Session
from crmcore.model import NULL_CODES
from crmcore.query import batches
from crmcore_offers.model import PRICE_PLACES, Category, Document, Product, Row
from crmcore_offers.reports.commission_rules import Deciding, Rule, Sold, rules_in_force
from crmcore_offers.reports.configuration import BENEFICIARIES
from crmcore_offers.reports.exact import product_in_cents, units
from crmcore_offers.reports.subjects import COMMISSION, Narrow, Types, came_into, codes_where, conditions, people_of, states_of, types_in
from crmcore_offers.states import ROWS

_People = Mapping[int, tuple[str, str]]
"""Code and name by key."""
_NO_ONE: Final = ("", "")
_NOBODY: Final = frozenset(NULL_CODES.values())


@attrs.frozen(kw_only=True)
class CommissionLine:
    """What somebody gets of one row, and by which rule."""

    person: str
    name: str
    beneficiary: str
    document_id: int
    reference: str
    type: str
    day: date
    row_id: int
    position: int
    product: str
    quantity: Decimal
    base: str
    """``taxable`` or ``margin``."""
    base_amount: Decimal
    percent: Decimal
    per_unit: Decimal
    amount: Decimal
    rule: str
    label: Label

    def why(self, lang: str = "it") -> str:
        """Return how the amount came about, in words."""
        base = {"taxable": Label("imponibile", "taxable"), "margin": Label("margine", "margin")}[self.base].text(lang)
        parts = [f"{self.percent.normalize():f} % · {base} {self.base_amount}"] if self.percent else []
        parts += [f"{self.per_unit} · {self.quantity.normalize():f}"] if self.per_unit else []
        return f"{self.label.text(lang)} ({self.rule}): {' + '.join(parts) or '0'} = {self.amount}"


@attrs.frozen(kw_only=True)
class CommissionSum:
    """What some lines come to."""

    key: str
    label: str
    rows: int
    base_amount: Decimal
    amount: Decimal


@attrs.frozen(kw_only=True)
class Commissions:
    """The commissions of a period, row by row; all sums are sums of these lines."""

    first: date
    last: date
    lines: tuple[CommissionLine, ...]
    without_rule: tuple[int, ...]
    """Keys of rows for which no rule holds, for anybody: nobody gets anything of them."""

    @property
    def total(self) -> Decimal:
        """What all get together."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    def people(self) -> tuple[CommissionSum, ...]:
        """Return what each person gets, by code."""
        return _sums(((line.person, line.name), line) for line in self.lines)

    def documents(self) -> tuple[CommissionSum, ...]:
        """Return what each document costs in commissions, by key."""
        return _sums(((str(line.document_id), line.reference), line) for line in self.lines)


def commissions(session: Session, first: date, last: date, narrow: Narrow) -> Commissions:
    """Return the commissions of the days from one to another, both included.

    Six statements: types, rules, people, documents without a date of confirmation, rows, and one when rules name categories; two more for
    each ten thousand documents without that date.

    Raises:
        ValidationFailed: ``OFFERS_COMMISSION_RULE``, ``OFFERS_REPORT_UNKNOWN``.
    """
    types = types_in(session, COMMISSION, narrow.types)
    rules = rules_in_force(session)
    people = people_of(session)
    deciding = Deciding(session, rules)
    asked = sorted({rule.beneficiary for rule in rules}, key=BENEFICIARIES.index)
    lines: list[CommissionLine] = []
    without: list[int] = []
    for row, found in _rows(session, first, last, narrow, types, people):
        mine = list(_lines(deciding, asked, row, found, people))
        lines += mine
        if not mine:
            without.append(found.row_id)
    return Commissions(first=first, last=last, lines=tuple(lines), without_rule=tuple(without))


def _lines(deciding: Deciding, asked: Iterable[str], row: Any, sold: Sold, people: _People) -> Iterator[CommissionLine]:  # noqa: ANN401 - a row of a query
    for beneficiary in asked:
        code, name = people.get(getattr(row, f"{beneficiary}_id"), _NO_ONE)
        if not code or code in _NOBODY:
            continue
        rule = deciding.decide(beneficiary, sold)
        if rule is not None:
            yield _line(code, name, row, sold, rule)


def _line(code: str, name: str, row: Any, sold: Sold, rule: Rule) -> CommissionLine:  # noqa: ANN401 - a row of a query
    return CommissionLine(
        person=code,
        name=name,
        beneficiary=rule.beneficiary,
        document_id=sold.document_id,
        reference=row.reference,
        type=sold.type,
        day=sold.day,
        row_id=sold.row_id,
        position=row.position,
        product=sold.product,
        quantity=Decimal(sold.quantity).scaleb(-PRICE_PLACES),
        base=rule.base,
        base_amount=Decimal(rule.base_of(sold) or 0).scaleb(-2),
        percent=rule.shown[0],
        per_unit=rule.shown[1],
        amount=Decimal(rule.cents(sold)).scaleb(-2),
        rule=rule.code,
        label=rule.label,
    )


def _rows(session: Session, first: date, last: date, narrow: Narrow, types: Types, people: _People) -> Iterator[tuple[Any, Sold]]:
    """Yield the rows that count, by day of confirmation and key, with what rules ask of them."""
    exposing = codes_where(states_of(session), exposing=True, negative=False)
    counting = [Document.type.in_(types.codes), Document.state.in_(exposing), *conditions(session, narrow)]
    dated = Document.effective_confirmation.between(first, last)
    days = _undated(session, counting, exposing, first, last)
    found = list(session.execute(_query(session, [*counting, dated])))
    for some in batches(list(days)):
        found += session.execute(_query(session, [*counting, Document.id.in_(some)]))
    for row in sorted(found, key=lambda row: (row.confirmed or days[row.document_id], row.document_id, row.position, row.id)):
        yield row, _sold(row, row.confirmed or days[row.document_id], types, people)


def _undated(session: Session, counting: list[ColumnElement[bool]], exposing: tuple[str, ...], first: date, last: date) -> dict[int, date]:
    """Return the day of each document of the period that has no date of confirmation."""
    wanted = select(Document.id, Document.issued_on).where(*counting, Document.effective_confirmation.is_(None))
    issued = {row.id: row.issued_on for row in session.execute(wanted)}
    zone = session.crm.zone
    since = {key: at.astimezone(zone).date() for key, at in came_into(session, list(issued), exposing).items()}
    return {key: day for key, own in issued.items() if first <= (day := since.get(key, own)) <= last}


def _query(session: Session, where: list[ColumnElement[bool]]) -> Any:  # noqa: ANN401 - a query of many columns
    states = session.states.table(ROWS).definition.states
    left_out = tuple(state.code for state in states if state.flags.get("cancelled") or state.flags.get("returned"))
    confirmed = tuple(state.code for state in states if state.flags.get("confirmed"))
    return _rows_in(left_out, confirmed).where(*where)


@lru_cache(maxsize=16)
def _rows_in(left_out: tuple[str, ...], confirmed: tuple[str, ...]) -> Select[Any]:
    """Return the query for the rows that count, by the states that are left out and those that are confirmed; it is made once."""
    columns = (
        Row.id,
        Row.document_id,
        Row.position,
        Row.state.label("row_state"),
        Row.code,
        units(Row.net).label("net"),
        units(Row.quantity).label("quantity"),
        units(Row.cost).label("cost"),
        product_in_cents(units(Row.quantity), units(Row.cost)).label("costs"),
        Product.code.label("product"),
        Category.path,
        Category.code.label("category"),
        Document.type,
        Document.reference,
        Document.state,
        Document.campaign,
        units(Document.taxable).label("taxable"),
        Document.effective_confirmation.label("confirmed"),
        *(getattr(Document, f"{each}_id") for each in BENEFICIARIES),
    )
    return (
        select(*columns)
        .select_from(Row)
        .join(Document, Document.id == Row.document_id)
        .outerjoin(Product, Product.id == Row.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .where(
            Row.commission.is_(True),
            or_(Row.state.is_(None), Row.state.not_in(left_out)),
            or_(Document.confirmation != "partial", and_(Document.confirmation == "partial", Row.state.in_(confirmed))),
        )
    )


def _sold(row: Any, day: date, types: Types, people: _People) -> Sold:  # noqa: ANN401 - a row of a query
    sign = -1 if row.type in types.minus else 1
    return Sold(
        row_id=row.id,
        document_id=row.document_id,
        type=row.type,
        day=day,
        agent=people.get(row.agent_id, _NO_ONE)[0],
        agency=people.get(row.agency_id, _NO_ONE)[0],
        product=row.product or row.code,
        path=row.path or "",
        net=sign * row.net,
        quantity=sign * row.quantity,
        margin=None if row.cost is None else sign * (row.net - row.costs),
        context=partial(_context, row, day, people),
    )


def _context(row: Any, day: date, people: _People) -> Mapping[str, Any]:  # noqa: ANN401 - as above
    """Return what scripts see of a row and its document: plain values, amounts without the sign of the type."""
    return {
        "document": {
            "id": row.document_id,
            "type": row.type,
            "reference": row.reference,
            "state": row.state,
            "campaign": row.campaign,
            "taxable": Decimal(row.taxable).scaleb(-2),
            "day": day,
            **{each: people.get(getattr(row, f"{each}_id"), _NO_ONE)[0] for each in BENEFICIARIES},
        },
        "row": {
            "position": row.position,
            "product": row.product or row.code,
            "category": row.category or "",
            "state": row.row_state or "",
            "quantity": Decimal(row.quantity).scaleb(-PRICE_PLACES),
            "net": Decimal(row.net).scaleb(-2),
            "margin": None if row.cost is None else Decimal(row.net - row.costs).scaleb(-2),
        },
    }


def _sums(lines: Iterable[tuple[tuple[str, str], CommissionLine]]) -> tuple[CommissionSum, ...]:
    groups: dict[tuple[str, str], list[CommissionLine]] = defaultdict(list)
    for key, line in lines:
        groups[key].append(line)
    zero = Decimal("0.00")
    return tuple(
        CommissionSum(
            key=key,
            label=label,
            rows=len(some),
            base_amount=sum((line.base_amount for line in some), zero),
            amount=sum((line.amount for line in some), zero),
        )
        for (key, label), some in sorted(groups.items())
    )
