"""The check of values: who may write which, in what form they are stored, and what a record must have."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore.access.showing import CHARACTERISTIC
from crmcore.characteristics.definitions import Definition
from crmcore.errors import Problem
from crmcore.labels import Label

if TYPE_CHECKING:
    from crmcore.access.reach import Reach

AUTOMATIC: Final = ("rule", "event")
"""What may write read-only and computed characteristics, as the first word of a source (I-13, C09)."""


@attrs.frozen
class Writer:
    """On whose behalf values are written: ``groups`` is None for the system, ``automatic`` is true for rules and events.

    ``reach`` has the masks of a user; None stands for none.
    """

    groups: frozenset[str] | None
    automatic: bool = False
    reach: Reach | None = None

    def problem(self, definition: Definition, entity: str) -> Problem | None:
        """Return why this writer may not write a definition."""
        params: dict[str, object] = {"entity": entity, "key": definition.key}
        if definition.automatic and not self.automatic:
            code = "CHARACTERISTIC_READ_ONLY" if definition.spec.compute is None else "CHARACTERISTIC_COMPUTED"
            return Problem(code=code, params=params)
        if self.automatic:
            return None
        field = CHARACTERISTIC + definition.key
        if not definition.visible_to(self.groups) or (self.reach is not None and field in self.reach.hidden(entity)):
            # What one may not see does not exist.
            return unknown(entity, definition.key, ())
        if self.reach is not None and field in self.reach.read_only(entity):
            params = {"entity": entity, "field": field, "profile": self.reach.profile or ""}
            return Problem(code="FIELD_NOT_GRANTED", params=params)
        if not definition.editable_by(self.groups):
            return Problem(code="CHARACTERISTIC_GROUP", params={**params, "groups": ", ".join(definition.spec.editable_by)})
        return None


@attrs.frozen
class Checked:
    """What a change becomes: the whole map to store, the keys that really changed, and what is wrong."""

    stored: Mapping[str, Any]
    changed: frozenset[str]
    problems: tuple[Problem, ...]


def is_automatic(source: str) -> bool:
    """Return whether a source is a rule or an event: ``rule:classe``, ``event:contract.activated``."""
    return source.partition(":")[0] in AUTOMATIC


def unknown(entity: str, key: str, known: Mapping[str, Definition] | tuple[()]) -> Problem:
    """Return the problem of a key that nobody defines, with the nearest one that somebody does."""
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return Problem(code="CHARACTERISTIC_UNKNOWN", params={"entity": entity, "key": key, "hint": hint})


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Compare stored values: to Python true is 1 and 1 is 1.0, to us they are not the same."""
    return type(one) is type(other) and bool(one == other)


def check_values(
    entity: str,
    values: Mapping[str, Any],
    previous: Mapping[str, Any],
    definitions: Mapping[str, Definition],
    writer_of: Mapping[str, Writer],
    writer: Writer,
) -> Checked:
    """Check the new values of a record; what did not change stays as it is, even if its definition moved on.

    ``writer_of`` names who wrote single keys, where that is not ``writer``. A value None takes the key away.
    """
    stored: dict[str, Any] = {}
    problems: list[Problem] = []
    changed: set[str] = set()
    for key in [*values, *(key for key in previous if key not in values)]:
        value, before = values.get(key), previous.get(key)
        if key in previous and same(value, before):
            stored[key] = before
            continue
        definition = definitions.get(key)
        if value is None:
            if key not in previous:
                continue
            refused = None if definition is None else writer_of.get(key, writer).problem(definition, entity)
        elif definition is None:
            refused = unknown(entity, key, definitions)
        else:
            refused = writer_of.get(key, writer).problem(definition, entity)
            if refused is None:
                value, refused = _normalised(entity, definition, value, before)
        if refused is not None:
            problems.append(refused)
            continue
        if value is not None:
            stored[key] = value
        if not same(value, before):
            changed.add(key)
    return Checked(stored, frozenset(changed), tuple(problems))


def _normalised(entity: str, definition: Definition, value: object, before: object) -> tuple[Any, Problem | None]:
    try:
        found = definition.normalise_type(value)
        # Written otherwise, but the same: a choice that was withdrawn may stay where it is.
        if same(found, before):
            return found, None
        if definition.obsolete:
            return None, Problem(code="CHARACTERISTIC_OBSOLETE", params={"entity": entity, "key": definition.key})
        return definition.normalise(value), None
    except ValueError as error:
        return None, value_problem(entity, definition.key, value, error)


def value_problem(entity: str, key: str, value: object, error: ValueError) -> Problem:
    """Return the problem of a value that its type refused; a normaliser may say what it expected in both languages."""
    shown = value if not isinstance(value, str) else value[:80]
    return Problem(code="VALUE_INVALID", params={"entity": entity, "field": key, "value": shown, "expected": expected(error)})


def expected(error: ValueError) -> Label | str:
    """Return what a normaliser says that it expected."""
    found = error.args[0] if error.args else ""
    return found if isinstance(found, Label) else str(error)
