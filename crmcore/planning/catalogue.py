"""Every collection of a registry, those of the core and of its plugins, in the order in which they are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from crmcore.errors import Problem, StartError
from crmcore.hooks import Configurable
from crmcore.model import Entity
from crmcore.planning.core import CORE_COLLECTIONS

if TYPE_CHECKING:
    from crmcore.registry import Registry

ENTITY: Final = "entity"
"""A group that is no collection: names of entities."""


def collections_of(registry: Registry) -> Mapping[str, Configurable]:
    """Return the collections by name: what others refer to comes before them.

    Raises:
        StartError: ``CONFIGURABLE_INVALID`` for collections that refer to nothing, or to each other in a circle.
    """
    order, problems = arrange(registry.configurables.values())
    if problems:
        raise StartError("START_FAILED", problems)
    return order


def arrange(others: Iterable[Configurable]) -> tuple[Mapping[str, Configurable], list[Problem]]:
    """Return the collections of the core and others in order, and what is wrong with how they refer to each other."""
    found = {each.name: each for each in (*CORE_COLLECTIONS, *others)}
    problems = [
        _problem(each, f"it refers to {name}, which is no collection") for each in found.values() for name in _needs(each) - found.keys()
    ]
    if problems:
        return {}, problems
    graph = {name: sorted(_needs(each) - {name}) for name, each in found.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        return {}, [_problem(found[error.args[1][0]], f"collections refer to each other: {circle}")]
    ordered: dict[str, Configurable] = {}
    for name in found:
        _put(name, graph, found, ordered)
    return MappingProxyType(ordered), []


def _put(name: str, graph: Mapping[str, list[str]], found: Mapping[str, Configurable], ordered: dict[str, Configurable]) -> None:
    """Put a collection behind what it needs; otherwise they stay in the order in which they are declared."""
    if name not in ordered:
        for other in graph[name]:
            _put(other, graph, found, ordered)
        ordered[name] = found[name]


def _needs(collection: Configurable) -> set[str]:
    around = {name for name in (collection.group, collection.inside) if name not in {None, ENTITY}}
    return {*collection.references.values(), *collection.after, *(name for name in around if name)}


def _problem(collection: Configurable, reason: str) -> Problem:
    plugin = collection.name.partition(".")[0] if "." in collection.name else None
    return Problem(code="CONFIGURABLE_INVALID", plugin=plugin, object=collection.name, params={"name": collection.name, "reason": reason})


def configured_entities(registry: Registry) -> frozenset[type[Entity]]:
    """Return the classes whose rows are configuration: what they refer to is not in use by that alone."""
    return frozenset(_entities((*CORE_COLLECTIONS, *registry.configurables.values())))


def _entities(collections: Iterable[Configurable]) -> Iterable[type[Entity]]:
    return (cls for each in collections for cls in each.store.entities())
