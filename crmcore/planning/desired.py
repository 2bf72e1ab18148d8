"""What the files and the layers below them want: items validated field by field, merged over what plugins and core say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from crmcore.deployment import resolve
from crmcore.deployment.explain import shown
from crmcore.deployment.messages import config_problem
from crmcore.errors import Problem
from crmcore.hooks import DEPLOYMENT, ConfigSchema, Configurable, Item, Key
from crmcore.labels import Label
from crmcore.planning.quick import UNSURE, Look, compile_fields
from crmcore.planning.reading import Files, Given, as_json

if TYPE_CHECKING:
    from crmcore.registry import Registry

Items = Mapping[str, Mapping[Key, Item]]


@attrs.define
class Desired:
    """Wanted items by collection: those of the files, and the layers of plugins and core; ``broken`` are those with faults."""

    files: dict[str, dict[Key, Item]] = attrs.field(factory=dict)
    layers: dict[str, Mapping[Key, Item]] = attrs.field(factory=dict)
    broken: dict[str, set[Key]] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)


@attrs.frozen
class _Checker:
    """The checks of one collection, made once for each declaration."""

    schema: ConfigSchema
    look: Look


@attrs.frozen(eq=False)
class _Fields:
    """Rules as a key: the object itself counts, because rules are mappings that cannot be hashed."""

    rules: Mapping[str, Mapping[str, Any]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Fields) and self.rules is other.rules

    def __hash__(self) -> int:
        return id(self.rules)


@lru_cache(maxsize=256)
def _checker(fields: _Fields) -> _Checker:
    return _Checker(ConfigSchema(fields.rules), compile_fields(fields.rules))


def layers_of(collections: Mapping[str, Configurable], registry: Registry) -> dict[str, Mapping[Key, Item]]:
    """Return what core and plugins say, by collection: through hooks of their own, and through ``crm_configured``."""
    from crmcore.planning.layers import configured_items  # noqa: PLC0415 - it reads items as this module does

    found: dict[str, Mapping[Key, Item]] = {}
    brought = configured_items(collections, registry)
    for name, collection in collections.items():
        declared = collection.declared(registry) if collection.declared else {}
        found[name] = {**declared, **brought.get(name, {})}
    return found


def want(collections: Mapping[str, Configurable], files: Files, layers: Mapping[str, Mapping[Key, Item]]) -> Desired:
    """Return the wanted items, with everything that is wrong with single ones."""
    found = Desired(layers=dict(layers), problems=[])
    for name, collection in collections.items():
        below = layers.get(name, {})
        mine: dict[Key, Item] = {}
        for key, given in files.items.get(name, {}).items():
            if not given.claims and key in below:
                continue
            values, problems = check_item(collection, given, below.get(key))
            if problems:
                found.problems += problems
                found.broken.setdefault(name, set()).add(key)
            else:
                mine[key] = Item(values, DEPLOYMENT)
        found.files[name] = dict(collection.settle(mine)) if collection.settle else mine
    return found


def check_item(
    collection: Configurable, given: Given, below: Item | None, plugin: str | None = None
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the whole values of an item, those that are given over those of the layer below, or what is wrong with it."""
    checker = _checker(_Fields(collection.fields))
    merged = _over(below.values, given.values, collection) if below else dict(given.values)
    values = checker.look(merged)
    if values is UNSURE:
        resolved, problems = resolve(checker.schema, merged, given.source, plugin=plugin)
        if problems:
            return {}, problems
        values = resolved
    plain = as_json(values)
    if collection.normalise is None:
        return plain, []
    try:
        return dict(collection.normalise(plain)), []
    except ValueError as error:
        reason = error.args[0] if error.args and isinstance(error.args[0], Label) else Label(str(error), str(error))
        place = given.source.place((), key=True)
        return {}, [config_problem("custom", place=place, path=given.source.dotted(()), plugin=plugin, value=shown(plain), error=reason)]


def _over(below: Mapping[str, Any], given: Mapping[str, Any], collection: Configurable) -> dict[str, Any]:
    merged = {**_as_given(below, collection), **given}
    for name in collection.texts:
        # A text that is given in one language keeps the other of the layer below.
        if isinstance(given.get(name), Mapping) and isinstance(below.get(name), Mapping):
            merged[name] = {**below[name], **given[name]}
    return merged


def _as_given(values: Mapping[str, Any], collection: Configurable) -> dict[str, Any]:
    """Return stored values in the form of files: dates, which are text in the database, as dates."""
    found = dict(values)
    for name, rules in collection.fields.items():
        if rules.get("type") == "date" and isinstance(found.get(name), str):
            found[name] = date.fromisoformat(found[name])
    return found
