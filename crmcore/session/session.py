"""The session: the only way to read and write as somebody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import Connection, Executable, Result, ScalarResult, Select
from sqlalchemy.engine import Row

from crmcore.access.guard import Guard
from crmcore.access.showing import masks_of, refuse_hidden, require_shown, shown, shown_columns, without
from crmcore.audit.asides import Asides
from crmcore.errors import RecordNotFound, UsageError
from crmcore.events import Envelope, Event
from crmcore.hooks import Capability
from crmcore.model import Entity
from crmcore.session.actor import Actor, Cause
from crmcore.session.apis import Apis
from crmcore.session.orm import OrmSession
from crmcore.session.refusals import audit_hidden
from crmcore.session.statements import check_statement, insert_plain
from crmcore.session.unit import UnitOfWork
from crmcore.session.work import JobsApi, TimersApi
from crmcore.storage import WRITE_OPTION, take_write_lock, translate_errors
from crmcore.work import queue

if TYPE_CHECKING:
    from crmcore.access.reach import Reach
    from crmcore.access.showing import Masks
    from crmcore.app import Crm
    from crmcore.registry import Dispatcher, Registry

E = TypeVar("E", bound=Entity)


class Session(Apis):
    """Read and write as an actor; nothing is kept until `commit`, and leaving the ``with`` block without it undoes everything.

    Get one from `Crm.session`. A session belongs to one thread. On a host's connection, commit releases a savepoint: the host
    decides whether it lasts.
    """

    def __init__(
        self, crm: Crm, actor: Actor, *, connection: Connection | None = None, source: str = "api", cause: Cause | None = None
    ) -> None:
        self.crm = crm
        self.actor = actor
        self.source = source
        self._closed = False
        self._locked = False
        self.host = connection
        """The connection of a host, in whose transaction this session works."""
        self._cause = cause
        # Objects stay usable after a commit; what others changed meanwhile shows in their version.
        self.orm = OrmSession(
            bind=connection if connection is not None else crm.engine,
            autoflush=False,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
        )
        self._unit: UnitOfWork | None = None
        self.masks: tuple[Reach, Masks] | None = None
        """What is hidden from the actor, and for which reach that was found out; ask `hidden`."""
        self.guard = Guard(self)
        self.orm.guard = self.guard
        self.asides = Asides(self)
        self.orm.reads = None if actor.is_system else self.asides.read
        self.jobs = JobsApi(self)
        self.timers = TimersApi(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def registry(self) -> Registry:
        """What core and plugins declare."""
        return self.crm.registry

    @property
    def hooks(self) -> Dispatcher:
        """The hooks, for the points that a plugin declares for others."""
        return self.crm.registry.hooks

    @property
    def dialect(self) -> str:
        """The name of the database: ``sqlite`` or ``postgresql``."""
        return self.crm.engine.dialect.name

    @contextmanager
    def unguarded(self, plugin: str) -> Iterator[None]:
        """Read past what the user may see, for a plugin that declares the capability ``unguarded``; records read there are not kept.

        For what has to be right whoever asks, such as whether a number is taken: what the user gets to know of it is the plugin's duty.

        Raises:
            UsageError: ``PLUGIN_CAPABILITY_MISSING``.
        """
        self.registry.require_capability(plugin, Capability.UNGUARDED)
        with self.guard.lifted():
            yield

    @property
    def hosted(self) -> bool:
        """Whether this session works inside a host's transaction: it may see what nobody has committed."""
        return self.host is not None

    @property
    def writing(self) -> bool:
        """Whether this transaction has taken the write lock."""
        return self._locked

    @property
    def unit(self) -> UnitOfWork:
        """What was done and not yet committed; for the platform's own modules."""
        self._check_open()
        if self._unit is None:
            self._unit = UnitOfWork(self, self._cause or Cause(self.crm.ids.uuid7()))
        return self._unit

    def now(self) -> datetime:
        """Return the present instant of the injected clock, in UTC."""
        return self.crm.clock.now()

    def today(self) -> date:
        """Return the present day in the zone of the deployment."""
        return self.now().astimezone(self.crm.zone).date()

    def settings(self, plugin: str) -> Mapping[str, object]:
        """Return the settings of a plugin, with defaults."""
        return self.crm.settings(plugin)

    # Reading

    def get(self, cls: type[E], key: int) -> E | None:
        """Return the record with this key, or None when it does not exist for this actor."""
        self._check_open()
        with translate_errors():
            return self.orm.find(cls, key)

    def require(self, cls: type[E], key: int) -> E:
        """Return the record with this key.

        Raises:
            RecordNotFound: ``NOT_FOUND`` when it does not exist for this actor.
        """
        found = self.get(cls, key)
        if found is None:
            if self.guard.limited:
                audit_hidden(self, cls, key)
            raise RecordNotFound("NOT_FOUND", entity=cls.entity_name(), id=key)
        return found

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> Result[*tuple[Any, ...]]:
        """Run a query; statements that write are taken only for tables that keep no history.

        Entities come as records, which have all of their values; columns that the actor's profile hides are not read (A05).

        Raises:
            UsageError: ``DIRECT_WRITE_REFUSED`` for INSERT, UPDATE or DELETE on an audited entity, and for text that is not a query.
            AccessDenied: ``FIELD_HIDDEN`` for a query that names a column which is hidden from the actor, or takes a whole row with one.
        """
        self._check_open()
        check_statement(self, statement)
        refuse_hidden(self, statement)
        with translate_errors():
            return self.orm.execute(statement, parameters or {})

    def scalars(self, statement: Select[tuple[E]] | Select[Any]) -> ScalarResult[Any]:
        """Run a query and return the first column of each row: the records, for ``select(Account)``."""
        return self.execute(statement).scalars()

    def scalar(self, statement: Select[Any]) -> Any:  # noqa: ANN401 - whatever the query selects
        """Run a query and return the first column of the first row, or None."""
        return self.execute(statement).scalar()

    def first(self, statement: Select[Any]) -> Row[Any] | None:
        """Run a query and return its first row, or None."""
        return self.execute(statement).first()

    def shown(self, record: E) -> E:
        """Return what reads like a record without the fields that the actor's profile hides: for everything that people get to see (A05).

        Records themselves have all of their values. A hidden field reads as if nobody had filled it, and so does what the class computes
        of it; what a relation leads to is shown likewise. For actors without a mask it is the record.
        """
        return shown(self, record)

    def shown_columns(self, *columns: Any) -> list[Any]:  # noqa: ANN401 - attributes of entities or aliases, for `select`
        """Return columns for a query of one's own, with an empty value in place of each that is hidden from the actor; see `shown`."""
        return shown_columns(self, columns)

    def without_hidden(self, entity: str | type[Entity], values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values by field without those of fields that are hidden from the actor, and of characteristics likewise; see `shown`."""
        return dict(without(values, self.hidden(entity)))

    def require_shown(self, cls: type[Entity], *fields: str) -> None:
        """Refuse what has to be whole, such as a sum or a file for others, to whom some of its fields are hidden from.

        Raises:
            AccessDenied: ``FIELD_HIDDEN`` with the entity and the field.
        """
        require_shown(self, cls, fields)

    def hidden(self, entity: str | type[Entity]) -> frozenset[str]:
        """Return the fields of an entity that are hidden from the actor (A05): columns, and characteristics as ``c.<key>``.

        None while the platform is at work: what rules and hooks derive from a field is the same whoever saves.
        """
        return masks_of(self).get(entity if isinstance(entity, str) else entity.entity_name(), frozenset())

    # Writing

    def insert(self, cls: type[Entity], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert many rows, as the values of these columns, at once: for tables that keep no history, which no rule looks at.

        Raises:
            UsageError: ``DIRECT_WRITE_REFUSED`` for an entity that keeps history.
            AccessDenied: ``ADMINISTRATOR_NEEDED`` for one that only the platform reads.
        """
        self._check_open()
        with self.undoing():
            insert_plain(self, cls, names, rows)

    def add(self, record: E) -> E:
        """Put a new record into the session, and return it; it is written at the next `flush` or `commit`."""
        self._check_open()
        self.orm.add(record)
        return record

    def delete(self, record: Entity) -> None:
        """Delete a record at the next `flush` or `commit`."""
        self._check_open()
        self.orm.delete(record)

    def publish(self, event: Event) -> Envelope:
        """Publish a declared event: its handlers run in this commit, or after it."""
        return self.unit.publish(event)

    def flush(self) -> None:
        """Validate and write what changed so far, inside the transaction: new records get their keys.

        Raises:
            ValidationFailed: with every problem; nothing of this flush is written.
        """
        unit = self.unit
        with self.undoing():
            unit.flush()

    def commit(self) -> None:
        """Validate and write everything, run the handlers of the transaction, and commit: all of it or nothing.

        Raises:
            ValidationFailed: with the problems of every rule and plugin.
            StaleVersion: ``STALE_VERSION`` when somebody else changed a record meanwhile.
            PluginError: when a hook or handler raised; it names the plugin.
            DatabaseBusy: when SQLite's write lock cannot be had in time.
            WriteConflict: when the database rolled back because of another transaction.
        """
        unit = self.unit
        with self.undoing():
            if unit.has_work():
                self.take_write_lock()
                # The commit itself, too: the full-text index of SQLite is written by it.
                with self.guard.lifted():
                    unit.run()
                    self.orm.commit()
            else:
                self.guard.leave()
                self.orm.commit()
        announced = bool(unit.events or unit.jobs)
        self._reset()
        if announced:
            self.crm.wake()

    def rehearse(self) -> None:
        """Do all that `commit` does, and undo it: what would be refused raises, and nothing stays."""
        unit = self.unit
        with self.undoing():
            if unit.has_work():
                self.take_write_lock()
                with self.guard.lifted():
                    unit.run()
        self.rollback()

    def rollback(self) -> None:
        """Undo everything since the last commit."""
        self._check_open()
        self.orm.rollback()
        self._reset()

    def close(self) -> None:
        """Undo what is not committed, and give the connection back."""
        if not self._closed:
            self.guard.leave()
            self.orm.close()
            self._reset()
            self._closed = True

    def groups(self) -> frozenset[str]:
        """Return the workflow groups of the actor (G18): those of the user, or those of the actor as long as there are no users."""
        self._check_open()
        if self.actor.is_system:
            return self.actor.groups
        reach = self.guard.reach
        return self.actor.groups if reach.open else reach.groups

    def may(self, permission: str) -> bool:
        """Return whether the actor has a permission; without profiles everybody may do everything (`domain.md` §5.10)."""
        self._check_open()
        if not self.guard.reach.may(permission):
            return False
        answer = self.hooks.first("crm_check_permission", session=self, permission=permission)
        return True if answer is None else bool(answer)

    # For the platform's own modules

    def take_write_lock(self) -> None:
        """Make this transaction a writing one, before its first write; a host's is left as it is, because ending it is the host's alone."""
        if not self._locked and not self.hosted:
            with translate_errors():
                if self.orm.has_begun:
                    take_write_lock(self.orm.connection(), busy_timeout=self.crm.busy_timeout)
                else:
                    self.orm.connection(execution_options={WRITE_OPTION: True})
            self._locked = True

    def cancel_now(self, connection: Connection, keys: list[str]) -> None:
        """Cancel timers in the transaction of the commit."""
        if keys:
            queue.cancel(connection, keys, self.now())

    def _reset(self) -> None:
        self._locked = False
        self.orm.ended()
        self._unit = None
        self.guard.ended()
        self.asides.write()

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("SESSION_CLOSED")

    @contextmanager
    def undoing(self) -> Iterator[None]:
        """Roll back when the block fails, and translate what the driver raises."""
        try:
            with translate_errors():
                yield
        except BaseException as error:
            mourners = self._unit.mourners if self._unit is not None else []
            self.orm.rollback()
            self._reset()
            for mourn in mourners:
                mourn(error)
            raise
