"""Cerberus, hardened: what it lets through by itself (`libraries.md` §12), this validator refuses."""

from __future__ import annotations

import copy
import functools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final

import attrs
from cerberus import TypeDefinition, Validator
from cerberus.errors import ErrorDefinition
from cerberus.schema import DefinitionSchema

META_RULES: Final = ("label", "help", "secret", "example")
"""Keys of a rules set that describe it and validate nothing."""

ALTERNATIVES: Final = ("allof", "anyof", "noneof", "oneof")

# Cerberus leaves codes from 0x100 to its users; bits 0x80 and 0x60 would make them groups or conversions.
NOT_FINITE: Final = ErrorDefinition(0x101, None)
CHECK_FAILED: Final = ErrorDefinition(0x102, None)

Rules = Mapping[str, Any]
"""A rules set of Cerberus, which is open by design."""


class ConfigValidator(Validator):  # type: ignore[misc] # Cerberus has no types
    """Validate like Cerberus, except that a boolean is no number, NaN is nothing, and a pattern matches the whole text.

    It also lets rules sets carry ``label``, ``help``, ``secret`` and ``example``. An instance holds the state of one validation: share
    compiled schemas (`compiled`), not validators.
    """

    types_mapping: ClassVar[dict[str, TypeDefinition]] = {
        **Validator.types_mapping,
        "integer": TypeDefinition("integer", (int,), (bool,)),
        "float": TypeDefinition("float", (float, int), (bool,)),
        "number": TypeDefinition("number", (float, int), (bool,)),
        "date": TypeDefinition("date", (date,), (datetime,)),
    }
    # The parent's set is shared by every validator class of the process, also by those that know other rules.
    _valid_schemas: ClassVar[set[int]] = set()

    def _validate_nullable(self, nullable: object, field: object, value: object) -> None:
        """Refuse NaN and infinity; here because this is the one rule that runs for every field.

        The rule's arguments are validated against this schema:
        {'type': 'boolean'}
        """
        if isinstance(value, float) and not math.isfinite(value):
            self._error(field, NOT_FINITE)
            self._drop_remaining_rules()
            return
        super()._validate_nullable(nullable, field, value)

    def _validate_regex(self, pattern: str, field: object, value: object) -> None:
        """Match the whole text: with `$` alone, a trailing newline slips through.

        The rule's arguments are validated against this schema:
        {'type': 'string'}
        """
        if isinstance(value, str) and re.fullmatch(pattern, value) is None:
            self._error(field, _REGEX_MISMATCH)

    def _validate_check_with(self, checks: object, field: object, value: object) -> None:
        """Report a check that raises as a problem of its own.

        The rule's arguments are validated against this schema:
        {'oneof': [
            {'type': 'callable'},
            {'type': 'list', 'schema': {'oneof': [{'type': 'callable'}, {'type': 'string'}]}},
            {'type': 'string'}
        ]}
        """
        try:
            super()._validate_check_with(checks, field, value)
        except Exception as error:  # noqa: BLE001 - the function is a plugin's: whatever it raises, the other keys are still checked
            self._error(field, CHECK_FAILED, repr(error))

    def _validate_label(self, constraint: object, field: object, value: object) -> None:
        """Validate nothing: the label is for people.

        The rule's arguments are validated against this schema:
        {'nullable': False}
        """

    def _validate_help(self, constraint: object, field: object, value: object) -> None:
        """Validate nothing: the help is for people.

        The rule's arguments are validated against this schema:
        {'type': 'string'}
        """

    def _validate_secret(self, constraint: object, field: object, value: object) -> None:
        """Validate nothing: it marks values that are never shown.

        The rule's arguments are validated against this schema:
        {'type': 'boolean'}
        """

    def _validate_example(self, constraint: object, field: object, value: object) -> None:
        """Validate nothing: the sample shows it.

        The rule's arguments are validated against this schema:
        {'nullable': True}
        """


_REGEX_MISMATCH: Final = ErrorDefinition(0x41, "regex")


def _strict_int(value: object) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        message = "not a whole number"
        raise ValueError(message)
    return int(value)  # type: ignore[call-overload, no-any-return] # what does not fit raises, and becomes a problem


def _strict_float(value: object) -> float:
    if isinstance(value, bool):
        message = "not a number"
        raise ValueError(message)  # noqa: TRY004 - one kind of refusal, whatever is wrong
    return float(value)  # type: ignore[arg-type] # what does not fit raises, and becomes a problem


def _strict_bool(value: object) -> bool:
    if not isinstance(value, bool):
        message = "not true or false"
        raise ValueError(message)  # noqa: TRY004 - one kind of refusal, whatever is wrong
    return value


_STRICT: Final[Mapping[object, Callable[[object], object]]] = {int: _strict_int, float: _strict_float, bool: _strict_bool}


def _strict(coerce: object) -> object:
    if isinstance(coerce, Sequence) and not isinstance(coerce, str):
        return [_strict(step) for step in coerce]
    return _STRICT.get(coerce, coerce) if isinstance(coerce, type) else coerce


