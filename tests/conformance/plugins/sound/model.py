from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Visibility
from crmcore.model import BigId, Money


class SoundEntity(Entity, plugin="sound"):
    __abstract__ = True


class Note(SoundEntity):
    """A note on an account."""

    __tablename__ = "sound_note"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("body",)
    __table_args__ = (CheckConstraint("state IN ('open', 'done')", name="state"),)

    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"), index=True)
    body: Mapped[str] = mapped_column(String(200))
    due: Mapped[date]
    value: Mapped[Decimal] = mapped_column(Money)
    priority: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(10), default="open")


class Tag(SoundEntity):
    """A tag: one for each account and word."""

    __tablename__ = "sound_tag"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()
    __table_args__ = (UniqueConstraint("account_id", "word"),)

    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"))
    word: Mapped[str] = mapped_column(String(40))


class Tally(SoundEntity):
    """How many notes an account has."""

    __tablename__ = "sound_tally"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()

    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"), unique=True)
    notes: Mapped[int] = mapped_column(default=0)
