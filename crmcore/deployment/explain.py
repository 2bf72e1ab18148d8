"""Turn the errors of Cerberus into problems that a person can act on."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import attrs
from cerberus import errors as cerberus_errors

from crmcore.deployment.messages import REASONS, config_problem
from crmcore.deployment.places import KeyPath, Source
from crmcore.deployment.rules import CHECK_FAILED, NOT_FINITE, Rules, fields_at, rules_at
from crmcore.errors import Problem

HIDDEN: Final = "***"
_LONGEST: Final = 80
_LISTED: Final = 12

# Cerberus' errors have no types.
CerberusError = Any

_TYPES_IT: Final = {
    "binary": "byte",
    "boolean": "vero o falso",
    "container": "contenitore",
    "date": "data",
    "datetime": "data e ora",
    "dict": "chiavi e valori",
    "float": "numero",
    "integer": "numero intero",
    "list": "elenco",
    "number": "numero",
    "set": "insieme",
    "string": "testo",
}
_TYPES_EN: Final = {
    "boolean": "true or false",
    "dict": "keys and values",
    "float": "number",
    "integer": "whole number",
    "string": "text",
}


def type_text(rules: Rules, lang: str) -> str:
    """Return the types that a rules set names, in words."""
    named = rules.get("type")
    kinds = [named] if isinstance(named, str) else list(named or ())
    words = _TYPES_IT if lang == "it" else _TYPES_EN
    return (" o " if lang == "it" else " or ").join(words.get(kind, kind) for kind in kinds) or ("un valore" if lang == "it" else "a value")


def shown(value: object) -> str:
    """Return a value as it appears in a message: short, on one line."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def nearest(name: object, known: Iterable[object]) -> dict[str, str]:
    """Return the hint of an unknown name in both languages: the nearest known one, or the known ones when nothing is near."""
    names = [str(each) for each in known]
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    if close:
        return {"hint": f", did you mean {close[0]!r}?", "hint_it": f", forse {close[0]!r}?"}
    if not names:
        return {"hint": "", "hint_it": ""}
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    return {"hint": f"; known: {listed}", "hint_it": f"; previsti: {listed}"}


def _expected(constraint: object) -> str:
    if isinstance(constraint, Iterable) and not isinstance(constraint, str | bytes | Mapping):
        return ", ".join(str(each) for each in constraint)
    return str(constraint)


def _of_constraint(reason: str) -> Callable[[CerberusError, str], tuple[str, dict[str, object]]]:
    return lambda error, value: (reason, {"value": value, "expected": _expected(error.constraint)})


def _of_unallowed(error: CerberusError, value: str) -> tuple[str, dict[str, object]]:
    hint = nearest(error.value, error.constraint) if isinstance(error.value, str) else {}
    # The allowed values are in the message already; only a near one is worth repeating.
    near = hint if "did you mean" in hint.get("hint", "") else {}
    return "allowed", {"value": value, "expected": _expected(error.constraint), **near}


def _of_custom(error: CerberusError, value: str) -> tuple[str, dict[str, object]]:
    return "custom", {"value": value, "error": _expected(error.info[:1])}


def _of_info(reason: str) -> Callable[[CerberusError, str], tuple[str, dict[str, object]]]:
    return lambda error, value: (reason, {"value": value, "error": _expected(error.info[:1])})


_E = cerberus_errors
_REASONS: Final[Mapping[int, Callable[[CerberusError, str], tuple[str, dict[str, object]]]]] = {
    _E.CUSTOM.code: _of_custom,
    _E.REQUIRED_FIELD.code: lambda _, value: ("required", {"value": value}),
    _E.DEPENDENCIES_FIELD.code: _of_constraint("depends"),
    _E.DEPENDENCIES_FIELD_VALUE.code: _of_constraint("depends"),
    _E.EXCLUDES_FIELD.code: _of_constraint("excludes"),
    _E.EMPTY_NOT_ALLOWED.code: lambda _, value: ("empty", {"value": value}),
    _E.ITEMS_LENGTH.code: lambda error, value: ("length", {"value": value, "expected": len(error.constraint)}),
    _E.MIN_LENGTH.code: _of_constraint("shortest"),
    _E.MAX_LENGTH.code: _of_constraint("longest"),
    _E.REGEX_MISMATCH.code: _of_constraint("pattern"),
    _E.MIN_VALUE.code: _of_constraint("minimum"),
    _E.MAX_VALUE.code: _of_constraint("maximum"),
    _E.UNALLOWED_VALUE.code: _of_unallowed,
    _E.UNALLOWED_VALUES.code: _of_unallowed,
    _E.FORBIDDEN_VALUE.code: lambda _, value: ("forbidden", {"value": value}),
    _E.FORBIDDEN_VALUES.code: lambda _, value: ("forbidden", {"value": value}),
    _E.MISSING_MEMBERS.code: _of_constraint("members"),
    _E.COERCION_FAILED.code: _of_info("convert"),
    _E.SETTING_DEFAULT_FAILED.code: _of_info("convert"),
    _E.RENAMING_FAILED.code: _of_info("convert"),
    _E.READONLY_FIELD.code: lambda _, value: ("read_only", {"value": value}),
    _E.NONEOF.code: lambda _, value: ("excluded", {"value": value}),
    NOT_FINITE.code: lambda _, value: ("not_finite", {"value": value}),
    CHECK_FAILED.code: _of_info("check_failed"),
}


