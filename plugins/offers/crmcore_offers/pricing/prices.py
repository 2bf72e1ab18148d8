"""Which price holds: of quantity breaks, days, lists and promotions (J25), for many rows in a fixed number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Final

import attrs

from crmcore import Label
from crmcore_offers.model import Price, PriceList
from crmcore_offers.money import net_price

_FIRST: Final = date.min
_LAST: Final = date.max


@attrs.frozen(kw_only=True)
class PriceQuote:
    """The price of one unit: what it is, with which discounts, from which list, and why this one.

    ``list`` is the code of the price list; ``from_quantity`` the break that was reached.
    """

    price: Decimal
    discounts: str
    list: str
    promotional: bool
    from_quantity: Decimal
    why: Label


@attrs.frozen
class Break:
    """A price of a list as it is compared with others: from a quantity on, on some days."""

    price: Decimal
    from_quantity: Decimal = Decimal(0)
    discounts: str = ""
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def name(self) -> str:
        """How people call it: quantity and days."""
        days = f"{self.valid_from or '…'} / {self.valid_to or '…'}" if self.valid_from or self.valid_to else "sempre"
        return f"da {self.from_quantity.normalize():f} ({days})"


def holds(on: date, first: date | None, last: date | None) -> bool:
    """Return whether a day is between two, both of which count and may be open."""
    return (first or _FIRST) <= on <= (last or _LAST)


def overlap(breaks: Iterable[Break]) -> tuple[Break, Break] | None:
    """Return two prices of one product and one list that hold from the same quantity on the same day, or None."""
    by_quantity: dict[Decimal, list[Break]] = defaultdict(list)
    for each in breaks:
        by_quantity[each.from_quantity].append(each)
    for same in by_quantity.values():
        for one, other in combinations(same, 2):
            if max(one.valid_from or _FIRST, other.valid_from or _FIRST) <= min(one.valid_to or _LAST, other.valid_to or _LAST):
                return one, other
    return None


@attrs.frozen
class Lists:
    """The price lists that hold for a document on a day.

    ``bases`` are asked in turn, each with why: that of the document or of the customer, then the default one.
    """

    bases: Sequence[tuple[PriceList, Label]]
    promotions: Sequence[PriceList]

    @property
    def ids(self) -> frozenset[int]:
        """The keys of all of them."""
        return frozenset(each.id for each in (*(found for found, _ in self.bases), *self.promotions))


def choose(lists: Lists, prices: Mapping[int, Sequence[Price]], quantity: Decimal, on: date) -> PriceQuote | None:
    """Return the price of a product for a quantity on a day, of its prices by list; None when there is none.

    Within a list, the price of the largest quantity that is reached wins, and of two the one that begins later: a price for some days
    is meant to stand before the one for always. A promotion wins when one unit comes cheaper, after the discounts.
    """
    found = (_best(base, prices, quantity, on, why) for base, why in lists.bases)
    best = next((quote for quote in found if quote is not None), None)
    for promotion in lists.promotions:
        why = Label(f"promozione {promotion.label_it}", f"promotion {promotion.label_en or promotion.label_it}")
        offer = _best(promotion, prices, quantity, on, why)
        if offer is not None and (best is None or _net(offer) < _net(best)):
            best = offer
    return best


def _net(quote: PriceQuote) -> Fraction:
    return net_price(quote.price, quote.discounts)


def _best(price_list: PriceList, prices: Mapping[int, Sequence[Price]], quantity: Decimal, on: date, why: Label) -> PriceQuote | None:
    mine = [each for each in prices.get(price_list.id, ()) if each.from_quantity <= quantity and holds(on, each.valid_from, each.valid_to)]
    if not mine:
        return None
    found = max(mine, key=lambda each: (each.from_quantity, each.valid_from or _FIRST, each.id))
    return PriceQuote(
        price=found.price,
        discounts=found.discounts,
        list=price_list.code,
        promotional=price_list.promotional,
        from_quantity=found.from_quantity,
        why=why,
    )
