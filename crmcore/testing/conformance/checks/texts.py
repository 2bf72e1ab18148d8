"""What is written in text: templates, rules, script functions, field types, labels, error messages, commands."""

from __future__ import annotations

import importlib
import inspect
import json
import string
import typing
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any, Final

from crmcore.errors import Problem
from crmcore.hooks import CharacteristicDef, FieldType, Label, ScriptFunction, StateTable, Template
from crmcore.model import Entity
from crmcore.registry.discovery import describe
from crmcore.scripting import ScriptError
from crmcore.scripting.templates import Missing, Templates
from crmcore.scripting.worker import ENGINES, InProcess
from crmcore.session import Session
from crmcore.testing.conformance.subject import Subject

_AWKWARD: Final[tuple[object, ...]] = (
    None,
    "",
    " ",
    "abc",
    "però €",
    "0",
    "12,50",
    0,
    -1,
    2**70,
    1.5,
    float("nan"),
    True,
    [],
    {},
    b"\0",
    object(),
)


def templates(subject: Subject) -> Iterator[Problem]:
    """Render each template with every field missing, within limits of time and size."""
    for template in subject.registry.templates.values():
        if not template.name.startswith(f"{subject.name}."):
            continue
        reason = _render(template)
        if reason:
            yield subject.problem("KIT_TEMPLATE", template.name, hook="crm_templates", name=template.name, reason=reason)


def _render(template: Template) -> str:
    """Return why a template does not render, or nothing."""
    source = files(template.package).joinpath(template.path).read_text("utf-8")
    try:
        Templates(InProcess(ENGINES)).render(source, {}, missing=Missing.BLANK)
    except ScriptError as error:
        return f"line {error.line}: {error.message}"
    return ""


def scripts(subject: Subject) -> Iterator[Problem]:
    """Keep script functions to plain arguments; what rules are made of is checked by the start."""
    for function in subject.registry.script_functions.values():
        if function.name.startswith(f"{subject.name}."):
            for parameter, found in _odd_parameters(function):
                params = {"name": function.name, "parameter": parameter, "found": found}
                yield subject.problem("KIT_SCRIPT_FUNCTION", function.name, hook="crm_script_functions", **params)


def _own_characteristics(subject: Subject) -> Iterable[CharacteristicDef]:
    prefix = f"{subject.name}_"
    return [each for group in subject.registry.characteristics.values() for each in group.values() if each.key.startswith(prefix)]


def _own_state_tables(subject: Subject) -> Iterable[StateTable]:
    return [table for table in subject.registry.state_tables.values() if table.name.startswith(f"{subject.name}.")]


def _odd_parameters(function: ScriptFunction) -> Iterator[tuple[str, str]]:
    try:
        hints = typing.get_type_hints(function.fn)
    except (NameError, TypeError):
        return  # names that exist for type checkers only say nothing here
    for name in inspect.signature(function.fn).parameters:
        for kind in _types(hints.get(name)):
            if kind in {Session, Any} or (isinstance(kind, type) and issubclass(kind, Entity | Session)):
                yield name, getattr(kind, "__name__", str(kind))


