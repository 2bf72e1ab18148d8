"""Rows as callers give them, and the records that are made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import attrs
from sqlalchemy import select

from crmcore import Problem, Session
from crmcore_offers.archive.catalogue import by_codes
from crmcore_offers.archive.normal import is_number, net_of
from crmcore_offers.codes import problem, refuse_all
from crmcore_offers.model import Document, OrderType, PriceList, Product, Row, VatCode
from crmcore_offers.pricing import fill_rows

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class NewRow:
    """A row to add: what is left out is that of the product, and price and discounts those of the price lists (J25).

    ``options`` are those of a parametric product; without a ``price`` they make the price, too (G09). ``vat`` may be left out only with a
    product that has one.
    """

    price: Decimal | int | None = None
    quantity: Decimal | int = 1
    product: str | None = None
    """Its code."""
    product_id: int | None = None
    """Its key instead, for a row that says everything else itself."""
    code: str = ""
    description: str = ""
    unit: str | None = None
    discounts: str | None = None
    vat: str | None = None
    cost: Decimal | None = None
    state: str | None = None
    commission: bool | None = None
    options: Mapping[str, Any] = _NOTHING
    notes: str = ""
    delivery: date | None = None
    key: str | None = None


def build_rows(session: Session, document: Document, order_type: OrderType, given: Sequence[NewRow], first: int) -> list[Row]:
    """Add rows to a document, numbered from ``first`` on, and return them.

    Raises:
        ValidationFailed: ``OFFERS_PRODUCT_UNKNOWN``, ``OFFERS_VAT_UNKNOWN``, with those of all rows; what `pricing.fill_rows` refuses.
    """
    products = by_codes(session, Product, {each.product for each in given if each.product})
    problems = [found for position, each in enumerate(given, first) for found in _problems(position, each, products)]
    if problems:
        raise refuse_all(problems)
    given = _filled(session, document, given)
    rates = by_codes(session, VatCode, {_vat(each, products) or "" for each in given})
    made = []
    for position, each in enumerate(given, first):
        row = _row(document, order_type, each, products.get(each.product or ""), position)
        code = rates.get(row.vat)
        row.vat_rate = code.rate if code is not None else Decimal(0)
        row.net = net_of(row.quantity, row.price, row.discounts) or Decimal("0.00")
        made.append(session.add(row))
    return made


def _filled(session: Session, document: Document, given: Sequence[NewRow]) -> Sequence[NewRow]:
    """Return the rows with price, discounts and description from lists and options, where they are not given."""
    wanted = [number for number, each in enumerate(given) if (each.price is None or each.options) and is_number(each.quantity)]
    if not wanted:
        return given
    chosen = document.price_list_id
    code = session.scalar(select(PriceList.code).where(PriceList.id == chosen)) if chosen is not None else None
    filled = fill_rows(session, [given[number] for number in wanted], document.issued_on, document.account_id, code)
    found = list(given)
    for number, each in zip(wanted, filled, strict=True):
        taken = {name: getattr(each, name) for name in ("price", "discounts", "description", "options")}
        found[number] = attrs.evolve(given[number], **taken)
    return found


def _problems(position: int, given: NewRow, products: Mapping[str, Product]) -> Iterator[Problem]:
    if given.product and given.product not in products:
        yield problem("OFFERS_PRODUCT_UNKNOWN", position, position=position, code=given.product)
    elif not _vat(given, products):
        yield problem("OFFERS_VAT_UNKNOWN", position, position=position, code=given.vat)


def _vat(given: NewRow, products: Mapping[str, Product]) -> str | None:
    product = products.get(given.product or "")
    return given.vat or (product.vat if product is not None else None)


def _row(document: Document, order_type: OrderType, given: NewRow, product: Product | None, position: int) -> Row:
    row = Row(
        document_id=document.id,
        position=position,
        product_id=product.id if product is not None else given.product_id,
        code=given.code or (product.code if product is not None else ""),
        description=given.description or (product.label_it if product is not None else ""),
        quantity=_exact(given.quantity),
        unit=given.unit or (product.unit if product is not None else None),
        price=_exact(given.price if given.price is not None else 0),
        discounts=given.discounts or "",
        vat=given.vat or (product.vat if product is not None else None) or "",
        cost=given.cost if given.cost is not None or product is None else product.cost,
        state=given.state or order_type.row_state or None,
        commission=given.commission if given.commission is not None else product is None or product.commission,
        options=dict(given.options),
        notes=given.notes,
        delivery=given.delivery,
        key=given.key,
    )
    row.document = document
    return row


def _exact(value: Decimal | int) -> Decimal:
    """Return a number as a decimal; what is none is left for the commit to refuse."""
    return Decimal(value) if is_number(value) else value  # type: ignore[return-value] # a float, say
