"""The tables of the plugin."""

from __future__ import annotations

from datetime import date

from crmcore import Entity, Visibility
from crmcore.model import BigId
from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column


class WarrantyEntity(Entity, plugin="warranty"):
    """Base of the plugin's entities."""

    __abstract__ = True


class Warranty(WarrantyEntity):
    """The warranty on one product of one customer; ``until`` is the last day on which it holds."""

    __tablename__ = "warranty_item"
    # Whoever may see the account may see its warranties.
    __visibility__ = Visibility.via("account_id")
    # The serial number tells whose machine it is.
    __personal__ = ("serial",)
    # Serves `reminders.announce` and `crm warranty list`.
    __table_args__ = (Index(None, "until"),)

    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"), index=True)
    product: Mapped[str] = mapped_column(String(200))
    serial: Mapped[str] = mapped_column(String(80), unique=True)
    sold_on: Mapped[date]
    months: Mapped[int]
    until: Mapped[date]
    announced_on: Mapped[date | None] = mapped_column(default=None)
    """When its end was announced; never twice for one end."""


class Letter(WarrantyEntity):
    """The letter that tells a customer that a warranty ends."""

    __tablename__ = "warranty_letter"
    __visibility__ = Visibility.via("warranty_id")
    __personal__ = ("text",)
    # One letter for each warranty and end, however often the event is delivered.
    __table_args__ = (Index(None, "warranty_id", "until", unique=True),)

    warranty_id: Mapped[int] = mapped_column(BigId, ForeignKey("warranty_item.id", ondelete="CASCADE"))
    until: Mapped[date]
    text: Mapped[str] = mapped_column(Text)
