"""Build the registry of a Crm: load, order, register, collect, check; all problems at once, or none and a registry."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import Any, Final, TypeVar

import pluggy

from crmcore.access.functions import CORE_PERMISSIONS
from crmcore.access.signin.cleanup import SIGNIN_JOBS
from crmcore.access.signin.events import SIGNIN_EVENTS
from crmcore.accounts.events import AccountOwnerChanged
from crmcore.audit.jobs import AUDIT_JOBS
from crmcore.errors import ErrorCode, Problem, StartError
from crmcore.events import Event, LoopDetected, RecordVerb
from crmcore.hooks import Migrations, declaring, runtime
from crmcore.merge.events import MERGE_EVENTS
from crmcore.model import CORE, PLATFORM_TABLES, Entity
from crmcore.monitoring.kinds import CORE_CONTRIBUTIONS
from crmcore.privacy.events import PRIVACY_EVENTS
from crmcore.registry.checks import (
    check_behaviour,
    check_configurables,
    check_data,
    check_following,
    check_names,
    check_tables,
    check_texts,
    core_entities,
)
from crmcore.registry.checks.behaviour import event_name
from crmcore.registry.collect import Declarations, collect
from crmcore.registry.discovery import LoadedPlugin, describe, load_modules
from crmcore.registry.dispatch import Dispatcher, check_slots, new_manager, register_plugin, specifications
from crmcore.registry.order import order_plugins, required_by
from crmcore.registry.registry import BoundHandler, BoundJob, BoundKind, BoundNormaliser, BoundWatcher, EventType, Registry
from crmcore.settings import CORE_SETTINGS
from crmcore.work.schedules import CORE_JOBS

CORE_MIGRATIONS: Final = Migrations("crmcore.migrate", "versions")
CORE_EVENTS: Final[tuple[type[Event], ...]] = (AccountOwnerChanged, *MERGE_EVENTS, *SIGNIN_EVENTS, *PRIVACY_EVENTS)
"""Events of the core beside those of its records; the packages that own them bring them."""
_POINTS: Final = "crm_extension_points"

K = TypeVar("K")
V = TypeVar("V")


def load(plugins: Sequence[str | ModuleType] = (), *, quarantine: bool = False) -> tuple[Registry, tuple[Problem, ...]]:
    """Build the registry of the wanted plugins, given by name or as modules, in any order.

    Returns the registry and, with ``quarantine``, the problems of the plugins that were left out, together with those that
    require them.

    Raises:
        StartError: with every problem of every plugin, when there is one and ``quarantine`` is off.
    """
    wanted = list(plugins)
    left_out: list[Problem] = []
    while True:
        registry, problems = _attempt(wanted)
        if registry is not None:
            return registry, tuple(left_out)
        if not quarantine:
            raise StartError("START_FAILED", problems)
        bad = {problem.plugin for problem in problems}
        kept = [item for item in wanted if _name_of(item) not in bad]
        if len(kept) == len(wanted):
            # Nobody to leave out: the problem is the core's or has no owner, and starting would be wrong.
            raise StartError("START_FAILED", problems)
        left_out += problems
        wanted = kept


def _name_of(item: str | ModuleType) -> str:
    if isinstance(item, str):
        return item
    return getattr(getattr(item, "PLUGIN", None), "name", item.__name__)


def _attempt(wanted: Sequence[str | ModuleType]) -> tuple[Registry | None, list[Problem]]:
    loaded, problems = load_modules(wanted)
    ordered, trouble = order_plugins(loaded)
    problems += trouble
    if trouble:
        # Without an order nothing can be registered; what can be said about single plugins is said already.
        return None, problems
    required = required_by(ordered)
    hooks, trouble = _register(ordered, required)
    problems += trouble
    declarations, trouble = collect(hooks)
    problems += trouble
    # What a plugin with a broken hook declares was not heard: complaining that it is missing would only hide the fault.
    unheard = {problem.plugin for problem in problems}
    problems += _check([plugin for plugin in ordered if plugin.name not in unheard], declarations, required)
    if problems:
        return None, problems
    return _assemble(ordered, required, hooks, declarations), []


def _register(ordered: Sequence[LoadedPlugin], required: Mapping[str, frozenset[str]]) -> tuple[Dispatcher, list[Problem]]:
    manager = new_manager()
    owners: dict[str, str] = {}
    for module in (declaring, runtime):
        manager.add_hookspecs(module)
        owners |= dict.fromkeys(specifications(module), CORE)
    # The points of plugins come first, because implementing them is checked against their specification.
    problems: list[Problem] = []
    for plugin in ordered:
        problems += _add_points(manager, owners, plugin)
    # pluggy calls the last registered first: reverse dependency order, so that a plugin runs after what it requires.
    for plugin in reversed(ordered):
        problems += register_plugin(manager, owners, plugin, required[plugin.name])
    problems += check_slots(manager, owners)
    return Dispatcher(manager, owners), problems


def _add_points(manager: pluggy.PluginManager, owners: dict[str, str], plugin: LoadedPlugin) -> list[Problem]:
    declare = getattr(plugin.module, _POINTS, None)
    if declare is None or manager.parse_hookimpl_opts(plugin.module, _POINTS) is None:
        return []
    try:
        modules = list(declare() or ())
    except Exception as error:  # noqa: BLE001 - a declaration is foreign code: whatever it raises is reported with its plugin
        return [Problem(code="HOOK_FAILED", plugin=plugin.name, hook=_POINTS, params={"error": describe(error)})]
    problems: list[Problem] = []
    for module in modules:
        if not isinstance(module, ModuleType):
            continue  # reported with its type when declarations are collected
        reasons = _point_reasons(module, plugin.name, owners)
        for name, reason in reasons:
            params = {"hook": name, "module": module.__name__, "reason": reason}
            problems.append(Problem(code="HOOK_SPEC_INVALID", plugin=plugin.name, hook=_POINTS, object=name, params=params))
        if not reasons:
            manager.add_hookspecs(module)
            owners |= dict.fromkeys(specifications(module), plugin.name)
    return problems


def _point_reasons(module: ModuleType, plugin: str, owners: Mapping[str, str]) -> list[tuple[str, str]]:
    found = specifications(module)
    reasons = [] if found else [(module.__name__, "the module has no function marked with hookspec")]
    for name, function in found.items():
        if name in owners:
            reasons.append((name, f"{owners[name]} already has a hook of this name"))
        elif not name.startswith(f"{plugin}_"):
            reasons.append((name, f"the name must start with {plugin}_"))
        if not inspect.getdoc(function):
            reasons.append((name, "it has no docstring"))
    return reasons


def _check(ordered: Sequence[LoadedPlugin], declarations: Declarations, required: Mapping[str, frozenset[str]]) -> list[Problem]:
    entities = _entities(declarations)
    problems = check_names(declarations)
    problems += check_tables(ordered, declarations, required)
    problems += check_behaviour(declarations, set(entities))
    problems += check_data(declarations, entities)
    problems += check_texts(declarations)
    problems += check_following(declarations, entities)
    if declarations.of("crm_configurables") or declarations.of("crm_configured"):
        problems += check_configurables(declarations, set(entities))
    if configurable := declarations.of("crm_configuration"):
        # Imported here: it brings in Cerberus, which a CRM without settings does not need.
        from crmcore.deployment import check_schema  # noqa: PLC0415

        for item in configurable:
            problems += check_schema(item.plugin, item.value)
    return problems


def _entities(declarations: Declarations) -> dict[str, type[Entity]]:
    classes = [*core_entities(), *(item.value for item in declarations.of("crm_tables"))]
    return {cls.entity_name(): cls for cls in classes if hasattr(cls, "__tablename__")}


def _frozen(mapping: Mapping[K, V]) -> Mapping[K, V]:
    return MappingProxyType(dict(mapping))


def _by_name(declarations: Declarations, hook: str, attribute: str = "name") -> Mapping[str, Any]:
    return _frozen({getattr(item.value, attribute): item.value for item in declarations.of(hook)})


def _by_plugin(declarations: Declarations, hook: str) -> Mapping[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for item in declarations.of(hook):
        found[item.plugin] = (*found.get(item.plugin, ()), item.value)
    return _frozen(found)


def _assemble(
    ordered: Sequence[LoadedPlugin],
    required: Mapping[str, frozenset[str]],
    hooks: Dispatcher,
    declarations: Declarations,
) -> Registry:
    entities = _entities(declarations)
    owners = {table.name: CORE for table in PLATFORM_TABLES} | {cls.__tablename__: cls.__plugin__ for cls in entities.values()}
    owners |= {item.value.name: item.plugin for item in declarations.of("crm_derived_tables")}
    migrations = {CORE: CORE_MIGRATIONS} | {item.plugin: item.value for item in declarations.of("crm_migrations")}
    characteristics: dict[str, dict[str, Any]] = {}
    for item in declarations.of("crm_characteristics"):
        characteristics.setdefault(item.value.entity, {})[item.value.key] = item.value
    codes: dict[str, ErrorCode] = {item.value.code: item.value for item in declarations.of("crm_error_codes")}
    return Registry(
        plugins=tuple(ordered),
        required=_frozen(required),
        hooks=hooks,
        entities=_frozen(entities),
        owners=_frozen(owners),
        migrations=_frozen({name: migrations[name] for name in (CORE, *(p.name for p in ordered)) if name in migrations}),
        config=_frozen({CORE: CORE_SETTINGS} | {item.plugin: item.value for item in declarations.of("crm_configuration")}),
        characteristics=_frozen({entity: _frozen(keys) for entity, keys in characteristics.items()}),
        field_types=_by_name(declarations, "crm_field_types"),
        state_tables=_by_name(declarations, "crm_state_tables"),
        permissions=_frozen({each.name: each for each in CORE_PERMISSIONS} | dict(_by_name(declarations, "crm_permissions"))),
        script_functions=_by_name(declarations, "crm_script_functions"),
        templates=_by_name(declarations, "crm_templates"),
        events=_frozen(_event_types(entities, declarations)),
        handlers=_frozen(_handlers(declarations)),
        jobs=_frozen(_jobs(declarations)),
        commands=_by_plugin(declarations, "crm_commands"),
        error_codes=_frozen(codes),
        configurables=_by_name(declarations, "crm_configurables"),
        configured=_by_plugin(declarations, "crm_configured"),
        normalisers=_frozen(_normalisers(declarations)),
        watchers=tuple(BoundWatcher(item.plugin, item.value) for item in declarations.of("crm_watchers")),
        derived=_by_plugin(declarations, "crm_derived_tables"),
        contributions=_frozen({kind.name: kind for kind in CORE_CONTRIBUTIONS} | dict(_by_name(declarations, "crm_contributions"))),
        change_kinds=_frozen({item.value.name: BoundKind(item.plugin, item.value) for item in declarations.of("crm_change_kinds")}),
        looks=_by_plugin(declarations, "crm_looks_at"),
    )


def _normalisers(declarations: Declarations) -> dict[str, tuple[BoundNormaliser, ...]]:
    found: dict[str, tuple[BoundNormaliser, ...]] = {}
    for item in declarations.of("crm_normalisers"):
        found[item.value.entity] = (*found.get(item.value.entity, ()), BoundNormaliser(item.plugin, item.value))
    return found


def _event_types(entities: Mapping[str, type[Entity]], declarations: Declarations) -> dict[str, EventType]:
    found = {LoopDetected.TYPE: EventType(LoopDetected.TYPE, CORE, LoopDetected.VERSION, LoopDetected)}
    found |= {event.TYPE: EventType(event.TYPE, CORE, event.VERSION, event) for event in CORE_EVENTS}
    for name, cls in entities.items():
        if cls.__audited__:
            found |= {f"{name}.{verb}": EventType(f"{name}.{verb}", cls.__plugin__, entity=name) for verb in RecordVerb}
    for item in declarations.of("crm_events"):
        found[item.value.TYPE] = EventType(item.value.TYPE, item.plugin, item.value.VERSION, item.value)
    return found


def _jobs(declarations: Declarations) -> dict[str, BoundJob]:
    found = {job.name: BoundJob(CORE, job) for job in (*CORE_JOBS, *SIGNIN_JOBS, *AUDIT_JOBS)}
    return found | {item.value.name: BoundJob(item.plugin, item.value) for item in declarations.of("crm_jobs")}


def _handlers(declarations: Declarations) -> dict[str, tuple[BoundHandler, ...]]:
    found: dict[str, list[BoundHandler]] = {}
    for item in declarations.of("crm_handlers"):
        event = event_name(item.value.event)
        found.setdefault(event, []).append(BoundHandler(item.plugin, event, item.value))
    return {event: tuple(handlers) for event, handlers in found.items()}
