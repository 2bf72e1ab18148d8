"""What is refused of rows, whoever writes: by the API, by a mass change, or record by record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import attrs

from crmcore import Change, Problem, Session
from crmcore.events import RecordVerb
from crmcore_offers.archive.catalogue import by_codes, products_by_id
from crmcore_offers.archive.normal import is_number, net_of
from crmcore_offers.archive.reading import Fields, fields_of
from crmcore_offers.codes import problem
from crmcore_offers.model import PRICE_PLACES, Product, Unit, VatCode
from crmcore_offers.money import parse_discounts

_LARGEST: Final = Decimal(10) ** (18 - PRICE_PLACES)


@attrs.frozen
class Found:
    """What the rows of a flush name, read in one statement each."""

    vats: Any  # code → VAT code, unit of measure, and key → product
    units: Any
    products: Any


def problems_of(session: Session, rows: Sequence[Change]) -> Iterator[Problem]:
    """Yield what is wrong with new and changed rows; of what did not change, nothing is asked again."""
    mine = [change for change in rows if change.verb is not RecordVerb.DELETED]
    values = [(change, fields_of(change)) for change in mine]
    found = Found(
        vats=by_codes(session, VatCode, _named(values, "vat", "vat")),
        # How many places a quantity has depends on its unit.
        units=by_codes(session, Unit, _named(values, "unit", "unit") | _named(values, "unit", "quantity")),
        products=products_by_id(session, _named(values, "product_id", "product_id")),
    )
    for change, row in values:
        for check in _CHECKS:
            yield from check(change, row, found)


def _named(values: Sequence[tuple[Change, Fields]], field: str, changed: str) -> set[Any]:
    """Return what rows have in a field, of those in which another one, or this one, changed."""
    return {row.get(field) for change, row in values if changed in change.changes} - {None}


def _quantity(change: Change, row: Fields, found: Found) -> Iterator[Problem]:
    value, position = row.get("quantity"), row.get("position")
    if change.changes.keys().isdisjoint(("quantity", "unit")) or isinstance(value, float | str):
        return  # what is no number at all is refused by the core
    if not is_number(value) or value <= 0:
        yield problem("OFFERS_QUANTITY", position, position=position, value=value)
        return
    unit = found.units.get(row.get("unit"))
    places = PRICE_PLACES if unit is None else min(PRICE_PLACES, unit.places)
    yield from _decimals(position, "quantity", value, places)
    yield from _size(position, "quantity", value)


def _price(change: Change, row: Fields, found: Found) -> Iterator[Problem]:
    del found
    for field in ("price", "cost"):
        value, position = row.get(field), row.get("position")
        if field not in change.changes or value is None or isinstance(value, float | str):
            continue
        if not is_number(value) or value < 0:
            yield problem("OFFERS_PRICE", position, position=position, field=field, value=value)
            continue
        yield from _decimals(position, field, value, PRICE_PLACES)
        yield from _size(position, field, value)


def _discounts(change: Change, row: Fields, found: Found) -> Iterator[Problem]:
    del found
    value, position = row.get("discounts"), row.get("position")
    if "discounts" not in change.changes or not isinstance(value, str):
        return
    try:
        parse_discounts(value)
    except ValueError:
        yield problem("OFFERS_DISCOUNT", position, position=position, value=value)


def _amount(change: Change, row: Fields, found: Found) -> Iterator[Problem]:
    del found
    parts = (row.get("quantity"), row.get("price"), row.get("discounts"))
    if change.changes.keys().isdisjoint(("quantity", "price", "discounts")):
        return
    if is_number(parts[0]) and is_number(parts[1]) and _readable(parts[2]) and net_of(*parts) is None:
        yield problem("OFFERS_AMOUNT", row.get("position"), what=f"offers.row {row.get('position')}: net")


def _codes(change: Change, row: Fields, found: Found) -> Iterator[Problem]:
    position = row.get("position")
    if "vat" in change.changes:
        yield from _code(found.vats.get(row.get("vat")), "OFFERS_VAT", position, row.get("vat"))
    if "unit" in change.changes and row.get("unit") is not None and row["unit"] not in found.units:
        yield problem("OFFERS_UNIT_UNKNOWN", position, position=position, code=row["unit"])
    if "product_id" in change.changes and row.get("product_id") is not None:
        yield from _code(found.products.get(row["product_id"]), "OFFERS_PRODUCT", position, row["product_id"])


def _code(thing: VatCode | Product | None, prefix: str, position: object, code: object) -> Iterator[Problem]:
    if thing is None:
        yield problem(f"{prefix}_UNKNOWN", position, position=position, code=code)
    elif thing.obsolete:
        yield problem(f"{prefix}_OBSOLETE", position, position=position, code=thing.code)


_CHECKS: Final[tuple[Callable[[Change, Any, Found], Iterator[Problem]], ...]] = (_quantity, _price, _discounts, _amount, _codes)


def _readable(text: object) -> bool:
    try:
        return isinstance(text, str) and parse_discounts(text) is not None
    except ValueError:
        return False


def _decimals(position: object, field: str, value: Decimal | int, places: int) -> Iterator[Problem]:
    if isinstance(value, Decimal) and value != 0 and -_exponent(value) > places:
        yield problem("OFFERS_DECIMALS", position, position=position, field=field, value=value, places=places)


def _exponent(value: Decimal) -> int:
    """Return the place of the last digit that is not zero; `normalize` would round what is longer than the context."""
    digits, exponent = value.as_tuple().digits, value.as_tuple().exponent
    trailing = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return int(exponent) + trailing


def _size(position: object, field: str, value: Decimal | int) -> Iterator[Problem]:
    if not -_LARGEST < value < _LARGEST:
        yield problem("OFFERS_AMOUNT", position, what=f"offers.row {position}: {field}")
