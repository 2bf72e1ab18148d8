"""Configuration as text: YAML in block style, with only what differs from the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from crmcore.deployment.reference import flow, scalar
from crmcore.hooks import Configurable, Item, Key
from crmcore.planning.reading import as_json

_INDENT: Final = "  "


def section_text(
    collections: Mapping[str, Configurable], name: str, items: Mapping[str, Mapping[Key, Item]], below: Mapping[str, Mapping[Key, Item]]
) -> str:
    """Return one section with everything inside it; empty when there is nothing to say."""
    tree = _tree(collections, collections[name], (), items, below)
    if not tree:
        return ""
    head = f"# {collections[name].label.it}\n"
    return head + "".join(f"{line}\n" for line in _lines({name: tree}, ""))


def _tree(
    collections: Mapping[str, Configurable],
    collection: Configurable,
    above: Key,
    items: Mapping[str, Mapping[Key, Item]],
    below: Mapping[str, Mapping[Key, Item]],
) -> dict[str, Any]:
    """Return the items under a key as the files hold them."""
    mine = items.get(collection.name, {})
    inner = [each for each in collections.values() if each.inside == collection.name]
    # An item may be here for what is inside it alone.
    keys = {*mine, *(key[: len(above) + _depth(collection, above)] for each in inner for key in items.get(each.name, {}))}
    found: dict[str, Any] = {}
    # What is embedded has an order of its own.
    ordered = list(mine) if collection.embedded else sorted(keys)
    for key in ordered:
        if key[: len(above)] != above:
            continue
        value: Any = {}
        if key in mine:
            value = _fields(collection, mine[key], below.get(collection.name, {}).get(key))
        for each in inner:
            subtree = _tree(collections, each, key, items, below)
            if subtree:
                if key in mine and not value:
                    # Otherwise nothing would say that the item itself is the deployment's.
                    first = next(iter(mine[key].values))
                    value[first] = mine[key].values[first]
                value[each.section] = subtree
        place = found.setdefault(key[0], {}) if collection.group is not None else found
        place[key[-1]] = _short(collection, value)
    return found


def _depth(collection: Configurable, above: Key) -> int:
    return 1 if above or collection.group is None else 2


def _fields(collection: Configurable, item: Item, low: Item | None) -> dict[str, Any]:
    """Return the fields that say something: over a layer below, those that differ from it; otherwise those without a default."""
    found = {}
    for name, value in item.values.items():
        rules = collection.fields[name]
        says = value != low.values[name] if low is not None else "default" not in rules or as_json(rules["default"]) != value
        if says:
            found[name] = _Date(value) if rules.get("type") == "date" and isinstance(value, str) else _bare(collection, name, value)
    return found


class _Date(str):
    """A date, which is written without quotes."""

    __slots__ = ()


def _bare(collection: Configurable, name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return value["it"] if name in collection.texts and isinstance(value, Mapping) and not value.get("en") and value.get("it") else value


def _short(collection: Configurable, value: dict[str, Any]) -> Any:  # noqa: ANN401 - as above
    # A text in two languages stands for its item as a bare text does.
    kinds = (str, Mapping) if collection.short in collection.texts else (str,)
    if list(value) == [collection.short] and isinstance(value[str(collection.short)], kinds):
        return value[str(collection.short)]
    return value


def _lines(value: Mapping[str, Any], indent: str) -> Iterable[str]:
    for key, inner in value.items():
        name = f"{indent}{scalar(key)}:"
        if isinstance(inner, Mapping) and inner and not _fits(inner):
            yield name
            yield from _lines(inner, indent + _INDENT)
        else:
            yield f"{name} {_text(inner)}"


def _fits(value: Mapping[str, Any]) -> bool:
    """Return whether a mapping reads well on one line: a text in two languages, or a few plain fields."""
    plain = all(isinstance(each, str | int | bool) for each in value.values())
    return plain and len(flow(value)) <= 60  # noqa: PLR2004 - a short line


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, _Date):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_text(inner)}" for key, inner in value.items()) + "}"
    return flow(value)


def mapping_text(value: Mapping[str, Any]) -> str:
    """Return a mapping as a YAML document."""
    return "".join(f"{line}\n" for line in _lines(value, ""))
