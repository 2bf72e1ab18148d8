"""The account: one company or person of the registry, whatever its stage (S4 «Anagrafica CRM»)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, Uuid, and_
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from crmcore.labels import Label
from crmcore.model.base import Entity
from crmcore.model.merging import MERGE, MergePolicy
from crmcore.model.retention import Retention
from crmcore.model.types import BigId, JsonMap, UtcDateTime
from crmcore.model.visibility import Visibility

if TYPE_CHECKING:
    from crmcore.model.people import Person


class AccountKind(enum.StrEnum):
    """Business to business or retail (B04)."""

    BUSINESS = "business"
    RETAIL = "retail"


class SellerSource(enum.StrEnum):
    """Where the seller of an account comes from (I-24)."""

    ZONE = "zone"
    MANUAL = "manual"


class Account(Entity):
    """A name of the registry, with its characteristics.

    ``uid`` (UUIDv7, given by the unit of work) is what the outside may keep. ``characteristics`` is read-only: assign a new
    mapping, or use `set_characteristic`; an absent key means "not known", which is neither zero nor false. ``state`` is a code of
    the state table ``customers`` and is changed by ``session.states`` only. ``owner`` is the login of who is accountable; a ``private``
    account is for its owner alone (I-7). ``merged_into_id`` is set on an account that was merged away (I-5),
    ``erased_at`` on one whose person was erased.
    """

    __tablename__ = "account"
    __visibility__ = Visibility.scope()
    __personal__ = (
        "name",
        "phone1",
        "email",
        "pec",
        "recipient_code",
        "vat_code",
        "fiscal_code",
        "web",
        "notes",
        "characteristics",
    )
    # What leads to the survivor of a merge is followed by erasure itself, from both ends.
    __about__ = ()
    __state_table__ = "customers"
    __sensitive__ = "private"
    __table_args__ = (
        CheckConstraint("kind IN ('business', 'retail')", name="kind"),
        CheckConstraint("seller_source IN ('zone', 'manual')", name="seller_source"),
        Index(None, "name"),
        Index(None, "phone1"),
        Index(None, "vat_code"),
        Index(None, "fiscal_code"),
        Index(None, "state"),
        Index(None, "owner"),
        Index(None, "seller_id"),
        Index(None, "merged_into_id"),
    )

    uid: Mapped[str] = mapped_column(Uuid(as_uuid=False), unique=True, init=False)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10), default=AccountKind.BUSINESS.value)
    phone1: Mapped[str | None] = mapped_column(String(40), default=None)
    email: Mapped[str | None] = mapped_column(String(254), default=None)
    pec: Mapped[str | None] = mapped_column(String(254), default=None)
    recipient_code: Mapped[str | None] = mapped_column(String(7), default=None)
    vat_code: Mapped[str | None] = mapped_column(String(20), default=None)
    fiscal_code: Mapped[str | None] = mapped_column(String(16), default=None)
    ateco: Mapped[str | None] = mapped_column(String(20), default=None)
    web: Mapped[str | None] = mapped_column(String(254), default=None)
    language: Mapped[str] = mapped_column(String(5), default="it")
    state: Mapped[str | None] = mapped_column(String(40), default=None)
    owner: Mapped[str | None] = mapped_column(String(100), default=None)
    seller_id: Mapped[int | None] = mapped_column(ForeignKey("salesperson.id"), default=None)
    seller_source: Mapped[str] = mapped_column(String(10), default=SellerSource.ZONE.value)
    private: Mapped[bool] = mapped_column(default=False)
    incomplete: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[str | None] = mapped_column(Text, default=None)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), default=None)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    characteristics: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)

    def set_characteristic(self, key: str, value: object) -> None:
        """Set one characteristic; None removes it. It is checked and normalised at commit."""
        kept = {k: v for k, v in self.characteristics.items() if k != key}
        self.characteristics = kept if value is None else {**kept, key: value}


class AccountRole(Entity):
    """A role that an account plays: customer, supplier, prospect, … (glossary 5, 6; I-73)."""

    __tablename__ = "account_role"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()
    __table_args__ = (UniqueConstraint("account_id", "role"), Index(None, "role", "account_id"))

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str] = mapped_column(String(40))

    account: Mapped[Account] = relationship(init=False)


class ExternalKey(Entity):
    """The key of a record in another system: one record for each (source, company, stream, key) (I-20)."""

    __tablename__ = "external_key"
    __visibility__ = Visibility.system()
    __personal__ = ("key",)
    __retention__ = Retention(
        keeps=("key",),
        law="GDPR art. 17(3)(b)",
        reason=Label("perché l'altro sistema non la riporti", "so that the other system does not bring the person back"),
    )
    __references__ = {"entity_id": "entity"}  # noqa: RUF012 - a declaration, read once at start
    __table_args__ = (UniqueConstraint("source", "company", "stream", "key"), Index(None, "entity", "entity_id"))

    entity: Mapped[str] = mapped_column(String(60))
    entity_id: Mapped[int] = mapped_column(BigId)
    source: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120))
    company: Mapped[str] = mapped_column(String(40), default="")
    stream: Mapped[str] = mapped_column(String(40), default="")

    # Lets the key of an account be added together with it; other entities give `entity_id`.
    account: Mapped[Account] = relationship(
        init=False,
        primaryjoin=lambda: and_(foreign(ExternalKey.entity_id) == Account.id, ExternalKey.entity == "account"),
    )


class ContactPoint(Entity):
    """A further phone, e-mail or web address of an account or of one of its people.

    ``kind`` is ``phone``, ``email``, ``pec`` or ``web``; ``bounced_at`` says since when messages come back.
    """

    __tablename__ = "contact_point"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("value", "raw")
    __table_args__ = (
        CheckConstraint("kind IN ('phone', 'email', 'pec', 'web')", name="kind"),
        Index(None, "account_id", "kind", "position"),
        Index(None, "value"),
        {"info": {MERGE: MergePolicy(same=("account_id", "kind", "value", "person_id"), combine={"bounced_at": "filled"})}},
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(10))
    value: Mapped[str] = mapped_column(String(254))
    raw: Mapped[str] = mapped_column(String(254), default="")
    label: Mapped[str] = mapped_column(String(60), default="")
    position: Mapped[int] = mapped_column(default=1)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True, default=None)
    bounced_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    account: Mapped[Account] = relationship(init=False)
    person: Mapped[Person | None] = relationship("Person", init=False)
