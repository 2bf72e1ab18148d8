"""The careful way of a mass change: records are loaded, changed and flushed, because somebody wants to see each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from crmcore.changesets.kinds import Kind
from crmcore.changesets.values import Seen
from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.hooks import Phase
from crmcore.model import Entity
from crmcore.session.changes import collect_changes
from crmcore.session.fields import plan_of

if TYPE_CHECKING:
    from crmcore.session import Session

Values = Mapping[int, Mapping[str, Any]]
"""Record → field → JSON value."""


def wants_records(session: Session, kind: Kind, cls: type[Entity], fields: Collection[str]) -> bool:
    """Return whether somebody has to see each record: a hook, a handler in the transaction, a limit on chains, a type, or a rule.

    Watchers do not: they are told of the records of a bulk as well. Normalisers do where they are about the same columns.
    """
    registry = session.registry
    event = f"{cls.entity_name()}.{RecordVerb.UPDATED}"
    return (
        bool(registry.onlookers(cls.entity_name(), kind.writer.columns(fields)))
        or bool(registry.handlers_of(event, Phase.IN_TRANSACTION))
        or session.unit.cause.depth >= session.crm.depth_limit
        or not all(kind.writer.is_bulk(cls, field) for field in fields)
        or _normalised(session, kind, cls, fields)
        or _read_by_rules(session, cls, fields)
        or _decides_access(cls)
    )


def _normalised(session: Session, kind: Kind, cls: type[Entity], fields: Collection[str]) -> bool:
    columns = kind.writer.columns(fields)
    normalisers = session.registry.normalisers.get(cls.entity_name(), ())
    return any(not columns.isdisjoint(bound.normaliser.fields) for bound in normalisers)


def _read_by_rules(session: Session, cls: type[Entity], fields: Collection[str]) -> bool:
    """Return whether rules of characteristics run when these fields or characteristics change."""
    if not plan_of(cls).has_characteristics:
        return False
    from crmcore.characteristics.rulebook import book_of  # noqa: PLC0415 - characteristics are written through change sets themselves
    from crmcore.characteristics.state import state_of  # noqa: PLC0415 - as above

    book = book_of(session.crm.rules, state_of(session).definitions, cls.entity_name())
    return book.concerns(fields)


def _decides_access(cls: type[Entity]) -> bool:
    """Return whether an entity says who may do what: its rules look at each record, and sessions end (I-26, I-29)."""
    from crmcore.access import rules  # noqa: PLC0415 - sessions, which access is about, are written through change sets themselves
    from crmcore.access.signin import rules as signin  # noqa: PLC0415 - as above

    return issubclass(cls, (*rules.OURS, *signin.OURS))


def find_refused(session: Session, kind: Kind, cls: type[Entity], wishes: Iterable[Seen]) -> dict[int, Problem]:
    """Ask every rule and plugin about the wishes, write nothing, and return the problem of each record that is refused."""
    refused: dict[int, Problem] = {}
    _search(session, kind, cls, values_of(wishes), refused)
    return refused


def values_of(wishes: Iterable[Seen]) -> Values:
    """Return what each record shall become."""
    values: dict[int, dict[str, Any]] = defaultdict(dict)
    for wish in wishes:
        values[wish.record_id][wish.field] = wish.new
    return values


def load(session: Session, kind: Kind, cls: type[Entity], values: Values) -> list[Entity]:
    """Load records as they are stored now, and set their fields."""
    statement = select(cls).where(cls.id.in_(sorted(values))).order_by(cls.id)
    records: list[Entity] = list(session.orm.scalars(statement, execution_options={"populate_existing": True}))
    kind.prepare(session, records, values)
    for record in records:
        for field, value in values[record.id].items():
            kind.writer.write(record, field, value)
    return records


def forget(orm: OrmSession, records: Iterable[Entity], waiting: Collection[Entity]) -> None:
    """Take back what was set, and what rules added beside it to what was ``waiting`` before."""
    for record in records:
        orm.expire(record)
    for derived in set(orm.new) - set(waiting):
        orm.expunge(derived)


def _search(session: Session, kind: Kind, cls: type[Entity], values: Values, refused: dict[int, Problem]) -> None:
    """Halve what has problems until each is found: a problem does not say whose it is."""
    if not values:
        return
    orm = session.orm
    waiting = set(orm.new)
    records = load(session, kind, cls, values)
    problems = session.unit.problems_of(collect_changes(orm))
    forget(orm, records, waiting)
    if not problems:
        return
    if len(values) == 1:
        refused[next(iter(values))] = problems[0]
        return
    keys: Sequence[int] = sorted(values)
    middle = len(keys) // 2
    for half in (keys[:middle], keys[middle:]):
        _search(session, kind, cls, {key: values[key] for key in half}, refused)
