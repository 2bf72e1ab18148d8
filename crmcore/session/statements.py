"""Which statements a session runs for others: queries, and writing where no history is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Delete, Executable, Insert, Select, Update

from crmcore.errors import UsageError

if TYPE_CHECKING:
    from crmcore.session.session import Session


def check_statement(session: Session, statement: Executable) -> None:
    """Take the write lock for a statement that writes where it may.

    Raises:
        UsageError: ``DIRECT_WRITE_REFUSED`` for INSERT, UPDATE or DELETE on an audited entity, and for text that is not a query.
    """
    if isinstance(statement, Select):
        return
    if isinstance(statement, Insert | Update | Delete):
        name = getattr(statement.table, "name", str(statement.table))
        cls = next((cls for cls in session.registry.entities.values() if cls.__tablename__ == name), None)
        if cls is not None and not cls.__audited__ and not cls.__append_only__:
            session.take_write_lock()
            return
        raise UsageError("DIRECT_WRITE_REFUSED", statement=type(statement).__name__.upper(), table=name)
    if statement.is_select:
        return
    text = str(statement).split(maxsplit=1)
    if not text or text[0].upper() not in {"SELECT", "WITH", "VALUES"}:
        raise UsageError("DIRECT_WRITE_REFUSED", statement=text[0].upper() if text else "", table="a text statement")
