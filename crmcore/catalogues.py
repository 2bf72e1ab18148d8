"""What lives in small tables and is kept in memory: definitions, and who reaches how far.

A mark in the database says whether they are as they were when they were read. Each transaction asks for it, because other processes may
change them at any time; what it costs does not depend on how many definitions or users there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Dialect, case, select

from crmcore.model import GENERATION
from crmcore.storage import driver_sql

if TYPE_CHECKING:
    from crmcore.session import Session

_MEMO: Final = "generations"


class Subject(StrEnum):
    """What is kept in memory."""

    USERS = "users"
    ACCESS = "access"
    """Profiles, groups, the sales force, zones and portfolios: with the users, who reaches how far."""
    CHARACTERISTICS = "characteristics"
    STATES = "states"
    SUPPRESSION = "suppression"
    """The key of the list of those who were erased."""


class Generations:
    """The questions for marks, compiled once for a database."""

    def __init__(self, dialect: Dialect) -> None:
        users, others = GENERATION.alias("users"), GENERATION.alias("others")
        access = select(case((users.c.mark == 0, 0), else_=users.c.mark + others.c.mark)).where(
            users.c.subject == Subject.USERS.value, others.c.subject == Subject.ACCESS.value
        )
        # The names stand in the statement: it is for the driver, which would want them in its own manner.
        self.access = str(access.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        """For the mark of who reaches how far; zero as long as there was never a user."""
        self.all = driver_sql(select(GENERATION.c.subject, GENERATION.c.mark), dialect)
        """For every mark."""

    def read(self, connection: Connection) -> Mapping[str, int]:
        """Return the marks by subject, as a transaction sees them: one statement."""
        return {row[0]: row[1] for row in connection.exec_driver_sql(self.all)}

    def read_access(self, connection: Connection) -> int:
        """Return the mark of who reaches how far, as a transaction sees it: one statement."""
        return int(connection.exec_driver_sql(self.access).scalar_one())


def suppressing(session: Session) -> bool:
    """Return whether somebody was ever erased, so that there is a list to look into.

    It costs nothing where a catalogue was asked for in the same unit of work.
    """
    return mark_of(session, Subject.SUPPRESSION) != 0


def mark_of(session: Session, subject: Subject) -> int:
    """Return the mark of a subject as this unit of work sees it; the first question asks for all of them."""
    memo = session.unit.memo
    found: Mapping[str, int] | None = memo.get(_MEMO)
    if found is None:
        found = memo[_MEMO] = session.crm.generations.read(session.orm.connection())
    return found[subject]


def forget_marks(session: Session) -> None:
    """Ask anew when they are next needed: something was written."""
    session.unit.memo.pop(_MEMO, None)
