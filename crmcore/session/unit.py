"""The commit sequence: collect → validate → write → handlers → before commit → history, in one transaction (`design.md` §4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from crmcore.catalogues import forget_marks
from crmcore.errors import CrmError, Problem, StaleVersion, UsageError, ValidationFailed
from crmcore.events import Envelope, Event, LoopDetected, RecordVerb, event_payload
from crmcore.hooks import ANY_EVENT, Phase
from crmcore.model import Entity
from crmcore.registry.dispatch import failure
from crmcore.session import rules
from crmcore.session.actor import Cause
from crmcore.session.changes import Change, collect_changes, complete_changes
from crmcore.session.fields import plan_of
from crmcore.session.following import Touched, normalise
from crmcore.session.journal import Told, write_journal
from crmcore.session.keys import assign_keys
from crmcore.session.writing import insert_new, write_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmcore.registry import BoundHandler
    from crmcore.session.session import Session
    from crmcore.work.queue import NewJob

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@attrs.define
class UnitOfWork:
    """What a session has done and not yet committed."""

    session: Session
    cause: Cause
    told: list[Told] = attrs.field(factory=list)
    events: list[Envelope] = attrs.field(factory=list)
    waiting: deque[tuple[Envelope, Cause]] = attrs.field(factory=deque)
    jobs: list[NewJob] = attrs.field(factory=list)
    cancelled: list[str] = attrs.field(factory=list)
    finishers: list[Callable[[Connection], None]] = attrs.field(factory=list)
    """Called with the connection right before the commit; one that raises undoes everything."""
    mourners: list[Callable[[BaseException], None]] = attrs.field(factory=list)
    """Called with the error after this unit of work was undone by one."""
    stopped: set[str] = attrs.field(factory=set)
    """Ids of events that lie too deep in a chain to be handled."""
    memo: dict[str, Any] = attrs.field(factory=dict)
    """What the rules of this commit have read and need again, by their names; it ends with the commit."""

    touched: Touched = attrs.field(init=False)
    """Whom watchers are told of; what writes past this unit of work notes it here."""

    follows: bool = False
    """Whether what is written now follows from what the user wrote: handlers and hooks are at work."""

    tells: bool = True
    """Whether plugins are asked, and changes leave history and events; what every database starts with is nobody's change."""

    def __attrs_post_init__(self) -> None:
        self.touched = Touched(self.session.registry)

    @property
    def changes(self) -> list[Change]:
        """Every change so far, in order."""
        return [item.change for item in self.told]

    def has_work(self) -> bool:
        """Return whether a commit would write anything."""
        orm = self.session.orm
        return bool(orm.new or orm.dirty or orm.deleted or self.told or self.events or self.jobs or self.cancelled or self.finishers)

    def publish(self, event: Event) -> Envelope:
        """Put a declared event into the log of this unit of work, and return its envelope."""
        declared = self.session.registry.events.get(event.TYPE)
        if declared is None or declared.cls is not type(event):
            raise UsageError("EVENT_UNDECLARED", type=event.TYPE or type(event).__name__)
        envelope = self._envelope(event.TYPE, event.VERSION, self.session.now(), payload=event_payload(event))
        self._announce(envelope)
        return envelope

    def tell(self, change: Change, now: datetime) -> None:
        """Put a change that is written into history and events, where handlers find it."""
        event = self._envelope(f"{change.entity}.{change.verb}", 1, now, change=change)
        self.told.append(Told(change, event))
        self._announce(event)

    def flush(self) -> None:
        """Validate and write what changed since the last flush, without handlers."""
        if self.session.orm.is_clean:
            return
        changes = collect_changes(self.session.orm)
        with self.session.guard.lifted():
            if problems := self.try_to_write(changes):
                self.session.guard.mourn(changes)
                raise ValidationFailed("VALIDATION_FAILED", problems)

    def try_to_write(self, changes: Sequence[Change]) -> list[Problem]:
        """Validate and write changes of the session, or return what is wrong with them: then nothing of them is written."""
        if not changes:
            return []
        guard = self.session.guard
        with guard.lifted():
            if problems := self.problems_of(changes):
                return problems
            self.session.take_write_lock()
            with guard.lowered():
                guard.check_existing(changes)
            self._write(changes)
            self._follow(changes)
        return []

    def insert(self, changes: Sequence[Change]) -> None:
        """Write new records, which are in no session, without the ORM; `problems_of` found nothing wrong with these changes."""
        with self.session.guard.lifted():
            self.session.take_write_lock()
            forget_marks(self.session)
            insert_new(self.session.orm.connection(), changes)
            self._follow(changes)

    def _follow(self, changes: Sequence[Change]) -> None:
        """Tell of what was written, do what follows from it, and check that it is within the scope of the user."""
        now = self.session.now()
        written = complete_changes(changes)
        self.touched.note(written)
        for change in written:
            if self.tells and plan_of(type(change.record)).audited:
                self.tell(change, now)
        rules.follow_flush(self.session, written)
        with self.session.guard.lowered():
            self.session.guard.check_written(written)

    def problems_of(self, changes: Sequence[Change]) -> list[Problem]:
        """Ask the fields, the rules of the core and every plugin about changes that are not written yet, and fill what rules derive."""
        self._refuse_foreign(changes)
        refused = self.session.guard.problems(changes)
        if self.tells:
            normalise(self.session, changes)
        problems = [*refused, *self._prepare(changes), *rules.check_flush(self.session, changes)]
        for plugin, found in self._ask("crm_validate", changes):
            problems += [problem if problem.plugin else attrs.evolve(problem, plugin=plugin) for problem in found]
        return self._with_texts(problems)

    def settle(self) -> None:
        """Flush, and run the handlers of this transaction, until nothing new happens."""
        self.flush()
        while self.waiting:
            event, cause = self.waiting.popleft()
            if self._too_deep(event, cause):
                continue
            for bound in self.session.registry.handlers_of(event.type, Phase.IN_TRANSACTION):
                with self._because(event, cause):
                    with self.session.guard.lowered():
                        self._handle(bound, event)
                    self.flush()

    def _handle(self, bound: BoundHandler, event: Envelope) -> None:
        try:
            bound.handler.fn(self.session, event)
        except CrmError as error:
            error.add_note(f"raised by handler {bound.name}")
            raise
        except DBAPIError:
            raise  # translated where the commit ends
        except Exception as error:
            raise failure(bound.plugin, None, f"handler {bound.handler.key} of {event.type}", error) from error

    def run(self) -> None:
        """Do the whole sequence up to the commit itself."""
        self.session.take_write_lock()
        with self.session.guard.lifted():
            self.settle()
            with self._following():
                rules.derive(self.session, self.changes)
                self._ask("crm_before_commit", self.changes)
                self.settle()
            if problems := rules.check_commit(self.session, self.changes):
                raise ValidationFailed("VALIDATION_FAILED", self._with_texts(problems))
            self.touched.tell(self.session, self.changes)
            connection = self.session.orm.connection()
            self.session.cancel_now(connection, self.cancelled)
            write_journal(connection, self.session.registry, self.told, self.events, self.jobs, self.stopped)
            for finish in self.finishers:
                finish(connection)

    def _ask(self, hook: str, changes: Sequence[Change]) -> list[tuple[str, Any]]:
        """Call a hook of every plugin with the changes that it looks at, as the user whose changes they are."""
        registry = self.session.registry
        implementations = registry.hooks.implementations(hook)
        if not self.tells or not implementations:
            return []
        answers = []
        with self.session.guard.lowered():
            for each in implementations:
                mine = changes
                if each.plugin in registry.looks:
                    mine = [change for change in changes if registry.looks_at(each.plugin, change.entity, _touched(change))]
                    if not mine:
                        continue
                answer = registry.hooks.call(hook, each, {"session": self.session, "changes": mine})
                if answer is not None:
                    answers.append((each.plugin, answer))
        return answers

    def _announce(self, event: Envelope) -> None:
        self.events.append(event)
        handlers = self.session.registry.handlers
        if event.type in handlers or ANY_EVENT in handlers:
            self.waiting.append((event, self.cause))

    def _envelope(
        self, kind: str, version: int, at: datetime, *, change: Change | None = None, payload: Mapping[str, Any] = _NOTHING
    ) -> Envelope:
        session = self.session
        return Envelope(
            event_id=session.crm.ids.uuid7(),
            type=kind,
            version=version,
            at=at,
            actor=session.actor.name,
            device=session.actor.device,
            source=session.source,
            entity=change.entity if change else None,
            id=change.id if change else None,
            changes=change.changes if change else _NOTHING,
            payload=payload,
            correlation_id=self.cause.correlation_id,
            causation_id=self.cause.causation_id,
            depth=self.cause.depth,
        )

    @contextmanager
    def _because(self, event: Envelope, cause: Cause) -> Iterator[None]:
        before = self.cause
        self.cause = Cause(event.correlation_id, event.event_id, event.depth + 1, (*cause.chain, event.type))
        try:
            with self._following():
                yield
        finally:
            self.cause = before

    @contextmanager
    def _following(self) -> Iterator[None]:
        before, self.follows = self.follows, True
        try:
            yield
        finally:
            self.follows = before

    def _too_deep(self, event: Envelope, cause: Cause) -> bool:
        """Stop a chain at the limit, telling it once: what lies deeper is neither handled nor told again."""
        limit = self.session.crm.depth_limit
        if event.depth < limit or event.type == LoopDetected.TYPE:
            return False
        self.stopped.add(event.event_id)
        if event.depth == limit:
            with self._because(event, cause):
                self.publish(LoopDetected(limit=limit, chain=self.cause.chain))
        return True

    def _refuse_foreign(self, changes: Iterable[Change]) -> None:
        known = self.session.registry.entities
        problems = [
            Problem(code="ENTITY_NOT_ENABLED", params={"entity": name})
            for name in dict.fromkeys(change.entity for change in changes)
            if name not in known
        ]
        if problems:
            raise ValidationFailed("VALIDATION_FAILED", problems)

    def _prepare(self, changes: Iterable[Change]) -> list[Problem]:
        """Fill the stamps, and check every field."""
        now, actor = self.session.now(), self.session.actor.name
        problems: list[Problem] = []
        for change in changes:
            if change.verb is RecordVerb.DELETED:
                continue
            record, plan = change.record, plan_of(type(change.record))
            if change.verb is RecordVerb.CREATED:
                record.created_at, record.created_by = now, actor
                if plan.has_uid:
                    setattr(record, "uid", self.session.crm.ids.uuid7())  # noqa: B010 - not every entity has one
                problems += plan.problems(record)
            else:
                problems += plan.problems(record, change.changes)
            record.updated_at, record.updated_by = now, actor
        return problems

    def _with_texts(self, problems: Iterable[Problem]) -> list[Problem]:
        codes = self.session.registry.error_codes
        return [attrs.evolve(problem, template=codes[problem.code]) if problem.code in codes else problem for problem in problems]

    def _write(self, changes: Sequence[Change]) -> None:
        expected = [
            (type(change.record), change.id, inspect(change.record).dict.get("version"))
            for change in changes
            if change.verb is not RecordVerb.CREATED
        ]
        orm = self.session.orm
        forget_marks(self.session)
        try:
            if not write_plain(orm, changes):
                assign_keys(orm.connection(), [change.record for change in changes if change.verb is RecordVerb.CREATED])
                orm.flush()
        except StaleDataError as error:
            orm.rollback()
            raise self._stale(expected) from error

    def _stale(self, expected: Iterable[tuple[type[Entity], int | None, int | None]]) -> StaleVersion:
        """Find which record somebody else changed or deleted."""
        for cls, key, version in expected:
            row = self.session.orm.execute(select(cls.__table__.c.version).where(cls.__table__.c.id == key)).first()
            if row is None or row.version != version:
                return StaleVersion(
                    "STALE_VERSION", entity=cls.entity_name(), id=key, expected=version, found=None if row is None else row.version
                )
        return StaleVersion("STALE_VERSION", entity="record", id="?")


def _touched(change: Change) -> Collection[str] | None:
    """Return the fields of a change; None are all of them, as of what is made or deleted."""
    return change.changes.keys() if change.verb is RecordVerb.UPDATED else None
