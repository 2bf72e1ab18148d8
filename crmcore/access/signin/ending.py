"""When a session or token is over, and ending sessions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, exists, or_, select, update

from crmcore.access.signin.events import SessionClosed
from crmcore.access.signin.tables import DEVICE_USERS, DEVICES, SESSIONS, TOKENS, USERS, stamped
from crmcore.access.signin.values import Limits, Reason
from crmcore.errors import AccessDenied
from crmcore.model import DeviceStatus, UserStatus

if TYPE_CHECKING:
    from crmcore.session import Session


def for_user(device_id: Any, user_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns or keys
    """Return the condition that a device is for a user: it names this one, or nobody."""
    of_device = DEVICE_USERS.c.device_id == device_id
    return or_(~exists().where(of_device), exists().where(of_device, DEVICE_USERS.c.user_id == user_id))


def sessions() -> Select[Any]:
    """Return the query for sessions with what decides about them."""
    return _with_owner(SESSIONS, SESSIONS.c.closed_at, SESSIONS.c.closed_reason, SESSIONS.c.last_used_at, SESSIONS.c.opened_at)


def tokens() -> Select[Any]:
    """Return the query for tokens with what decides about them."""
    return _with_owner(TOKENS, TOKENS.c.revoked_at, TOKENS.c.last_used_at, TOKENS.c.functions, TOKENS.c.name)


def _with_owner(table: Any, *columns: Any) -> Select[Any]:  # noqa: ANN401 - a table and its columns
    return (
        select(
            table.c.id,
            table.c.uid,
            table.c.user_id,
            table.c.expires_at,
            *columns,
            *((table.c.proved_at,) if "proved_at" in table.c else ()),
            USERS.c.login,
            USERS.c.status.label("user_status"),
            DEVICES.c.uid.label("device"),
            DEVICES.c.status.label("device_status"),
            for_user(table.c.device_id, table.c.user_id).label("device_is_for_user"),
        )
        .join(USERS, USERS.c.id == table.c.user_id)
        .outerjoin(DEVICES, DEVICES.c.id == table.c.device_id)
    )


def alive(session: Session, limits: Limits, which: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a row of `sessions`
    """Return the row of the session that fits; one that is over is ended, if nobody has done so, which commits.

    Raises:
        AccessDenied: ``TOKEN_UNKNOWN``, ``USER_BLOCKED``, ``SESSION_ENDED``.
    """
    row = session.first(sessions().where(which))
    if row is None:
        raise AccessDenied("TOKEN_UNKNOWN")
    reason = session_over(row, session.now(), limits)
    if reason is None:
        return row
    if row.closed_at is None:
        end(session, reason, SESSIONS.c.id == row.id)
        session.commit()
    if row.user_status != UserStatus.ACTIVE:
        raise AccessDenied("USER_BLOCKED", login=row.login)
    raise AccessDenied("SESSION_ENDED", reason=reason.label)


def session_over(row: Any, now: datetime, limits: Limits) -> Reason | None:  # noqa: ANN401 - a row of `sessions`
    """Return why a session is over, or None."""
    if row.closed_at is not None:
        return Reason(row.closed_reason)
    if reason := _owner_over(row, limits):
        return reason
    if row.expires_at <= now:
        return Reason.EXPIRED
    return Reason.IDLE if row.last_used_at + limits.idle_limit <= now else None


def token_over(row: Any, now: datetime, limits: Limits) -> Reason | None:  # noqa: ANN401 - a row of `tokens`
    """Return why a token is of no use, or None."""
    if row.revoked_at is not None:
        return Reason.REVOKED
    return _owner_over(row, limits) or (Reason.EXPIRED if row.expires_at <= now else None)


def _owner_over(row: Any, limits: Limits) -> Reason | None:  # noqa: ANN401 - as above
    if row.user_status != UserStatus.ACTIVE:
        return Reason.USER_BLOCKED
    if row.device is None:
        return Reason.DEVICE_NEEDED if limits.require_device else None
    return None if row.device_status == DeviceStatus.ACTIVE and row.device_is_for_user else Reason.DEVICE_REVOKED


def end(session: Session, reason: Reason, *conditions: ColumnElement[bool]) -> list[str]:
    """End the open sessions that fit, each once whoever else ends them at this moment, and return their ids."""
    ended = stamped(session, SESSIONS, closed_at=session.now(), closed_reason=reason.value)
    closed = update(SESSIONS).where(SESSIONS.c.closed_at.is_(None), *conditions).values(ended)
    rows = session.execute(closed.returning(SESSIONS.c.uid, SESSIONS.c.user_id)).all()
    logins: dict[int, str] = {}
    if rows:
        users = select(USERS.c.id, USERS.c.login).where(USERS.c.id.in_({row.user_id for row in rows}))
        logins = {row.id: row.login for row in session.execute(users)}
    for row in rows:
        session.publish(SessionClosed(session=row.uid, login=logins[row.user_id], reason=reason.value))
    return [row.uid for row in rows]


def end_stale(session: Session, limits: Limits) -> None:
    """End the sessions whose time is up and that nobody has used since."""
    now = session.now()
    end(session, Reason.EXPIRED, SESSIONS.c.expires_at <= now)
    end(session, Reason.IDLE, SESSIONS.c.last_used_at <= now - limits.idle_limit)
