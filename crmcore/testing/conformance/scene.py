"""A day in the life of a plugin: its records come and change, its events are published, its handlers and jobs run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Final

import attrs
from sqlalchemy import select, update

from crmcore.app import Crm
from crmcore.errors import CrmError
from crmcore.events import Envelope, RecordVerb
from crmcore.hooks import Handler, Phase
from crmcore.model import JOB, Entity
from crmcore.registry import BoundHandler, EventType
from crmcore.session import Session
from crmcore.storage import write_transaction
from crmcore.testing.conformance.sample_events import UnknownTypeError, sample_event
from crmcore.testing.conformance.samples import Factory, NoSampleError, change_something
from crmcore.testing.conformance.subject import Subject

ACTOR: Final = "kit"
HandlerFunction = Callable[[Session, Envelope], object]


@attrs.frozen(eq=False)
class Step:
    """One commit of the scene; ``act`` does the work, and returns the record that it made, if it made one."""

    label: str
    act: Callable[[Session], Entity | None]


@attrs.define(eq=False)
class Scene:
    """What happens to one Crm, always in the same way."""

    crm: Crm
    subject: Subject
    factory: Factory = attrs.field(init=False)
    records: dict[str, int] = attrs.field(factory=dict, init=False)
    """Entity → id of a sample of it."""

    def __attrs_post_init__(self) -> None:
        self.factory = Factory(self.subject)

    @property
    def classes(self) -> list[type[Entity]]:
        """The plugin's entities, the account, and the entities whose events the plugin handles."""
        registry = self.subject.registry
        handled = {event.entity for bound in self.subject.handlers if (event := registry.events.get(bound.event)) and event.entity}
        names = dict.fromkeys(["account", *sorted(handled), *(cls.entity_name() for cls in self.subject.entities)])
        return [registry.entities[name] for name in names]

    @property
    def published(self) -> list[EventType]:
        """The declared events that the plugin publishes or handles."""
        handled = {bound.event for bound in self.subject.handlers}
        events = self.subject.registry.events.values()
        return [event for event in events if event.cls is not None and (event.owner == self.subject.name or event.type in handled)]

    def steps(self) -> Iterator[Step]:
        """Yield the steps: records are created, changed, events published, and records deleted where somebody handles that."""
        for cls in self.classes:
            yield Step(f"create {cls.entity_name()}", partial(self._create, cls))
        for cls in self.classes:
            if not cls.__append_only__:  # history, which the core lets nobody change
                yield Step(f"change {cls.entity_name()}", partial(self._change, cls))
        for event in self.published:
            yield Step(f"publish {event.type}", partial(self._publish, event))
        deleted = {bound.event for bound in self.subject.handlers}
        for cls in reversed(self.classes):
            if f"{cls.entity_name()}.{RecordVerb.DELETED}" in deleted:
                yield Step(f"create {cls.entity_name()}", partial(self._create, cls))
                yield Step(f"delete {cls.entity_name()}", partial(self._delete, cls))

    def take(self, step: Step) -> None:
        """Do one step in a session of its own."""
        with self.crm.session(ACTOR) as session:
            record = step.act(session)
            session.commit()
            if record is not None:
                self.records[record.entity_name()] = record.id

    def play(self) -> None:
        """Take every step."""
        for step in self.steps():
            self.take(step)

    def play_what_goes(self) -> None:
        """Take every step that can be taken; what the plugin refuses or breaks is for the checks of records and handlers to report."""
        for step in self.steps():
            _forgiving(partial(self.take, step))

    def work(self) -> int:
        """Let a worker do all that waits, and return how many jobs it ran."""
        return self.crm.worker(name="kit").run_until_idle()

    def everything(self) -> None:
        """Play the scene, deliver its events, run every job, ask for every permission; what fails is for another check to report."""
        self.play_what_goes()
        self.work()
        for job in self.subject.jobs:
            _forgiving(partial(self.enqueue, job))
        self.work()
        with self.crm.session(ACTOR) as session:
            for permission in self.subject.registry.permissions:
                _forgiving(partial(session.may, permission))
            _forgiving(lambda: session.hooks.first("crm_next_number", session=session, series="kit", on=date(2026, 5, 11)))

    def enqueue(self, job: str) -> None:
        """Put a job on the queue, with the arguments that the plugin's author gave for it."""
        with self.crm.session(ACTOR) as session:
            session.jobs.enqueue(job, self.subject.job_arguments.get(job, {}))
            session.commit()

    def _create(self, cls: type[Entity], session: Session) -> Entity:
        return session.add(self.factory.record(session, cls))

    def _change(self, cls: type[Entity], session: Session) -> None:
        key = self.records.get(cls.entity_name())
        if key is not None and (record := session.get(cls, key)) is not None:
            change_something(record)

    def _publish(self, event: EventType, session: Session) -> None:
        if event.cls is None:
            return
        try:
            instance = sample_event(event.cls, ids=self.ids())
        except UnknownTypeError as error:
            raise NoSampleError("KIT_SAMPLE", entity=event.type, reason=error) from error
        session.publish(instance)

    def _delete(self, cls: type[Entity], session: Session) -> None:
        # There is none where making a sample of it is refused, such as a search without a filter that means something.
        key = self.records.get(cls.entity_name())
        if key is not None and (record := session.get(cls, key)) is not None:
            session.delete(record)

    def ids(self) -> Mapping[str, int]:
        """Return the ids of the samples under the names that fields of events may have: ``account_id``, ``warranty_id``, ``item_id``."""
        found: dict[str, int] = {}
        for name, key in self.records.items():
            cls = self.subject.registry.entities[name]
            for word in (cls.__name__.lower(), cls.__tablename__, name.rpartition(".")[2], cls.__plugin__):
                found.setdefault(f"{word}_id", key)
        return found


