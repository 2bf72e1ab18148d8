"""What nobody needs any more: challenges that were never answered, counts of attempts, ended sessions after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, or_, select

from crmcore.access.signin.attempts import forget_before
from crmcore.access.signin.ending import end_stale
from crmcore.access.signin.values import Limits
from crmcore.events import Every
from crmcore.hooks import Job
from crmcore.model import ApiToken, Challenge, UserSession

if TYPE_CHECKING:
    from crmcore.session import Session
    from crmcore.work.worker import JobRun


def clean(session: Session, run: JobRun) -> None:
    """End stale sessions, and remove what is older than the settings keep; who worked when is personal data."""
    del run
    limits, now = Limits.of(session.crm), session.now()
    end_stale(session, limits)
    kept = now - limits.keep_sessions
    sessions, tokens, challenges = UserSession.__table__, ApiToken.__table__, Challenge.__table__
    old = sessions.c.closed_at < kept
    session.execute(delete(challenges).where(or_(challenges.c.expires_at <= now, challenges.c.session_id.in_(select(sessions.c.id).where(old)))))
    session.execute(delete(sessions).where(old))
    session.execute(delete(tokens).where(or_(tokens.c.revoked_at < kept, tokens.c.expires_at < kept)))
    forget_before(session, now - limits.attempts_window)


SIGNIN_JOBS: Final = (
    Job(name="core.signin", fn=clean, every=Every(hours=1), help="Ends sessions whose time is up, and removes old ones."),
)
"""Jobs that signing in needs."""
