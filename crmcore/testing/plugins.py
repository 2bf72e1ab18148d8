"""Make small plugins inside a test, without a distribution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from crmcore.hooks import API_VERSION, PluginInfo, hookimpl


def make_plugin(
    name: str,
    *,
    requires: Sequence[str] = (),
    api: str = f">={API_VERSION}",
    version: str = "",
    capabilities: Sequence[str] = (),
    **hooks: object,
) -> ModuleType:
    """Return a plugin module with these hooks: a function is the implementation itself, any other value is what it returns.

    ``make_plugin("toy", crm_handlers=[Handler(…)])`` declares a handler; ``make_plugin("toy", crm_validate=function)`` implements a hook.
    """
    module = ModuleType(f"crm_test_plugin_{name}")
    info = PluginInfo(name=name, requires=tuple(requires), version=version, api=api, capabilities=tuple(capabilities))
    vars(module)["PLUGIN"] = info
    for hook, value in hooks.items():
        function = value if callable(value) and not isinstance(value, type) else _returning(hook, value)
        vars(module)[hook] = hookimpl(function)
    return module


def _returning(hook: str, value: object) -> Callable[[], Any]:
    def implementation() -> object:
        return value

    implementation.__name__ = hook
    return implementation