def _forgiving(action: Callable[[], object]) -> None:
    try:
        action()
    except CrmError:
        # Whatever the plugin refuses or breaks here is reported by the check of records, handlers or jobs.
        return


@contextmanager
def wrapped_handlers(crm: Crm, phase: Phase, plugin: str, wrap: Callable[[BoundHandler], HandlerFunction]) -> Iterator[None]:
    """Put other functions in place of the handlers of one plugin and phase, in one Crm."""
    before = crm.registry

    def changed(bound: BoundHandler) -> BoundHandler:
        if bound.plugin != plugin or bound.handler.phase is not phase:
            return bound
        handler: Handler = attrs.evolve(bound.handler, fn=wrap(bound), name=bound.handler.key)
        return attrs.evolve(bound, handler=handler)

    handlers = {event: tuple(changed(bound) for bound in group) for event, group in before.handlers.items()}
    crm.registry = attrs.evolve(before, handlers=handlers)
    try:
        yield
    finally:
        crm.registry = before


def requeue(crm: Crm, handler: BoundHandler) -> int:
    """Let the finished deliveries to one handler wait again, as after a crash, and return how many there were."""
    again = {"state": "queued", "attempts": 0, "run_at": crm.clock.now(), "finished_at": None}
    with write_transaction(crm.engine) as connection:
        return connection.execute(update(JOB).where(JOB.c.name == handler.name, JOB.c.state == "done").values(again)).rowcount


def queue_rows(crm: Crm, **where: str) -> list[Mapping[str, object]]:
    """Return rows of the queue as mappings, in order, those whose columns have the given values."""
    statement = select(JOB).where(*(JOB.c[name] == value for name, value in where.items())).order_by(JOB.c.id)
    with crm.engine.connect() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def last_line(report: object) -> str:
    """Return the last line of a stored traceback: the error itself."""
    lines = [line for line in str(report or "").strip().splitlines() if line.strip()]
    errors = [line for line in lines if line and not line.startswith((" ", "  - "))]
    return (errors or lines or ["no reason given"])[-1]
