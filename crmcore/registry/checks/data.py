"""Characteristics, field types and state tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import attrs

from crmcore.characteristics.soundness import definition_reasons, find_cycle
from crmcore.errors import Problem
from crmcore.hooks import CharacteristicDef
from crmcore.model import Entity
from crmcore.monitoring.kinds import contribution_reasons
from crmcore.registry.checks.states import Known, check_table
from crmcore.registry.collect import Declarations


def check_data(declarations: Declarations, entities: Mapping[str, type[Entity]]) -> list[Problem]:
    """Return the problems of characteristics (with their graph) and of state tables."""
    types = {item.value.name: item.value for item in declarations.of("crm_field_types")}
    problems: list[Problem] = []
    by_entity: dict[str, dict[str, CharacteristicDef]] = {}
    owners: dict[str, str] = {}
    for item in declarations.of("crm_characteristics"):
        by_entity.setdefault(item.value.entity, {})[item.value.key] = item.value
        owners[item.value.key] = item.plugin
    for item in declarations.of("crm_characteristics"):
        for reason in definition_reasons(item.value, types, entities, by_entity[item.value.entity]):
            params = {"key": item.value.key, "reason": reason}
            problems.append(
                Problem(code="CHARACTERISTIC_INVALID", plugin=item.plugin, hook="crm_characteristics", object=item.value.key, params=params)
            )
    for definitions in by_entity.values():
        problems += _check_cycle(definitions, owners)
    return [*problems, *_check_state_tables(declarations, entities), *_check_contributions(declarations, entities)]


def _check_contributions(declarations: Declarations, entities: Mapping[str, type[Entity]]) -> Iterator[Problem]:
    for item in declarations.of("crm_contributions"):
        for reason in contribution_reasons(item.value, entities):
            params = {"name": item.value.name, "reason": reason}
            yield Problem(code="CONTRIBUTION_INVALID", plugin=item.plugin, hook="crm_contributions", object=item.value.name, params=params)


def _check_state_tables(declarations: Declarations, entities: Collection[str]) -> Iterator[Problem]:
    known = Known(
        entities=entities,
        functions={item.value.name for item in declarations.of("crm_script_functions")},
        jobs={item.value.name for item in declarations.of("crm_jobs")},
    )
    for item in declarations.of("crm_state_tables"):
        for problem in check_table(item.value, known):
            yield attrs.evolve(problem, plugin=item.plugin, hook="crm_state_tables")


def _check_cycle(definitions: Mapping[str, CharacteristicDef], owners: Mapping[str, str]) -> Iterator[Problem]:
    cycle = find_cycle(definitions)
    # Each plugin on the circle is named: all of them have to agree which edge goes.
    for plugin in sorted({owners[key] for key in cycle if key in owners}):
        params = {"cycle": " → ".join(cycle)}
        yield Problem(code="CHARACTERISTIC_CYCLE", plugin=plugin, hook="crm_characteristics", object=cycle[0], params=params)
