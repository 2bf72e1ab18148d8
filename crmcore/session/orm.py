"""SQLAlchemy's session, as ours uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine, Select, bindparam, event, inspect, select
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.orm.attributes import instance_state

from crmcore.model import Entity

if TYPE_CHECKING:
    from crmcore.access.guard import Guard
    from crmcore.session.shapes import Shape


E = TypeVar("E", bound=Entity)


class OrmSession(Session):
    """A session that knows whether a statement of its transaction may have reached the database: only then has SQLite a snapshot."""

    # Passed on as they are.
    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.has_begun = False
        self._working: tuple[SessionTransaction | None, Connection] | None = None
        self.guard: Guard | None = None
        self.reads: Callable[[str, int], None] | None = None
        """Told of each sensitive record that is loaded, by entity and key; None where nobody looks, but the system."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:  # noqa: ANN401
        """Return what the next statement runs on; asked for each, and answered by the guard for a user's transactions."""
        bind = self.guard.bind() if self.guard is not None else None
        return bind if bind is not None else super().get_bind(*args, **kwargs)

    def connection(self, *args: Any, **kwargs: Any) -> Connection:  # noqa: ANN401
        """Return the connection of the present transaction; it stays the same, and everything asks for it."""
        known = self._working
        # A savepoint is set when its connection is asked for.
        plain = not args and not kwargs and not self.in_nested_transaction()
        if plain and known is not None and self.is_active and known[0] is self.get_transaction():
            return known[1]
        return super().connection(*args, **kwargs)

    def began(self, connection: Connection) -> None:
        """Note that a transaction has begun on a connection, and that nothing is wrong with that."""
        self._working = (self.get_transaction(), connection)

    def ended(self) -> None:
        """Note that the transaction is over."""
        self.has_begun = False
        self._working = None

    @property
    def is_clean(self) -> bool:
        """Whether a flush would write nothing."""
        return self._is_clean()

    def find(self, cls: type[E], key: int) -> E | None:
        """Return a record as `get` does, with a query that is made once: making it costs as much as its answer."""
        if inspect(cls).identity_key_from_primary_key((key,)) in self.identity_map:
            return self.get(cls, key)
        return self.execute(_by_key(cls), {"key": key}).scalar_one_or_none()

    def is_watched(self, shapes: Iterable[Shape]) -> bool:
        """Return whether somebody, such as a host, listens to what the ORM does when it flushes: then it has to do it."""
        mine = self.dispatch
        if mine.before_flush or mine.after_flush or mine.after_flush_postexec:
            return True
        theirs = (shape.mapper.dispatch for shape in shapes)
        return any(each.before_insert or each.after_insert or each.before_update or each.after_update for each in theirs)

    def wrote(self, records: Iterable[Entity]) -> None:
        """Take records for written as they are, which were inserted or updated by statements of ours.

        It is what a flush of the ORM ends with. There is no public way to it: `make_transient_to_detached` and `add` would forget which
        records were new, and a rollback would not take these out of the session.
        """
        self._register_persistent({instance_state(record) for record in records})


@event.listens_for(OrmSession, "after_begin")
def _note(session: OrmSession, _transaction: SessionTransaction, connection: Connection) -> None:
    session.has_begun = True
    if session.guard is not None:
        session.guard.begun(connection)
    session.began(connection)


@lru_cache(maxsize=1024)
def _by_key(cls: type[E]) -> Select[E]:
    return select(cls).where(cls.id == bindparam("key"))
