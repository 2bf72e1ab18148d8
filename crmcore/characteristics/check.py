"""Check the characteristics of a record against their definitions, and bring the values into the form that is stored."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from crmcore.characteristics.types import BUILTIN_TYPES
from crmcore.errors import Problem
from crmcore.hooks import CharacteristicDef, FieldType
from crmcore.labels import Label


def check_values(
    entity: str,
    values: Mapping[str, Any],
    previous: Mapping[str, Any],
    definitions: Mapping[str, CharacteristicDef],
    types: Mapping[str, FieldType],
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values to store and the problems; what did not change is left as it is, even if its definition moved on."""
    stored: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in values.items():
        if key in previous and previous[key] == value:
            stored[key] = value
            continue
        definition = definitions.get(key)
        if definition is None:
            near = difflib.get_close_matches(key, definitions, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            problems.append(Problem(code="CHARACTERISTIC_UNKNOWN", params={"entity": entity, "key": key, "hint": hint}))
            continue
        try:
            stored[key] = _normalise(definition, value, types)
        except ValueError as error:
            # A normaliser may say what it expected in both languages.
            expected = error.args[0] if error.args and isinstance(error.args[0], Label) else str(error)
            params = {"entity": entity, "field": key, "value": value, "expected": expected}
            problems.append(Problem(code="VALUE_INVALID", params=params))
    return stored, problems


def _normalise(definition: CharacteristicDef, value: object, types: Mapping[str, FieldType]) -> Any:  # noqa: ANN401 - any JSON value
    kind = BUILTIN_TYPES.get(definition.type) or types[definition.type]
    found = kind.normalise(value)
    if definition.choices:
        offered = {choice.code for choice in definition.choices if not choice.obsolete}
        chosen = set(found) if isinstance(found, list) else {found}
        if not chosen <= offered:
            codes = ", ".join(sorted(offered))
            message = Label(f"uno tra {codes}", f"one of {codes}")
            raise ValueError(message)
    return found
