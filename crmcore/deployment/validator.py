"""Validate configuration against the schema of its owner, and schemas against what a deployment needs of them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs
from cerberus import SchemaError

from crmcore.deployment.explain import Explainer, shown, type_text
from crmcore.deployment.messages import config_problem
from crmcore.deployment.places import KeyPath, Source, dotted
from crmcore.deployment.reference import KeyRow, describe, sample, sample_values
from crmcore.deployment.rules import ConfigValidator, Rules, compiled, rules_at, thawed, walk_rules
from crmcore.deployment.secrets import REFERENCE, Secret, SecretMissingError, SecretSource, references
from crmcore.errors import Problem
from crmcore.hooks import ConfigSchema, Label

__all__ = ["ConfigValidator", "KeyRow", "check_schema", "describe", "frozen", "resolve", "sample", "sample_values"]

_EMPTY: Final[Mapping[str, object]] = MappingProxyType({})
_UNSUPPORTED: Final = ("default_setter", "rename", "rename_handler", "purge_unknown")
"""Rules that change a document behind the back of whoever wrote it, or that a sample cannot show."""


def resolve(
    schema: ConfigSchema,
    given: Mapping[str, object] | None,
    place: str | Source = "settings",
    *,
    plugin: str | None = None,
    secrets: SecretSource | None = None,
) -> tuple[Mapping[str, object], list[Problem]]:
    """Return settings with defaults filled in, and every problem found; with problems, the settings are empty.

    The result is read-only all the way down, and the values that the schema marks as secret are `Secret`. ``place`` says where ``given``
    came from: a name, or a `Source` with the lines of a file. References like ``${env:NAME}`` are looked up in ``secrets``, by default in
    the
    environment of the process and in files relative to the current folder.
    """
    source = Source(place) if isinstance(place, str) else place
    if given is not None and not isinstance(given, Mapping):
        params = {"expected": type_text({"type": "dict"}, "en"), "expected_it": type_text({"type": "dict"}, "it"), "value": shown(given)}
        path = source.dotted(()) or plugin or "settings"
        return _EMPTY, [config_problem("type", place=source.place(()), path=path, plugin=plugin, **params)]
    document = {key: thawed(value) for key, value in (given or {}).items()}
    hidden = frozenset(_secret_paths(schema.schema, document))
    problems = _expand_references(document, hidden, source, secrets or SecretSource(), plugin)
    unresolved = {str(problem.params["path"]) for problem in problems}
    validator = ConfigValidator(compiled(schema.schema))
    explainer = Explainer(schema.schema, source, plugin, hidden)
    try:
        validator.validate(document)
    except (TypeError, AttributeError, KeyError) as error:
        # Cerberus puts values into sets: a mapping where `contains` or `forbidden` expects plain values breaks it.
        problems.append(
            config_problem("custom", place=source.place(()), path=source.dotted(()) or "settings", plugin=plugin, error=repr(error))
        )
    else:
        problems += [each for each in explainer.problems(validator._errors) if each.params["path"] not in unresolved]  # noqa: SLF001 - Cerberus' documented way to the errors
    if problems:
        return _EMPTY, problems
    settings = {key: _sealed(value, schema.schema, (key,)) for key, value in validator.document.items()}
    return MappingProxyType(settings), []


def frozen(value: object) -> object:
    """Return a value that cannot be changed: mappings read-only, lists as tuples, sets frozen."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: frozen(inner) for key, inner in value.items()})
    if isinstance(value, list | tuple):
        return tuple(frozen(inner) for inner in value)
    if isinstance(value, set | frozenset):
        return frozenset(value)
    return value


def _sealed(value: object, schema: Mapping[str, Rules], path: KeyPath) -> object:
    """Freeze a value, and wrap the secrets in it."""
    if value is not None and (rules_at(schema, path) or {}).get("secret") is True:
        return Secret(frozen(value))
    if isinstance(value, Mapping):
        return MappingProxyType({key: _sealed(inner, schema, (*path, key)) for key, inner in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_sealed(inner, schema, (*path, number)) for number, inner in enumerate(value))
    return frozen(value)


def _leaves(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    yield path, value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))


def _secret_paths(schema: Mapping[str, Rules], document: Mapping[str, object]) -> Iterator[KeyPath]:
    for path, _ in _leaves(document):
        if path and (rules_at(schema, path) or {}).get("secret") is True:
            yield path


