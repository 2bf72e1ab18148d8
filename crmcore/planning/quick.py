"""A quick look at values that are plainly right; everything else is left to Cerberus, which also says what is wrong.

A deployment has thousands of items, nearly all of them right, and Cerberus takes most of a millisecond for each.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

Look = Callable[[Any], Any]
"""Return the value as Cerberus would, or `UNSURE`."""

UNSURE: Final = object()
"""Ask Cerberus."""

_KNOWN: Final = frozenset(
    {
        *("type", "required", "nullable", "default", "empty", "maxlength", "minlength", "min", "max", "allowed", "regex", "schema"),
        *("label", "help", "example"),
    }
)
_TYPES: Final[Mapping[str, type]] = {"string": str, "integer": int, "boolean": bool, "list": list, "dict": dict, "date": date}


def compile_fields(fields: Mapping[str, Mapping[str, Any]]) -> Look:
    """Return a look at whole items: their fields checked, and the missing ones filled with defaults."""
    looks = {name: _look(rules) for name, rules in fields.items()}
    required = frozenset(name for name, rules in fields.items() if rules.get("required") and "default" not in rules)
    # A mapping whose fields have defaults is filled by itself, which only Cerberus does.
    defaults = {name: rules["default"] for name, rules in fields.items() if "default" in rules}
    unsure = frozenset(name for name, rules in fields.items() if "default" not in rules and rules.get("type") == "dict") - required

    def look(value: Any) -> Any:  # noqa: ANN401 - whatever is in a file
        if type(value) is not dict or not required <= value.keys():
            return UNSURE
        found: dict[str, Any] = {}
        for name, given in value.items():
            check = looks.get(name)
            if check is None:
                return UNSURE
            seen = check(given)
            if seen is UNSURE:
                return UNSURE
            found[name] = seen
        if not unsure <= found.keys():
            return UNSURE
        for name, default in defaults.items():
            if found.get(name) is None:
                found[name] = _copied(default)
        return found

    return look


def _copied(value: Any) -> Any:  # noqa: ANN401 - any default
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list | tuple) else value


def _never(_: Any) -> Any:  # noqa: ANN401 - see `Look`
    return UNSURE


def _look(rules: Mapping[str, Any]) -> Look:
    kind = rules.get("type")
    if not _KNOWN.issuperset(rules) or not isinstance(kind, str) or kind not in _TYPES:
        return _never
    if kind == "dict":
        inner = rules.get("schema")
        return _nullable(rules, compile_fields(inner)) if inner and all(isinstance(each, Mapping) for each in inner.values()) else _never
    if kind == "list":
        return _nullable(rules, _list_look(rules))
    return _nullable(rules, _scalar_look(kind, rules))


def _nullable(rules: Mapping[str, Any], look: Look) -> Look:
    # With a default, null means the default.
    if not rules.get("nullable") or rules.get("default") is not None:
        return look
    return lambda value: None if value is None else look(value)


def _list_look(rules: Mapping[str, Any]) -> Look:
    inner = _look(rules["schema"]) if isinstance(rules.get("schema"), Mapping) else _never
    measure = _measure(rules)

    def look(value: Any) -> Any:  # noqa: ANN401 - see `Look`
        if type(value) is not list or not measure(len(value)):
            return UNSURE
        found = [inner(each) for each in value]
        return UNSURE if UNSURE in found else found

    return look


def _scalar_look(kind: str, rules: Mapping[str, Any]) -> Look:
    expected = _TYPES[kind]
    measure = _measure(rules)
    least, most = rules.get("min", -math.inf), rules.get("max", math.inf)
    allowed = rules.get("allowed")
    pattern = _compiled(rules["regex"]) if "regex" in rules else None

    def look(value: Any) -> Any:  # noqa: ANN401 - see `Look`
        if type(value) is not expected or (allowed is not None and value not in allowed):
            return UNSURE
        if isinstance(value, str):
            # A reference to a secret is refused with its own words.
            right = "${" not in value and measure(len(value)) and (pattern is None or pattern.fullmatch(value) is not None)
        else:
            right = pattern is None and (expected is not int or least <= value <= most)
        return value if right else UNSURE

    return look


def _measure(rules: Mapping[str, Any]) -> Callable[[int], bool]:
    least = rules.get("minlength", 0) if rules.get("empty", True) else max(1, rules.get("minlength", 0))
    most = rules.get("maxlength", math.inf)
    return lambda length: least <= length <= most


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
