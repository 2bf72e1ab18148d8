"""When a session or token is over, and ending sessions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, exists, or_, select, update

from crmcore.access.signin.events import SessionClosed
from crmcore.access.signin.values import Limits, Reason
from crmcore.model import ApiToken, Device, DeviceStatus, DeviceUser, User, UserSession, UserStatus

if TYPE_CHECKING:
    from crmcore.session import Session

_SESSION = UserSession.__table__
_TOKEN = ApiToken.__table__
_DEVICE = Device.__table__
_USER = User.__table__


def for_user(device_id: Any, user_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns or keys
    """Return the condition that a device is for a user: it names this one, or nobody."""
    of_device = DeviceUser.__table__.c.device_id == device_id
    return or_(~exists().where(of_device), exists().where(of_device, DeviceUser.__table__.c.user_id == user_id))


def sessions() -> Select[Any]:
    """Return the query for sessions with what decides about them."""
    return _with_owner(_SESSION, _SESSION.c.closed_at, _SESSION.c.closed_reason, _SESSION.c.last_used_at, _SESSION.c.opened_at)


def tokens() -> Select[Any]:
    """Return the query for tokens with what decides about them."""
    return _with_owner(_TOKEN, _TOKEN.c.revoked_at, _TOKEN.c.last_used_at, _TOKEN.c.functions, _TOKEN.c.name)


def _with_owner(table: Any, *columns: Any) -> Select[Any]:  # noqa: ANN401 - a table and its columns
    return (
        select(
            table.c.id,
            table.c.uid,
            table.c.user_id,
            table.c.expires_at,
            *columns,
            *((table.c.proved_at,) if "proved_at" in table.c else ()),
            _USER.c.login,
            _USER.c.status.label("user_status"),
            _DEVICE.c.uid.label("device"),
            _DEVICE.c.status.label("device_status"),
            for_user(table.c.device_id, table.c.user_id).label("device_is_for_user"),
        )
        .join(_USER, _USER.c.id == table.c.user_id)
        .outerjoin(_DEVICE, _DEVICE.c.id == table.c.device_id)
    )


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
    now = session.now()
    stamps = {"version": _SESSION.c.version + 1, "updated_at": now, "updated_by": session.actor.name}
    closed = update(_SESSION).where(_SESSION.c.closed_at.is_(None), *conditions).values(closed_at=now, closed_reason=reason.value, **stamps)
    rows = session.execute(closed.returning(_SESSION.c.uid, _SESSION.c.user_id)).all()
    logins: dict[int, str] = {}
    if rows:
        users = select(_USER.c.id, _USER.c.login).where(_USER.c.id.in_({row.user_id for row in rows}))
        logins = {row.id: row.login for row in session.execute(users)}
    for row in rows:
        session.publish(SessionClosed(session=row.uid, login=logins[row.user_id], reason=reason.value))
    return [row.uid for row in rows]


def end_stale(session: Session, limits: Limits) -> None:
    """End the sessions whose time is up and that nobody has used since."""
    now = session.now()
    end(session, Reason.EXPIRED, _SESSION.c.expires_at <= now)
    end(session, Reason.IDLE, _SESSION.c.last_used_at <= now - limits.idle_limit)
