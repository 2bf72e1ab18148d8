"""Users, profiles and groups: who may do what, and on which records (A03 to A08, I-27)."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmcore.model.base import Entity
from crmcore.model.types import Json, JsonMap
from crmcore.model.visibility import Visibility


class UserStatus(enum.StrEnum):
    """Whether a user may work."""

    ACTIVE = "active"
    BLOCKED = "blocked"


class ScopeKind(enum.StrEnum):
    """By what a scope takes accounts in; those in the second half have a target."""

    ALL = "all"
    """Every account."""
    OWN = "own"
    """Accounts of the user's own salesperson."""
    SUBTREE = "subtree"
    """Accounts of the user's salesperson and of all whom that one manages, at any depth (A04)."""
    AGENCY = "agency"
    """Accounts of all salespersons of the user's agency."""
    OWNER = "owner"
    """Accounts that the user owns."""
    UNASSIGNED = "unassigned"
    """Accounts of nobody, or of the null agent."""
    SELLER = "seller"
    """Accounts of the salesperson with this code."""
    ZONE = "zone"
    """Accounts with a site in this zone or below it."""
    PORTFOLIO = "portfolio"
    """Accounts in this portfolio or below it."""


class Profile(Entity):
    """What users with this profile may do, and on which accounts (glossary 88).

    ``functions`` are names such as ``customers.read``, with ``*`` for a whole part; ``scopes`` maps of ``kind`` and ``target``;
    ``masks`` entity → ``hidden`` and ``readonly`` fields. An administrator may change users and profiles.
    """

    __tablename__ = "profile"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    functions: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    scopes: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    masks: Mapped[dict[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    administrator: Mapped[bool] = mapped_column(default=False)
    see_private: Mapped[bool] = mapped_column(default=False)


class User(Entity):
    """A login. Without a profile it may do everything; ``scopes`` add to those of the profile, and may be dated."""

    __tablename__ = "crm_user"
    __visibility__ = Visibility.public()
    __personal__ = ("name",)
    __table_args__ = (CheckConstraint("status IN ('active', 'blocked')", name="status"),)

    login: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    profile_id: Mapped[int | None] = mapped_column(ForeignKey("profile.id"), index=True, default=None)
    status: Mapped[str] = mapped_column(String(10), default=UserStatus.ACTIVE.value)
    supervisor_id: Mapped[int | None] = mapped_column(ForeignKey("crm_user.id"), index=True, default=None)
    salesperson_id: Mapped[int | None] = mapped_column(ForeignKey("salesperson.id"), index=True, default=None)
    scopes: Mapped[list[Any]] = mapped_column(Json, default_factory=list)


class UserGroup(Entity):
    """A group of users: who may take which steps, and see which fields (G18)."""

    __tablename__ = "user_group"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(60), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")


class GroupMember(Entity):
    """A user in a group."""

    __tablename__ = "group_member"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (UniqueConstraint("group_id", "user_id"),)

    group_id: Mapped[int] = mapped_column(ForeignKey("user_group.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("crm_user.id"), index=True)
