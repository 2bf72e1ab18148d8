"""Events of signing in. They name people and devices, and hold nothing that anybody could sign in with."""

from __future__ import annotations

from typing import ClassVar

import attrs

from crmcore.events import Event


@attrs.frozen(kw_only=True)
class SessionOpened(Event):
    """Somebody signed in."""

    TYPE: ClassVar[str] = "session.opened"

    session: str
    login: str
    device: str | None


@attrs.frozen(kw_only=True)
class SessionRefused(Event):
    """Somebody could not sign in. ``login`` and ``device`` are empty when there is none of that name: people type passwords anywhere."""

    TYPE: ClassVar[str] = "session.refused"

    code: str
    login: str | None
    device: str | None


@attrs.frozen(kw_only=True)
class SessionClosed(Event):
    """A session ended."""

    TYPE: ClassVar[str] = "session.closed"

    session: str
    login: str
    reason: str


@attrs.frozen(kw_only=True)
class DeviceRegistered(Event):
    """A device asked to be registered, and waits for an administrator."""

    TYPE: ClassVar[str] = "device.registered"

    device: str
    fingerprint: str


@attrs.frozen(kw_only=True)
class DeviceApproved(Event):
    """People may sign in from a device: ``users``, or everybody when there are none."""

    TYPE: ClassVar[str] = "device.approved"

    device: str
    users: tuple[str, ...]


@attrs.frozen(kw_only=True)
class DeviceRevoked(Event):
    """Nobody signs in from a device any more, and its sessions ended."""

    TYPE: ClassVar[str] = "device.revoked"

    device: str


@attrs.frozen(kw_only=True)
class PasswordChanged(Event):
    """A user has a new password."""

    TYPE: ClassVar[str] = "user.password_changed"

    login: str


@attrs.frozen(kw_only=True)
class TokenCreated(Event):
    """A program may work as a user."""

    TYPE: ClassVar[str] = "token.created"

    token: str
    login: str
    functions: tuple[str, ...]


@attrs.frozen(kw_only=True)
class TokenRevoked(Event):
    """A token is of no use any more."""

    TYPE: ClassVar[str] = "token.revoked"

    token: str
    login: str


SIGNIN_EVENTS: tuple[type[Event], ...] = (
    SessionOpened,
    SessionRefused,
    SessionClosed,
    DeviceRegistered,
    DeviceApproved,
    DeviceRevoked,
    PasswordChanged,
    TokenCreated,
    TokenRevoked,
)
"""What the core publishes about signing in."""
