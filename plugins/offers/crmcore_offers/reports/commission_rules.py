"""Which commission rule decides for a row, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import select

from crmcore import Label, Session
from crmcore.scripting import ScriptError
from crmcore_offers.codes import refuse
from crmcore_offers.model import PERCENT_PLACES, PRICE_PLACES, Category, CommissionRule
from crmcore_offers.reports.configuration import INPUTS

_MILLION: Final[int] = 10**PRICE_PLACES
assert PERCENT_PLACES + 2 == PRICE_PLACES  # noqa: S101 - see `Rule.cents`


@attrs.frozen(kw_only=True)
class Sold:
    """A row that commissions are computed of: amounts in cents, quantity in millionths, all with the sign of its type."""

    row_id: int
    document_id: int
    type: str
    day: date
    agent: str
    agency: str
    product: str
    path: str
    """Path of the product's category, empty for none."""
    net: int
    quantity: int
    margin: int | None
    """None when the cost is not known."""
    context: Callable[[], Mapping[str, Any]]
    """Return what scripts see: made only for rows that a script is asked about."""


@attrs.frozen(kw_only=True, eq=False)
class Rule:
    """A commission rule, ready to be asked."""

    code: str
    label: Label
    beneficiary: str
    conditions: Mapping[str, Any]
    paths: tuple[str, ...]
    base: str
    percent: int
    """In units of the last place."""
    amount: int
    valid_from: date | None
    valid_to: date | None
    shown: tuple[Decimal, Decimal]
    """Percentage and amount, as people read them."""

    def may_hold(self, row: Sold) -> bool:
        """Return whether it holds for rows like this, as far as its codes say."""
        named = (("type", row.type), ("agent", row.agent), ("agency", row.agency), ("product", row.product))
        if any(name in self.conditions and value not in self.conditions[name] for name, value in named):
            return False
        return "category" not in self.conditions or any(row.path.startswith(path) for path in self.paths)

    def holds(self, session: Session, row: Sold) -> bool:
        """Return whether it holds for one row: its days, the base, and its script.

        Raises:
            ValidationFailed: ``OFFERS_COMMISSION_RULE`` when the script fails.
        """
        if (self.valid_from and row.day < self.valid_from) or (self.valid_to and row.day > self.valid_to):
            return False
        if self.base_of(row) is None:
            return False
        source = self.conditions.get("rule")
        if not source:
            return True
        try:
            return bool(session.crm.rules.run(source, row.context(), INPUTS).value)
        except ScriptError as error:
            place = f"({error.line}:{error.column})"
            reason = Label(f"{error.text.it} {place}", f"{error.text.en} {place}")
            raise refuse(
                "OFFERS_COMMISSION_RULE", self.code, rule=self.code, row=row.row_id, document=row.document_id, reason=reason
            ) from error

    def base_of(self, row: Sold) -> int | None:
        """Return what the percentage is of, in cents."""
        return row.net if self.base == "taxable" else row.margin

    def cents(self, row: Sold) -> int:
        """Return the commission of a row in cents, rounded half up: percentage and amounts together, once."""
        # A percentage has four places and is of a hundred, a quantity has six: both are millionths of a cent.
        exact: int = (self.base_of(row) or 0) * self.percent + self.amount * row.quantity
        rounded = (abs(exact) + _MILLION // 2) // _MILLION
        return rounded if exact >= 0 else -rounded


class Deciding:
    """The rules of a moment, asked row by row; what codes decide is decided once for all rows that are alike."""

    def __init__(self, session: Session, rules: Sequence[Rule]) -> None:
        self._session = session
        self._rules = {who: [rule for rule in rules if rule.beneficiary == who] for who in {rule.beneficiary for rule in rules}}
        self._alike: dict[tuple[str, ...], list[Rule]] = {}

    def decide(self, beneficiary: str, row: Sold) -> Rule | None:
        """Return the rule of the highest priority that holds for a row; of several, the first by code.

        Raises:
            ValidationFailed: ``OFFERS_COMMISSION_RULE``.
        """
        key = (beneficiary, row.type, row.agent, row.agency, row.product, row.path)
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = [rule for rule in self._rules.get(beneficiary, ()) if rule.may_hold(row)]
        return next((rule for rule in found if rule.holds(self._session, row)), None)


def rules_in_force(session: Session) -> list[Rule]:
    """Return the rules that are not obsolete, the first to ask first: one statement, and one when they name categories."""
    wanted = select(CommissionRule).where(CommissionRule.obsolete.is_(False))
    rows = session.scalars(wanted.order_by(CommissionRule.priority.desc(), CommissionRule.code)).all()
    named = {code for row in rows for code in row.conditions.get("category", ())}
    paths = dict(_paths(session, named)) if named else {}
    return [_rule(row, paths) for row in rows]


def _paths(session: Session, codes: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((code, path) for code, path in session.execute(select(Category.code, Category.path).where(Category.code.in_(sorted(codes)))))


def _rule(row: CommissionRule, paths: Mapping[str, str]) -> Rule:
    return Rule(
        code=row.code,
        label=Label(row.label_it, row.label_en or row.label_it),
        beneficiary=row.beneficiary,
        conditions=row.conditions,
        paths=tuple(paths[code] for code in row.conditions.get("category", ()) if code in paths),
        base=row.base,
        percent=_units(row.percent, PERCENT_PLACES),
        amount=_units(row.amount, 2),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        shown=(row.percent, row.amount),
    )


def _units(value: Decimal, places: int) -> int:
    return int(value.scaleb(places))
