"""Rules of devices, sessions and tokens, and what follows when a device is revoked or a user is blocked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import exists, select

from crmcore.access.signin.ending import end
from crmcore.access.signin.tables import DEVICE_USERS, DEVICES, SESSIONS
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


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return which devices in use lost the last user whom they were for: without any, a device is for everybody."""
    taken = [change for change in changes if isinstance(change.record, DeviceUser) and change.verb is not RecordVerb.CREATED]
    # One that was given to another device has left the first one.
    left = {change.changes["device_id"][0] for change in taken if "device_id" in change.changes}
    if not left:
        return []
    columns = (DEVICES.c.id.in_(left), DEVICES.c.status == DeviceStatus.ACTIVE.value)
    found = session.execute(select(DEVICES.c.uid).where(*columns, ~exists().where(DEVICE_USERS.c.device_id == DEVICES.c.id)))
    return [Problem(code="DEVICE_LAST_USER", params={"uid": uid}) for uid in found.scalars()]


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