def _expand_references(
    document: dict[str, Any],
    hidden: frozenset[KeyPath],
    source: Source,
    secrets: SecretSource,
    plugin: str | None,
) -> list[Problem]:
    """Replace references in place, where the schema marks a secret; return what could not be, or may not."""
    problems = []
    for path, value in list(_leaves(document)):
        if not isinstance(value, str) or not REFERENCE.search(value):
            continue
        params: dict[str, object] = {"place": source.place(path), "path": source.dotted(path), "reference": references(value)[0]}
        if not any(path[: len(each)] == each for each in hidden):
            problems.append(Problem(code="SECRET_REFUSED", params=params, plugin=plugin))
            continue
        holder: Any = document
        for part in path[:-1]:
            holder = holder[part]
        try:
            holder[path[-1]] = secrets.expand(value)
        except SecretMissingError as error:
            problems.append(Problem(code="SECRET_MISSING", params={**params, "reference": error.args[0]}, plugin=plugin))
    return problems


@attrs.frozen
class _SchemaCheck:
    """Collect what is wrong with the schema of one plugin."""

    plugin: str
    problems: list[Problem] = attrs.field(factory=list)

    def found(self, path: KeyPath, reason: str) -> None:
        where = _rules_path(path)
        self.problems.append(
            Problem(
                code="CONFIG_SCHEMA",
                params={"reason": f"{where}: {reason}" if where else reason},
                plugin=self.plugin,
                hook="crm_configuration",
                object=where or None,
            ),
        )


def _rules_path(path: KeyPath) -> str:
    return dotted(path).replace(".[]", "[]")


def check_schema(plugin: str, schema: ConfigSchema) -> list[Problem]:
    """Return what is wrong with the configuration schema of a plugin: one `CONFIG_SCHEMA` problem for each fault.

    It must be a schema of Cerberus; every key has a `Label` and a help text; patterns compile; every default passes the rules of its key;
    a secret has no default; a required key has a default or a value that a sample can show.
    """
    check = _SchemaCheck(plugin)
    if not isinstance(schema.schema, Mapping):
        check.found((), f"it must be a mapping, got {type(schema.schema).__name__}")
        return check.problems
    for name, rules in schema.schema.items():
        # What a plugin hands over is not what the types say.
        if type(name) is not str or not isinstance(rules, Mapping):
            check.found((str(name),), "a key is text, and its rules are a mapping")
    if check.problems:
        return check.problems
    for path, rules in walk_rules(schema.schema):
        _check_rules(check, path, rules)
    if _check_cerberus(check, schema):
        _check_values(check, schema)
    return check.problems


def _check_rules(check: _SchemaCheck, path: KeyPath, rules: Rules) -> None:
    # Elements of a list and values of an open mapping are described by the key that holds them.
    if not isinstance(path[-1], int) and path[-1] not in {"[]", "<key>"}:
        label, text = rules.get("label"), rules.get("help")
        if not isinstance(label, Label) or not label.it.strip() or not label.en.strip():
            check.found(path, "`label` must be a Label with both languages")
        if not isinstance(text, str) or not text.strip():
            check.found(path, "`help` must be a sentence")
    for rule in _UNSUPPORTED:
        if rule in rules:
            check.found(path, f"`{rule}` is not supported")
    if rules.get("secret") is True and rules.get("default") not in {None, ""}:
        check.found(path, "a secret has no default: it would be printed in the reference")
    pattern = rules.get("regex")
    if isinstance(pattern, str):
        try:
            re.compile(pattern)
        except re.error as error:
            check.found(path, f"`regex` does not compile: {error}")


def _check_cerberus(check: _SchemaCheck, schema: ConfigSchema) -> bool:
    try:
        compiled(schema.schema)
    except SchemaError as error:
        check.found((), f"Cerberus refuses it: {error}")
    except (TypeError, ValueError, AttributeError, KeyError, RuntimeError) as error:
        # Cerberus trips over shapes that it does not expect instead of refusing them.
        check.found((), f"Cerberus cannot read it: {error!r}")
    else:
        return True
    return False


def _check_values(check: _SchemaCheck, schema: ConfigSchema) -> None:
    """Check that defaults pass their own rules, and that a sample can be written."""
    before = len(check.problems)
    for path, rules in walk_rules(schema.schema):
        if rules.get("default") is not None:
            _check_value(check, path, rules, "default")
        if rules.get("example") is not None:
            _check_value(check, path, rules, "example")
    if len(check.problems) == before:
        _, problems = resolve(schema, sample_values(schema), "sample")
        for problem in problems:
            check.found(
                (),
                f"a sample cannot be written: {problem.params['path']} {problem.params.get('reason', '')}; "
                "give the key a `default` or an `example`",
            )


def _check_value(check: _SchemaCheck, path: KeyPath, rules: Rules, name: str) -> None:
    beside = ("default", "required", "dependencies", "excludes", "example")
    alone = {rule: constraint for rule, constraint in rules.items() if rule not in beside}
    key = str(path[-1])
    value = copy.deepcopy(rules[name])
    _, problems = resolve(ConfigSchema({key: alone}), {key: value}, name)
    for problem in problems:
        check.found(path, f"its {name} {shown(value)} does not pass its own rules: {problem.params.get('reason', problem.text())}")
