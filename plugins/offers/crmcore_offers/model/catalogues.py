"""What a deployment configures: order types, VAT codes, units, products, price lists, targets, commissions, print templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Visibility
from crmcore.model import Json, JsonMap, Money, Scaled, path_text
from crmcore_offers.model.base import OffersEntity

PRICE_PLACES = 6
"""Decimal places of unit prices and quantities: a kilowatt-hour costs 0.123456."""

PERCENT_PLACES = 4
"""Decimal places of percentages."""


class OrderType(OffersEntity):
    """A type of documents in the single archive (S4 «Tipi Ordine», G11, G12).

    ``meaning`` is what programs read; ``counts_in`` names what amounts of this type count in: ``pipeline``, ``order_book``, ``turnover``,
    ``commission``. ``series`` names the counter that numbers it, none for documents without a number; with ``gap_free`` a number is never
    lost, otherwise it is only unique (I-32). ``successors`` are the types that a document may be converted to (I-31). ``stamp`` names the
    date that is set to today when one is made, such as ``quote_inserted``.
    """

    __tablename__ = "offers_type"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (
        CheckConstraint(
            "meaning IN ('lead_to_agent', 'appointment', 'opportunity', 'offer', 'order', 'job_order', 'contract', 'ddt', 'invoice',"
            " 'credit_note')",
            name="meaning",
        ),
        CheckConstraint("sign IN (-1, 1)", name="sign"),
    )

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    meaning: Mapped[str] = mapped_column(String(20))
    sign: Mapped[int] = mapped_column(default=1)
    series: Mapped[str] = mapped_column(String(40), default="")
    number_format: Mapped[str] = mapped_column(String(60), default="{number}/{year}")
    gap_free: Mapped[bool] = mapped_column(default=False)
    initial_state: Mapped[str] = mapped_column(String(40), default="")
    row_state: Mapped[str] = mapped_column(String(40), default="")
    required_fields: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    counts_in: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    successors: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    requires_unblocked: Mapped[bool] = mapped_column(default=True)
    allow_after_cancel: Mapped[bool] = mapped_column(default=False)
    stamp: Mapped[str] = mapped_column(String(30), default="")
    generates: Mapped[str] = mapped_column(String(40), default="")
    """Type of the document that is generated beside each one of this type, such as the report to the agent (G16); empty for none."""
    template: Mapped[str] = mapped_column(String(40), default="")
    """Code of the print template of its documents."""
    priority: Mapped[int] = mapped_column(default=0)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class VatCode(OffersEntity):
    """A VAT code with its rate in percent; ``nature`` (N1 to N7 of the electronic invoice) says why there is none."""

    __tablename__ = "offers_vat"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(20), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    rate: Mapped[Decimal] = mapped_column(Scaled(PERCENT_PLACES))
    nature: Mapped[str] = mapped_column(String(4), default="")
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Unit(OffersEntity):
    """A unit of measure; ``places`` are the decimals that quantities of it may have."""

    __tablename__ = "offers_unit"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(20), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    places: Mapped[int] = mapped_column(default=0)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Category(OffersEntity):
    """A node of the tree of product categories, of any depth; ``path`` is the chain of ids from the root (``7/12/``)."""

    __tablename__ = "offers_category"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (Index(None, "path"),)

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("offers_category.id"), index=True, default=None)
    path: Mapped[str] = mapped_column(path_text(400), default="")
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Product(OffersEntity):
    """A product or service; the label is the description that rows get.

    ``options`` are the parameters of a parametric product (G09), ``price_rule`` and ``description_rule`` the rules by which they change
    price and description.
    """

    __tablename__ = "offers_product"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (CheckConstraint("kind IN ('goods', 'service')", name="kind"),)

    code: Mapped[str] = mapped_column(String(60), unique=True)
    label_it: Mapped[str] = mapped_column(String(200))
    label_en: Mapped[str] = mapped_column(String(200), default="")
    details: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str] = mapped_column(String(10), default="goods")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("offers_category.id"), index=True, default=None)
    unit: Mapped[str | None] = mapped_column(ForeignKey("offers_unit.code"), index=True, default=None)
    vat: Mapped[str | None] = mapped_column(ForeignKey("offers_vat.code"), index=True, default=None)
    cost: Mapped[Decimal | None] = mapped_column(Scaled(PRICE_PLACES), default=None)
    options: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    price_rule: Mapped[str] = mapped_column(String(4000), default="")
    description_rule: Mapped[str] = mapped_column(String(4000), default="")
    commission: Mapped[bool] = mapped_column(default=True)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class PriceList(OffersEntity):
    """A price list with its days; ``promotional`` ones hold for everybody beside the list of the customer (J25), the better price wins."""

    __tablename__ = "offers_price_list"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    valid_from: Mapped[date | None] = mapped_column(default=None)
    valid_to: Mapped[date | None] = mapped_column(default=None)
    is_default: Mapped[bool] = mapped_column(default=False)
    promotional: Mapped[bool] = mapped_column(default=False)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Price(OffersEntity):
    """The price of a product in a list, from a quantity on, on some days; ``discounts`` as in rows."""

    __tablename__ = "offers_price"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (Index(None, "product_id", "list_id", "from_quantity"),)

    list_id: Mapped[int] = mapped_column(ForeignKey("offers_price_list.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("offers_product.id"))
    price: Mapped[Decimal] = mapped_column(Scaled(PRICE_PLACES))
    from_quantity: Mapped[Decimal] = mapped_column(Scaled(PRICE_PLACES), default=Decimal(0))
    discounts: Mapped[str] = mapped_column(String(60), default="")
    valid_from: Mapped[date | None] = mapped_column(default=None)
    valid_to: Mapped[date | None] = mapped_column(default=None)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Target(OffersEntity):
    """What the firm, or one agent, means to sell in a period: ``2026``, ``2026-Q3``, ``2026-09`` (G23)."""

    __tablename__ = "offers_target"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (UniqueConstraint("code"), Index(None, "period"))

    code: Mapped[str] = mapped_column(String(40))
    period: Mapped[str] = mapped_column(String(7))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("salesperson.id"), index=True, default=None)
    amount: Mapped[Decimal] = mapped_column(Money)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class CommissionRule(OffersEntity):
    """What who sells gets of rows in exposing states (G22): the rule of the highest priority that holds for a row decides.

    ``conditions`` names what must be so: ``type``, ``agent``, ``agency``, ``category`` (with what is below it), ``product``, ``rule`` (a
    script over document and row). ``base`` is ``taxable`` or ``margin``; ``percent`` of it, and ``amount`` for each unit.
    """

    __tablename__ = "offers_commission_rule"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (CheckConstraint("base IN ('taxable', 'margin')", name="base"),)

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    beneficiary: Mapped[str] = mapped_column(String(20), default="agent")
    conditions: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    base: Mapped[str] = mapped_column(String(10), default="taxable")
    percent: Mapped[Decimal] = mapped_column(Scaled(PERCENT_PLACES), default=Decimal(0))
    amount: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    valid_from: Mapped[date | None] = mapped_column(default=None)
    valid_to: Mapped[date | None] = mapped_column(default=None)
    priority: Mapped[int] = mapped_column(default=0)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class PrintTemplate(OffersEntity):
    """A template of offers, contracts and the like: HTML with CSS or plain text in ``body``, or a Word document in ``file`` (G07, G20).

    ``file`` is base64: it stands in a text file of a deployment as well. ``page`` names a page that the plugin brings along, instead of
    a body of one's own. ``missing`` says what happens to placeholders without a value: ``refuse``, ``mark`` or ``blank`` (I-52).
    """

    __tablename__ = "offers_template"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (
        CheckConstraint("format IN ('html', 'text', 'word')", name="format"),
        CheckConstraint("missing IN ('refuse', 'mark', 'blank')", name="missing"),
    )

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    format: Mapped[str] = mapped_column(String(10), default="html")
    language: Mapped[str] = mapped_column(String(5), default="it")
    missing: Mapped[str] = mapped_column(String(10), default="refuse")
    page: Mapped[str] = mapped_column(String(40), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    file: Mapped[str] = mapped_column(Text, default="")
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")
