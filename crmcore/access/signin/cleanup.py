"""What nobody needs any more: challenges that were never answered, counts of attempts, ended sessions after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, or_, select

from crmcore.access.signin.attempts import forget_before
from crmcore.access.signin.ending import end_stale
from crmcore.access.signin.tables import CHALLENGES, SESSIONS, TOKENS
from crmcore.access.signin.values import Limits
from crmcore.events import Rule
from crmcore.hooks import Job

if TYPE_CHECKING:
    from crmcore.session import Session
    from crmcore.work.worker import JobRun


def clean(session: Session, run: JobRun) -> None:
    """End stale sessions, and remove what is older than the settings keep; who worked when is personal data."""
    del run
    limits, now = Limits.of(session.crm), session.now()
    end_stale(session, limits)
    kept = now - limits.keep_sessions
    old = SESSIONS.c.closed_at < kept
    session.execute(
        delete(CHALLENGES).where(or_(CHALLENGES.c.expires_at <= now, CHALLENGES.c.session_id.in_(select(SESSIONS.c.id).where(old))))
    )
    session.execute(delete(SESSIONS).where(old))
    session.execute(delete(TOKENS).where(or_(TOKENS.c.revoked_at < kept, TOKENS.c.expires_at < kept)))
    forget_before(session, now - limits.attempts_window)


SIGNIN_JOBS: Final = (
    Job(
        name="core.signin",
        fn=clean,
        every=Rule("FREQ=DAILY;BYHOUR=3;BYMINUTE=20;BYSECOND=0"),
        help="Ends sessions whose time is up, and removes old ones.",
    ),
)
"""Jobs that signing in needs."""
