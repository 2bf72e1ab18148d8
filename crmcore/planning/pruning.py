"""What may vanish, what becomes obsolete because something uses it, and what cannot go at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from crmcore.hooks import Configurable, Effect, Item, Key, Step, StepKind
from crmcore.labels import Label
from crmcore.planning.catalogue import ENTITY

if TYPE_CHECKING:
    from crmcore.session import Session

Place = tuple[str, Key]
"""Collection and key."""


@attrs.define
class Pruned:
    """Steps that take items away, those that stay all the same, and why."""

    steps: list[Step] = attrs.field(factory=list)
    kept: list[Place] = attrs.field(factory=list)
    effects: list[Effect] = attrs.field(factory=list)


def prune_items(
    session: Session,
    collections: Mapping[str, Configurable],
    unmentioned: Mapping[str, Mapping[Key, Item]],
    staying: Mapping[str, Mapping[Key, Item]],
) -> Pruned:
    """Return what becomes of unmentioned items, beside those that stay."""
    going = {(name, key): item for name, items in unmentioned.items() for key, item in items.items()}
    held = _held(session, collections, going, staying)
    found = Pruned()
    for (name, key), item in going.items():
        collection = collections[name]
        if (name, key) not in held:
            found.steps.append(Step(collection=name, key=key, kind=StepKind.REMOVE, before=item))
            continue
        retired = collection.store.retired(session, item.values)
        if retired is None:
            found.kept.append((name, key))
            text = Label("è in uso, e resta", "is in use, and stays")
            found.effects.append(Effect(collection=name, key=key, text=text, count=0))
        else:
            found.steps.append(
                Step(collection=name, key=key, kind=StepKind.OBSOLETE, before=item, after=attrs.evolve(item, values=retired))
            )
    return found


def _held(
    session: Session, collections: Mapping[str, Configurable], going: Mapping[Place, Item], staying: Mapping[str, Mapping[Key, Item]]
) -> set[Place]:
    """Return what cannot vanish: records use it, or something that stays refers to it."""
    held: set[Place] = set()
    for name, collection in collections.items():
        keys = [key for other, key in going if other == name]
        if keys and not collection.embedded:
            held |= {(name, key) for key in collection.store.used(session, keys)}
    waiting: list[tuple[str, Key, Item]] = [(name, key, item) for name, items in staying.items() for key, item in items.items()]
    waiting += [(name, key, going[name, key]) for name, key in held]
    while waiting:
        name, key, item = waiting.pop()
        for place in _needed(collections, name, key, item, going):
            if place in going and place not in held:
                held.add(place)
                waiting.append((*place, going[place]))
    # What is embedded goes with what it lies in, and stays with it.
    inner = {name: each.inside for name, each in collections.items() if each.embedded and each.inside}
    return held | {
        (name, key) for name, key in going if name in inner and ((inner[name], key[:-1]) in held or (inner[name], key[:-1]) not in going)
    }


def _needed(collections: Mapping[str, Configurable], name: str, key: Key, item: Item, going: Mapping[Place, Item]) -> Iterator[Place]:
    """Yield what an item cannot be without."""
    collection = collections[name]
    yield from references(collections, name, key, item)
    if collection.holds is not None:
        yield from collection.holds(key, item.values, going)
    if collection.inside is not None:
        yield collection.inside, key[:-1]
    if collection.group is not None and collection.group != ENTITY:
        yield collection.group, key[:1]


def references(collections: Mapping[str, Configurable], name: str, key: Key, item: Item) -> Iterator[Place]:
    """Yield what the fields of an item refer to."""
    for field, target in collections[name].references.items():
        for code in _codes(item.values.get(field)):
            yield target, target_key(collections, name, key, target, code)


def target_key(collections: Mapping[str, Configurable], name: str, key: Key, target: str, code: str) -> Key:
    """Return the key of what a code refers to: in a collection with groups, it is one of the same group."""
    return (key[0], code) if collections[target].group is not None and collections[name].group == collections[target].group else (code,)


def _codes(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else ()
