"""Sites, contact persons, relations and consents of accounts (B05 to B09, I-8 to I-11)."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmcore.model.account import Account
from crmcore.model.base import Entity
from crmcore.model.merging import MERGE, MergePolicy, OnlyOne
from crmcore.model.types import UtcDateTime
from crmcore.model.visibility import Visibility


class SiteKind(enum.StrEnum):
    """What a site is for (glossary 9)."""

    LEGAL = "legal"
    OPERATIVE = "operative"
    DELIVERY = "delivery"
    BILLING = "billing"


class Site(Entity):
    """An address of an account: the text as it was given, and the normalised parts beside it (I-9)."""

    __tablename__ = "site"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("raw", "street", "civic", "hamlet", "postcode", "municipality", "phone")
    __table_args__ = (
        CheckConstraint("kind IN ('legal', 'operative', 'delivery', 'billing')", name="kind"),
        Index(None, "postcode"),
        Index(None, "istat_code"),
        Index(None, "province"),
        # A company has one legal site (I-8): that of the survivor.
        {"info": {MERGE: MergePolicy(only_one=OnlyOne(column="kind", value="legal", becomes="operative", unless="disabled"))}},
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10), default=SiteKind.OPERATIVE.value)
    raw: Mapped[str] = mapped_column(Text, default="")
    street: Mapped[str | None] = mapped_column(String(200), default=None)
    civic: Mapped[str | None] = mapped_column(String(30), default=None)
    hamlet: Mapped[str | None] = mapped_column(String(120), default=None)
    postcode: Mapped[str | None] = mapped_column(String(10), default=None)
    municipality: Mapped[str | None] = mapped_column(String(120), default=None)
    province: Mapped[str | None] = mapped_column(String(4), default=None)
    istat_code: Mapped[str | None] = mapped_column(String(6), default=None)
    country: Mapped[str] = mapped_column(String(2), default="IT")
    phone: Mapped[str | None] = mapped_column(String(40), default=None)
    address_unverified: Mapped[bool] = mapped_column(default=False)
    zone_id: Mapped[int | None] = mapped_column(ForeignKey("zone.id"), index=True, default=None)
    disabled: Mapped[bool] = mapped_column(default=False)

    account: Mapped[Account] = relationship(init=False)


class Person(Entity):
    """A contact person inside an account (glossary 10, 11); ``erased_at`` is set on one who was erased."""

    __tablename__ = "person"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("title", "first_name", "last_name", "notes")
    __table_args__ = (Index(None, "last_name", "first_name"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    last_name: Mapped[str] = mapped_column(String(100))
    first_name: Mapped[str] = mapped_column(String(100), default="")
    title: Mapped[str] = mapped_column(String(40), default="")
    job_role: Mapped[str] = mapped_column(String(100), default="")
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"), index=True, default=None)
    language: Mapped[str] = mapped_column(String(5), default="it")
    notes: Mapped[str | None] = mapped_column(Text, default=None)
    disabled: Mapped[bool] = mapped_column(default=False)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    account: Mapped[Account] = relationship(init=False)
    site: Mapped[Site | None] = relationship(init=False)


class Preference(Entity):
    """What a person wants to get, and how: one cell of the matrix purpose and channel (B06, glossary 12)."""

    __tablename__ = "person_preference"
    __visibility__ = Visibility.via("person_id")
    __personal__ = ("allowed",)
    __table_args__ = (UniqueConstraint("person_id", "purpose", "channel"), {"info": {MERGE: MergePolicy(combine={"allowed": "all"})}})

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    purpose: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(20))
    allowed: Mapped[bool] = mapped_column()

    person: Mapped[Person] = relationship(init=False)


class RelationKind(Entity):
    """A kind of relation, read in both directions: «controlla» and «è controllata da» (B08)."""

    __tablename__ = "relation_kind"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    inverse_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    inverse_en: Mapped[str] = mapped_column(String(120), default="")
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Relation(Entity):
    """A typed relation from an account to another account, or to a person of another account (B08, B09)."""

    __tablename__ = "relation"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("notes",)
    __table_args__ = (
        # One of the two targets is always empty, and what is empty is never equal: one constraint over both would refuse nothing.
        UniqueConstraint("kind_id", "account_id", "other_account_id"),
        UniqueConstraint("kind_id", "account_id", "person_id"),
        CheckConstraint("(other_account_id IS NULL) <> (person_id IS NULL)", name="one_target"),
        CheckConstraint("other_account_id <> account_id", name="not_itself"),
        {"info": {MERGE: MergePolicy(not_itself=(("account_id", "other_account_id"),))}},
    )

    kind_id: Mapped[int] = mapped_column(ForeignKey("relation_kind.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    other_account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True, default=None)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True, default=None)
    notes: Mapped[str] = mapped_column(String(500), default="")

    account: Mapped[Account] = relationship(init=False, foreign_keys=[account_id])
    other_account: Mapped[Account | None] = relationship(init=False, foreign_keys=[other_account_id])
    person: Mapped[Person | None] = relationship(init=False)


class Consent(Entity):
    """A consent given or revoked: rows are only added, and the last one for a purpose and channel counts (I-11).

    ``given`` False is a revocation. ``proof`` says how it can be shown: a form, a recording, a log line.
    """

    __tablename__ = "consent"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("proof",)
    __table_args__ = (Index(None, "account_id", "purpose", "channel", "at"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    purpose: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(20))
    given: Mapped[bool] = mapped_column()
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    source: Mapped[str] = mapped_column(String(100))
    text_version: Mapped[str] = mapped_column(String(40), default="")
    proof: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True, default=None)

    account: Mapped[Account] = relationship(init=False)
    person: Mapped[Person | None] = relationship(init=False)


class InteractionKind(Entity):
    """A kind of interaction, as data: visit, phone call, e-mail, note, complaint, request, evaluation (E01, E03)."""

    __tablename__ = "interaction_kind"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    counts_as_contact: Mapped[bool] = mapped_column(default=True)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Interaction(Entity):
    """One entry of the contact history; its text never changes, a correction is a new row that replaces it (I-70).

    ``function`` is the function of the firm that wrote it (sales, administration, …). ``mark`` is a satisfaction from 1 to 5.
    ``replaces_id`` names the version before; only rows that nothing replaces (``current``) are shown in the timeline.
    """

    __tablename__ = "interaction"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("subject", "text")
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out', 'none')", name="direction"),
        CheckConstraint("mark BETWEEN 1 AND 5", name="mark"),
        # The timeline: newest first, and in one order also where the instants are equal.
        Index(None, "account_id", "current", "at", "id"),
        Index(None, "kind_id", "at"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind_id: Mapped[int] = mapped_column(ForeignKey("interaction_kind.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    author: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(200), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    direction: Mapped[str] = mapped_column(String(4), default="none")
    function: Mapped[str] = mapped_column(String(60), default="")
    mark: Mapped[int | None] = mapped_column(default=None)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True, default=None)
    number: Mapped[int] = mapped_column(default=1)
    current: Mapped[bool] = mapped_column(default=True)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"), unique=True, default=None)

    account: Mapped[Account] = relationship(init=False)
    person: Mapped[Person | None] = relationship(init=False)
    replaces: Mapped[Interaction | None] = relationship(init=False, remote_side="Interaction.id")
