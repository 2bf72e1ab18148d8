"""State tables, states and transitions as data, and the history of changes (`domain.md` §4.8, §4.9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmcore.model.base import Entity
from crmcore.model.types import BigId, JsonMap, UtcDateTime
from crmcore.model.visibility import Visibility


class StateTableRow(Entity):
    """A state table: the states of one entity, and how they follow each other; ``modes`` are those of single variants."""

    __tablename__ = "state_table"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (CheckConstraint("mode IN ('free', 'steps', 'forward-only')", name="mode"),)

    name: Mapped[str] = mapped_column(String(60), unique=True)
    entity: Mapped[str] = mapped_column(String(60))
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    mode: Mapped[str] = mapped_column(String(20), default="free")
    modes: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class StateRow(Entity):
    """A state; semantics are in ``flags``, never in code or label (I-76)."""

    __tablename__ = "state"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (UniqueConstraint("table_id", "code"),)

    table_id: Mapped[int] = mapped_column(ForeignKey("state_table.id"))
    code: Mapped[str] = mapped_column(String(40))
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    colour: Mapped[str] = mapped_column(String(20), default="#6c757d")
    position: Mapped[int] = mapped_column(default=0)
    is_default: Mapped[bool] = mapped_column(default=False)
    terminal: Mapped[bool] = mapped_column(default=False)
    obsolete: Mapped[bool] = mapped_column(default=False)
    flags: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class TransitionRow(Entity):
    """An allowed step; ``groups`` are names (none: everybody), ``variant`` narrows it to one order type or the like (empty: all)."""

    __tablename__ = "state_transition"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (UniqueConstraint("source_id", "target_id", "variant"),)

    source_id: Mapped[int] = mapped_column(ForeignKey("state.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("state.id"), index=True)
    variant: Mapped[str] = mapped_column(String(40), default="")
    rules: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class StateChange(Entity):
    """One change of state that happened: written in the transaction of the change, never edited."""

    __tablename__ = "state_change"
    __visibility__ = Visibility.system()
    __personal__ = ("reason",)
    # It is history itself: a change of it would be a change of what happened.
    __audited__ = False
    __append_only__ = True
    __references__ = {"record_id": "entity"}  # noqa: RUF012 - a declaration, read once at start
    __table_args__ = (Index(None, "entity", "record_id", "at"),)

    entity: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int] = mapped_column(BigId)
    table_name: Mapped[str] = mapped_column(String(60))
    old: Mapped[str | None] = mapped_column(String(40))
    new: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(500), default="")
    override: Mapped[bool] = mapped_column(default=False)