def _types(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 - any annotation
    yield annotation
    for each in typing.get_args(annotation):
        yield from _types(each)


def state_tables(subject: Subject) -> Iterator[Problem]:
    """Require fields that exist; that states, defaults and transitions are sound is checked by the start."""
    for table in _own_state_tables(subject):
        cls = subject.registry.entities[table.entity]
        known = {*cls.__table__.columns.keys(), *subject.registry.characteristics.get(table.entity, {})}
        for step in table.transitions:
            for field in step.required_fields:
                if field not in known:
                    params = {"table": table.name, "step": f"{step.source} → {step.target}", "field": field, "entity": table.entity}
                    yield subject.problem("KIT_STATE_FIELD", table.name, hook="crm_state_tables", **params)


def field_types(subject: Subject) -> Iterator[Problem]:
    """Refuse what does not fit by ValueError alone, give JSON, and leave unchanged what was normalised once."""
    for kind in subject.registry.field_types.values():
        if kind.name.startswith(f"{subject.name}."):
            # The first value of each fault tells as much as all of them.
            reasons = dict(reversed(list(_odd_results(kind))))
            for reason in reasons.values():
                yield subject.problem("KIT_FIELD_TYPE", kind.name, hook="crm_field_types", name=kind.name, reason=reason)


def _odd_results(kind: FieldType) -> Iterator[tuple[str, str]]:
    """Yield (fault, sentence) for each awkward value."""
    for value in _AWKWARD:
        try:
            stored = kind.normalise(value)
            json.dumps(stored, allow_nan=False)
            again = kind.normalise(stored)
            shown = kind.display(stored)
        except ValueError:
            continue  # refused, or NaN, which is refused by JSON
        except Exception as error:  # noqa: BLE001 - a normaliser is foreign code: whatever it raises is reported with its name
            yield type(error).__name__, f"{value!r:.40} raised {describe(error)}"
            continue
        if again != stored:
            yield "changes", f"{value!r:.40} becomes {stored!r:.40}, and that becomes {again!r:.40}"
        if not isinstance(shown, str):
            yield "display", f"display gives {type(shown).__name__}"


def texts(subject: Subject) -> Iterator[Problem]:
    """Say what users read in Italian and in English, with the same parameters."""
    for hook, thing, label in _labels(subject):
        for lang in ("it", "en"):
            if not label.text(lang).strip():
                yield subject.problem("KIT_TEXT", thing, hook=hook, object=thing, reason=f"its label is empty in {lang}")
    for code in subject.registry.error_codes.values():
        if not code.code.startswith(f"{subject.name.upper()}_"):
            continue
        for reason in _code_reasons(code.it, code.en, code.help):
            yield subject.problem("KIT_TEXT", code.code, hook="crm_error_codes", object=code.code, reason=reason)


def _labels(subject: Subject) -> Iterator[tuple[str, str, Label]]:
    for definition in _own_characteristics(subject):
        yield "crm_characteristics", definition.key, definition.label
        for choice in definition.choices:
            yield "crm_characteristics", f"{definition.key} {choice.code}", choice.label
    for table in _own_state_tables(subject):
        yield "crm_state_tables", table.name, table.label
        for state in table.states:
            yield "crm_state_tables", f"{table.name} {state.code}", state.label
    for permission in subject.registry.permissions.values():
        if permission.name.startswith(f"{subject.name}."):
            yield "crm_permissions", permission.name, permission.label
    for kind in subject.registry.field_types.values():
        if kind.name.startswith(f"{subject.name}."):
            yield "crm_field_types", kind.name, kind.label


def _code_reasons(italian: str, english: str, advice: str) -> Iterator[str]:
    if not italian.strip() or not english.strip():
        yield "its message is missing in one language"
    elif _parameters(italian) != _parameters(english):
        yield f"the languages show different parameters: {sorted(_parameters(italian))} and {sorted(_parameters(english))}"
    if not advice.strip():
        yield "it does not say what to do"


def _parameters(template: str) -> set[str]:
    return {name.partition(".")[0].partition("[")[0] for _, name, _, _ in string.Formatter().parse(template) if name}


def commands(subject: Subject) -> Iterator[Problem]:
    """Import the target of each command: it is a click command, and says what it does."""
    from click import Command  # only this check needs it

    for command in subject.registry.commands.get(subject.name, ()):
        reason = ""
        module, _, name = command.target.partition(":")
        try:
            target = getattr(importlib.import_module(module), name)
        except Exception as error:  # noqa: BLE001 - importing runs foreign code: whatever it raises is reported with the command
            reason = f"{command.target} cannot be imported: {describe(error)}"
        else:
            if not isinstance(target, Command):
                reason = f"{command.target} is {type(target).__name__}, not a click command"
            elif not (target.help or command.help).strip():
                reason = "it has no help text"
        if reason:
            yield subject.problem("KIT_COMMAND", command.name, hook="crm_commands", name=command.name, reason=reason)
