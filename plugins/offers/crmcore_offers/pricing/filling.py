"""Rows filled from the catalogue: description, unit, VAT, price, discounts, cost and commission flag, for all rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol

import attrs
from sqlalchemy import select

from crmcore import Label, Problem, Session, ValidationFailed
from crmcore_offers.codes import problem, refuse_all
from crmcore_offers.model import Product, VatCode
from crmcore_offers.pricing.lists import Asked, PriceLists
from crmcore_offers.pricing.parameters import configure
from crmcore_offers.pricing.prices import PriceQuote
from crmcore_offers.pricing.products import Products

_PRODUCT: Final = Label("il prodotto", "product")


class RowGiven(Protocol):
    """What a caller says of a row; what is None or empty is filled from the catalogue."""

    @property
    def product(self) -> str | None: ...  # noqa: D102 - the code of a product
    @property
    def quantity(self) -> Decimal | int: ...  # noqa: D102 - as the name says
    @property
    def price(self) -> Decimal | int | None: ...  # noqa: D102 - of one unit
    @property
    def discounts(self) -> str | None: ...  # noqa: D102 - None for those of the list
    @property
    def vat(self) -> str | None: ...  # noqa: D102 - a code
    @property
    def description(self) -> str | None: ...  # noqa: D102 - as the name says
    @property
    def unit(self) -> str | None: ...  # noqa: D102 - a code
    @property
    def cost(self) -> Decimal | None: ...  # noqa: D102 - of one unit
    @property
    def commission(self) -> bool | None: ...  # noqa: D102 - whether it counts for commissions
    @property
    def options(self) -> Mapping[str, Any]: ...  # noqa: D102 - of a parametric product


@attrs.frozen(kw_only=True)
class Filled:
    """A row with everything that the catalogue knows; ``quote`` says where the price comes from, if it was not given."""

    product_id: int | None
    code: str
    description: str
    quantity: Decimal
    unit: str | None
    price: Decimal
    discounts: str
    vat: str
    vat_rate: Decimal
    cost: Decimal | None
    commission: bool
    options: Mapping[str, Any]
    quote: PriceQuote | None = None


def fill_rows(
    session: Session, rows: Sequence[RowGiven], on: date, account: int | None = None, price_list: str | None = None
) -> Sequence[Filled]:
    """Fill rows from the catalogue, in the same number of statements however many there are.

    What a row gives is kept; a product gives description, unit, VAT code, cost and commission flag, and the list (see
    `PriceLists.prices_of`) price and discounts. The options of a parametric product change price and description (G09); a price that is
    given stays, whatever the options.

    Raises:
        ValidationFailed: ``OFFERS_CATALOGUE_UNKNOWN``, ``OFFERS_CATALOGUE_OBSOLETE``, ``OFFERS_ROW_VAT``, ``OFFERS_PRICE_MISSING``,
            those of `configure`; with those of all rows.
    """
    products = Products(session).find_all(each.product for each in rows if each.product)
    problems = _lost(rows, products)
    if problems:
        raise refuse_all(problems)
    # A product that makes its price of its options needs none in a list.
    wanted = [number for number, each in enumerate(rows) if each.product and each.price is None]
    asked = [Asked(product=str(rows[number].product), quantity=rows[number].quantity) for number in wanted]
    found = PriceLists(session).prices_of(asked, on, account, price_list, missing=True) if asked else []
    quotes = dict(zip(wanted, found, strict=True))
    vats = {each.vat for each in rows} | {each.vat for each in products.values()}
    rates = {
        row[0]: row[1] for row in session.execute(select(VatCode.code, VatCode.rate).where(VatCode.code.in_(sorted(filter(None, vats)))))
    }
    filled = []
    for number, row in enumerate(rows):
        product = products.get(row.product or "")
        lacking = _missing(number + 1, row, product, rates, quotes.get(number), on)
        problems += lacking
        if lacking:
            continue
        try:
            filled.append(_fill(session, row, product, rates, quotes.get(number)))
        except ValidationFailed as error:
            problems += error.problems
    if problems:
        raise refuse_all(problems)
    return filled


def _lost(rows: Sequence[RowGiven], products: Mapping[str, Product]) -> list[Problem]:
    found = []
    for code in dict.fromkeys(each.product for each in rows if each.product):
        if code not in products:
            found.append(problem("OFFERS_CATALOGUE_UNKNOWN", code, what=_PRODUCT, code=code))
        elif products[code].obsolete:
            found.append(problem("OFFERS_CATALOGUE_OBSOLETE", code, what=_PRODUCT, code=code))
    return found


def _missing(
    position: int, row: RowGiven, product: Product | None, rates: Mapping[str, Decimal], quote: PriceQuote | None, on: date
) -> list[Problem]:
    found = []
    vat = row.vat or (product.vat if product is not None else None)
    if vat is None:
        found.append(problem("OFFERS_ROW_VAT", position, position=position, product=row.product or "-"))
    elif vat not in rates:
        found.append(problem("OFFERS_CATALOGUE_UNKNOWN", vat, what=Label("il codice IVA", "VAT code"), code=vat))
    if row.price is None and quote is None and not (product is not None and product.price_rule):
        params = {"product": row.product or "-", "quantity": row.quantity, "day": on}
        found.append(problem("OFFERS_PRICE_MISSING", position, **params))
    return found


def _fill(session: Session, row: RowGiven, product: Product | None, rates: Mapping[str, Decimal], quote: PriceQuote | None) -> Filled:
    quantity = Decimal(row.quantity)
    price = Decimal(row.price) if row.price is not None else quote.price if quote is not None else Decimal(0)
    description, options = (product.label_it if product is not None else ""), dict(row.options)
    if product is not None and (product.options or product.price_rule or product.description_rule or options):
        made = configure(session, product, row.options, quantity, price)
        description, options = made.description, dict(made.options)
        if row.price is None:
            price = made.price
    vat = row.vat or (product.vat if product is not None else None) or ""
    discounts = row.discounts if row.discounts is not None else quote.discounts if quote is not None else ""
    return Filled(
        product_id=product.id if product is not None else None,
        code=product.code if product is not None else "",
        description=row.description or description,
        quantity=quantity,
        unit=row.unit or (product.unit if product is not None else None),
        price=price,
        discounts=discounts,
        vat=vat,
        vat_rate=rates[vat],
        cost=row.cost if row.cost is not None or product is None else product.cost,
        commission=row.commission if row.commission is not None else product is None or product.commission,
        options=options,
        quote=quote if row.price is None else None,
    )
