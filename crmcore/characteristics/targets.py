"""Whether references and three-level values lead somewhere: asked for a whole commit, one statement for each kind of target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crmcore.characteristics.scope import CHUNK
from crmcore.characteristics.state import state_of
from crmcore.errors import Problem
from crmcore.model import Entity, LookupEntry, LookupTable

if TYPE_CHECKING:
    from crmcore.characteristics.definitions import Definition
    from crmcore.session import Session

LOOKUP = "lookup"
REFERENCE = "reference"


def missing_targets(session: Session, touched: Mapping[Entity, Collection[str]]) -> Iterator[Problem]:
    """Yield the values of the named keys that refer to nothing."""
    wishes: list[tuple[str, int, Definition, Any]] = []
    for record, keys in touched.items():
        definitions = state_of(session).of(record.entity_name())
        values: Mapping[str, Any] = record.characteristics  # type: ignore[attr-defined] # only entities that have the column
        for key in keys:
            definition = definitions.get(key)
            if definition is not None and definition.spec.type in {LOOKUP, REFERENCE} and key in values:
                wishes.append((record.entity_name(), record.id, definition, values[key]))
    if not wishes:
        return
    known = known_targets(session, ((definition, value) for _, _, definition, value in wishes))
    for entity, record_id, definition, value in wishes:
        if value not in known[definition.key]:
            yield target_problem(entity, record_id, definition, value)


def known_targets(session: Session, wishes: Iterable[tuple[Definition, Any]]) -> Mapping[str, set[Any]]:
    """Return which of the wanted targets exist, by key of the definition."""
    wanted: dict[tuple[str, str], set[Any]] = defaultdict(set)
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for definition, value in wishes:
        place = (definition.spec.type, definition.spec.target or "")
        wanted[place].add(value)
        keys[place].add(definition.key)
    found: dict[str, set[Any]] = defaultdict(set)
    for (kind, target), values in wanted.items():
        existing = _entries(session, target, values) if kind == LOOKUP else _records(session, target, values)
        for key in keys[kind, target]:
            found[key] |= existing
    return found


def target_problem(entity: str, record_id: int, definition: Definition, value: Any) -> Problem:  # noqa: ANN401 - any JSON value
    """Return the problem of a value that leads nowhere."""
    params = {"entity": entity, "id": record_id, "key": definition.key, "target": definition.spec.target, "value": value}
    return Problem(code="CHARACTERISTIC_TARGET", params=params)


def _entries(session: Session, table: str, paths: Collection[str]) -> set[Any]:
    query = (
        select(LookupEntry.path)
        .join(LookupTable, LookupTable.id == LookupEntry.table_id)
        .where(LookupTable.code == table, LookupEntry.obsolete.is_(other=False))
    )
    return {path for part in _parts(paths) for path in session.scalars(query.where(LookupEntry.path.in_(part)))}


def _records(session: Session, entity: str, keys: Collection[int]) -> set[Any]:
    cls = session.registry.entities.get(entity)
    if cls is None:
        return set()
    return {key for part in _parts(keys) for key in session.scalars(select(cls.id).where(cls.id.in_(part)))}


def _parts(values: Collection[Any]) -> Iterator[list[Any]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
