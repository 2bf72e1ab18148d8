"""Opening a session: the device first, then the count of attempts, then the password, then the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import ColumnElement, select, update

from crmcore.access.signin import attempts
from crmcore.access.signin.devices import Proved, crm_time, is_active, prove
from crmcore.access.signin.ending import alive, end
from crmcore.access.signin.events import PasswordChanged, SessionOpened
from crmcore.access.signin.passwords import Passwords
from crmcore.access.signin.refusing import refusal, system_session
from crmcore.access.signin.secret import SESSION, digest, draw, login_or_none
from crmcore.access.signin.tables import CREDENTIALS, SESSIONS, USERS, stamped
from crmcore.access.signin.values import Limits, Opened, Proof, Purpose, Reason
from crmcore.errors import AccessDenied
from crmcore.model import Credential, User, UserSession, UserStatus
from crmcore.session.actor import Actor

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.session import Session


@attrs.frozen
class _Known:
    """What is stored of a user, as far as a password is concerned."""

    id: int
    login: str
    status: str
    stored: str | None = attrs.field(repr=False)


def open_session(crm: Crm, login: str, password: str, proof: Proof | None) -> Opened:
    """Open a session; see `SignIn.open`."""
    limits = Limits.of(crm)
    device = prove(crm, proof, Purpose.OPEN, login) if proof is not None else None
    if device is None and limits.require_device:
        raise refusal(crm, AccessDenied("DEVICE_NOT_REGISTERED"), login=login)
    known = check_password(crm, login, password, device.uid if device is not None else None)
    if known is None:
        raise refusal(crm, AccessDenied("SIGNIN_FAILED"), login=login, device=device.uid if device is not None else None)
    passwords = Passwords(limits)
    fresh = passwords.renewed(known.stored, password) if known.stored else None
    return _open(crm, limits, known, device, fresh)


def check_password(crm: Crm, login: str, password: str, device: str | None) -> _Known | None:
    """Return the user whose password this is, or None; each call is an attempt, counted before anything is looked at.

    Raises:
        AccessDenied: ``SIGNIN_LIMITED``.
    """
    limits = Limits.of(crm)
    with system_session(crm, device) as session:
        attempt = attempts.count(session, _count_of(login, device), limits.attempts_window)
        known = _known(session, login)
        session.commit()
    if attempt.number > limits.attempts:
        raise refusal(crm, AccessDenied("SIGNIN_LIMITED", retry_at=crm_time(crm, attempt)), login=login, device=device)
    # Outside of any transaction, because it takes long on purpose; and it takes as long when there is no such user.
    right = Passwords(limits).verify(known.stored if known is not None else None, password)
    return known if right else None


def change_password(crm: Crm, login: str, device: str | None, current: str, new: str, keep: str) -> None:
    """Give a user a new password, and end all sessions but one, which has to live still when it is stored."""
    known = check_password(crm, login, current, device)
    if known is None:
        raise refusal(crm, AccessDenied("SIGNIN_FAILED"), login=login, device=device)
    limits = Limits.of(crm)
    stored = Passwords(limits).hash(login, new)
    with system_session(crm, device) as session:
        _hold(session, known.id)
        alive(session, limits, SESSIONS.c.uid == keep)
        error = _changed(session, known, None)
        if error is None:
            _store(session, known.id, known.login, stored, SESSIONS.c.uid != keep)
            attempts.forget(session, _count_of(login, device))
            session.commit()
            return
    raise refusal(crm, error, login=login, device=device)


def store_password(session: Session, login: str, stored: str) -> None:
    """Store the hash of a new password, and end the user's sessions; in the transaction of the session.

    Raises:
        AccessDenied: ``USER_UNKNOWN``.
    """
    user_id = session.scalar(select(User.id).where(User.login == login))
    if user_id is None:
        raise AccessDenied("USER_UNKNOWN", login=login)
    _hold(session, user_id)
    _store(session, user_id, login, stored)


def _store(session: Session, user_id: int, login: str, stored: str, *which: ColumnElement[bool]) -> None:
    if not _replace(session, user_id, stored):
        session.add(Credential(user_id=user_id, password_hash=stored, changed_at=session.now()))
        session.flush()
    end(session, Reason.PASSWORD_CHANGED, SESSIONS.c.user_id == user_id, *which)
    session.publish(PasswordChanged(login=login))


def _open(crm: Crm, limits: Limits, known: _Known, device: Proved | None, fresh: str | None) -> Opened:
    uid = device.uid if device is not None else None
    with system_session(crm, uid) as session:
        _hold(session, known.id)
        error = _changed(session, known, device)
        if error is None:
            token = draw(SESSION)
            made = _add(session, limits, known, device, token)
            if fresh is not None:
                _replace(session, known.id, fresh)
            attempts.forget(session, _count_of(known.login, uid))
            session.publish(SessionOpened(session=made.uid, login=known.login, device=uid))
            session.commit()
            return Opened(token=token, session=made.uid, expires_at=made.expires_at, actor=Actor.user(known.login, uid))
    raise refusal(crm, error, login=known.login, device=uid)


def _hold(session: Session, user_id: int) -> None:
    """Have others wait who block the user or change the password, until this transaction ends: what it looks at next stays true."""
    session.take_write_lock()
    session.execute(select(USERS.c.id).where(USERS.c.id == user_id).with_for_update(key_share=True))


def _changed(session: Session, known: _Known, device: Proved | None) -> AccessDenied | None:
    """Return what has come between: hashing takes its time, in which devices are revoked, passwords changed and users blocked."""
    if device is not None and not is_active(session, device, known.id):
        return AccessDenied("DEVICE_NOT_REGISTERED")
    present = _known(session, known.login)
    if present is None or present.stored != known.stored:
        return AccessDenied("SIGNIN_FAILED")
    return AccessDenied("USER_BLOCKED", login=known.login) if present.status != UserStatus.ACTIVE else None


def _add(session: Session, limits: Limits, known: _Known, device: Proved | None, token: str) -> UserSession:
    now = session.now()
    made = UserSession(
        token_hash=digest(token),
        user_id=known.id,
        device_id=device.id if device is not None else None,
        opened_at=now,
        last_used_at=now,
        expires_at=now + limits.session_lifetime,
        proved_at=now if device is not None else None,
    )
    session.add(made)
    session.flush()
    return made


def _known(session: Session, login: str) -> _Known | None:
    columns: list[Any] = [USERS.c.id, USERS.c.login, USERS.c.status, CREDENTIALS.c.password_hash]
    query = select(*columns).outerjoin(CREDENTIALS, CREDENTIALS.c.user_id == USERS.c.id)
    row = session.first(query.where(USERS.c.login == login)) if login_or_none(login) else None
    return _Known(row.id, row.login, row.status, row.password_hash) if row is not None else None


def _replace(session: Session, user_id: int, stored: str) -> bool:
    values = stamped(session, CREDENTIALS, password_hash=stored, changed_at=session.now())
    statement = update(CREDENTIALS).where(CREDENTIALS.c.user_id == user_id).values(values)
    return session.execute(statement.returning(CREDENTIALS.c.id)).first() is not None


def _count_of(login: str, device: str | None) -> tuple[str, ...]:
    # With the device that proved itself: who has none of ours cannot keep people from signing in by trying passwords for them.
    return ("password", login, device or "")
