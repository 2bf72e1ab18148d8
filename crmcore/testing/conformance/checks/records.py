"""Records: each entity can be made, read, changed and deleted, alone and in numbers, at a reasonable price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from sqlalchemy import inspect, select

from crmcore.app import Crm
from crmcore.errors import CrmError, Problem, StaleVersion
from crmcore.events import RecordVerb
from crmcore.model import AUDIT, EVENT, STAMPS, Entity
from crmcore.testing.conformance.dumps import DRAWN, QUEUE, Dump, dump
from crmcore.testing.conformance.guards import statements
from crmcore.testing.conformance.samples import Factory, NoSampleError, change_something
from crmcore.testing.conformance.scene import ACTOR
from crmcore.testing.conformance.subject import Bench, Subject

_NUMBER: Final = 3
"""Records in a bulk."""
_PAGE: Final = 50
_LISTING_BUDGET: Final = 3
_STEPS: Final = frozenset({*DRAWN, *STAMPS, "version"})
"""Columns that tell in how many steps a row came about."""


def records(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Create, read, change and delete a sample of each entity, with the hooks of the plugin; the loser of a race is told."""
    with bench.fresh() as crm:
        factory = Factory(subject)
        for cls in subject.written:
            step = "created"
            try:
                key = _create(crm, factory, cls)
                step = "read"
                with crm.session(ACTOR) as session:
                    _read(session.require(cls, key))
                if cls.__append_only__:
                    continue  # the core lets nobody change or delete it
                step = "changed"
                yield from _race(subject, crm, cls, key)
                if cls not in subject.entities:
                    continue  # what becomes of those who refer to it is for merging and erasure to decide
                step = "deleted"
                with crm.session(ACTOR) as session:
                    session.delete(session.require(cls, key))
                    session.commit()
            except NoSampleError:
                raise
            except CrmError as error:
                yield subject.problem("KIT_RECORD", cls.entity_name(), entity=cls.entity_name(), step=step, error=str(error))


def _create(crm: Crm, factory: Factory, cls: type[Entity]) -> int:
    with crm.session(ACTOR) as session:
        record = session.add(factory.record(session, cls))
        session.commit()
        return record.id


def _read(record: Entity) -> None:
    """Read every column, and the text of the record, as a list on a screen does."""
    for prop in inspect(type(record)).column_attrs:
        getattr(record, prop.key)
    str(record)


def _race(subject: Subject, crm: Crm, cls: type[Entity], key: int) -> Iterator[Problem]:
    with crm.session(ACTOR) as first, crm.session(ACTOR) as second:
        one, other = first.require(cls, key), second.require(cls, key)
        # Ends the reading transactions: on SQLite a snapshot would only be refused later.
        if change_something(one) is None or change_something(other) is None:
            return
        first.commit()
        try:
            second.commit()
        except StaleVersion:
            return
        yield subject.problem("KIT_STALE_ACCEPTED", cls.entity_name(), entity=cls.entity_name())


def bulk_equals_single(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Create several records of each entity in one commit, and one by one: the same rows, history and events come of it.

    What handlers make of it may be done in fewer steps, as long as the rows are the same in the end.
    """
    one_by_one, together = _made(subject, bench, bulk=False), _made(subject, bench, bulk=True)
    for table in one_by_one.differences(together):
        yield subject.problem("KIT_BULK_DIFFERS", table.partition(" ")[0], detail=table)


def _made(subject: Subject, bench: Bench, *, bulk: bool) -> Dump:
    with bench.fresh() as crm:
        factory = Factory(subject)
        made: set[tuple[str, int]] = set()
        for cls in subject.written:
            with crm.session(ACTOR) as session:
                new = [factory.record(session, cls) for _ in range(_NUMBER)]
                session.commit()  # what they refer to
                for record in new:
                    session.add(record)
                    if not bulk:
                        session.commit()
                session.commit()
                made |= {(cls.entity_name(), record.id) for record in new}
        crm.worker(name="kit").run_until_idle()
        rows = dump(crm.engine, leave_out={*QUEUE, EVENT.name, AUDIT.name}, without=_STEPS)
        return Dump({**rows.tables, **_history(crm, made)})


def _history(crm: Crm, made: Collection[tuple[str, int]]) -> dict[str, Counter[str]]:
    """Return the creation of records in audit and event log, and how often each declared event was published."""
    audit = select(AUDIT.c.entity, AUDIT.c.entity_id, AUDIT.c.changes).where(AUDIT.c.verb == RecordVerb.CREATED)
    events = select(EVENT.c.entity, EVENT.c.entity_id, EVENT.c.changes).where(EVENT.c.type.endswith(f".{RecordVerb.CREATED}"))
    declared = select(EVENT.c.type).where(EVENT.c.entity.is_(None))
    found: dict[str, Counter[str]] = {}
    with crm.engine.connect() as connection:
        for name, statement in ((AUDIT.name, audit), (EVENT.name, events)):
            rows = connection.execute(statement).all()
            found[name] = Counter(f"{row.entity} {sorted(row.changes.items())}" for row in rows if (row.entity, row.entity_id) in made)
        found[EVENT.name].update(connection.execute(declared).scalars())
    return found


def query_budgets(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Create one record of each entity, and list a page of them, with few statements."""
    with bench.fresh() as crm:
        factory = Factory(subject)
        for cls in subject.written:
            name = cls.entity_name()
            with crm.session(ACTOR) as session:
                record = factory.record(session, cls)
                session.commit()
                with statements(crm.engine) as seen:
                    session.add(record)
                    session.commit()
            if len(seen) > subject.query_budget:
                yield _over_budget(subject, "creating a", name, seen, subject.query_budget)
            with crm.session(ACTOR) as session:
                for record in [factory.record(session, cls) for _ in range(_PAGE - 1)]:
                    session.add(record)
                session.commit()
            with crm.session(ACTOR) as session, statements(crm.engine) as seen:
                for found in session.scalars(select(cls).order_by(cls.id).limit(_PAGE)).all():
                    _read(found)
            if len(seen) > _LISTING_BUDGET:
                yield _over_budget(subject, f"listing {_PAGE} of", name, seen, _LISTING_BUDGET)


def _over_budget(subject: Subject, action: str, entity: str, seen: list[str], budget: int) -> Problem:
    return subject.problem("KIT_QUERY_BUDGET", entity, action=action, entity=entity, count=len(seen), budget=budget)
