"""The account: one company or person of the registry, whatever its stage (S4 «Anagrafica CRM»)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from crmcore.model.base import Entity
from crmcore.model.types import JsonMap
from crmcore.model.visibility import Visibility


class AccountKind(enum.StrEnum):
    """Business to business or retail (B04)."""

    BUSINESS = "business"
    RETAIL = "retail"


class Account(Entity):
    """A name of the registry, with its characteristics.

    ``uid`` (UUIDv7, given by the unit of work) is what the outside may keep. ``characteristics`` is read-only: assign a new
    mapping, or use `set_characteristic`; an absent key means "not known", which is neither zero nor false.
    """

    __tablename__ = "account"
    __visibility__ = Visibility.public()
    __personal__ = ("name", "phone1", "characteristics")
    __table_args__ = (
        CheckConstraint("kind IN ('business', 'retail')", name="kind"),
        Index(None, "name"),
        Index(None, "phone1"),
    )

    uid: Mapped[str] = mapped_column(Uuid(as_uuid=False), unique=True, init=False)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10), default=AccountKind.BUSINESS.value)
    phone1: Mapped[str | None] = mapped_column(String(40), default=None)
    characteristics: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)

    def set_characteristic(self, key: str, value: object) -> None:
        """Set one characteristic; None removes it. It is checked and normalised at commit."""
        kept = {k: v for k, v in self.characteristics.items() if k != key}
        self.characteristics = kept if value is None else {**kept, key: value}
