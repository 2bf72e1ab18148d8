"""Refusals of people who are not signed in: told to the log, and said in words that disclose nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import select

from crmcore.access.signin import attempts
from crmcore.access.signin.events import SessionRefused
from crmcore.access.signin.secret import login_or_none
from crmcore.access.signin.values import Limits
from crmcore.errors import AccessDenied
from crmcore.model import User
from crmcore.session.actor import Actor

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.session import Session

TOLD: Final = 100
"""Refusals of one kind and device that are told within a window: who knocks without an end does not fill the log."""


def system_session(crm: Crm, device: str | None = None) -> Session:
    """Return a session for signing in, which nobody has done yet; ``device`` has proved itself."""
    return crm.session(attrs.evolve(Actor.system("signin"), device=device), source="signin")


def refusal(crm: Crm, error: AccessDenied, *, login: str | None = None, device: str | None = None) -> AccessDenied:
    """Tell that somebody could not sign in, and return the error to raise.

    ``device`` is that of a registered device. A login is told only if there is such a user.
    """
    with system_session(crm, device) as session:
        told = attempts.count(session, ("refused", error.code, device or ""), Limits.of(crm).attempts_window)
        if told.number <= TOLD:
            known = session.scalar(select(User.login).where(User.login == login)) if login and login_or_none(login) else None
            session.publish(SessionRefused(code=error.code, login=known, device=device))
        session.commit()
    return error
