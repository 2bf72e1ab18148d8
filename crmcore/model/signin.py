"""Who signs in, from where: devices, passwords, sessions and tokens (A01, A02, A08). Nothing secret is stored that could be used again."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from crmcore.model.base import Entity
from crmcore.model.types import Json, UtcDateTime
from crmcore.model.visibility import Visibility


class DeviceStatus(enum.StrEnum):
    """Where a device stands; a revoked one never comes back: its key may have been taken."""

    PENDING = "pending"
    """It asked to be registered, and waits for an administrator."""
    ACTIVE = "active"
    REVOKED = "revoked"


class DeviceKind(enum.StrEnum):
    """What a device is."""

    PC = "pc"
    PHONE = "phone"


class Device(Entity):
    """A PC or phone from which people may sign in (glossary 90). It is known by a key, not by anything that it says about itself.

    ``public_key`` is the SubjectPublicKeyInfo in DER, as base64url; ``fingerprint`` the SHA-256 of it in hexadecimal, for an administrator
    to compare. ``algorithm`` is a name of JOSE: ES256 or Ed25519.
    """

    __tablename__ = "device"
    __visibility__ = Visibility.system()
    __personal__ = ("name",)
    __table_args__ = (
        CheckConstraint("kind IN ('pc', 'phone')", name="kind"),
        CheckConstraint("status IN ('pending', 'active', 'revoked')", name="status"),
    )

    uid: Mapped[str] = mapped_column(Uuid(as_uuid=False), unique=True, init=False)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(10), default=DeviceKind.PC.value)
    status: Mapped[str] = mapped_column(String(10), default=DeviceStatus.PENDING.value)
    algorithm: Mapped[str] = mapped_column(String(10))
    public_key: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    approved_by: Mapped[str | None] = mapped_column(String(100), default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    revoked_by: Mapped[str | None] = mapped_column(String(100), default=None)


class DeviceUser(Entity):
    """A user who may sign in from a device; a device without any is for everybody."""

    __tablename__ = "device_user"
    __visibility__ = Visibility.system()
    __personal__ = ()
    __table_args__ = (UniqueConstraint("device_id", "user_id"),)

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("crm_user.id"), index=True)


class Credential(Entity):
    """The password of a user, as Argon2id with its parameters and salt (RFC 9106)."""

    __tablename__ = "credential"
    __visibility__ = Visibility.system()
    __personal__ = ()
    __audited__ = False

    user_id: Mapped[int] = mapped_column(ForeignKey("crm_user.id"), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UserSession(Entity):
    """Somebody who is signed in. ``token_hash`` is the SHA-256 of what the client holds: 256 random bits, which need no slow hash."""

    __tablename__ = "user_session"
    __visibility__ = Visibility.system()
    __personal__ = ()
    __audited__ = False

    uid: Mapped[str] = mapped_column(Uuid(as_uuid=False), unique=True, init=False)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("crm_user.id"), index=True)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"), index=True, default=None)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    """When the device last proved that it has its key; None without a device."""
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True, default=None)
    closed_reason: Mapped[str | None] = mapped_column(String(20), default=None)


class ApiToken(Entity):
    """What a program presents instead of a person; it may do ``functions`` and nothing else, for a time."""

    __tablename__ = "api_token"
    __visibility__ = Visibility.system()
    __personal__ = ()
    __audited__ = False

    uid: Mapped[str] = mapped_column(Uuid(as_uuid=False), unique=True, init=False)
    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("crm_user.id"), index=True)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"), index=True, default=None)
    functions: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class Challenge(Entity):
    """What a device is to sign, once: the row goes when it is answered, so that an answer cannot be given twice."""

    __tablename__ = "challenge"
    __visibility__ = Visibility.system()
    __personal__ = ()
    __audited__ = False
    __table_args__ = (CheckConstraint("purpose IN ('enroll', 'open', 'renew')", name="purpose"), Index(None, "device_id", "purpose"))

    nonce: Mapped[str] = mapped_column(String(43), unique=True)
    purpose: Mapped[str] = mapped_column(String(10))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"), default=None)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("user_session.id"), index=True, default=None)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
