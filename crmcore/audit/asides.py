"""What a session leaves in the audit beside its commit: sensitive records that it read, and that it was refused altogether.

It is gathered, and written in a transaction of its own when the session's is over, so it stays also when nothing is committed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from crmcore.audit.streams import READ, REFUSED
from crmcore.audit.writing import Told, write_apart, write_rows
from crmcore.model import User

if TYPE_CHECKING:
    from crmcore.session import Session

MOST_REMEMBERED: Final = 10_000
"""Different refusals and reads that a session tells at most between two commits or rollbacks; then it forgets that it told them."""
_GATHERED: Final = 500
"""Reads that wait at most, where they need not wait."""


class Asides:
    """What one session has to tell; of each record and refusal once."""

    __slots__ = ("_blocked", "_session", "_told", "_waiting")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: set[tuple[object, ...]] = set()
        self._waiting: list[Told] = []
        self._blocked = False

    def is_new(self, *what: object) -> bool:
        """Return whether this was not told yet, and remember it."""
        if what in self._told:
            return False
        if len(self._told) >= MOST_REMEMBERED:
            self._told.clear()
        self._told.add(what)
        return True

    def read(self, entity: str, key: int) -> None:
        """Note that a sensitive record was read by the user; what the platform reads for its own checks is not."""
        session = self._session
        if session.guard.lifts or not self.is_new(READ, entity, key):
            return
        self._waiting.append((entity, key, READ, {}))
        if len(self._waiting) >= _GATHERED and not (session.writing or session.hosted):
            self._write()

    def wait(self, told: Iterable[Told]) -> None:
        """Keep rows until the transaction of the session is over."""
        self._waiting += told

    def blocked(self) -> None:
        """Note that the user is blocked, and was refused whatever it was."""
        self._blocked = True

    def write(self) -> None:
        """Write what was gathered; the transaction of the session is over."""
        if self._blocked:
            self._blocked = False
            self._write_blocked()
        if self._waiting:
            self._write()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        write_apart(self._session, waiting)

    def _write_blocked(self) -> None:
        """Tell it, unless this was told often of late: programs of somebody who was blocked go on asking."""
        from crmcore.access.signin.refusing import is_told_often, system_session  # noqa: PLC0415 - signing in builds on sessions

        session = self._session
        login = session.actor.name
        if not self.is_new(REFUSED, login):
            return
        # In a host's transaction it lasts if the host commits, as all that is done there.
        with system_session(session.crm, connection=session.host) as own:
            if not is_told_often(own, "USER_BLOCKED", login):
                key = own.scalar(select(User.id).where(User.login == login)) or 0
                told: Told = (User.entity_name(), key, REFUSED, {"code": [None, "USER_BLOCKED"]})
                write_rows(own.orm.connection(), session, [told])
            own.commit()
