"""Devices that ask to be registered, and that prove themselves."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Row, func, select

from crmcore.access.signin import attempts, challenges
from crmcore.access.signin.ending import for_user
from crmcore.access.signin.events import DeviceRegistered
from crmcore.access.signin.keys import PublicKey
from crmcore.access.signin.refusing import refusal, system_session
from crmcore.access.signin.secret import login_or_none, uid_or_none
from crmcore.access.signin.tables import DEVICES
from crmcore.access.signin.values import Challenge, DeviceInfo, Limits, Proof, Purpose
from crmcore.errors import AccessDenied, Problem, ValidationFailed
from crmcore.labels import Label
from crmcore.model import Device, DeviceStatus, DeviceUser, User, UserSession

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.session import Session

ENROLMENTS: Final = 30
"""Devices that may ask within a window: nobody can bury an administrator under requests."""


@attrs.frozen
class Proved:
    """A device that just proved itself; ``session_id`` is the session for which it was asked."""

    id: int
    uid: str
    session_id: int | None


def enroll(crm: Crm, name: str, key: PublicKey, proof: Proof, kind: str) -> DeviceInfo:
    """Register a device that has the key which it hands over; see `SignIn.enroll`."""
    with system_session(crm) as session:
        attempt = attempts.count(session, ("enroll",), Limits.of(crm).attempts_window)
        taken = challenges.take(session, proof.nonce, Purpose.ENROLL)
        session.commit()
    if attempt.number > ENROLMENTS:
        raise AccessDenied("SIGNIN_LIMITED", retry_at=crm_time(crm, attempt))
    if taken is None:
        raise AccessDenied("CHALLENGE_INVALID")
    if not key.verifies(challenges.text_of(Purpose.ENROLL, None, proof.nonce), proof.signature):
        raise AccessDenied("SIGNATURE_INVALID")
    if not name.isprintable() or not name.strip():
        # An administrator reads it beside the fingerprint, perhaps on a terminal, which takes some characters for commands.
        expected = Label("un nome di caratteri stampabili", "a name of printable characters")
        params = {"entity": Device.entity_name(), "field": "name", "value": ascii(name[:80]), "expected": expected}
        raise ValidationFailed("VALIDATION_FAILED", [Problem(code="VALUE_INVALID", params=params)])
    with system_session(crm) as session:
        made = session.add(Device(name=name, kind=kind, algorithm=key.algorithm, public_key=key.text, fingerprint=key.fingerprint))
        try:
            session.flush()
        except ValidationFailed as error:
            if error.code != "CONSTRAINT_VIOLATED":
                raise
            raise ValidationFailed("DEVICE_KEY_KNOWN") from error
        session.publish(DeviceRegistered(device=made.uid, fingerprint=made.fingerprint))
        session.commit()
        return infos(session, Device.id == made.id)[0]


def begin(crm: Crm, device: str) -> Challenge:
    """Give a registered device a challenge; see `SignIn.begin`."""
    with system_session(crm) as session:
        row = _active(session, device)
        if row is not None:
            challenge = challenges.issue(session, Purpose.OPEN, device=row)
            session.commit()
            return challenge
    raise refusal(crm, AccessDenied("DEVICE_NOT_REGISTERED"))


def prove(crm: Crm, proof: Proof, purpose: Purpose, login: str | None = None) -> Proved:
    """Return the device that gave a proof; with a login, only if it is for that user.

    Raises:
        AccessDenied: ``DEVICE_NOT_REGISTERED``, ``CHALLENGE_INVALID`` or ``SIGNATURE_INVALID``.
    """
    with system_session(crm) as session:
        session.take_write_lock()
        row = _active(session, proof.device)
        taken = challenges.take(session, proof.nonce, purpose)
        is_for = row is not None and (login is None or _is_for(session, row.id, login))
        session.commit()
    if row is None:
        raise refusal(crm, AccessDenied("DEVICE_NOT_REGISTERED"), login=login)
    if taken is None or taken.device_id != row.id:
        raise refusal(crm, AccessDenied("CHALLENGE_INVALID"), login=login)
    # Until the signature is good, this is somebody who says to be the device: it is not named in the log.
    if not PublicKey.read(row.public_key).verifies(challenges.text_of(purpose, row.uid, proof.nonce), proof.signature):
        raise refusal(crm, AccessDenied("SIGNATURE_INVALID"), login=login)
    if not is_for:
        raise refusal(crm, AccessDenied("DEVICE_NOT_REGISTERED"), login=login, device=row.uid)
    return Proved(row.id, row.uid, taken.session_id)


def is_active(session: Session, device: Proved, user_id: int) -> bool:
    """Return whether a device that proved itself is still approved for a user."""
    still = (DEVICES.c.id == device.id, DEVICES.c.status == DeviceStatus.ACTIVE.value, for_user(device.id, user_id))
    return session.first(select(DEVICES.c.id).where(*still)) is not None


def _active(session: Session, device: str) -> Row[Any] | None:
    uid = uid_or_none(device)
    return session.first(select(DEVICES).where(DEVICES.c.uid == uid, DEVICES.c.status == DeviceStatus.ACTIVE.value)) if uid else None


def _is_for(session: Session, device_id: int, login: str) -> bool:
    """Return whether a device is for a login; one for nobody in particular is for every login, also for those that nobody has."""
    user = select(User.id).where(User.login == login_or_none(login)).scalar_subquery()
    return bool(session.scalar(select(for_user(device_id, user))))


def crm_time(crm: Crm, attempt: attempts.Attempt) -> str:
    """Return when the next attempt is possible, as a time of the deployment."""
    return attempt.retry_at.astimezone(crm.zone).strftime("%H:%M:%S")


def infos(session: Session, *conditions: Any) -> list[DeviceInfo]:  # noqa: ANN401 - conditions
    """Return the devices that fit, the latest first."""
    devices = session.scalars(select(Device).where(*conditions).order_by(Device.id.desc())).all()
    keys = [device.id for device in devices]
    users: dict[int, list[str]] = {}
    named = select(DeviceUser.device_id, User.login).join(User, User.id == DeviceUser.user_id).where(DeviceUser.device_id.in_(keys))
    for row in session.execute(named.order_by(User.login)):
        users.setdefault(row.device_id, []).append(row.login)
    seen = {
        row.device_id: row.last
        for row in session.execute(
            select(UserSession.device_id, func.max(UserSession.last_used_at).label("last"))
            .where(UserSession.device_id.in_(keys))
            .group_by(UserSession.device_id)
        )
    }
    return [_info(device, tuple(users.get(device.id, ())), seen.get(device.id)) for device in devices]


def _info(device: Device, users: tuple[str, ...], last_seen_at: datetime | None) -> DeviceInfo:
    return DeviceInfo(
        uid=device.uid,
        name=device.name,
        kind=device.kind,
        status=device.status,
        algorithm=device.algorithm,
        fingerprint=device.fingerprint,
        users=users,
        requested_at=device.created_at,
        approved_at=device.approved_at,
        approved_by=device.approved_by,
        revoked_at=device.revoked_at,
        revoked_by=device.revoked_by,
        last_seen_at=last_seen_at,
    )
