"""Scripts, script functions and templates: what is written in text must at least be readable."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib.resources import files

from crmcore.characteristics.soundness import rule_fault
from crmcore.errors import Problem
from crmcore.hooks import ScriptFunction, Template
from crmcore.labels import Label
from crmcore.registry.collect import Declarations
from crmcore.registry.discovery import describe
from crmcore.scripting import ScriptError
from crmcore.scripting.texts import Channel


def check_texts(declarations: Declarations) -> list[Problem]:
    """Return the problems of rules, script functions and templates."""
    problems: list[Problem] = []
    for item in declarations.of("crm_characteristics"):
        for kind in ("validate", "compute", "on_change"):
            problems += _check_rule(item.plugin, "crm_characteristics", item.value.key, kind, getattr(item.value, kind))
    for item in declarations.of("crm_state_tables"):
        for step in item.value.transitions:
            problems += _check_rule(
                item.plugin, "crm_state_tables", f"{item.value.name} {step.source} → {step.target}", "guard", step.guard
            )
    for item in declarations.of("crm_script_functions"):
        reason = _function_reason(item.value)
        if reason:
            params = {"name": item.value.name, "reason": reason}
            problems.append(
                Problem(
                    code="SCRIPT_FUNCTION_INVALID", plugin=item.plugin, hook="crm_script_functions", object=item.value.name, params=params
                )
            )
    for item in declarations.of("crm_templates"):
        problems += _check_template(item.plugin, item.value)
    return problems


def _check_rule(plugin: str, hook: str, thing: str, kind: str, text: str | None) -> Iterator[Problem]:
    if text is None:
        return
    fault = rule_fault(text)
    if fault is not None:
        line, column, reason = fault
        params = {"kind": kind, "object": thing, "line": line, "column": column, "reason": reason}
        yield Problem(code="SCRIPT_INVALID", plugin=plugin, hook=hook, object=thing, params=params)


def _function_reason(function: ScriptFunction) -> str:
    if not callable(function.fn):
        return f"expected a function, got {type(function.fn).__name__}"
    try:
        parameters = inspect.signature(function.fn).parameters.values()
    except (TypeError, ValueError):
        return "its signature cannot be read"
    open_ended = [p.name for p in parameters if p.kind in {p.VAR_POSITIONAL, p.VAR_KEYWORD}]
    return f"it takes an open number of arguments ({', '.join(open_ended)})" if open_ended else ""


def _check_template(plugin: str, template: Template) -> Iterator[Problem]:
    # Imported here: most deployments have no templates at start, and jinja2 is not cheap to import.
    from crmcore.scripting.texts.environment import Compiler  # noqa: PLC0415

    line, reason = 0, Label("", "")
    try:
        source = files(template.package).joinpath(template.path).read_text("utf-8")
        Compiler().compile(source, Channel.TEXT)
    except ScriptError as error:
        line, reason = error.line, error.text
    except (OSError, UnicodeDecodeError, ModuleNotFoundError) as error:
        reason = Label(describe(error), describe(error))
    if reason.en:
        params = {"name": template.name, "line": line, "reason": reason}
        yield Problem(code="TEMPLATE_INVALID", plugin=plugin, hook="crm_templates", object=template.name, params=params)
