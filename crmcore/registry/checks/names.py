"""Names: each carries its owner's prefix, is well formed, and has one owner."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from crmcore.errors import CATALOGUE, Problem
from crmcore.registry.collect import Declarations, Declared

_DOTTED: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_COMMAND: Final = re.compile(r"[a-z][a-z0-9-]*")


@attrs.frozen
class _Naming:
    kind: str
    name: Callable[[Any], str]
    prefix: Callable[[str], str]
    pattern: re.Pattern[str] = _DOTTED
    expected: str = "lower-case words joined by dots"
    scope: Callable[[Declared], object] = lambda _: None
    """What a name is unique in, besides its kind."""


def _dotted(plugin: str) -> str:
    return f"{plugin}."


_NAMINGS: Final[Mapping[str, _Naming]] = {
    "crm_characteristics": _Naming(
        "characteristic",
        lambda value: value.key,
        lambda plugin: f"{plugin}_",
        _KEY,
        "lower-case letters, digits and underscores",
        lambda item: item.value.entity,
    ),
    "crm_field_types": _Naming("field type", lambda value: value.name, _dotted),
    "crm_state_tables": _Naming("state table", lambda value: value.name, _dotted),
    "crm_permissions": _Naming("permission", lambda value: value.name, _dotted),
    "crm_script_functions": _Naming("script function", lambda value: value.name, _dotted),
    "crm_templates": _Naming("template", lambda value: value.name, _dotted),
    "crm_events": _Naming("event", lambda value: value.TYPE, _dotted),
    "crm_configurables": _Naming("configurable collection", lambda value: value.name, _dotted),
    "crm_contributions": _Naming("kind of contribution", lambda value: value.name, _dotted),
    "crm_change_kinds": _Naming("kind of mass change", lambda value: value.name, _dotted),
    "crm_jobs": _Naming("job", lambda value: value.name, _dotted),
    "crm_handlers": _Naming("handler", lambda value: value.key, lambda _: "", _KEY, "a lower-case identifier", lambda item: item.plugin),
    "crm_commands": _Naming(
        "command",
        lambda value: value.name,
        lambda _: "",
        _COMMAND,
        "lower-case words joined by hyphens",
        lambda item: "" if item.value.top else item.plugin,
    ),
    "crm_error_codes": _Naming(
        "error code", lambda value: value.code, lambda plugin: f"{plugin.upper()}_", _CODE, "capital letters and underscores"
    ),
}


def check_names(declarations: Declarations) -> list[Problem]:
    """Return the problems of all names: prefix, form, and names with two owners (laid to the later one)."""
    problems: list[Problem] = []
    for hook, naming in _NAMINGS.items():
        seen: dict[object, str] = {("", name): "core" for name in CATALOGUE} if hook == "crm_error_codes" else {}
        for item in declarations.of(hook):
            problems += _check_one(hook, naming, item, seen)
    return problems


def _check_one(hook: str, naming: _Naming, item: Declared, seen: dict[object, str]) -> list[Problem]:
    name = naming.name(item.value)

    def problem(code: str, **params: object) -> Problem:
        return Problem(code=code, plugin=item.plugin, hook=hook, object=name, params={"kind": naming.kind, "name": name, **params})

    if not naming.pattern.fullmatch(name) or len(name) > 60:  # noqa: PLR2004 - width of the columns that hold names
        return [problem("NAME_INVALID", reason=f"expected {naming.expected}, at most 60 characters")]
    problems = []
    prefix = naming.prefix(item.plugin)
    if not name.startswith(prefix):
        problems.append(problem("NAME_PREFIX", prefix=prefix))
    key = (naming.scope(item) or "", name)
    if key in seen:
        owners = item.plugin if seen[key] == item.plugin else f"{seen[key]} and {item.plugin}"
        problems.append(problem("NAME_DUPLICATE", owners=f"{owners}, twice" if seen[key] == item.plugin else owners))
    seen.setdefault(key, item.plugin)
    return problems
