"""Price lists at run time: what something costs, and prices brought by programs, thousands at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, or_, select

from crmcore import Account, Label, Problem, Session
from crmcore_offers.codes import problem, refuse, refuse_all
from crmcore_offers.model import PRICE_PLACES, Price, PriceList, Product
from crmcore_offers.money import tidy_discounts
from crmcore_offers.pricing.numbers import read_number, shown
from crmcore_offers.pricing.prices import Break, Lists, PriceQuote, choose, holds, overlap

RECORDS: Final = "records"
"""Whose rows are that programs bring: neither a deployment's nor a plugin's, so that a plan leaves them alone."""
CUSTOMER_LIST: Final = "offers_price_list"
"""The characteristic of accounts with the code of their price list."""

_LIST: Final = Label("il listino", "price list")


@attrs.frozen(kw_only=True)
class NewPrice:
    """A price to set: the product by code."""

    product: str
    # Whatever a number is written as; read exactly.
    price: Any
    from_quantity: Any = 0
    discounts: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


@attrs.frozen(kw_only=True)
class Asked:
    """A price that is asked for: a product by code, and how much of it."""

    product: str
    quantity: Decimal | int = 1


class PriceLists:
    """The price lists of a session; nothing commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # What something costs

    def price_of(
        self,
        product: str,
        quantity: Decimal | int,
        on: date,
        account: int | None = None,
        price_list: str | None = None,
        *,
        missing: bool = False,
    ) -> PriceQuote | None:
        """Return the price of one unit of a product on a day; see `prices_of`."""
        return self.prices_of([Asked(product=product, quantity=quantity)], on, account, price_list, missing=missing)[0]

    def prices_of(
        self, asked: Sequence[Asked], on: date, account: int | None = None, price_list: str | None = None, *, missing: bool = False
    ) -> Sequence[PriceQuote | None]:
        """Return the price of each product that is asked for, in at most four statements however many there are.

        The list is that of the document (``price_list``, by code), or that of the customer, or the default one, whichever is first; a
        list that has no price of a product leaves it to the default list. Promotions hold for everybody, and win when one unit comes
        cheaper (J25). With ``missing``, what has no price is None.

        Raises:
            ValidationFailed: ``OFFERS_CATALOGUE_UNKNOWN`` for products and lists, ``OFFERS_CATALOGUE_OBSOLETE`` for a list,
                ``OFFERS_PRICE_MISSING``.
        """
        products = {each.product for each in asked}
        columns = select(Product.code, Product.id).where(Product.code.in_(sorted(products)))
        ids = {row[0]: row[1] for row in self._session.execute(columns)}
        problems = [_unknown(Label("il prodotto", "product"), code) for code in sorted(products - ids.keys())]
        if problems:
            raise refuse_all(problems)
        lists = self._lists(on, account, price_list)
        prices = self._prices(lists.ids, set(ids.values()))
        quotes = [choose(lists, prices.get(ids[each.product], {}), Decimal(each.quantity), on) for each in asked]
        if not missing:
            problems = [
                problem("OFFERS_PRICE_MISSING", each.product, product=each.product, quantity=each.quantity, day=on)
                for each, quote in zip(asked, quotes, strict=True)
                if quote is None
            ]
            if problems:
                raise refuse_all(problems)
        return quotes

    def _lists(self, on: date, account: int | None, wanted: str | None) -> Lists:
        session = self._session
        code, why = wanted, Label("listino del documento", "list of the document")
        if code is None and account is not None:
            code, why = self._list_of(account), Label("listino del cliente", "list of the customer")
        of_interest: list[ColumnElement[bool]] = [PriceList.is_default.is_(True), PriceList.promotional.is_(True)]
        if code is not None:
            of_interest.append(PriceList.code == code)
        found: Sequence[PriceList] = session.scalars(select(PriceList).where(or_(*of_interest)).order_by(PriceList.id)).all()
        chosen = next((each for each in found if each.code == code), None)
        if wanted is not None and chosen is None:
            raise refuse_all([_unknown(_LIST, wanted)])
        if wanted is not None and chosen is not None and chosen.obsolete:
            raise refuse("OFFERS_CATALOGUE_OBSOLETE", wanted, what=_LIST, code=wanted)
        valid = [each for each in found if not each.obsolete and holds(on, each.valid_from, each.valid_to)]
        default = Label("listino predefinito", "default list")
        bases = [(each, why) for each in valid if each is chosen]
        bases += [(each, default) for each in valid if each.is_default and not each.promotional and each is not chosen]
        return Lists(bases, [each for each in valid if each.promotional and each is not chosen])

    def _list_of(self, account: int) -> str | None:
        found = self._session.get(Account, account)
        code = found.characteristics.get(CUSTOMER_LIST) if found is not None else None
        return str(code) if code else None

    def _prices(self, lists: frozenset[int], products: set[int]) -> Mapping[int, Mapping[int, Sequence[Price]]]:
        found: dict[int, dict[int, list[Price]]] = defaultdict(lambda: defaultdict(list))
        if not lists:
            return found
        query = select(Price).where(Price.list_id.in_(sorted(lists)), Price.product_id.in_(sorted(products)))
        for price in self._session.scalars(query):
            found[price.product_id][price.list_id].append(price)
        return found

    # Bringing lists and prices

    def create(self, code: str, label: str, **fields: Any) -> PriceList:  # noqa: ANN401 - columns of the list
        """Add a price list.

        Raises:
            ValidationFailed: ``OFFERS_CATALOGUE_TAKEN``.
        """
        if self._session.scalar(select(PriceList.id).where(PriceList.code == code)) is not None:
            raise refuse("OFFERS_CATALOGUE_TAKEN", code, what=_LIST, code=code)
        made = self._session.add(PriceList(**{"code": code, "label_it": label, "owner": RECORDS, **fields}))
        self._session.flush()
        return made

    def find(self, code: str) -> PriceList | None:
        """Return a price list by its code."""
        found: PriceList | None = self._session.scalar(select(PriceList).where(PriceList.code == code))
        return found

    def set_prices(self, code: str, prices: Iterable[NewPrice], *, replace: bool = False) -> int:
        """Set prices of a list: one of the same product, quantity and first day takes the place of the old one; return how many changed.

        With ``replace`` every other price goes that programs brought; those of the deployment's files stay either way, and are changed
        there. However many prices there are, it takes a few statements and one flush.

        Raises:
            ValidationFailed: ``OFFERS_CATALOGUE_UNKNOWN``, ``OFFERS_CATALOGUE_CONFIGURED``, ``OFFERS_PRICE_VALUE``,
                ``OFFERS_PRICE_OVERLAP`` naming both, all of them together; nothing is kept then.
        """
        found = self.find(code)
        if found is None:
            raise refuse_all([_unknown(_LIST, code)])
        given = list(prices)
        products = self._product_ids({each.product for each in given})
        problems = [_unknown(Label("il prodotto", "product"), each) for each in sorted({each.product for each in given} - products.keys())]
        wanted, wrong = _read(code, [each for each in given if each.product in products])
        problems += wrong
        names = {key: name for name, key in products.items()}
        stored: dict[tuple[int, Decimal, date | None], Price] = {}
        for price in self._session.scalars(select(Price).where(Price.list_id == found.id)):
            stored[price.product_id, price.from_quantity, price.valid_from] = price
        work = _Work(self._session, found, replace=replace)
        for name, breaks in wanted.items():
            problems += work.take(name, products[name], breaks, stored)
        if replace:
            work.drop([price for key, price in stored.items() if key not in work.seen and price.owner == RECORDS])
        problems += work.overlaps(stored, names)
        if problems:
            raise refuse_all(problems)
        return work.write()

    def _product_ids(self, codes: set[str]) -> dict[str, int]:
        rows = self._session.execute(select(Product.code, Product.id))
        return {row[0]: row[1] for row in rows if row[0] in codes}


