"""The fields of documents and rows that are maintained in mass, and which values they take."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Table, select

from crmcore import Entity, Label, Problem, Session
from crmcore_offers.codes import problem
from crmcore_offers.model import DATES, PRICE_PLACES, Document, Row
from crmcore_offers.money import parse_discounts

if TYPE_CHECKING:
    from crmcore.changesets import Seen

HEADER: Final = (
    "title",
    "issued_on",
    "owner",
    "site_id",
    "person_id",
    "agent_id",
    "operator_id",
    "agency_id",
    "referrer_id",
    "portfolio_id",
    "price_list_id",
    "campaign",
    "priority",
    "needs",
    "probability",
    "close_period",
    "outcome",
    "customer_feedback",
    "agent_feedback",
    "payment",
    "notes",
    "text",
    "appointment",
    *DATES,
)
"""Of documents; numbers, sums and what they come from follow from elsewhere."""

ROW: Final = ("description", "quantity", "unit", "price", "discounts", "vat", "cost", "commission", "notes", "delivery")
"""Of rows."""

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {Document.entity_name(): HEADER, Row.entity_name(): ROW}
CLASSES: Final[Mapping[str, type[Entity]]] = {Document.entity_name(): Document, Row.entity_name(): Row}

_PERIOD: Final = re.compile(r"\d{4}(-Q[1-4]|-(0[1-9]|1[0-2]))?")


def is_text(entity: str, field: str) -> bool:
    """Return whether a field holds text: what a command line gives it is never a number."""
    if field not in FIELDS[entity]:
        return False
    column: Any = CLASSES[entity].__table__.c[field]
    return column.type.python_type is str


def _number(value: object) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and found == round(found, PRICE_PLACES) else None


def _is_quantity(value: object) -> bool:
    found = _number(value)
    return found is not None and found > 0


def _is_price(value: object) -> bool:
    found = _number(value)
    return found is not None and found >= 0


def _is_discount(value: object) -> bool:
    try:
        parse_discounts(str(value))
    except ValueError:
        return False
    return True


_VALUES: Final[Mapping[str, tuple[Callable[[object], bool], Label]]] = {
    "quantity": (_is_quantity, Label("più di 0, con al massimo 6 decimali", "more than 0, with 6 decimals at most")),
    "price": (_is_price, Label("0 o più, con al massimo 6 decimali", "0 or more, with 6 decimals at most")),
    "cost": (_is_price, Label("0 o più, con al massimo 6 decimali", "0 or more, with 6 decimals at most")),
    "discounts": (_is_discount, Label("percentuali fino a 100, come 10+5", "percentages up to 100, such as 10+5")),
    "probability": (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100,  # noqa: PLR2004 - per cent
        Label("un intero da 0 a 100", "a whole number from 0 to 100"),
    ),
    "close_period": (
        lambda value: value == "" or (isinstance(value, str) and _PERIOD.fullmatch(value) is not None),
        Label("un anno, un trimestre o un mese, come 2026-Q3", "a year, a quarter or a month, such as 2026-Q3"),
    ),
}


def value_problem(field: str, value: object) -> Problem | None:
    """Return why a field never takes a value, whatever the record."""
    rule = _VALUES.get(field)
    if rule is None or value is None or rule[0](value):
        return None
    return problem("OFFERS_MASS_VALUE", field=field, value=value, expected=rule[1])


def lost_references(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> Mapping[int, Problem]:
    """Return the refusal of each wish whose value names a record that is not there: one statement for each field."""
    found: dict[int, Problem] = {}
    for field in {wish.field for wish in wishes}:
        target = _target(cls, field)
        if target is None:
            continue
        table, column = target
        wanted = {wish.new for wish in wishes if wish.field == field and wish.new is not None}
        there = set(session.execute(select(table.c[column]).where(table.c[column].in_(sorted(wanted)))).scalars()) if wanted else set()
        for number, wish in enumerate(wishes):
            if wish.field == field and wish.new is not None and wish.new not in there:
                found[number] = Problem(code="NOT_FOUND", params={"entity": table.name, "id": wish.new})
    return found


def _target(cls: type[Entity], field: str) -> tuple[Table, str] | None:
    column: Any = cls.__table__.c[field]
    for key in column.foreign_keys:
        return key.column.table, key.column.name
    return None
