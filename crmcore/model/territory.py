"""The sales force, zones, and who sells where from when (B10 to B13, I-21 to I-24)."""

from __future__ import annotations

import enum
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmcore.model.base import Entity
from crmcore.model.visibility import Visibility


class SalespersonKind(enum.StrEnum):
    """The subjects of the sales force (S4)."""

    AGENT = "agent"
    OPERATOR = "operator"
    REFERRER = "referrer"
    AGENCY = "agency"


NULL_CODES = {
    SalespersonKind.AGENT: "AGN000",
    SalespersonKind.OPERATOR: "TLK000",
    SalespersonKind.REFERRER: "SGN000",
}
"""The null records that always exist and cannot be changed or deleted (I-21)."""


class Salesperson(Entity):
    """A subject of the sales force; who leaves is disabled, never deleted (I-22).

    ``login`` links to the user. ``disabled_from`` is the first day on which nothing new is assigned.
    """

    __tablename__ = "salesperson"
    __visibility__ = Visibility.public()
    __personal__ = ("name",)
    __table_args__ = (CheckConstraint("kind IN ('agent', 'operator', 'referrer', 'agency')", name="kind"),)

    code: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(200))
    login: Mapped[str | None] = mapped_column(String(100), index=True, default=None)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("salesperson.id"), index=True, default=None)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("salesperson.id"), index=True, default=None)
    disabled_from: Mapped[date | None] = mapped_column(default=None)


class Zone(Entity):
    """A node of a tree of zones (glossary 70); ``path`` as for portfolios."""

    __tablename__ = "zone"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (Index(None, "path"),)

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("zone.id"), index=True, default=None)
    path: Mapped[str] = mapped_column(String(1000), default="")
    obsolete: Mapped[bool] = mapped_column(default=False)


class ZoneRuleKind(enum.StrEnum):
    """What a member rule looks at, from the most to the least precise."""

    MUNICIPALITY = "municipality"
    POSTCODE = "postcode"
    POSTCODE_RANGE = "postcode_range"
    PROVINCE = "province"


class ZoneRule(Entity):
    """Which addresses belong to a zone: an ISTAT code, a postcode, a range of postcodes, or a province.

    ``first`` is the code, ``last`` the end of a range (included) and empty otherwise.
    """

    __tablename__ = "zone_rule"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (
        UniqueConstraint("kind", "first", "last"),
        CheckConstraint("kind IN ('municipality', 'postcode', 'postcode_range', 'province')", name="kind"),
    )

    zone_id: Mapped[int] = mapped_column(ForeignKey("zone.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    first: Mapped[str] = mapped_column(String(10))
    last: Mapped[str] = mapped_column(String(10), default="")


class SellerZone(Entity):
    """Who sells in a zone (for one business unit, or for all) from a day on; ``to_date`` is the last day, empty for ever (B12, I-23)."""

    __tablename__ = "seller_zone"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (Index(None, "zone_id", "business_unit_id", "from_date"),)

    zone_id: Mapped[int] = mapped_column(ForeignKey("zone.id"))
    salesperson_id: Mapped[int] = mapped_column(ForeignKey("salesperson.id"), index=True)
    from_date: Mapped[date] = mapped_column()
    to_date: Mapped[date | None] = mapped_column(default=None)
    business_unit_id: Mapped[int | None] = mapped_column(ForeignKey("business_unit.id"), index=True, default=None)


class Parameter(Entity):
    """A general parameter of the firm, such as the system date for assignment (B13)."""

    __tablename__ = "parameter"
    __visibility__ = Visibility.public()
    __personal__ = ()

    name: Mapped[str] = mapped_column(String(60), unique=True)
    value: Mapped[str] = mapped_column(String(500))
