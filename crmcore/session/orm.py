"""SQLAlchemy's session, as ours uses it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction


class OrmSession(Session):
    """A session that knows whether a statement of its transaction may have reached the database: only then has SQLite a snapshot."""

    # Passed on as they are.
    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.has_begun = False


@event.listens_for(OrmSession, "after_begin")
def _note(session: OrmSession, _transaction: SessionTransaction, _connection: Connection) -> None:
    session.has_begun = True