@attrs.frozen(eq=False)
class _Constant:
    """Give a fresh copy of a default: Cerberus would hand out the one object, and cannot hash nested lists."""

    value: object

    def __call__(self, _document: object) -> object:
        return copy.deepcopy(self.value)


def holds_fields(schema: object) -> bool:
    """Return whether the ``schema`` rule describes a mapping by its fields, rather than each element of a list."""
    return isinstance(schema, Mapping) and all(isinstance(rules, Mapping) for rules in schema.values())


def _prepared(rules: object) -> object:
    """Return a copy of a rules set that Cerberus may expand in place, without the describing keys and with strict conversions."""
    if not isinstance(rules, Mapping):
        return rules
    result: dict[str, object] = {}
    for name, constraint in rules.items():
        if name in META_RULES:
            continue
        if name == "schema" and holds_fields(constraint):
            result[name] = {key: _prepared(value) for key, value in constraint.items()}
        elif name in {"schema", "keysrules", "valuesrules", "allow_unknown"}:
            result[name] = _prepared(constraint)
        elif name in {*ALTERNATIVES, "items"} and isinstance(constraint, Iterable):
            result[name] = [_prepared(value) for value in constraint]
        elif name == "coerce":
            result[name] = _strict(constraint)
        elif name == "default" and isinstance(constraint, Mapping | list | tuple | set | frozenset):
            result["default_setter"] = _Constant(thawed(constraint))
        else:
            result[name] = constraint
    if _fills_itself(rules):
        result["default_setter"] = _Constant({})
    return result


def _fills_itself(rules: Rules) -> bool:
    """Return whether a mapping that is left out should be there all the same, for the defaults of its fields."""
    inner = rules.get("schema")
    if "default" in rules or rules.get("required") or rules.get("nullable") or not holds_fields(inner) or not inner:
        return False
    return any("default" in each or _fills_itself(each) for each in inner.values()) and not any(
        each.get("required") and each.get("default") is None for each in inner.values()
    )


def thawed(value: object) -> object:
    """Return a value with plain dictionaries and lists, which Cerberus can copy and normalise."""
    if isinstance(value, Mapping):
        return {key: thawed(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [thawed(inner) for inner in value]
    return value


@attrs.frozen(eq=False)
class _ByIdentity:
    """Let a mapping be the key of a cache; the cache keeps it alive, so its identity is not reused."""

    schema: Mapping[str, Rules]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and self.schema is other.schema

    def __hash__(self) -> int:
        return id(self.schema)


@functools.lru_cache(maxsize=512)
def _compiled(key: _ByIdentity) -> DefinitionSchema:
    return ConfigValidator({name: _prepared(rules) for name, rules in key.schema.items()}).schema


def compiled(schema: Mapping[str, Rules]) -> DefinitionSchema:
    """Return the checked and expanded form of a schema, made once for each mapping.

    Raises:
        cerberus.SchemaError: when it is not a schema of Cerberus.
    """
    return _compiled(_ByIdentity(schema))


def rules_at(schema: Mapping[str, Rules], path: Sequence[object]) -> Rules | None:
    """Return the rules of the value at ``path``, or None where the schema says nothing of it."""
    fields: Mapping[Any, Any] | None = schema
    rules: Rules | None = None
    for part in path:
        if fields is not None:
            rules = fields.get(part)
        elif rules is not None:
            rules = _element(rules, part)
        if not isinstance(rules, Mapping):
            return None
        fields = rules["schema"] if holds_fields(rules.get("schema")) else None
    return rules


def _element(rules: Rules, part: object) -> Rules | None:
    """Return the rules of one element of a list, or of one value of an open mapping."""
    items = rules.get("items")
    if isinstance(part, int) and isinstance(items, Sequence):
        return items[part] if part < len(items) else None
    name = "schema" if isinstance(part, int) else "valuesrules"
    return rules.get(name)


def fields_at(schema: Mapping[str, Rules], path: Sequence[object]) -> tuple[str, ...]:
    """Return the names that a mapping at ``path`` may have."""
    if not path:
        return tuple(schema)
    rules = rules_at(schema, path) or {}
    return tuple(rules["schema"]) if holds_fields(rules.get("schema")) else ()


def walk_rules(schema: Mapping[str, Rules], path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Rules]]:
    """Yield every rules set of a schema with its path: fields, elements of lists (``[]``), values of open mappings (``<key>``)."""
    for name, rules in schema.items():
        if isinstance(rules, Mapping):
            yield from _walk_one(rules, (*path, name))


def _walk_one(rules: Rules, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Rules]]:
    yield path, rules
    inner = rules.get("schema")
    if isinstance(inner, Mapping) and holds_fields(inner):
        yield from walk_rules(inner, path)
    elif isinstance(inner, Mapping):
        yield from _walk_one(inner, (*path, "[]"))
    if isinstance(rules.get("valuesrules"), Mapping):
        yield from _walk_one(rules["valuesrules"], (*path, "<key>"))
    items = rules.get("items")
    if isinstance(items, Sequence):
        for number, item in enumerate(items):
            if isinstance(item, Mapping):
                yield from _walk_one(item, (*path, number))
