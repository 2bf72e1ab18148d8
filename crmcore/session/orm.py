"""SQLAlchemy's session, as ours uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, SessionTransaction

if TYPE_CHECKING:
    from crmcore.access.guard import Guard


class OrmSession(Session):
    """A session that knows whether a statement of its transaction may have reached the database: only then has SQLite a snapshot."""

    # Passed on as they are.
    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.has_begun = False
        self.guard: Guard | None = None
        self.reads: Callable[[str, int], None] | None = None
        """Told of each sensitive record that is loaded, by entity and key; None where nobody looks, but the system."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:  # noqa: ANN401
        """Return what the next statement runs on; asked for each, and answered by the guard for a user's transactions."""
        bind = self.guard.bind() if self.guard is not None else None
        return bind if bind is not None else super().get_bind(*args, **kwargs)


@event.listens_for(OrmSession, "after_begin")
def _note(session: OrmSession, _transaction: SessionTransaction, connection: Connection) -> None:
    session.has_begun = True
    if session.guard is not None:
        session.guard.begun(connection)
