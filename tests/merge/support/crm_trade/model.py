"""Offers, orders, visits, tickets, documents, invoices, and lists of campaigns."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, MergePolicy, Visibility
from crmcore.model import BigId


class TradeEntity(Entity, plugin="trade"):
    __abstract__ = True


class Thing(TradeEntity):
    """Something that belongs to an account."""

    __abstract__ = True
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()

    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"), index=True)
    text: Mapped[str] = mapped_column(String(80), default="")


class Offer(Thing):
    __tablename__ = "trade_offer"


class Order(Thing):
    __tablename__ = "trade_order"


class Visit(Thing):
    __tablename__ = "trade_visit"


class Ticket(Thing):
    __tablename__ = "trade_ticket"


class Invoice(Thing):
    __tablename__ = "trade_invoice"


class Document(TradeEntity):
    """A file that is attached to any record."""

    __tablename__ = "trade_document"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __references__ = {"record_id": "entity"}  # noqa: RUF012 - a declaration
    __table_args__ = (Index(None, "entity", "record_id"),)

    entity: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int] = mapped_column(BigId)
    text: Mapped[str] = mapped_column(String(80), default="")


class Party(TradeEntity):
    """A link with an attribute: who plays which role in an offer."""

    __tablename__ = "trade_party"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()
    __table_args__ = (UniqueConstraint("offer_id", "account_id", "role"),)

    offer_id: Mapped[int] = mapped_column(BigId, ForeignKey("trade_offer.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))


class Billing(TradeEntity):
    """One for each account, which has a row of its own below it; ``terms`` of both are joined by hand."""

    __tablename__ = "trade_billing"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()
    __table_args__ = {  # noqa: RUF012 - a declaration
        "info": {"merge": MergePolicy(combine={"credit": "max"}, resolve=lambda rows: {"terms": "+".join(row["terms"] for row in rows)})}
    }

    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"), unique=True)
    terms: Mapped[str] = mapped_column(String(40))
    credit: Mapped[int]


class BillingNote(TradeEntity):
    """Something about a billing."""

    __tablename__ = "trade_billing_note"
    __visibility__ = Visibility.via("billing_id")
    __personal__ = ()
    __table_args__ = (UniqueConstraint("billing_id", "text"),)

    billing_id: Mapped[int] = mapped_column(BigId, ForeignKey("trade_billing.id"))
    text: Mapped[str] = mapped_column(String(80))


class Campaign(TradeEntity):
    __tablename__ = "trade_campaign"
    __visibility__ = Visibility.public()
    __personal__ = ()

    name: Mapped[str] = mapped_column(String(40), unique=True)


STATES = ("Positivo", "Negativo", "In attesa", "Da chiamare")


class ListEntry(TradeEntity):
    """A name in the list of a campaign: what was settled there wins over what waits."""

    __tablename__ = "trade_entry"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()
    __table_args__ = (UniqueConstraint("campaign_id", "account_id"), {"info": {"merge": MergePolicy(prefer={"state": STATES})}})

    campaign_id: Mapped[int] = mapped_column(BigId, ForeignKey("trade_campaign.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))


class Attempt(TradeEntity):
    """A call to a name in a list."""

    __tablename__ = "trade_attempt"
    __visibility__ = Visibility.via("entry_id")
    __personal__ = ()

    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("trade_entry.id"), index=True)
    text: Mapped[str] = mapped_column(String(80), default="")


class Pair(TradeEntity):
    """Two accounts that may not be one, and nobody told the core."""

    __tablename__ = "trade_pair"
    __visibility__ = Visibility.via("one_id")
    __personal__ = ()
    __table_args__ = (CheckConstraint("one_id <> other_id", name="two"),)

    one_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"))
    other_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"))


TABLES = [Offer, Order, Visit, Ticket, Invoice, Document, Party, Billing, BillingNote, Campaign, ListEntry, Attempt, Pair]
