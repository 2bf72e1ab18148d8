"""The guard of one session: which connection its user gets, and when the platform works past it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, select

from crmcore.access import postgres
from crmcore.access.functions import CREATE, DELETE, UPDATE, part_of, reads_freely
from crmcore.access.reach import Reach
from crmcore.errors import AccessDenied, Problem, ValidationFailed
from crmcore.events import RecordVerb
from crmcore.model import Entity, VisibilityKind
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_Refused = tuple[str, int, Mapping[str, Any]]
"""Entity, key, and what the audit shows."""
_MOST_TOLD: Final = 100
_VERBS: Final = {RecordVerb.CREATED: CREATE, RecordVerb.UPDATED: UPDATE, RecordVerb.DELETED: DELETE}


class Guard:
    """Limits a session to what exists for its user; a system actor, and everybody before there are users, is not limited."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bind: Engine | None = None
        self._reach: Reach | None = None
        self._depth = 0
        self._refused: BaseException | None = None
        self.lifts = False
        """Whether the platform is at work, in whatever way: what it reads, the user has not read."""

    @property
    def reach(self) -> Reach:
        """How far the user reaches, as of this transaction."""
        if self._session.actor.is_system:
            return Reach(login=self._session.actor.name, open=True)
        if self._reach is None:
            self._session.orm.connection()
        if self._reach is None:
            self._reach = self._ask()
        return self._reach

    @property
    def limited(self) -> bool:
        """Whether the present transaction is guarded; False before it has begun."""
        return self._reach is not None and not self._reach.open

    @property
    def guarding(self) -> bool:
        """Whether what is asked now is asked as a limited user, and not past the guard."""
        return self.limited and not self._depth

    def bind(self) -> Engine | None:
        """Return the engine for the next transaction, or None for the session's own: asked before a connection is taken."""
        crm = self._session.crm
        if self._refused is not None:
            # SQLAlchemy keeps the connection whose beginning was refused, and would use it unguarded.
            raise self._refused
        if self._session.actor.is_system or self._session.hosted or crm.engine.dialect.name != "sqlite":
            return None
        if self._bind is None:
            self._reach = self._ask()
            self._bind = crm.engine if self._reach.open else crm.access.guarded_engine(self._reach)
        return self._bind

    def begun(self, connection: Connection) -> None:
        """Limit a transaction that has begun, where that is done inside of it; when it cannot be, nothing runs in it."""
        if self._session.actor.is_system or self._bind is not None:
            return
        try:
            self._limit(connection)
        except BaseException as error:
            self._refused = error
            raise

    def _limit(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql" and not self._session.hosted:
            actor = self._session.actor
            self._reach = self._session.crm.access.limit(actor.name, actor.functions, connection)
            if self._reach is not None:
                return
        self._reach = self._ask(connection)
        if self._reach.open:
            return
        if connection.dialect.name == "sqlite":
            raise AccessDenied("ACCESS_HOSTED", login=self._session.actor.name)
        postgres.limit(connection, self._reach)

    def _ask(self, connection: Connection | None = None) -> Reach:
        actor = self._session.actor
        try:
            return self._session.crm.access.reach(actor.name, connection, actor.functions, uncommitted=self._session.hosted)
        except AccessDenied as error:
            if error.code == "USER_BLOCKED":
                self._session.asides.blocked()
            raise

    def ended(self) -> None:
        """Forget a transaction: the next one asks again."""
        self._bind = None
        self._reach = None
        self._depth = 0
        self._refused = None

    def leave(self) -> None:
        """End what limits the transaction, which is about to be ended itself.

        A host's is given back as it was: what a savepoint has set stays when it is released. One in which a user only read is committed,
        because with a rollback the driver forgets the statements that it prepared, and policies cost more to plan than to follow. One
        that was refused when it began is limited by nothing, and nothing may be asked in it.
        """
        session = self._session
        if self._refused is not None or not self.limited or self._depth or not session.orm.in_transaction():
            return
        if session.hosted:
            postgres.lift(session.orm.connection())
        elif session.crm.engine.dialect.name == "postgresql" and not session.writing:
            postgres.end_reading(session.orm.connection())

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Work past the guard, for the platform's own reading and writing; records that were read there are not kept."""
        if self._session.actor.is_system or self._depth:
            yield
            return
        connection = self._session.orm.connection()
        before_lifts, self.lifts = self.lifts, True
        try:
            if self.limited:
                with self._past(connection):
                    yield
            else:
                yield
        finally:
            self.lifts = before_lifts

    @contextmanager
    def _past(self, connection: Connection) -> Iterator[None]:
        # The records themselves, because the session holds them only as long as somebody else does, and an identity is given again.
        before = {id(record): record for record in (*self._session.orm.identity_map.values(), *self._session.orm.new)}
        access = self._session.crm.access
        access.lift(connection)
        self._depth = 1
        try:
            yield
        finally:
            self._depth = 0
            # A commit or a rollback inside has ended the transaction, and what limited it; the next one is limited when it begins.
            if not connection.closed and self._session.orm.in_transaction():
                access.lower(connection)
            for record in list(self._session.orm.identity_map.values()):
                if id(record) not in before:
                    self._session.orm.expunge(record)

    @contextmanager
    def lowered(self) -> Iterator[None]:
        """Let others work inside `lifted` as the user: hooks and handlers."""
        if not self._depth:
            yield
            return
        connection = self._session.orm.connection()
        access = self._session.crm.access
        access.lower(connection)
        self._depth = 0
        yield
        # After an error the user goes on as the user: see `lifted`.
        access.lift(connection)
        self._depth = 1

    # Writing

    def problems(self, changes: Sequence[Change]) -> list[Problem]:
        """Return what the profile does not let the user write: functions and fields (A05, A06)."""
        if not self.limited:
            return []
        entities = self._session.registry.entities
        found: dict[tuple[str, str], Problem] = {}
        for change in changes:
            cls = entities.get(change.entity)
            if cls is not None and not cls.__append_only__:
                found |= self._problems(cls, _VERBS[change.verb], self._written(change))
        return list(found.values())

    def mourn(self, changes: Sequence[Change]) -> None:
        """Have written down what `problems` found, once it is undone: functions and fields that the profile does not grant."""
        if not self.limited:
            return
        entities = self._session.registry.entities
        refused: list[_Refused] = []
        for change in changes:
            cls = entities.get(change.entity)
            if cls is not None and not cls.__append_only__:
                found = self._problems(cls, _VERBS[change.verb], self._written(change))
                refused += [_refused(cls, change.id or 0, problem) for problem in found.values()]
        if refused:
            self._mourn(refused)

    def check_existing(self, changes: Sequence[Change]) -> None:
        """Refuse to change what does not exist for the user, before anything is written.

        Raises:
            AccessDenied: ``ACCESS_DENIED`` with entity and id.
        """
        self._check([change for change in changes if change.verb is not RecordVerb.CREATED])

    def check_written(self, changes: Sequence[Change]) -> None:
        """Refuse what would not exist for the user after it is written: nothing is made for or given to others past one's scope.

        Raises:
            AccessDenied: ``ACCESS_DENIED`` with entity and id.
        """
        self._check([change for change in changes if change.verb is not RecordVerb.DELETED])

    def _check(self, changes: Sequence[Change]) -> None:
        if not self.limited:
            return
        wanted: dict[type[Entity], set[int]] = {}
        for change in changes:
            cls = type(change.record)
            if change.id is not None and not reads_freely(cls) and cls.__visibility__.kind is not VisibilityKind.SYSTEM:
                wanted.setdefault(cls, set()).add(change.id)
        for cls, keys in wanted.items():
            if missing := self.unseen(cls, keys):
                self._audit(cls, sorted(missing))
                raise AccessDenied("ACCESS_DENIED", entity=cls.entity_name(), id=min(missing), login=self._session.actor.name)

    def _audit(self, cls: type[Entity], keys: Sequence[int]) -> None:
        """Have what was refused written down, once it is undone: a record that was new has no key then, and is told as 0."""
        about = {"code": [None, "ACCESS_DENIED"], "verb": [None, "write"]}
        self._mourn([(cls.entity_name(), key, about) for key in keys])

    def _mourn(self, refused: Sequence[_Refused]) -> None:
        from crmcore.session.refusals import Refusal, audit_refused  # noqa: PLC0415 - sessions are made of guards

        refusals = [Refusal(*each) for each in refused[:_MOST_TOLD]]
        self._session.unit.mourners.append(lambda _: audit_refused(self._session, refusals))

    def unseen(self, cls: type[Entity], keys: Collection[int]) -> set[int]:
        """Return which of these records do not exist for the user; none in a session that is not limited."""
        connection = self._session.orm.connection()
        if not self.limited:
            return set()
        key = cls.__table__.c.id
        with self.lowered():
            seen = {found for some in batches(sorted(keys)) for found in connection.execute(select(key).where(key.in_(some))).scalars()}
        return set(keys) - seen

    def require(self, cls: type[Entity], fields: Iterable[str]) -> None:
        """Refuse a mass change of fields that the profile does not let the user write.

        Raises:
            ValidationFailed: with ``FUNCTION_NOT_GRANTED`` and ``FIELD_NOT_GRANTED``.
        """
        reach = self.reach
        if reach.open:
            return
        problems = self._problems(cls, UPDATE, fields)
        if problems:
            from crmcore.session.refusals import Refusal, audit_now  # noqa: PLC0415 - sessions are made of guards

            audit_now(self._session, [Refusal(*_refused(cls, 0, problem)) for problem in problems.values()])
            raise ValidationFailed("VALIDATION_FAILED", list(problems.values()))

    def _written(self, change: Change) -> frozenset[str]:
        """Return the fields that the user wrote: what handlers and hooks derive from that is the same whoever saves."""
        return frozenset() if self._session.unit.follows else change.chosen

    def _problems(self, cls: type[Entity], verb: str, fields: Iterable[str]) -> dict[tuple[str, str], Problem]:
        reach, entity, function = self.reach, cls.entity_name(), f"{part_of(cls)}.{verb}"
        found: dict[tuple[str, str], Problem] = {}
        if not reach.may(function):
            found[function, ""] = Problem(code="FUNCTION_NOT_GRANTED", params={"function": function, "profile": reach.profile or ""})
        for field in sorted(set(fields) & reach.read_only(entity)):
            params = {"entity": entity, "field": field, "profile": reach.profile or ""}
            found[entity, field] = Problem(code="FIELD_NOT_GRANTED", params=params)
        return found


def _refused(cls: type[Entity], key: int, problem: Problem) -> _Refused:
    """Return what the audit says of a function or field that is not granted: no value of it."""
    told = {name: [None, problem.params[name]] for name in ("function", "field") if name in problem.params}
    return cls.entity_name(), key, {"code": [None, problem.code], **told}
