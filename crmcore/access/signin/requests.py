"""What is asked at each request: whose token this is, and whether it still counts (A02, A08, I-26)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement, Table, select, update

from crmcore.access.signin import challenges, ending
from crmcore.access.signin.devices import prove
from crmcore.access.signin.refusing import system_session
from crmcore.access.signin.secret import TOKEN, digest
from crmcore.access.signin.tables import DEVICES, SESSIONS, TOKENS, stamped
from crmcore.access.signin.values import Challenge, Limits, Proof, Purpose, Reason
from crmcore.errors import AccessDenied
from crmcore.session.actor import Actor

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.session import Session

NOTED: Final = timedelta(minutes=1)
"""How far apart uses of a session are noted: a request that only reads shall not have to write."""


def actor_of(crm: Crm, token: str) -> Actor:
    """Return who works with a token; see `SignIn.actor`."""
    limits = Limits.of(crm)
    with system_session(crm) as session:
        if token.startswith(TOKEN):
            return _program(session, token, limits)
        row = _alive(session, token, limits)
        if row.device is not None and row.proved_at + limits.device_renewal <= session.now():
            raise AccessDenied("DEVICE_PROOF_NEEDED")
        _note(session, row, limits)
        return Actor.user(row.login, row.device)


def session_of(crm: Crm, token: str) -> Any:  # noqa: ANN401 - a row of `ending.sessions`
    """Return the row of the living session that a token opens.

    Raises:
        AccessDenied: ``TOKEN_UNKNOWN``, ``USER_BLOCKED``, ``SESSION_ENDED``, or ``SESSION_NEEDED`` for a token of a program.
    """
    if token.startswith(TOKEN):
        raise AccessDenied("SESSION_NEEDED")
    with system_session(crm) as session:
        return _alive(session, token, Limits.of(crm))


def begin_renewal(crm: Crm, token: str) -> Challenge:
    """Give the device of a session a challenge; see `SignIn.begin_renewal`."""
    row = session_of(crm, token)
    with system_session(crm) as session:
        device = session.first(select(DEVICES.c.id, DEVICES.c.uid).where(DEVICES.c.uid == row.device)) if row.device is not None else None
        if device is None:
            raise AccessDenied("DEVICE_NOT_REGISTERED")
        challenge = challenges.issue(session, Purpose.RENEW, device=device, session_id=row.id)
        session.commit()
        return challenge


def renew(crm: Crm, token: str, proof: Proof) -> None:
    """Note that the device of a session proved itself again; see `SignIn.renew`."""
    row = session_of(crm, token)
    proved = prove(crm, proof, Purpose.RENEW, row.login)
    if proved.session_id != row.id:
        raise AccessDenied("CHALLENGE_INVALID")
    with system_session(crm, proved.uid) as session:
        now = session.now()
        _touch(session, SESSIONS, row.id, {"proved_at": now, "last_used_at": now}, SESSIONS.c.closed_at.is_(None))
        session.commit()


def close(crm: Crm, token: str) -> None:
    """End the session of a token; see `SignIn.close`."""
    row = session_of(crm, token)
    with system_session(crm, row.device) as session:
        ending.end(session, Reason.SIGNED_OUT, SESSIONS.c.id == row.id)
        session.commit()


def _alive(session: Session, token: str, limits: Limits) -> Any:  # noqa: ANN401 - a row of `ending.sessions`
    # Found by its hash: how long a comparison takes says nothing about the token.
    return ending.alive(session, limits, SESSIONS.c.token_hash == digest(token))


def _program(session: Session, token: str, limits: Limits) -> Actor:
    row = session.first(ending.tokens().where(TOKENS.c.token_hash == digest(token)))
    if row is None:
        raise AccessDenied("TOKEN_UNKNOWN")
    reason = ending.token_over(row, session.now(), limits)
    if reason is Reason.USER_BLOCKED:
        raise AccessDenied("USER_BLOCKED", login=row.login)
    if reason is not None:
        raise AccessDenied("TOKEN_ENDED", reason=reason.label)
    now = session.now()
    if row.last_used_at is None or row.last_used_at + NOTED <= now:
        _touch(session, TOKENS, row.id, {"last_used_at": now}, TOKENS.c.revoked_at.is_(None))
        session.commit()
    return attrs.evolve(Actor.user(row.login, row.device), functions=tuple(row.functions))


def _note(session: Session, row: Any, limits: Limits) -> None:  # noqa: ANN401 - a row of `ending.sessions`
    now = session.now()
    if row.last_used_at + min(NOTED, limits.idle_limit / 10) <= now:
        _touch(session, SESSIONS, row.id, {"last_used_at": now}, SESSIONS.c.closed_at.is_(None))
        session.commit()


def _touch(session: Session, table: Table, key: int, values: dict[str, Any], condition: ColumnElement[bool]) -> None:
    session.execute(update(table).where(table.c.id == key, condition).values(stamped(session, table, **values)))
