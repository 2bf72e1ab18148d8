"""What signing in hands over and takes: challenges, proofs, and what administrators see of devices, sessions and tokens."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self, cast

import attrs

from crmcore.labels import Label
from crmcore.model import CORE

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.session import Actor

CHALLENGE_LIFE: Final = timedelta(minutes=2)
"""How long a device has for its answer."""


class Purpose(enum.StrEnum):
    """What a challenge is for; an answer counts for nothing else."""

    ENROLL = "enroll"
    OPEN = "open"
    RENEW = "renew"


class Reason(enum.StrEnum):
    """Why a session or token ended."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    EXPIRED = "expired"
    IDLE = "idle"
    DEVICE_REVOKED = "device_revoked"
    DEVICE_NEEDED = "device_needed"
    USER_BLOCKED = "user_blocked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a reason

    @property
    def label(self) -> Label:
        """The reason in words."""
        return _LABELS[self]


_LABELS: Final[Mapping[Reason, Label]] = {
    Reason.SIGNED_OUT: Label("chiusa dall'utente", "the user signed out"),
    Reason.REVOKED: Label("revoca di un amministratore", "an administrator revoked it"),
    Reason.EXPIRED: Label("durata massima raggiunta", "its time was up"),
    Reason.IDLE: Label("inattività", "it was idle for too long"),
    Reason.DEVICE_REVOKED: Label("il dispositivo non è più censito per questo utente", "the device is no longer registered for this user"),
    Reason.DEVICE_NEEDED: Label("ora si lavora solo da dispositivi censiti", "only registered devices work here now"),
    Reason.USER_BLOCKED: Label("utente bloccato", "the user was blocked"),
    Reason.PASSWORD_CHANGED: Label("la password è stata cambiata", "the password was changed"),
}


@attrs.frozen
class Challenge:
    """What a device signs: the UTF-8 bytes of ``text``, as they are."""

    text: str
    nonce: str
    expires_at: datetime


@attrs.frozen
class Proof:
    """The answer of a device to a challenge. ``signature`` is base64url: 64 bytes, for ES256 r and s as WebCrypto gives them."""

    device: str
    nonce: str
    signature: str


@attrs.frozen(kw_only=True)
class Opened:
    """A session that was just opened. ``token`` is known to nobody else, and shown nowhere again."""

    token: str = attrs.field(repr=False)
    session: str
    expires_at: datetime
    actor: Actor


@attrs.frozen(kw_only=True)
class DeviceInfo:
    """A device, as administrators see it; ``users`` are those for whom alone it is."""

    uid: str
    name: str
    kind: str
    status: str
    algorithm: str
    fingerprint: str
    users: tuple[str, ...]
    requested_at: datetime
    approved_at: datetime | None
    approved_by: str | None
    revoked_at: datetime | None
    revoked_by: str | None
    last_seen_at: datetime | None
    """When a session on it was last used."""


@attrs.frozen(kw_only=True)
class SessionInfo:
    """A session, as administrators and its own user see it; ``ended`` is None while it lives."""

    uid: str
    login: str
    device: str | None
    opened_at: datetime
    last_used_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    ended: Reason | None


@attrs.frozen(kw_only=True)
class TokenInfo:
    """A token for programs, as administrators see it: without what it is made of."""

    uid: str
    name: str
    login: str
    device: str | None
    functions: tuple[str, ...]
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    ended: Reason | None


@attrs.frozen(kw_only=True)
class NewToken:
    """A token that was just made. ``token`` is known to nobody else, and shown nowhere again."""

    token: str = attrs.field(repr=False)
    info: TokenInfo


@attrs.frozen(kw_only=True)
class Limits:
    """The settings under ``core.access``."""

    require_device: bool
    session_lifetime: timedelta
    idle_limit: timedelta
    device_renewal: timedelta
    password_minimum: int
    attempts: int
    attempts_window: timedelta
    token_lifetime: timedelta
    keep_sessions: timedelta
    hash_memory: int
    hash_passes: int

    @classmethod
    def of(cls, crm: Crm) -> Self:
        """Return those of a Crm."""
        given = cast("Mapping[str, Any]", crm.settings(CORE)["access"])
        units = {"session_lifetime": "hours", "token_lifetime": "days", "keep_sessions": "days"}
        units |= dict.fromkeys(("idle_limit", "device_renewal", "attempts_window"), "minutes")
        found: dict[str, Any] = {name: timedelta(**{units[name]: value}) if name in units else value for name, value in given.items()}
        return cls(**found)
