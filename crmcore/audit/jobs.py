"""The jobs of the audit: sealing, and removing what is older than the settings keep."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from crmcore.audit.chain import Mark, is_settled, mark, seal
from crmcore.audit.retention import expire
from crmcore.events import Every, Rule
from crmcore.hooks import Job

if TYPE_CHECKING:
    from crmcore.session import Session
    from crmcore.work.worker import JobRun

_LOG: Final = logging.getLogger("crmcore.audit")
_AGAIN: Final = timedelta(minutes=1)
SEAL: Final = "core.audit_seal"
EXPIRE: Final = "core.audit_expire"


def run_seal(session: Session, run: JobRun) -> None:
    """Seal what is settled; what is not, is looked at again a minute later, with the mark that was set now."""
    session.take_write_lock()
    connection = session.orm.connection()
    wanted = _mark_of(run.args) or mark(connection)
    if not is_settled(connection, wanted):
        args = {"until": wanted.until, "waiting": list(wanted.waiting)}
        # Each mark has a timer of its own: a new one must not push the old one away, or busy days would never be sealed.
        session.timers.set(f"{SEAL}:{wanted.until}", session.now() + _AGAIN, SEAL, args)
        return
    done = seal(connection, wanted.until, session.now())
    for head in done.blocks:
        # The log goes where the database's administrator may have no hand in it.
        _LOG.info("audit sealed: %s", head)
    if done.more:
        session.jobs.enqueue(SEAL, {"until": wanted.until, "waiting": []}, key=f"{SEAL}:more")


def run_expire(session: Session, run: JobRun) -> None:
    """Remove what is older than the settings keep, some blocks at a time."""
    del run
    if expire(session, session.settings("core")):
        session.jobs.enqueue(EXPIRE, {}, key=f"{EXPIRE}:more")


def _mark_of(args: Any) -> Mark | None:  # noqa: ANN401 - JSON
    return Mark(args["until"], tuple(args["waiting"])) if "until" in args else None


AUDIT_JOBS: Final = (
    Job(name=SEAL, fn=run_seal, every=Every(hours=6), help="Chains new rows of the audit, so that nobody changes them unnoticed."),
    Job(
        name=EXPIRE,
        fn=run_expire,
        every=Rule("FREQ=DAILY;BYHOUR=3;BYMINUTE=30;BYSECOND=0"),
        help="Removes rows of the audit that are older than `audit_days` and `audit_access_days`.",
    ),
)
"""Jobs that the audit needs."""
