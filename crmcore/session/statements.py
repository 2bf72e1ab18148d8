"""Statements that write without the unit of work: only into tables that keep no history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Delete, Executable, Insert, Select, Table, Update

from crmcore.errors import AccessDenied, UsageError
from crmcore.model import STAMPS, Entity, VisibilityKind
from crmcore.storage import NewRows, insert_rows

if TYPE_CHECKING:
    from crmcore.session.session import Session


def check_statement(session: Session, statement: Executable) -> None:
    """Refuse what would write into a table that keeps history, and take the write lock for what writes elsewhere.

    Raises:
        UsageError: ``DIRECT_WRITE_REFUSED``.
    """
    if isinstance(statement, Select):
        return
    if isinstance(statement, Insert | Update | Delete):
        name = getattr(statement.table, "name", str(statement.table))
        if name in session.registry.free_tables:
            session.take_write_lock()
            return
        raise UsageError("DIRECT_WRITE_REFUSED", statement=type(statement).__name__.upper(), table=name)
    if statement.is_select:
        return
    text = str(statement).split(maxsplit=1)
    if not text or text[0].upper() not in {"SELECT", "WITH", "VALUES"}:
        raise UsageError("DIRECT_WRITE_REFUSED", statement=text[0].upper() if text else "", table="a text statement")


def insert_plain(session: Session, cls: type[Entity], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows with their stamps; the database gives the keys."""
    table = cls.__table__
    if cls.__audited__ or cls.__append_only__ or not isinstance(table, Table):
        raise UsageError("DIRECT_WRITE_REFUSED", statement="INSERT", table=cls.__tablename__)
    if cls.__visibility__.kind is VisibilityKind.SYSTEM and not session.guard.reach.administrator:
        # What nobody may see, such as sessions and tokens, nobody makes either.
        raise AccessDenied("ADMINISTRATOR_NEEDED")
    now, actor = session.now(), session.actor.name
    stamps = {"version": 1, **dict(zip(STAMPS, (now, actor, now, actor), strict=True))}
    given = [*names, *stamps]
    # The columns in the order of the table, in which the statement takes them.
    order = [column.name for column in table.columns if column.name in given]
    places = [given.index(name) for name in order]
    tail = tuple(stamps.values())
    values = [tuple(full[place] for place in places) for row in rows if (full := (*row, *tail))]
    session.take_write_lock()
    with session.guard.lifted():
        insert_rows(session.orm.connection(), [NewRows(table, tuple(order), values)])
