"""What a schema says to people: the rows of the reference, and a sample to start from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import attrs

from crmcore.deployment.explain import type_text
from crmcore.deployment.places import dotted
from crmcore.deployment.rules import Rules, holds_fields, walk_rules
from crmcore.hooks import ConfigSchema, Label

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[ /.-][A-Za-z0-9_]+)*")
_NOT_TEXT: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_WIDE: Final = 0xFFFF
_PLACEHOLDERS: Final[Mapping[str, object]] = {
    "boolean": False,
    "date": date(2000, 1, 1),
    "dict": {},
    "float": 0,
    "integer": 0,
    "list": [],
    "number": 0,
    "string": "…",
}


@attrs.frozen(kw_only=True)
class KeyRow:
    """Describe one key of a configuration, for the reference."""

    path: str
    type: str
    default: object
    required: bool
    secret: bool
    label: Label
    help: str


def describe(schema: ConfigSchema) -> list[KeyRow]:
    """Return a row for each key, in the order of the schema; ``slots[].hour`` is a key of each element, ``rates.<key>`` each value."""
    return [
        KeyRow(
            path=dotted(path).replace(".[]", "[]"),
            type=_type_of(rules),
            default=None if rules.get("secret") else rules.get("default"),
            required=bool(rules.get("required", False)),
            secret=bool(rules.get("secret", False)),
            label=rules.get("label") or Label("", ""),
            help=str(rules.get("help", "")),
        )
        for path, rules in walk_rules(schema.schema)
        if "label" in rules or "help" in rules
    ]


def _type_of(rules: Rules) -> str:
    if rules.get("allowed"):
        return "one of " + ", ".join(str(each) for each in rules["allowed"])
    text = type_text(rules, "en")
    inner = rules.get("schema")
    if rules.get("type") == "list" and isinstance(inner, Mapping) and not holds_fields(inner):
        text = f"list of {_type_of(inner)}"
    bounds = [f"{words} {rules[name]}" for name, words in (("min", "at least"), ("max", "at most")) if name in rules]
    return f"{text}, {' and '.join(bounds)}" if bounds else text


def sample_values(schema: ConfigSchema) -> dict[str, object]:
    """Return what the sample sets: defaults, and something that fits for required keys without one."""
    return {name: _value_of(rules) for name, rules in schema.schema.items() if _is_set(rules)}


def _is_set(rules: Rules) -> bool:
    return rules.get("default") is not None or bool(rules.get("required")) or _has_set_fields(rules)


def _has_set_fields(rules: Rules) -> bool:
    inner = rules.get("schema")
    return isinstance(inner, Mapping) and holds_fields(inner) and any(_is_set(each) for each in inner.values())


def _value_of(rules: Rules) -> object:
    for name in ("default", "example"):
        if rules.get(name) is not None:
            return rules[name]
    if rules.get("allowed"):
        return next(iter(rules["allowed"]))
    if _has_set_fields(rules):
        return {name: _value_of(each) for name, each in rules["schema"].items() if _is_set(each)}
    if "min" in rules:
        return rules["min"]
    kind = rules.get("type", "string")
    value = _PLACEHOLDERS.get(kind if isinstance(kind, str) else next(iter(kind)), "…")
    shortest = rules.get("minlength", 0)
    return value * shortest if isinstance(value, str) and shortest > 1 else value


def sample(schema: ConfigSchema, lang: str = "it") -> str:
    """Return a commented YAML sample: defaults are set, optional keys without one are commented out.

    It passes `resolve` as it is, for a schema without problems (`check_schema`). Labels are in ``lang``.
    """
    return "".join(f"{line}\n" for line in _sample_lines(schema.schema, lang, ""))


def _sample_lines(fields: Mapping[str, Rules], lang: str, indent: str) -> Iterator[str]:
    for number, (name, rules) in enumerate(fields.items()):
        if number and not indent:
            yield ""
        yield from _comment(rules, lang, indent)
        default = rules.get("default")
        if default is None and _has_set_fields(rules):
            yield f"{indent}{scalar(name)}:"
            yield from _sample_lines(rules["schema"], lang, indent + "  ")
        elif _is_set(rules):
            yield f"{indent}{scalar(name)}: {flow(_value_of(rules))}"
        else:
            example = "${env:NAME}" if rules.get("secret") else flow(_value_of(rules))
            yield f"{indent}# {scalar(name)}: {example}"


def _comment(rules: Rules, lang: str, indent: str) -> Iterator[str]:
    label = rules.get("label")
    head = label.text(lang) if isinstance(label, Label) else ""
    facts = [_type_of(rules)]
    if rules.get("required"):
        facts.append("obbligatorio" if lang == "it" else "required")
    if rules.get("secret"):
        facts.append("segreto: ${env:NOME} o ${file:percorso}" if lang == "it" else "secret: ${env:NAME} or ${file:path}")
    lines = f"{head} ({'; '.join(facts)})\n{rules.get('help', '')}".strip().splitlines()
    yield from (f"{indent}# {line}".rstrip() for line in lines)


def flow(value: Any) -> str:  # noqa: ANN401 - any value that YAML can hold
    """Return a value in YAML's flow style, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return scalar(value)


def scalar(value: object) -> str:
    """Return one value as YAML: text plain where that is safe, quoted otherwise."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT
        return value if plain else f'"{"".join(_escaped(each) for each in value)}"'
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value)


def _escaped(character: str) -> str:
    """Return a character as YAML writes it between double quotes; JSON would split those beyond 16 bits in two."""
    if character in {'"', "\\"}:
        return f"\\{character}"
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if ord(character) <= _WIDE else f"\\U{ord(character):08x}"
