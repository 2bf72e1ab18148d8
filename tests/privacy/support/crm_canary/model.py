from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar

import attrs
from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Event, Label, Visibility
from crmcore.model import BigId, Json, JsonMap, Money, Retention, UtcDateTime


class CanaryEntity(Entity, plugin="canary"):
    __abstract__ = True


class Sheet(CanaryEntity):
    """A column of every type, none of which may be empty."""

    __tablename__ = "canary_sheet"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("text", "short", "code", "flag", "number", "money", "day", "hour", "moment", "uid", "raw", "map", "list", "choice")
    __table_args__ = (UniqueConstraint("code"), CheckConstraint("choice IN ('one', 'two')", name="choice"))

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    text: Mapped[str] = mapped_column(String(200))
    short: Mapped[str] = mapped_column(String(3))
    code: Mapped[str] = mapped_column(String(40))
    flag: Mapped[bool] = mapped_column()
    number: Mapped[int] = mapped_column()
    money: Mapped[Decimal] = mapped_column(Money)
    day: Mapped[date] = mapped_column()
    hour: Mapped[time] = mapped_column()
    moment: Mapped[datetime] = mapped_column(UtcDateTime)
    uid: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    raw: Mapped[bytes] = mapped_column()
    map: Mapped[Mapping[str, Any]] = mapped_column(JsonMap)
    list: Mapped[list[Any]] = mapped_column(Json)
    choice: Mapped[str] = mapped_column(String(3), default="two")


class Page(CanaryEntity):
    """Belongs to somebody through its sheet, which has a key of its own for others."""

    __tablename__ = "canary_page"
    __visibility__ = Visibility.via("sheet_id")
    __personal__ = ("text",)

    sheet_id: Mapped[int] = mapped_column(ForeignKey("canary_sheet.id"))
    text: Mapped[str | None] = mapped_column(String(200), default=None)


class Tag(CanaryEntity):
    """Refers to anything by name, and to a sheet by its code."""

    __tablename__ = "canary_tag"
    __visibility__ = Visibility.system()
    __personal__ = ("text",)
    __references__ = {"record_id": "entity"}  # noqa: RUF012

    entity: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int] = mapped_column(BigId)
    text: Mapped[str] = mapped_column(String(200), default="")


class Stamp(CanaryEntity):
    """Refers to a sheet by something else than its key."""

    __tablename__ = "canary_stamp"
    __visibility__ = Visibility.system()
    __personal__ = ("text",)

    sheet_code: Mapped[str | None] = mapped_column(ForeignKey("canary_sheet.code", onupdate="CASCADE"), default=None)
    text: Mapped[str] = mapped_column(String(200), default="")


class Bill(CanaryEntity):
    """What the law wants kept."""

    __tablename__ = "canary_bill"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("holder", "remark")
    __retention__ = Retention(
        keeps=("holder",), law="art. 2220 c.c.", reason=Label("si conserva dieci anni", "kept for ten years"), years=10, since="issued_on"
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    issued_on: Mapped[date] = mapped_column()
    holder: Mapped[str] = mapped_column(String(200))
    remark: Mapped[str] = mapped_column(String(200), default="")


class Order(CanaryEntity):
    """About the customer, and not about who recommended it."""

    __tablename__ = "canary_order"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("delivery",)
    __about__ = ("account_id",)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    referrer_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), default=None)
    delivery: Mapped[str] = mapped_column(String(200), default="")


@attrs.frozen(kw_only=True)
class Told(Event):
    """An event that carries what somebody said."""

    TYPE: ClassVar[str] = "canary.told"
    PERSONAL: ClassVar[tuple[str, ...]] = ("text",)
    ABOUT: ClassVar[Mapping[str, str]] = {"account_id": "account"}

    account_id: int
    text: str
    note: str = ""


def tables():
    return [Sheet, Page, Tag, Stamp, Bill, Order]
