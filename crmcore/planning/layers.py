"""The layers below the deployment: what plugins bring to collections, and core and plugins write at each migration."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from crmcore.deployment import Source
from crmcore.deployment.yamlfile import Document
from crmcore.errors import Problem
from crmcore.hooks import DEPLOYMENT, Configurable, Configured, Item, Key, Step, StepKind
from crmcore.model import CORE
from crmcore.planning.reading import Files, Reader

if TYPE_CHECKING:
    from crmcore.registry import Registry
    from crmcore.session import Session

_ELSEWHERE: Final = frozenset(
    {"characteristics", "characteristics.choices", "state_tables", "state_tables.states", "state_tables.transitions"}
)
"""Collections whose lower layers have hooks of their own, and are in effect or written without this module."""

Layers = Mapping[str, Mapping[Key, Item]]


def read_configured(
    plugin: str, brought: Iterable[Configured], collections: Mapping[str, Configurable], entities: Collection[str]
) -> tuple[dict[str, dict[Key, Item]], list[Problem]]:
    """Return the items that a plugin brings, by collection, and what is wrong with them."""
    from crmcore.planning.desired import check_item  # noqa: PLC0415 - that module asks this one for the layers

    files = Files()
    reader = Reader(files, collections, entities)
    for each in brought:
        reader.document(Document({each.collection: dict(each.items)}, Source(f"plugin {plugin}")))
    found: dict[str, dict[Key, Item]] = {}
    problems = list(files.problems)
    for name, items in files.items.items():
        for key, given in items.items():
            if not given.claims and name in {each.inside for each in collections.values()}:
                continue
            values, wrong = check_item(collections[name], given, None, plugin)
            problems += wrong
            if not wrong:
                found.setdefault(name, {})[key] = Item(values, plugin)
    return found, problems


def configured_items(collections: Mapping[str, Configurable], registry: Registry) -> dict[str, dict[Key, Item]]:
    """Return what all plugins bring; a later plugin, which requires the earlier, wins."""
    found: dict[str, dict[Key, Item]] = {}
    for plugin, brought in registry.configured.items():
        items, _ = read_configured(plugin, brought, collections, registry.entities)  # sound: the registry saw to it
        for name, mine in items.items():
            found.setdefault(name, {}).update(mine)
    return found


def write_layers(session: Session) -> None:
    """Bring the items that core and plugins own up to what they say now; those of the deployment stay as they are.

    Runs at the end of each migration. What an enabled plugin no longer brings becomes obsolete, or vanishes when nothing uses it.
    """
    from crmcore.planning.applying import write_steps  # noqa: PLC0415 - planning builds on sessions, and a migration on this
    from crmcore.planning.catalogue import collections_of  # noqa: PLC0415 - as above
    from crmcore.planning.desired import layers_of  # noqa: PLC0415 - as above

    collections = collections_of(session.registry)
    layers = layers_of(collections, session.registry)
    owners = {CORE, *(plugin.name for plugin in session.registry.plugins)}
    steps: list[Step] = []
    for name, collection in collections.items():
        if name not in _ELSEWHERE and collection.store.keeps_owner:
            steps += _layer_steps(session, collection, layers[name], owners)
    if steps:
        write_steps(session, collections, steps)


def _layer_steps(session: Session, collection: Configurable, below: Mapping[Key, Item], owners: set[str]) -> Iterator[Step]:
    current = collection.store.read(session)
    for key, low in below.items():
        here = current.get(key)
        # What every database starts with is seeded; somebody may have deleted it since.
        if here is None and low.owner != CORE:
            yield Step(collection=collection.name, key=key, kind=StepKind.ADD, after=low)
        elif here is not None and here != low and here.owner != DEPLOYMENT:
            yield Step(collection=collection.name, key=key, kind=StepKind.CHANGE, before=here, after=low)
    dropped = {key: item for key, item in current.items() if key not in below and item.owner in owners}
    used = collection.store.used(session, list(dropped)) if dropped else {}
    for key, item in dropped.items():
        if collection.store.is_gone(item.values):
            continue
        retired = collection.store.retired(session, item.values) if key in used else None
        if retired is not None:
            yield Step(collection=collection.name, key=key, kind=StepKind.OBSOLETE, before=item, after=Item(retired, item.owner))
        elif key not in used:
            yield Step(collection=collection.name, key=key, kind=StepKind.REMOVE, before=item)
