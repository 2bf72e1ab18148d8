"""The shape of a filter: everything of it that its SQL depends on, without the values."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final

_DEEPEST: Final = 20
_WORDS: Final = ("and", "or")


class Shapeless(Exception):
    """Raised for what is no filter, or one that is not worth remembering."""


def shape_of(node: Any, depth: int = 0) -> Hashable:  # noqa: ANN401 - anything that a caller gave
    """Return the shape of a filter.

    Raises:
        Shapeless: when it has none.
    """
    if depth > _DEEPEST or not isinstance(node, Mapping):
        raise Shapeless
    for word in _WORDS:
        if word in node:
            parts = node[word]
            if len(node) != 1 or not isinstance(parts, list | tuple):
                raise Shapeless
            return (word, *(shape_of(part, depth + 1) for part in parts))
    if "not" in node:
        return ("not", len(node), shape_of(node["not"], depth + 1))
    if "some" in node:
        return ("some", len(node), str(node["some"]), shape_of(node.get("where", {"and": []}), depth + 1))
    if "text" in node:
        return ("text", len(node))
    field, op = node.get("field"), node.get("op")
    if not isinstance(field, str) or not isinstance(op, str):
        raise Shapeless
    return ("field", len(node), field, op, _token(op, node.get("value")))


def leaves_of(node: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - a filter
    """Yield the comparisons of a filter in the order in which they are compiled."""
    for word in _WORDS:
        if word in node:
            for part in node[word]:
                yield from leaves_of(part)
            return
    if "not" in node:
        yield from leaves_of(node["not"])
    elif "some" in node:
        if "where" in node:
            yield from leaves_of(node["where"])
    else:
        yield node


def _token(op: str, value: object) -> Hashable:
    """Return what the SQL of a comparison depends on besides its field."""
    if op == "is_null":
        return value if isinstance(value, bool) else None
    if isinstance(value, list | tuple):
        return tuple(type(each).__name__ for each in value)
    if op == "starts" and isinstance(value, str):
        # Whether the index can find the range, and whether the range has an end.
        if "\U0010ffff" in value:
            raise Shapeless
        return (bool(value), any(each.isascii() and each.isalpha() for each in value))
    return type(value).__name__
