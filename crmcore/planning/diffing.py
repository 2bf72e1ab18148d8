"""The steps from what the database has to what is wanted, one collection at a time; nothing here touches a database."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from crmcore.hooks import DEPLOYMENT, Configurable, Item, Key, Step, StepKind


@attrs.define
class Difference:
    """What sets the items of one collection apart from those that are wanted.

    ``unmentioned`` are items of the deployment in the database that no file mentions: with ``--prune`` they go.
    """

    steps: list[Step] = attrs.field(factory=list)
    unmentioned: dict[Key, Item] = attrs.field(factory=dict)


def difference(
    collection: Configurable,
    current: Mapping[Key, Item],
    files: Mapping[Key, Item],
    below: Mapping[Key, Item],
    broken: set[Key],
    *,
    prune: bool,
) -> Difference:
    """Return what sets a collection apart; ``below`` are the layers of plugins and core, ``broken`` keys are left alone."""
    found = Difference()
    # In the order of the files, which people know; then the others.
    for key in (*files, *sorted({*current, *below} - files.keys())):
        if key in broken:
            continue
        here, low = current.get(key), below.get(key)
        if here is not None:
            here = _owned(collection, here, low)
        wanted = files.get(key)
        if wanted is not None:
            step = _towards(collection, key, here, _owned(collection, wanted, low))
        elif low is not None:
            step = _of_layer(collection, key, here, low, found, prune=prune)
        else:
            step = None
            if here is not None and here.owner == DEPLOYMENT and not collection.store.is_gone(here.values):
                found.unmentioned[key] = here
        if step is not None:
            found.steps.append(step)
    return found


def _owned(collection: Configurable, item: Item, low: Item | None) -> Item:
    """Return an item with its owner, which some databases do not keep: what is as the layer below says is that layer's."""
    if collection.store.keeps_owner or low is None:
        return item
    return Item(item.values, low.owner if item.values == low.values else DEPLOYMENT)


def _towards(collection: Configurable, key: Key, here: Item | None, wanted: Item) -> Step | None:
    if here == wanted:
        return None
    kind = StepKind.ADD if here is None else StepKind.CHANGE
    return Step(collection=collection.name, key=key, kind=kind, before=here, after=wanted)


def _of_layer(collection: Configurable, key: Key, here: Item | None, low: Item, found: Difference, *, prune: bool) -> Step | None:
    """Return the step of an item that only a plugin or the core mentions; what is missing is the business of a migration."""
    if here is None or here == low:
        return None
    if here.owner != DEPLOYMENT:
        return Step(collection=collection.name, key=key, kind=StepKind.CHANGE, before=here, after=low)
    if prune:
        return Step(collection=collection.name, key=key, kind=StepKind.REVERT, before=here, after=low)
    found.unmentioned[key] = here
    return None
