"""Mass maintenance of values: what each wish must satisfy before one statement writes thousands of them (C07, C08, I-72)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crmcore.changesets import Planned, Seen
from crmcore.changesets.kinds import Kind, characteristic_history
from crmcore.changesets.writers import CharacteristicWriter
from crmcore.characteristics.scope import read_places, scope_label
from crmcore.characteristics.state import state_of, visible_definitions
from crmcore.characteristics.targets import LOOKUP, REFERENCE, known_targets, target_problem
from crmcore.characteristics.values import unknown, value_problem
from crmcore.errors import Problem, ValidationFailed
from crmcore.model import Account, Entity

if TYPE_CHECKING:
    from crmcore.characteristics.definitions import Definition
    from crmcore.session import Session


def plan(session: Session, entity: str, key: str, values: Iterable[tuple[int, object]]) -> Iterator[Planned]:
    """Yield wishes in the form that is stored; each distinct value is looked at once.

    Raises:
        ValidationFailed: when a value does not have the type, before anything is planned further.
    """
    definitions = visible_definitions(session, entity)
    definition = definitions.get(key)
    if definition is None:
        raise ValidationFailed("VALIDATION_FAILED", [unknown(entity, key, definitions)])
    known: dict[tuple[type, object], Any] = {}
    for record_id, value in values:
        token = (type(value), value if not isinstance(value, list | set) else tuple(value))
        if token not in known:
            known[token] = _normalised(definition, entity, value)
        yield Planned(record_id, key, known[token])


def _normalised(definition: Definition, entity: str, value: object) -> Any:  # noqa: ANN401 - any JSON value
    if value is None:
        return None
    try:
        return definition.normalise(value)
    except ValueError as error:
        raise ValidationFailed("VALIDATION_FAILED", [value_problem(entity, definition.key, value, error)]) from error


def check(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> Mapping[int, Problem]:
    """Say everything that the rules of a commit would say of the same values: see `rules`."""
    refused: dict[int, Problem] = {}
    state, entity = state_of(session), cls.entity_name()
    definitions = state.of(entity)
    for number, wish in enumerate(wishes):
        problem = _problem(wish, entity, definitions) or state.writer.problem(definitions[wish.field], entity)
        if problem is not None:
            refused[number] = problem
    left = [(number, wish, definitions[wish.field]) for number, wish in enumerate(wishes) if number not in refused]
    refused |= _outside(session, cls, left)
    refused |= _leading_nowhere(session, entity, [each for each in left if each[0] not in refused])
    return refused


def _problem(wish: Seen, entity: str, definitions: Mapping[str, Definition]) -> Problem | None:
    definition = definitions.get(wish.field)
    params: dict[str, object] = {"entity": entity, "key": wish.field, "id": wish.record_id}
    if definition is None:
        return unknown(entity, wish.field, definitions)
    if wish.new is None:
        taken = definition.spec.mandatory and not definition.obsolete
        return Problem(code="CHARACTERISTIC_MISSING", params={**params, "label": definition.spec.label}) if taken else None
    if definition.obsolete:
        return Problem(code="CHARACTERISTIC_OBSOLETE", params=params)
    try:
        if definition.normalise(wish.new) == wish.new:
            return None
        error = ValueError("the form that is stored")
    except ValueError as found:
        error = found
    return value_problem(entity, wish.field, wish.new, error)


def _outside(session: Session, cls: type[Entity], wishes: Sequence[tuple[int, Seen, Definition]]) -> dict[int, Problem]:
    bound = [each for each in wishes if each[2].bound]
    if not bound or cls is not Account:
        return {}
    places = read_places(session, {each[2] for each in bound}, {each[1].record_id for each in bound})
    found = {}
    for number, wish, definition in bound:
        if not places.contain(definition, wish.record_id):
            params = {"entity": cls.entity_name(), "id": wish.record_id, "key": wish.field, "scope": scope_label(definition)}
            found[number] = Problem(code="CHARACTERISTIC_OUT_OF_SCOPE", params=params)
    return found


def _leading_nowhere(session: Session, entity: str, wishes: Sequence[tuple[int, Seen, Definition]]) -> dict[int, Problem]:
    asked = [each for each in wishes if each[2].spec.type in {LOOKUP, REFERENCE} and each[1].new is not None]
    if not asked:
        return {}
    known = known_targets(session, ((definition, wish.new) for _, wish, definition in asked))
    return {
        number: target_problem(entity, wish.record_id, definition, wish.new)
        for number, wish, definition in asked
        if wish.new not in known[definition.key]
    }


def basis(session: Session, cls: type[Entity]) -> str:
    """Return a digest of what was checked against: a set that was previewed under other definitions is previewed again."""
    definitions = state_of(session).of(cls.entity_name())
    return hashlib.sha256(repr([(each.spec, each.obsolete) for each in definitions.values()]).encode()).hexdigest()


CHARACTERISTICS = Kind(name="characteristics", writer=CharacteristicWriter(), check=check, basis=basis, history=characteristic_history)
"""Mass maintenance of characteristics."""