@attrs.frozen
class Explainer:
    """Explain the errors of one validation: what was looked at, by which schema, from where."""

    schema: Mapping[str, Rules]
    source: Source
    plugin: str | None = None
    hidden: frozenset[KeyPath] = frozenset()
    """Paths whose values are secrets."""

    def problems(self, errors: Iterable[CerberusError]) -> list[Problem]:
        """Return one problem for each fault, in the order of the file."""
        found: dict[tuple[KeyPath, str], tuple[tuple[int, int], Problem]] = {}
        every = list(flat(errors))
        unconverted = {tuple(error.document_path) for error in every if error.code == _E.COERCION_FAILED.code}
        for error in every:
            path = tuple(error.document_path)
            if path in unconverted and error.code != _E.COERCION_FAILED.code:
                continue  # what else is wrong with a value that could not be converted says nothing new
            problem = self._problem(error, path)
            mark = self.source.mark(path, key=_at_key(error))
            found.setdefault((path, str(problem.params["kind"])), ((mark.line, mark.column) if mark else (0, 0), problem))
        return [problem for _, problem in sorted(found.values(), key=lambda entry: (entry[0], str(entry[1].params["path"])))]

    def _problem(self, error: CerberusError, path: KeyPath) -> Problem:
        place = self.source.place(path, key=_at_key(error))
        reason, params = self._reason(error, path)
        return config_problem(reason, place=place, path=self.source.dotted(path), plugin=self.plugin, **params)

    def _reason(self, error: CerberusError, path: KeyPath) -> tuple[str, dict[str, Any]]:
        secret = any(path[: len(each)] == each for each in self.hidden)
        value = HIDDEN if secret else shown(error.value)
        rules = rules_at(self.schema, path) or {}
        if error.code == _E.UNKNOWN_FIELD.code:
            # The value of an unknown key may be a secret whose name was misspelt.
            return "unknown", {"value": HIDDEN, **nearest(path[-1], fields_at(self.schema, path[:-1]))}
        if error.code in {_E.BAD_TYPE.code, _E.BAD_TYPE_FOR_SCHEMA.code, _E.NOT_NULLABLE.code}:
            named = {"type": error.constraint} if error.rule == "type" else rules
            reason = "null" if error.code == _E.NOT_NULLABLE.code else "type"
            return reason, {"value": value, "expected": type_text(named, "en"), "expected_it": type_text(named, "it")}
        if error.code in {_E.ANYOF.code, _E.ONEOF.code, _E.ALLOF.code}:
            return self._alternatives(error, path, value)
        if error.code in {_E.COERCION_FAILED.code, CHECK_FAILED.code} and secret:
            # What the conversion says often quotes the value.
            return ("convert" if error.code == _E.COERCION_FAILED.code else "check_failed"), {"value": value, "error": HIDDEN}
        make = _REASONS.get(error.code)
        return make(error, value) if make else ("custom", {"value": value, "error": str(error.rule)})

    def _alternatives(self, error: CerberusError, path: KeyPath, value: str) -> tuple[str, dict[str, Any]]:
        inner = list(flat(error.child_errors))
        if not inner:
            return "ambiguous", {"value": value}
        texts: dict[str, list[str]] = {"en": [], "it": []}
        for child in inner:
            reason, params = self._reason(child, path)
            for number, lang in enumerate(texts):
                text = REASONS[reason][number].format_map({"hint": "", "hint_it": "", "expected_it": "", **params})
                if text not in texts[lang]:
                    texts[lang].append(text)
        return "alternatives", {"value": value, "expected": "; ".join(texts["en"]), "expected_it": "; ".join(texts["it"])}


def flat(errors: Iterable[CerberusError]) -> Iterator[CerberusError]:
    """Yield the errors that say something themselves: groups are only the way to them, alternatives are one error."""
    for error in errors:
        if error.is_group_error and not error.is_logic_error:
            yield from flat(error.child_errors)
        else:
            yield error


def _at_key(error: CerberusError) -> bool:
    return bool(error.code == _E.UNKNOWN_FIELD.code)
