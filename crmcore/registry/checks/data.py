"""Characteristics, field types and state tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from crmcore.characteristics import BUILTIN_TYPES
from crmcore.errors import Problem
from crmcore.hooks import CharacteristicDef, StateTable, TransitionMode
from crmcore.registry.collect import Declarations


def check_data(declarations: Declarations, entities: Collection[str]) -> list[Problem]:
    """Return the problems of characteristics (with their graph) and of state tables."""
    types = {*BUILTIN_TYPES, *(item.value.name for item in declarations.of("crm_field_types"))}
    problems: list[Problem] = []
    by_entity: dict[str, dict[str, CharacteristicDef]] = {}
    owners: dict[str, str] = {}
    for item in declarations.of("crm_characteristics"):
        by_entity.setdefault(item.value.entity, {})[item.value.key] = item.value
        owners[item.value.key] = item.plugin
    for item in declarations.of("crm_characteristics"):
        for reason in _characteristic_reasons(item.value, types, entities, by_entity[item.value.entity]):
            params = {"key": item.value.key, "reason": reason}
            problems.append(
                Problem(code="CHARACTERISTIC_INVALID", plugin=item.plugin, hook="crm_characteristics", object=item.value.key, params=params)
            )
    for definitions in by_entity.values():
        problems += _check_cycle(definitions, owners)
    for item in declarations.of("crm_state_tables"):
        for reason in _state_table_reasons(item.value, entities):
            params = {"table": item.value.name, "reason": reason}
            problems.append(
                Problem(code="STATE_TABLE_INVALID", plugin=item.plugin, hook="crm_state_tables", object=item.value.name, params=params)
            )
    return problems


def _characteristic_reasons(
    definition: CharacteristicDef,
    types: Collection[str],
    entities: Collection[str],
    siblings: Mapping[str, CharacteristicDef],
) -> Iterator[str]:
    if definition.entity not in entities:
        yield f"entity {definition.entity!r} does not exist; there are {', '.join(sorted(entities))}"
    if definition.type not in types:
        yield f"type {definition.type!r} is not known; there are {', '.join(sorted(types))}"
    if definition.type in {"choice", "choices"} and not definition.choices:
        yield "a choice needs choices"
    repeated = [code for code, times in Counter(choice.code for choice in definition.choices).items() if times > 1]
    if repeated:
        yield f"choice {', '.join(repeated)} is there twice"
    if definition.type == "reference" and definition.target not in entities:
        yield f"a reference needs a target entity, got {definition.target!r}"
    unknown = [key for key in definition.depends_on if key not in siblings]
    if unknown:
        yield f"it depends on {', '.join(unknown)}, which nobody defines"
    if definition.depends_on and not definition.compute:
        yield "it depends on others but computes nothing"


def _check_cycle(definitions: Mapping[str, CharacteristicDef], owners: Mapping[str, str]) -> Iterator[Problem]:
    graph = {key: set(definition.depends_on) for key, definition in definitions.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        # Each plugin on the circle is named: all of them have to agree which edge goes.
        for plugin in sorted({owners[key] for key in cycle if key in owners}):
            params = {"cycle": " → ".join(cycle)}
            yield Problem(code="CHARACTERISTIC_CYCLE", plugin=plugin, hook="crm_characteristics", object=cycle[0], params=params)


def _state_table_reasons(table: StateTable, entities: Collection[str]) -> Iterator[str]:
    codes = Counter(state.code for state in table.states)
    if table.entity not in entities:
        yield f"entity {table.entity!r} does not exist"
    if not table.states:
        yield "it has no states"
        return
    repeated = [code for code, times in codes.items() if times > 1]
    if repeated:
        yield f"state {', '.join(repeated)} is there twice"
    defaults = [state.code for state in table.states if state.default]
    if len(defaults) != 1:
        yield f"it needs exactly one default state, got {', '.join(defaults) or 'none'}"
    if table.mode is TransitionMode.FREE and table.transitions:
        yield "mode free takes no transitions"
    yield from _transition_reasons(table, codes)
    if table.mode is not TransitionMode.FREE and len(defaults) == 1:
        lost = sorted(set(codes) - _reachable(table, defaults[0]))
        if lost:
            yield f"state {', '.join(lost)} cannot be reached from {defaults[0]}"


def _transition_reasons(table: StateTable, codes: Mapping[str, int]) -> Iterator[str]:
    order = {state.code: state.order for state in table.states}
    terminal = {state.code for state in table.states if state.terminal}
    for step in table.transitions:
        missing = [code for code in (step.source, step.target) if code not in codes]
        if missing:
            yield f"transition {step.source} → {step.target} names {', '.join(missing)}, which does not exist"
        elif table.mode is TransitionMode.FORWARD_ONLY and order[step.target] <= order[step.source]:
            yield f"transition {step.source} → {step.target} does not go forward"
        elif step.source in terminal:
            yield f"transition {step.source} → {step.target} leaves a terminal state"


def _reachable(table: StateTable, start: str) -> set[str]:
    found = {start}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        new = {step.target for step in table.transitions if step.source == here} - found
        found |= new
        waiting += new
    return found
