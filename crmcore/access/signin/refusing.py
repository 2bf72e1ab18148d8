"""Refusals of people who are not signed in: told to the log and the audit, and said in words that disclose nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import select

from crmcore.access.signin import attempts
from crmcore.access.signin.events import SessionRefused
from crmcore.access.signin.secret import login_or_none
from crmcore.access.signin.values import Limits
from crmcore.audit import REFUSED
from crmcore.audit.writing import write_rows
from crmcore.errors import AccessDenied
from crmcore.model import User
from crmcore.session.actor import Actor

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from crmcore.app import Crm
    from crmcore.session import Session

TOLD: Final = 100
"""Refusals of one kind and device that are told within a window: who knocks without an end does not fill the log."""


def system_session(crm: Crm, device: str | None = None, connection: Connection | None = None) -> Session:
    """Return a session for signing in, which nobody has done yet; ``device`` has proved itself, ``connection`` is a host's."""
    return crm.session(attrs.evolve(Actor.system("signin"), device=device), connection=connection, source="signin")


def refusal(crm: Crm, error: AccessDenied, *, login: str | None = None, device: str | None = None) -> AccessDenied:
    """Tell that somebody could not sign in, and return the error to raise.

    ``device`` is that of a registered device. A login is told only if there is such a user.
    """
    with system_session(crm, device) as session:
        if not is_told_often(session, error.code, device or ""):
            user = session.scalar(select(User).where(User.login == login)) if login and login_or_none(login) else None
            session.publish(SessionRefused(code=error.code, login=user.login if user is not None else None, device=device))
            told = {"code": [None, error.code], "login": [None, user.login if user is not None else None]}
            write_rows(session.orm.connection(), session, [(User.entity_name(), user.id if user else 0, REFUSED, told)])
        session.commit()
    return error


def is_told_often(session: Session, code: str, whose: str) -> bool:
    """Count a refusal, and return whether as many of its kind were told within the window as are of use."""
    return attempts.count(session, ("refused", code, whose), Limits.of(session.crm).attempts_window).number > TOLD