@attrs.define
class _Work:
    """What setting prices comes to; written when nothing is wrong."""

    session: Session
    price_list: PriceList
    replace: bool = attrs.field(kw_only=True)
    seen: set[tuple[int, Decimal, date | None]] = attrs.field(factory=set)
    new: list[tuple[int, Break]] = attrs.field(factory=list)
    changed: list[tuple[Price, Break]] = attrs.field(factory=list)
    gone: list[Price] = attrs.field(factory=list)

    def take(
        self, name: str, product_id: int, breaks: Iterable[Break], stored: Mapping[tuple[int, Decimal, date | None], Price]
    ) -> list[Problem]:
        problems = []
        for each in breaks:
            key = (product_id, each.from_quantity, each.valid_from)
            self.seen.add(key)
            old = stored.get(key)
            if old is None:
                self.new.append((product_id, each))
            elif _break(old) != each:
                if old.owner != RECORDS:
                    shown_name = f"{self.price_list.code}/{name}"
                    problems.append(
                        problem("OFFERS_CATALOGUE_CONFIGURED", name, what=Label("il prezzo", "price"), code=shown_name, owner=old.owner)
                    )
                self.changed.append((old, each))
        return problems

    def drop(self, prices: Iterable[Price]) -> None:
        self.gone += prices

    def overlaps(self, stored: Mapping[tuple[int, Decimal, date | None], Price], names: Mapping[int, str]) -> list[Problem]:
        after: dict[int, dict[object, Break]] = defaultdict(dict)
        changed = {id(price): new for price, new in self.changed}
        gone = {id(price) for price in self.gone}
        for price in stored.values():
            if price.product_id in names and id(price) not in gone:
                after[price.product_id][id(price)] = changed.get(id(price)) or _break(price)
        for number, (product_id, each) in enumerate(self.new):
            after[product_id][-1 - number] = each
        problems = []
        for product_id, breaks in after.items():
            found = overlap(breaks.values())
            if found is not None:
                one, other = found
                params = {"product": names[product_id], "list": self.price_list.code, "one": one.name, "other": other.name}
                problems.append(problem("OFFERS_PRICE_OVERLAP", names[product_id], **params))
        return problems

    def write(self) -> int:
        for price in self.gone:
            self.session.delete(price)
        for price, new in self.changed:
            price.price, price.discounts, price.valid_to = new.price, new.discounts, new.valid_to
        for product_id, new in self.new:
            self.session.add(Price(list_id=self.price_list.id, product_id=product_id, owner=RECORDS, **attrs.asdict(new)))
        self.session.flush()
        return len(self.gone) + len(self.changed) + len(self.new)


