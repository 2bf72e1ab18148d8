"""What came of a campaign: the orders that name it, in the days after it began (F01, S12)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import attrs
from sqlalchemy import func, select

from crmcore import Session
from crmcore_offers.model import Document
from crmcore_offers.reports.exact import money, share, total, units
from crmcore_offers.reports.subjects import Narrow, codes_where, conditions, newest_links, states_of, types_in

ORDER_BOOK: Final = "order_book"


@attrs.frozen(kw_only=True)
class CampaignEffect:
    """Orders of a campaign: how many, of how many customers, what they come to, and how many percent of those reached ordered."""

    orders: int
    customers: int
    value: Decimal
    reached: int

    @property
    def share(self) -> Decimal | None:
        """How many of a hundred of those whom the campaign reached became customers of it, with two places; None when it reached nobody."""
        return share(Decimal(self.customers), Decimal(self.reached))


def campaign_effect(session: Session, campaign: str, began: date, days: int, reached: int) -> CampaignEffect:
    """Return what was ordered from the day on which a campaign began, for so many days, by whoever it reached.

    Counted are documents of types that count in the order book, which name the campaign and are not in a negative state; one that was
    converted into another that counts as well is counted once.
    """
    types = types_in(session, ORDER_BOOK)
    negative = codes_where(states_of(session), negative=True)
    query = select(func.count(), func.count(Document.account_id.distinct()), total(types.signed(units(Document.taxable)))).where(
        Document.type.in_(types.codes),
        Document.state.not_in(negative),
        Document.issued_on.between(began, began + timedelta(days=days)),
        newest_links(session, types),
        *conditions(session, Narrow(campaign=campaign)),
    )
    orders, customers, value = session.execute(query).one()
    return CampaignEffect(orders=orders, customers=customers, value=money(value), reached=reached)
