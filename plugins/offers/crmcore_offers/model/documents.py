"""Documents of the single archive with their rows, revisions and exports (`domain.md` §4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmcore import Label, Visibility
from crmcore.model import BigId, Json, JsonMap, Money, Retention, Scaled, UtcDateTime
from crmcore_offers.model.base import OffersEntity
from crmcore_offers.model.catalogues import PERCENT_PLACES, PRICE_PLACES

DATES: Final = (
    "quote_inserted",
    "visit",
    "customer_signature",
    "contract_inserted",
    "effective_confirmation",
    "cancellation",
    "installation",
    "activation",
    "delivery",
    "invoice",
    "expiry",
)
"""The dates of a document (S4, G13) that are days; ``appointment`` is an instant."""

_LAW: Final = "art. 2220 c.c."
_WHY: Final = Label("le scritture e la corrispondenza commerciale si conservano dieci anni", "business records are kept for ten years")


class Document(OffersEntity):
    """A commercial document: its type says whether it is an opportunity, an offer, an order, a contract (S4 «Segnalazioni/Contratti»).

    ``reference`` is the number as people write it. ``state`` is a code of the state table ``offers.documents``, of which the transitions
    may be narrowed to a type. ``taxable``, ``vat_amount`` and ``total`` are those of the rows (I-30); ``confirmation`` is ``none``,
    ``partial`` or ``total`` by the states of the rows (I-37). ``close_period`` is a year, a quarter or a month: ``2026``, ``2026-Q3``,
    ``2026-09``. ``origin`` and ``origin_id`` name the record that it comes from, such as the entry of a campaign's list (I-38);
    ``predecessor_id`` the document from which it was converted (I-31). A ``mirrored`` one belongs to the other system that ``source``
    names: here only what the other does not know is written.
    """

    __tablename__ = "offers_document"
    __visibility__ = Visibility.via("account_id")
    __personal__ = (
        "title",
        "needs",
        "outcome",
        "customer_feedback",
        "agent_feedback",
        "notes",
        "text",
        "override_reason",
        "characteristics",
    )
    __about__ = ("account_id", "person_id")
    __state_table__ = "offers.documents"
    __state_variant__ = "type"
    __references__ = {"origin_id": "origin"}  # noqa: RUF012 - a declaration, read once at start
    __table_args__ = (
        UniqueConstraint("type", "series", "year", "number"),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
        CheckConstraint("confirmation IN ('none', 'partial', 'total')", name="confirmation"),
        Index(None, "account_id", "type", "id"),
        Index(None, "type", "state", "id"),
        # The list that people open all day: one type, one state, one agent, the newest first.
        Index(None, "type", "state", "agent_id", "issued_on", "id"),
        Index(None, "agent_id", "state"),
        Index(None, "close_period"),
        Index(None, "reference"),
        Index(None, "origin", "origin_id"),
    )

    type: Mapped[str] = mapped_column(ForeignKey("offers_type.code"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    series: Mapped[str] = mapped_column(String(40), default="")
    year: Mapped[int | None] = mapped_column(default=None)
    number: Mapped[int | None] = mapped_column(default=None)
    reference: Mapped[str] = mapped_column(String(80), default="")
    title: Mapped[str] = mapped_column(String(200), default="")
    issued_on: Mapped[date]
    """The date of the document."""
    state: Mapped[str | None] = mapped_column(String(40), default=None)
    owner: Mapped[str] = mapped_column(String(100), index=True)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"), index=True, default=None)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True, default=None)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("salesperson.id"), default=None)
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("salesperson.id"), index=True, default=None)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("salesperson.id"), index=True, default=None)
    referrer_id: Mapped[int | None] = mapped_column(ForeignKey("salesperson.id"), index=True, default=None)
    portfolio_id: Mapped[int | None] = mapped_column(ForeignKey("portfolio.id"), index=True, default=None)
    campaign: Mapped[str] = mapped_column(String(60), index=True, default="")
    origin: Mapped[str | None] = mapped_column(String(60), default=None)
    origin_id: Mapped[int | None] = mapped_column(BigId, default=None)
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("offers_document.id"), index=True, default=None)
    price_list_id: Mapped[int | None] = mapped_column(ForeignKey("offers_price_list.id"), index=True, default=None)
    source: Mapped[str] = mapped_column(String(60), default="")
    mirrored: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[int] = mapped_column(default=0)
    needs: Mapped[str] = mapped_column(Text, default="")
    competitors: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    probability: Mapped[int | None] = mapped_column(default=None)
    close_period: Mapped[str] = mapped_column(String(7), default="")
    outcome: Mapped[str] = mapped_column(String(200), default="")
    customer_feedback: Mapped[str] = mapped_column(Text, default="")
    agent_feedback: Mapped[str] = mapped_column(Text, default="")
    payment: Mapped[str] = mapped_column(String(200), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    """The text of the offer or contract that goes with the rows."""
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    taxable: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    vat_amount: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    total: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    confirmation: Mapped[str] = mapped_column(String(10), default="none")
    confirmed_taxable: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    revision_number: Mapped[int] = mapped_column(default=0)
    """The number that the present content has, or gets when it is kept: 0 for an offer that was never revised."""
    override_reason: Mapped[str] = mapped_column(String(500), default="")
    """Why it was changed in spite of its lock, the last time that it was (I-34)."""
    appointment: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    quote_inserted: Mapped[date | None] = mapped_column(default=None)
    visit: Mapped[date | None] = mapped_column(default=None)
    customer_signature: Mapped[date | None] = mapped_column(default=None)
    contract_inserted: Mapped[date | None] = mapped_column(default=None)
    effective_confirmation: Mapped[date | None] = mapped_column(default=None)
    cancellation: Mapped[date | None] = mapped_column(default=None)
    installation: Mapped[date | None] = mapped_column(default=None)
    activation: Mapped[date | None] = mapped_column(default=None)
    delivery: Mapped[date | None] = mapped_column(default=None)
    invoice: Mapped[date | None] = mapped_column(default=None)
    expiry: Mapped[date | None] = mapped_column(default=None)
    characteristics: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)


class Row(OffersEntity):
    """A row of a document; ``net`` is quantity by price less discounts, rounded half up to cents.

    ``discounts`` are percentages one after the other: ``10+5`` leaves 85.5 of 100. ``vat_rate`` is that of the VAT code when the row was
    written. ``key`` is the one of the other system, if there is one: a position is not a key.
    """

    __tablename__ = "offers_row"
    __visibility__ = Visibility.via("document_id")
    __personal__ = ("notes",)
    __state_table__ = "offers.rows"
    __table_args__ = (
        UniqueConstraint("document_id", "key"),
        Index(None, "document_id", "position"),
        Index(None, "product_id", "state"),
        Index(None, "state", "export_id"),
    )

    document_id: Mapped[int] = mapped_column(ForeignKey("offers_document.id"))
    position: Mapped[int]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("offers_product.id"), default=None)
    code: Mapped[str] = mapped_column(String(60), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    quantity: Mapped[Decimal] = mapped_column(Scaled(PRICE_PLACES), default=Decimal(1))
    unit: Mapped[str | None] = mapped_column(ForeignKey("offers_unit.code"), index=True, default=None)
    price: Mapped[Decimal] = mapped_column(Scaled(PRICE_PLACES), default=Decimal(0))
    discounts: Mapped[str] = mapped_column(String(60), default="")
    vat: Mapped[str] = mapped_column(ForeignKey("offers_vat.code"), index=True)
    vat_rate: Mapped[Decimal] = mapped_column(Scaled(PERCENT_PLACES), default=Decimal(0))
    net: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    cost: Mapped[Decimal | None] = mapped_column(Scaled(PRICE_PLACES), default=None)
    """The cost of one unit, for margins."""
    state: Mapped[str | None] = mapped_column(String(40), default=None)
    commission: Mapped[bool] = mapped_column(default=True)
    options: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    notes: Mapped[str] = mapped_column(Text, default="")
    delivery: Mapped[date | None] = mapped_column(default=None)
    key: Mapped[str | None] = mapped_column(String(80), default=None)
    export_id: Mapped[int | None] = mapped_column(ForeignKey("offers_export.id"), index=True, default=None)
    """The order list with which it left for the ERP."""

    document: Mapped[Document] = relationship(init=False)


class Revision(OffersEntity):
    """An offer as it was: header, rows and totals in ``content``, which nobody changes any more (I-39, I-40)."""

    __tablename__ = "offers_revision"
    __visibility__ = Visibility.via("document_id")
    __personal__ = ("reason", "content")
    __copies__ = {  # noqa: RUF012 - a declaration, read once at start
        "content": ("offers.document", "offers.row"),
        **{name: (f"offers.document:{name}",) for name in ("taxable", "vat_amount", "total")},
    }
    __append_only__ = True
    __retention__ = Retention(keeps=("reason", "content"), law=_LAW, reason=_WHY, years=10)
    __table_args__ = (UniqueConstraint("document_id", "number"),)

    document_id: Mapped[int] = mapped_column(ForeignKey("offers_document.id"))
    number: Mapped[int]
    author: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(500), default="")
    taxable: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    vat_amount: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    total: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    content: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)


class DocumentFile(OffersEntity):
    """A file that was made of a document, or came with it: the PDF of a revision, a contract (G07)."""

    __tablename__ = "offers_file"
    __visibility__ = Visibility.via("document_id")
    __personal__ = ("name", "content")
    # What a template may print.
    __copies__ = {"content": ("account", "site", "person", "offers.document", "offers.row")}  # noqa: RUF012 - as above
    __append_only__ = True
    __retention__ = Retention(keeps=("name", "content"), law=_LAW, reason=_WHY, years=10)
    __table_args__ = (Index(None, "document_id", "id"),)

    document_id: Mapped[int] = mapped_column(ForeignKey("offers_document.id"))
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("offers_revision.id"), index=True, default=None)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    template: Mapped[str] = mapped_column(String(40), default="")
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Export(OffersEntity):
    """An order list that was exported (S4 «distinta ordini», G21): its rows name it, and ``content`` is the file, to the byte."""

    __tablename__ = "offers_export"
    __visibility__ = Visibility.owner("owner")
    __personal__ = ("content",)
    __copies__ = {"content": ("account:name", "offers.document", "offers.row"), "total": ("offers.row:net",)}  # noqa: RUF012 - as above
    __retention__ = Retention(keeps=("content",), law=_LAW, reason=_WHY, years=10)
    __append_only__ = True

    owner: Mapped[str] = mapped_column(String(100), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    detailed: Mapped[bool] = mapped_column(default=True)
    lines: Mapped[int] = mapped_column(default=0)
    total: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    content: Mapped[str] = mapped_column(Text, default="")


class Counter(OffersEntity):
    """The last number of a series in a year; drawn in the transaction of the document, so that a rollback gives it back (I-32)."""

    __tablename__ = "offers_counter"
    __visibility__ = Visibility.system()
    __personal__ = ()
    __audited__ = False
    __table_args__ = (UniqueConstraint("series", "year"),)

    series: Mapped[str] = mapped_column(String(40))
    year: Mapped[int]
    last: Mapped[int] = mapped_column(default=0)