def _break(price: Price) -> Break:
    return Break(price.price, price.from_quantity, price.discounts, price.valid_from, price.valid_to)


def _read(list_code: str, given: Iterable[NewPrice]) -> tuple[Mapping[str, Sequence[Break]], list[Problem]]:
    found: dict[str, list[Break]] = defaultdict(list)
    problems: list[Problem] = []
    for each in given:
        try:
            found[each.product].append(read_break(each))
        except ValueError as error:
            field, value, expected = error.args
            params = {"product": each.product, "list": list_code, "field": field, "value": str(value)[:80], "expected": expected}
            problems.append(problem("OFFERS_PRICE_VALUE", each.product, **params))
    return found, problems


def read_break(given: NewPrice) -> Break:
    """Return a price in the form in which it is kept.

    Raises:
        ValueError: with field, value and what was expected.
    """
    values: dict[str, Decimal] = {}
    for field in ("price", "from_quantity"):
        value = getattr(given, field)
        try:
            values[field] = read_number(value, PRICE_PLACES)
        except ValueError as error:
            raise ValueError(field, value, error.args[0]) from None
        if values[field] < 0:
            raise ValueError(field, shown(values[field]), Label("0 o più", "0 or more"))
    try:
        discounts = tidy_discounts(given.discounts)
    except ValueError:
        expected = Label("percentuali fino a 100, come 10+5", "percentages up to 100, such as 10+5")
        raise ValueError("discounts", given.discounts, expected) from None
    if given.valid_from is not None and given.valid_to is not None and given.valid_to < given.valid_from:
        raise ValueError("valid_to", given.valid_to, Label("non prima dell'inizio", "not before it begins"))
    places = Decimal(1).scaleb(-PRICE_PLACES)
    return Break(values["price"].quantize(places), values["from_quantity"].quantize(places), discounts, given.valid_from, given.valid_to)


def _unknown(what: Label, code: str) -> Problem:
    return problem("OFFERS_CATALOGUE_UNKNOWN", code, what=what, code=code)
