"""Order plugins by what they require, whatever the order of the deployment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

import attrs
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from crmcore.errors import Problem
from crmcore.hooks import API_VERSION, Capability
from crmcore.registry.discovery import LoadedPlugin

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,23}")
RESERVED: Final = frozenset({"core", "crm", "account", "crmcore"})
_REQUIREMENT: Final = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(.*)")


@attrs.frozen
class Requirement:
    """Another plugin, with the range of versions that will do."""

    name: str
    versions: SpecifierSet

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read ``name`` or ``name>=1.2,<2``; raises ValueError when it is neither."""
        match = _REQUIREMENT.fullmatch(text)
        if match is None:
            message = "not a plugin name"
            raise ValueError(message)
        try:
            return cls(match[1], SpecifierSet(match[2]))
        except InvalidSpecifier as error:
            raise ValueError(str(error)) from error


def order_plugins(plugins: Sequence[LoadedPlugin]) -> tuple[list[LoadedPlugin], list[Problem]]:
    """Return the plugins with what each requires before it, ties by name, and every problem of names, versions and requirements."""
    by_name = {plugin.name: plugin for plugin in plugins}
    problems: list[Problem] = []
    graph: dict[str, set[str]] = {}
    for plugin in plugins:
        problems += _check_identity(plugin)
        edges, trouble = _requirements(plugin, by_name)
        graph[plugin.name] = edges
        problems += trouble
    try:
        names = _stable_order(graph)
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        for name in sorted(set(cycle)):
            problems.append(Problem(code="PLUGIN_CYCLE", plugin=name, params={"cycle": " → ".join(cycle)}))
        names = sorted(by_name)
    return [by_name[name] for name in names], problems


def requirements_of(plugin: LoadedPlugin) -> list[str]:
    """Return the names of the plugins that one requires directly; what cannot be read is reported when they are ordered."""
    return [match[1] for text in plugin.info.requires if (match := _REQUIREMENT.fullmatch(text))]


def required_by(plugins: Iterable[LoadedPlugin]) -> Mapping[str, frozenset[str]]:
    """Return for each plugin the names of all that it requires, directly or through others."""
    closure: dict[str, frozenset[str]] = {}
    for plugin in plugins:  # in dependency order
        direct = {Requirement.parse(text).name for text in plugin.info.requires}
        closure[plugin.name] = frozenset(direct).union(*(closure.get(name, frozenset()) for name in direct))
    return closure


def _check_identity(plugin: LoadedPlugin) -> list[Problem]:
    problems = []
    name = plugin.name
    if not NAME.fullmatch(name) or name in RESERVED:
        problems.append(Problem(code="PLUGIN_NAME_INVALID", plugin=name, params={"name": name}))
    try:
        accepted = Version(API_VERSION) in SpecifierSet(plugin.info.api)
    except InvalidSpecifier:
        accepted = False
    if not accepted:
        problems.append(Problem(code="PLUGIN_API_REFUSED", plugin=name, params={"wanted": plugin.info.api, "offered": API_VERSION}))
    unknown = [each for each in plugin.info.capabilities if each not in set(Capability)]
    problems += [
        Problem(code="PLUGIN_CAPABILITY_UNKNOWN", plugin=name, params={"capability": each, "known": ", ".join(Capability)})
        for each in unknown
    ]
    return problems


def _requirements(plugin: LoadedPlugin, by_name: Mapping[str, LoadedPlugin]) -> tuple[set[str], list[Problem]]:
    edges: set[str] = set()
    problems: list[Problem] = []
    for text in plugin.info.requires:
        try:
            wanted = Requirement.parse(text)
        except ValueError as error:
            params: dict[str, object] = {"requirement": text, "error": error}
            problems.append(Problem(code="PLUGIN_REQUIREMENT_INVALID", plugin=plugin.name, params=params))
            continue
        other = by_name.get(wanted.name)
        state = "not enabled" if other is None else _version_problem(wanted, other)
        if state:
            params = {"requirement": text, "state": state}
            problems.append(Problem(code="PLUGIN_REQUIREMENT_MISSING", plugin=plugin.name, params=params))
        else:
            edges.add(wanted.name)
    return edges, problems


def _version_problem(wanted: Requirement, other: LoadedPlugin) -> str:
    if not str(wanted.versions):
        return ""
    try:
        fits = wanted.versions.contains(Version(other.version), prereleases=True)
    except InvalidVersion:
        return f"there with the unreadable version {other.version!r}"
    return "" if fits else f"there in version {other.version}"


def _stable_order(graph: Mapping[str, set[str]]) -> list[str]:
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    names: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        names += ready
        sorter.done(*ready)
    return names
