"""Scripts, script functions and templates: what is written in text must at least be readable."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Collection, Iterator
from importlib.resources import files

import attrs

from crmcore.characteristics.rulebook import KINDS, inputs_of
from crmcore.errors import Problem
from crmcore.events import WeekdayCalendar
from crmcore.hooks import ScriptFunction, Template
from crmcore.labels import Label
from crmcore.registry.collect import Declarations
from crmcore.registry.discovery import describe
from crmcore.scripting import Catalogue, ScriptError, check
from crmcore.scripting.host import catalogue_of, script_problem
from crmcore.scripting.texts import Channel


def check_texts(declarations: Declarations) -> list[Problem]:
    """Return the problems of rules, script functions and templates."""
    problems = list(_check_rules(declarations))
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


def _check_rules(declarations: Declarations) -> Iterator[Problem]:
    functions = [item.value for item in declarations.of("crm_script_functions") if not _function_reason(item.value)]
    catalogue = catalogue_of(functions, WeekdayCalendar())
    keys: dict[str, set[str]] = defaultdict(set)
    for item in declarations.of("crm_characteristics"):
        keys[item.value.entity].add(item.value.key)
    for item in declarations.of("crm_characteristics"):
        for kind in KINDS:
            text, inputs = getattr(item.value, kind), inputs_of(kind, keys[item.value.entity])
            yield from _check_rule(item.plugin, "crm_characteristics", item.value.key, kind, text, catalogue, inputs)
    named = {each.name for each in functions}
    for item in declarations.of("crm_state_tables"):
        for step in item.value.transitions:
            if step.guard not in named:
                # The fields of its entity are known once all entities are: what is missing is told when the step is taken.
                thing = f"{item.value.name} {step.source} → {step.target}"
                yield from _check_rule(item.plugin, "crm_state_tables", thing, "guard", step.guard, catalogue, None)


def _check_rule(
    plugin: str, hook: str, thing: str, kind: str, text: str | None, catalogue: Catalogue, inputs: Collection[str] | None
) -> Iterator[Problem]:
    if text is None:
        return
    try:
        check(text, catalogue, inputs, effects=kind == "on_change")
    except ScriptError as error:
        yield attrs.evolve(script_problem(kind, thing, error), plugin=plugin, hook=hook, object=thing)


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
