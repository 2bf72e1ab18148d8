"""Find installed plugins through entry points, and load the ones that are wanted."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Final

import attrs
import importlib_metadata
from packaging.utils import canonicalize_name

from crmcore.errors import Problem
from crmcore.hooks import PluginInfo

GROUP: Final = "crmcore.plugins"


@attrs.frozen
class Installed:
    """A plugin that an installed distribution offers; it is not imported yet."""

    name: str
    target: str
    distribution: str
    version: str


@attrs.frozen(kw_only=True)
class LoadedPlugin:
    """A plugin whose module is imported."""

    name: str
    info: PluginInfo
    module: ModuleType
    distribution: str = ""
    version: str = ""


def discover() -> Mapping[str, tuple[Installed, ...]]:
    """Return what entry points offer, by plugin name; more than one entry for a name is a clash, reported when it is enabled."""
    found: dict[str, list[Installed]] = {}
    for point in importlib_metadata.entry_points(group=GROUP):
        distribution = point.dist
        entry = Installed(
            point.name,
            point.value,
            canonicalize_name(distribution.name) if distribution else "",
            distribution.version if distribution else "",
        )
        # An editable install and its build tree may both be on the path: the same entry twice is one.
        if entry not in found.setdefault(point.name, []):
            found[point.name].append(entry)
    return {name: tuple(entries) for name, entries in sorted(found.items())}


def load_modules(wanted: Sequence[str | ModuleType]) -> tuple[list[LoadedPlugin], list[Problem]]:
    """Import the wanted plugins, given by name or as modules; return those that load and what is wrong with the others."""
    installed = discover() if any(isinstance(item, str) for item in wanted) else {}
    loaded: dict[str, LoadedPlugin] = {}
    problems: list[Problem] = []
    for item in wanted:
        plugin, trouble = _load_module(item) if isinstance(item, ModuleType) else _load_name(item, installed)
        if trouble:
            problems.append(trouble)
        elif plugin is not None:
            other = loaded.setdefault(plugin.name, plugin)
            if other.module is not plugin.module:
                owners = f"{other.module.__name__} and {plugin.module.__name__}"
                problems.append(Problem(code="PLUGIN_DUPLICATE", plugin=plugin.name, params={"name": plugin.name, "owners": owners}))
    return list(loaded.values()), problems


def _load_name(name: str, installed: Mapping[str, tuple[Installed, ...]]) -> tuple[LoadedPlugin | None, Problem | None]:
    entries = installed.get(name, ())
    if not entries:
        params = {"name": name, "installed": ", ".join(installed) or "none"}
        return None, Problem(code="PLUGIN_UNKNOWN", plugin=name, params=params)
    if len(entries) > 1:
        owners = " and ".join(f"{entry.distribution} ({entry.target})" for entry in entries)
        return None, Problem(code="PLUGIN_DUPLICATE", plugin=name, params={"name": name, "owners": owners})
    entry = entries[0]
    try:
        module = importlib.import_module(entry.target)
    except Exception as error:  # noqa: BLE001 - importing runs foreign code: whatever it raises is reported with its plugin
        params = {"target": entry.target, "error": describe(error)}
        return None, Problem(code="PLUGIN_IMPORT_FAILED", plugin=name, params=params)
    plugin, problem = _load_module(module, entry)
    if plugin is not None and plugin.name != name:
        return None, Problem(code="PLUGIN_NAME_MISMATCH", plugin=name, params={"entry": name, "name": plugin.name})
    return plugin, problem


def _load_module(module: ModuleType, entry: Installed | None = None) -> tuple[LoadedPlugin | None, Problem | None]:
    info = getattr(module, "PLUGIN", None)
    if not isinstance(info, PluginInfo):
        found = "nothing" if info is None else type(info).__name__
        name = entry.name if entry else module.__name__
        return None, Problem(code="PLUGIN_INFO_MISSING", plugin=name, params={"target": module.__name__, "found": found})
    version = info.version or (entry.version if entry else "0")
    return LoadedPlugin(name=info.name, info=info, module=module, distribution=entry.distribution if entry else "", version=version), None


def describe(error: BaseException) -> str:
    """Return type and message of an exception in one line of at most 300 characters, for a message to a person."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= 300 else f"{text[:297]}…"  # noqa: PLR2004 - the limit that the docstring gives
