"""What a call of a hook costs with 0, 5 and 20 plugins, beside pluggy's own call."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pluggy

from bench.measure import Figure, interleaved
from crmcore import PluginInfo, hookimpl
from crmcore.registry import load

PLUGINS = (0, 5, 20)


def figures(*, quick: bool) -> list[Figure]:
    """Measure `crm_validate`, as a unit of work calls it, over plugins that find nothing wrong."""
    times = 5_000 if quick else 20_000
    found = []
    for count in PLUGINS:
        modules = [_plugin(number) for number in range(count)]
        dispatcher = load(modules)[0].hooks
        manager = _manager(modules)
        measured = interleaved(
            {
                "ours": lambda dispatcher=dispatcher: dispatcher.results("crm_validate", session=None, changes=()),
                "pluggy": lambda manager=manager: manager.hook.crm_validate(session=None, changes=()),
            },
            rounds=7,
            times=times,
        )
        figure = Figure(
            subject=f"hook call, {count} plugins",
            value=measured["ours"] * 1e6,
            unit="µs",
            baseline=measured["pluggy"] * 1e6,
            against="pluggy's call",
        )
        found.append(figure)
    return found


def _plugin(number: int) -> ModuleType:
    module = ModuleType(f"bench_plugin{number}")

    def crm_validate(session: object, changes: object) -> None:
        del session, changes

    vars(module)["PLUGIN"] = PluginInfo(name=f"bench{number}", version="1")
    vars(module)["crm_validate"] = hookimpl(crm_validate)
    return module


def _manager(modules: list[ModuleType]) -> Any:
    from crmcore.hooks import runtime  # noqa: PLC0415 - the specifications are no public name

    manager = pluggy.PluginManager("crmcore")
    manager.add_hookspecs(runtime)
    for module in modules:
        manager.register(module)
    return manager
