"""What administrators do about signing in, as a session offers it.

::

    s.signin.approve_device(uid, users=["rossi"])
    s.signin.revoke_device(uid)                              # its sessions end at their next request
    s.signin.set_password("rossi", "una frase che nessuno indovina")
    made = s.signin.create_token("rossi", "listino", ["customers.read"], days=30)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from crmcore.access.functions import allowed
from crmcore.access.signin import devices, ending, opening
from crmcore.access.signin.events import DeviceApproved, DeviceRevoked, TokenCreated, TokenRevoked
from crmcore.access.signin.passwords import Passwords
from crmcore.access.signin.secret import TOKEN, digest, draw, uid_or_none
from crmcore.access.signin.tables import SESSIONS, TOKENS, stamped
from crmcore.access.signin.values import DeviceInfo, Limits, NewToken, Reason, SessionInfo, TokenInfo
from crmcore.errors import AccessDenied, Problem, RecordNotFound, ValidationFailed
from crmcore.model import ApiToken, Device, DeviceStatus, DeviceUser, User, UserSession

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from crmcore.session import Session


class SignInApi:
    """Devices, sessions, passwords and tokens; see the module. What is changed is written at the session's commit."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # Devices

    def devices(self, status: DeviceStatus | None = None) -> Sequence[DeviceInfo]:
        """Return the devices, the latest first; for administrators.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
        """
        self._require_right()
        with self._session.guard.lifted():
            return devices.infos(self._session, *([Device.status == status.value] if status is not None else []))

    def approve_device(self, uid: str, users: Sequence[str] = ()) -> None:
        """Let people sign in from a device: some users, or everybody when none are named; for administrators, who compare the fingerprint.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``, ``USER_UNKNOWN``.
            RecordNotFound: ``NOT_FOUND``.
            ValidationFailed: ``DEVICE_STATUS`` when it does not wait for approval.
        """
        self._require_right()
        session = self._session
        with session.guard.lifted():
            device = self._device(uid)
            if device.status != DeviceStatus.PENDING:
                raise ValidationFailed("DEVICE_STATUS", uid=device.uid, status=device.status)
            device.status = DeviceStatus.ACTIVE.value
            device.approved_at, device.approved_by = session.now(), session.actor.name
            for login in users:
                session.add(DeviceUser(device_id=device.id, user_id=self._user(login)))
            session.flush()
            session.publish(DeviceApproved(device=device.uid, users=tuple(users)))

    def revoke_device(self, uid: str) -> None:
        """Let nobody sign in from a device any more; its sessions and tokens end. A request that waits is refused. For administrators.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
            RecordNotFound: ``NOT_FOUND``.
        """
        self._require_right()
        session = self._session
        with session.guard.lifted():
            device = self._device(uid)
            if device.status == DeviceStatus.REVOKED:
                return
            device.status = DeviceStatus.REVOKED.value
            device.revoked_at, device.revoked_by = session.now(), session.actor.name
            session.flush()
            session.publish(DeviceRevoked(device=device.uid))

    # Sessions

    def sessions(self, login: str | None = None, *, ended: bool = False) -> Sequence[SessionInfo]:
        """Return the sessions that live, or with ``ended`` all that are kept, the latest first.

        Of all for administrators, of oneself for people: a program with a token gets none.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
        """
        self._require_right(login)
        session = self._session
        query = ending.sessions().order_by(SESSIONS.c.id.desc())
        if login is not None:
            query = query.where(User.login == login)
        limits, now = Limits.of(session.crm), session.now()
        with session.guard.lifted():
            rows = session.execute(query).all()
        found = [
            SessionInfo(
                uid=row.uid,
                login=row.login,
                device=row.device,
                opened_at=row.opened_at,
                last_used_at=row.last_used_at,
                expires_at=row.expires_at,
                closed_at=row.closed_at,
                ended=ending.session_over(row, now, limits),
            )
            for row in rows
        ]
        return [each for each in found if ended or each.ended is None]

    def revoke_session(self, uid: str) -> None:
        """End a session at its next request; any for administrators, one's own for people.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
            RecordNotFound: ``NOT_FOUND`` when no session with this id lives.
        """
        session = self._session
        with session.guard.lifted():
            login = session.scalar(
                select(User.login).join(SESSIONS, SESSIONS.c.user_id == User.id).where(SESSIONS.c.uid == uid_or_none(uid))
            )
        self._require_right(login)
        with session.guard.lifted():
            if not ending.end(session, Reason.REVOKED, SESSIONS.c.uid == uid_or_none(uid)):
                raise RecordNotFound("NOT_FOUND", entity=UserSession.entity_name(), id=uid)

    # Passwords

    def set_password(self, login: str, password: str) -> None:
        """Give a user a password, which ends the sessions of this user; for administrators. Takes a few tenths of a second.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``, ``USER_UNKNOWN``.
            ValidationFailed: ``PASSWORD_WEAK``.
            UsageError: ``ACCESS_EXTRA_MISSING``.
        """
        self._require_right()
        session = self._session
        stored = Passwords(Limits.of(session.crm)).hash(login, password)
        with session.guard.lifted():
            opening.store_password(session, login, stored)

    # Tokens

    def tokens(self, login: str | None = None) -> Sequence[TokenInfo]:
        """Return the tokens for programs, the latest first; of all for administrators, of oneself for people.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
        """
        self._require_right(login)
        return self._tokens(*([User.login == login] if login is not None else []))

    def create_token(self, login: str, name: str, functions: Sequence[str], *, days: int, device: str | None = None) -> NewToken:
        """Make a token with which a program works as a user, for some functions and days; for administrators.

        Only its hash is stored: the token itself is in the result, and nowhere else. One with a ``device`` ends with that device.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``, ``USER_UNKNOWN``.
            RecordNotFound: ``NOT_FOUND`` when there is no such device.
            ValidationFailed: ``TOKEN_LIFETIME``, ``TOKEN_DEVICE_NEEDED``, ``ACCESS_FUNCTION_UNKNOWN``.
        """
        self._require_right()
        session, limits = self._session, Limits.of(self._session.crm)
        problems = list(self._token_problems(name, functions, days, device, limits))
        if problems:
            raise ValidationFailed("VALIDATION_FAILED", problems)
        token = draw(TOKEN)
        with session.guard.lifted():
            made = session.add(
                ApiToken(
                    name=name,
                    token_hash=digest(token),
                    user_id=self._user(login),
                    device_id=self._device(device).id if device is not None else None,
                    functions=sorted(set(functions)),
                    expires_at=session.now() + timedelta(days=days),
                )
            )
            session.flush()
            session.publish(TokenCreated(token=made.uid, login=login, functions=tuple(made.functions)))
        return NewToken(token=token, info=self._tokens(TOKENS.c.uid == made.uid)[0])

    def revoke_token(self, uid: str) -> None:
        """End a token at its next use; for administrators.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
            RecordNotFound: ``NOT_FOUND`` when there is none with this id, or it was revoked already.
        """
        self._require_right()
        session = self._session
        alive = (TOKENS.c.uid == uid_or_none(uid), TOKENS.c.revoked_at.is_(None))
        with session.guard.lifted():
            revoked = update(TOKENS).where(*alive).values(stamped(session, TOKENS, revoked_at=session.now()))
            row = session.execute(revoked.returning(TOKENS.c.uid, TOKENS.c.user_id)).first()
            if row is None:
                raise RecordNotFound("NOT_FOUND", entity=ApiToken.entity_name(), id=uid)
            login = session.scalar(select(User.login).where(User.id == row.user_id))
            session.publish(TokenRevoked(token=row.uid, login=login))

    def _tokens(self, *conditions: ColumnElement[bool]) -> list[TokenInfo]:
        session = self._session
        limits, now = Limits.of(session.crm), session.now()
        with session.guard.lifted():
            rows = session.execute(ending.tokens().where(*conditions).order_by(TOKENS.c.id.desc())).all()
        return [
            TokenInfo(
                uid=row.uid,
                name=row.name,
                login=row.login,
                device=row.device,
                functions=tuple(row.functions),
                expires_at=row.expires_at,
                last_used_at=row.last_used_at,
                revoked_at=row.revoked_at,
                ended=ending.token_over(row, now, limits),
            )
            for row in rows
        ]

    def _token_problems(self, name: str, functions: Sequence[str], days: int, device: str | None, limits: Limits) -> Iterator[Problem]:
        longest = limits.token_lifetime.days
        if not 1 <= days <= longest:
            yield Problem(code="TOKEN_LIFETIME", params={"longest": longest, "given": days})
        if device is None and limits.require_device:
            yield Problem(code="TOKEN_DEVICE_NEEDED")
        known = self._session.access.functions()
        for function in functions or ("",):
            if not any(allowed([function], each) for each in known):
                yield Problem(code="ACCESS_FUNCTION_UNKNOWN", params={"where": f"token {name}", "function": function})

    def _device(self, uid: str) -> Device:
        found: Device | None = self._session.scalar(select(Device).where(Device.uid == uid_or_none(uid)))
        if found is None:
            raise RecordNotFound("NOT_FOUND", entity=Device.entity_name(), id=uid)
        return found

    def _user(self, login: str) -> int:
        found: int | None = self._session.scalar(select(User.id).where(User.login == login))
        if found is None:
            raise AccessDenied("USER_UNKNOWN", login=login)
        return found

    def _require_right(self, login: str | None = None) -> None:
        reach = self._session.guard.reach
        # A program with a token is not the person: it does what it is for, and nothing about signing in.
        oneself = login == reach.login and reach.limits is None
        if not reach.administrator and not oneself:
            raise AccessDenied("ADMINISTRATOR_NEEDED")
