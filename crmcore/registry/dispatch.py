"""Call hooks with provenance and a choice of error policy, which pluggy's own call loop does not have."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

import attrs
import pluggy

from crmcore.errors import CrmError, PluginError, Problem
from crmcore.hooks.markers import PROJECT, SLOT_ATTRIBUTE, SPEC_ATTRIBUTE
from crmcore.registry.discovery import LoadedPlugin, describe


@attrs.frozen
class Implementation:
    """One plugin's implementation of a hook."""

    plugin: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]


@attrs.frozen
class HookInfo:
    """What `crm doctor` and the reference show of a hook."""

    name: str
    owner: str
    arguments: tuple[str, ...]
    single_slot: bool
    first_result: bool
    deprecated: bool
    doc: str
    plugins: tuple[str, ...]


class Dispatcher:
    """The hooks of one Crm, with their implementations resolved once at start.

    Hooks are called around a unit of work or a command, never for each row.
    """

    def __init__(self, manager: pluggy.PluginManager, owners: Mapping[str, str]) -> None:
        self._infos: dict[str, HookInfo] = {}
        self._calls: dict[str, tuple[Implementation, ...]] = {}
        for name, owner in owners.items():
            caller = getattr(manager.hook, name)
            # pluggy keeps implementations in registration order and calls the last first.
            calls = tuple(Implementation(impl.plugin_name, impl.function, impl.argnames) for impl in reversed(caller.get_hookimpls()))
            self._calls[name] = calls
            self._infos[name] = _describe(name, owner, caller, calls)

    def implementations(self, hook: str) -> tuple[Implementation, ...]:
        """Return the implementations of a hook in the order in which they are called."""
        return self._calls[hook]

    def results(self, hook: str, /, **arguments: object) -> list[tuple[str, Any]]:
        """Call every implementation and return ``(plugin, result)`` of those that did not return None.

        Raises:
            PluginError: ``HOOK_FAILED`` with plugin and hook, at the first implementation that raises.
        """
        answers = []
        for implementation in self._calls[hook]:
            answer = self.call(hook, implementation, arguments)
            if answer is not None:
                answers.append((implementation.plugin, answer))
        return answers

    def first(self, hook: str, /, **arguments: object) -> Any:  # noqa: ANN401 - each hook has its own result
        """Return the first result that is not None, or None.

        Raises:
            PluginError: ``HOOK_FAILED`` with plugin and hook, when an implementation raises before that.
        """
        for implementation in self._calls[hook]:
            answer = self.call(hook, implementation, arguments)
            if answer is not None:
                return answer
        return None

    def infos(self) -> Iterator[HookInfo]:
        """Yield every hook, sorted by owner and name."""
        yield from sorted(self._infos.values(), key=lambda info: (info.owner != "core", info.owner, info.name))

    @staticmethod
    def call(hook: str, implementation: Implementation, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - each hook has its own
        """Call one implementation.

        Raises:
            PluginError: ``HOOK_FAILED`` with plugin and hook, when it raises anything but a refusal.
        """
        try:
            return implementation.function(*(arguments[name] for name in implementation.arguments))
        except CrmError as error:
            # A refusal that the plugin means; it keeps its class and code.
            error.add_note(f"raised by plugin {implementation.plugin} in hook {hook}")
            raise
        except Exception as error:
            raise failure(implementation.plugin, hook, None, error) from error


def failure(plugin: str, hook: str | None, thing: str | None, error: BaseException) -> PluginError:
    """Return the error that says which plugin raised what, and where."""
    problem = Problem(code="HOOK_FAILED", plugin=plugin, hook=hook, object=thing, params={"error": describe(error)})
    return PluginError("HOOK_FAILED", [problem], error=f"in plugin {plugin}: {describe(error)}")


def specifications(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return the functions of a module that are marked as hook specifications."""
    return {name: value for name, value in vars(module).items() if hasattr(value, SPEC_ATTRIBUTE)}


def _describe(name: str, owner: str, caller: pluggy.HookCaller, calls: Iterable[Implementation]) -> HookInfo:
    spec = caller.spec
    if spec is None:  # the manager only knows hooks through their specifications
        message = f"hook {name} has no specification"
        raise LookupError(message)
    return HookInfo(
        name=name,
        owner=owner,
        arguments=tuple(spec.argnames),
        single_slot=getattr(spec.function, SLOT_ATTRIBUTE, False),
        first_result=bool(spec.opts.get("firstresult")),
        deprecated=bool(spec.opts.get("warn_on_impl")),
        doc=(spec.function.__doc__ or "").strip(),
        plugins=tuple(call.plugin for call in calls),
    )


def register_plugin(
    manager: pluggy.PluginManager, owners: Mapping[str, str], plugin: LoadedPlugin, allowed: frozenset[str]
) -> list[Problem]:
    """Register the hook implementations of a plugin, or return everything that is wrong with them."""
    problems: list[Problem] = []
    for name, value in vars(plugin.module).items():
        options = manager.parse_hookimpl_opts(plugin.module, name)
        if options is None:
            if (
                callable(value)
                and name in owners
                and not hasattr(value, SPEC_ATTRIBUTE)
                and getattr(value, "__module__", "") == plugin.module.__name__
            ):
                problems.append(Problem(code="HOOK_NOT_MARKED", plugin=plugin.name, hook=name))
            continue
        hook = options.get("specname") or name
        implementation = pluggy.HookImpl(plugin.module, plugin.name, value, options)
        problems += _check_implementation(manager, owners, hook, implementation, allowed)
    if not problems:
        manager.register(plugin.module, plugin.name)
    return problems


def _check_implementation(
    manager: pluggy.PluginManager,
    owners: Mapping[str, str],
    hook: str,
    implementation: pluggy.HookImpl,
    allowed: frozenset[str],
) -> list[Problem]:
    plugin = implementation.plugin_name
    owner = owners.get(hook)
    if owner is None or (owner not in {"core", plugin} and owner not in allowed):
        near = difflib.get_close_matches(hook, owners, n=1)
        hint = f"; it belongs to {owner}, which is not in requires" if owner else f"; did you mean {near[0]}?" if near else ""
        return [Problem(code="HOOK_UNKNOWN", plugin=plugin, hook=hook, params={"hook": hook, "hint": hint})]
    problems = []
    if implementation.wrapper or implementation.hookwrapper:
        problems.append(Problem(code="HOOK_WRAPPER_REFUSED", plugin=plugin, hook=hook))
    offered = getattr(manager.hook, hook).spec.argnames
    unknown = [name for name in implementation.argnames if name not in offered]
    if unknown:
        params = {"unknown": ", ".join(unknown), "offered": ", ".join(offered) or "none"}
        problems.append(Problem(code="HOOK_SIGNATURE", plugin=plugin, hook=hook, params=params))
    return problems


def check_slots(manager: pluggy.PluginManager, owners: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each single-slot point that more than one plugin claims; it is laid to every claimant after the first."""
    problems: list[Problem] = []
    for hook in owners:
        caller = getattr(manager.hook, hook)
        if caller.spec is None or not getattr(caller.spec.function, SLOT_ATTRIBUTE, False):
            continue
        claimants = [impl.plugin_name for impl in reversed(caller.get_hookimpls())]
        names = " and ".join(claimants)
        problems += [
            Problem(code="SLOT_CLAIMED_TWICE", plugin=name, hook=hook, params={"hook": hook, "owners": names}) for name in claimants[1:]
        ]
    return problems


def new_manager() -> pluggy.PluginManager:
    """Return an empty plugin manager of this project."""
    return pluggy.PluginManager(PROJECT)
