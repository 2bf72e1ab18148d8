"""How often something was tried: the database counts, in one statement, so that attempts at the same moment get different numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs
from sqlalchemy import case, delete, or_

from crmcore.access.signin.secret import digest
from crmcore.model import ATTEMPT

if TYPE_CHECKING:
    from crmcore.session import Session


@attrs.frozen
class Attempt:
    """One attempt: its number, from 1, among those of its window, and when a new window begins."""

    number: int
    retry_at: datetime


def count(session: Session, what: tuple[str, ...], window: timedelta) -> Attempt:
    """Count an attempt, and return its number; it stands when the transaction is committed.

    A window begins with its first attempt, and ends after its time however many follow.
    """
    # Imported here: the dialects of PostgreSQL bring in asyncio, which only its users should pay for.
    session.take_write_lock()
    connection = session.orm.connection()
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_into  # noqa: PLC0415
    else:
        from sqlalchemy.dialects.sqlite import insert as insert_into  # type: ignore[assignment] # noqa: PLC0415
    now = session.now()
    # A clock that was wrong and was put back shall not keep people out until that time has come.
    old = or_(ATTEMPT.c.since <= now - window, ATTEMPT.c.since > now + window)
    statement = insert_into(ATTEMPT).values(key=digest(*what), since=now, number=1)
    values = {"since": case((old, now), else_=ATTEMPT.c.since), "number": case((old, 1), else_=ATTEMPT.c.number + 1)}
    counted = statement.on_conflict_do_update(index_elements=[ATTEMPT.c.key], set_=values).returning(ATTEMPT.c.number, ATTEMPT.c.since)
    row = connection.execute(counted).one()
    return Attempt(row.number, row.since + window)


def forget(session: Session, what: tuple[str, ...]) -> None:
    """Begin a new count at the next attempt."""
    session.take_write_lock()
    session.orm.connection().execute(delete(ATTEMPT).where(ATTEMPT.c.key == digest(*what)))


def forget_before(session: Session, moment: datetime) -> None:
    """Remove the counts of windows that began before an instant."""
    session.take_write_lock()
    session.orm.connection().execute(delete(ATTEMPT).where(ATTEMPT.c.since < moment))
