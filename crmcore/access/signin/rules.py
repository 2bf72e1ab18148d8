"""Rules of devices, sessions and tokens, and what follows when a device is revoked or a user is blocked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from crmcore.access.signin.ending import end
from crmcore.access.signin.tables import SESSIONS
from crmcore.access.signin.values import Reason
from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.model import ApiToken, Challenge, Credential, Device, DeviceStatus, DeviceUser, User, UserSession, UserStatus

if TYPE_CHECKING:
    from crmcore.session import Change, Session

OURS: Final = (Device, DeviceUser, Credential, UserSession, ApiToken, Challenge)
"""Entities that these rules are about."""


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with changes: these records are for administrators, and for the platform itself."""
    if not any(isinstance(change.record, OURS) for change in changes):
        return []
    return [] if session.guard.reach.administrator else [Problem(code="ADMINISTRATOR_NEEDED")]


def check_commit(_session: Session, _changes: Sequence[Change]) -> Iterable[Problem]:
    """Return nothing: there is no rule about a whole commit."""
    return []


def follow(session: Session, changes: Sequence[Change]) -> None:
    """End the sessions of users who were blocked and of devices that were revoked: they shall not live again when that is taken back."""
    for change in changes:
        record = change.record
        # Asked first, because every record of every flush comes here.
        if not isinstance(record, User | Device) or change.verb is not RecordVerb.UPDATED or "status" not in change.changes:
            continue
        if isinstance(record, User) and record.status == UserStatus.BLOCKED:
            end(session, Reason.USER_BLOCKED, SESSIONS.c.user_id == record.id)
        elif isinstance(record, Device) and record.status == DeviceStatus.REVOKED:
            end(session, Reason.DEVICE_REVOKED, SESSIONS.c.device_id == record.id)
