"""What a Crm is opened with: the deployment and the caller together, settings, the calendar, and the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Union
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
from sqlalchemy import URL, Connection, Engine

from crmcore.errors import ConfigurationError, CrmError, Problem, StartError
from crmcore.events import WeekdayCalendar, WorkingCalendar
from crmcore.model import CORE
from crmcore.registry import Registry
from crmcore.scripting.worker import Runner, open_runner
from crmcore.settings import CORE_DEFAULTS
from crmcore.storage import DEFAULT_BUSY_TIMEOUT, Storage, open_storage, parse_url

if TYPE_CHECKING:
    from crmcore.deployment import Deployment

Target = Union[str, Path, URL, Engine, Connection, "Deployment"]
"""What a Crm can be opened on: an address, a deployment, or a host's engine or connection."""


@attrs.frozen(kw_only=True)
class Options:
    """What deployment and caller say together; the caller wins."""

    database: str | URL | Engine | Connection
    plugins: tuple[str | ModuleType, ...]
    zone: ZoneInfo
    lang: str
    busy_timeout: float
    deployment: Deployment | None = None
    settings: Mapping[str, Mapping[str, object]] | None = None


def options_of(
    target: Target,
    plugins: Sequence[str | ModuleType] | None,
    settings: Mapping[str, Mapping[str, object]] | None,
    zone: str | None,
    lang: str | None,
    busy_timeout: float | None,
) -> Options:
    """Return what deployment and caller say together.

    Raises:
        ConfigurationError: with every problem of the deployment, or for a zone that is none.
    """
    deployment = _deployment(target)
    database = deployment.database if deployment else target
    chosen = plugins if plugins is not None else deployment.plugins if deployment else ()
    return Options(
        database=database,  # type: ignore[arg-type] # a deployment and a path were taken out above
        plugins=tuple(chosen),
        zone=_zone(zone) if zone else deployment.zone if deployment else ZoneInfo("Europe/Rome"),
        lang=lang or (deployment.lang if deployment else "it"),
        busy_timeout=busy_timeout if busy_timeout is not None else deployment.busy_timeout if deployment else DEFAULT_BUSY_TIMEOUT,
        deployment=deployment,
        settings=settings,
    )


def _deployment(target: Target) -> Deployment | None:
    if isinstance(target, URL | Engine | Connection) or (isinstance(target, str) and "://" in target):
        return None
    # Imported here: a CRM that is opened on a URL needs neither YAML nor Cerberus, and starts the faster.
    from crmcore.deployment import Deployment, load  # noqa: PLC0415

    return target if isinstance(target, Deployment) else load(target)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError("CONFIG_INVALID", place="zone", path="zone", reason=f"{name!r} is not an IANA time zone") from error


def resolve_settings(options: Options, registry: Registry) -> Mapping[str, Mapping[str, object]]:
    """Return the settings of core and plugins by name, with defaults.

    Raises:
        ConfigurationError: ``CONFIG_REFUSED`` with every problem.
    """
    if set(registry.config) == {CORE} and not options.settings and options.deployment is None:
        return MappingProxyType({CORE: CORE_DEFAULTS})
    from crmcore.deployment import resolve, validate_settings  # noqa: PLC0415 - as above

    problems: list[Problem] = []
    values: Mapping[str, Mapping[str, object]] = {}
    if options.deployment is not None:
        # What quarantine left out keeps its settings: nobody is there to check them.
        started = {plugin.name for plugin in registry.plugins}
        left_out = {plugin for plugin in options.deployment.plugins if plugin not in started}
        values, problems = validate_settings(options.deployment, registry.config, left_out=left_out)
    if options.settings is not None or options.deployment is None:
        given = options.settings or {}
        values = dict(values)
        for name, schema in registry.config.items():
            if name in given or name not in values:
                values[name], found = resolve(schema, given.get(name), f"settings of {name}", plugin=name)
                problems += found
        for name in sorted(set(given) - set(registry.config)):
            params = {"place": "settings", "path": name, "reason": "no enabled plugin of this name has settings"}
            problems.append(Problem(code="CONFIG_INVALID", plugin=name, params=params))
    if problems:
        raise ConfigurationError("CONFIG_REFUSED", problems, place=options.deployment.source.name if options.deployment else "settings")
    return MappingProxyType(dict(values))


def open_scripts(settings: Mapping[str, Mapping[str, object]]) -> Runner:
    """Return where scripts run, at the level of isolation that the settings want."""
    core = {**CORE_DEFAULTS, **settings.get(CORE, {})}
    return open_runner(str(core["script_isolation"]), workers=int(str(core["script_workers"])))


def calendar_of(registry: Registry, settings: Mapping[str, Mapping[str, object]]) -> WorkingCalendar:
    """Return the calendar of the plugin that brings one, or that of weekdays.

    Raises:
        StartError: with the problems of that plugin.
    """
    try:
        found: WorkingCalendar | None = registry.hooks.first("crm_working_calendar", settings=settings)
    except CrmError as error:
        raise StartError("START_FAILED", error.problems) from error
    return found if found is not None else WeekdayCalendar()


def open_database(options: Options) -> Storage:
    """Return the storage; a host's engine or connection stays the host's.

    Raises:
        DatabaseError: ``DATABASE_URL``.
    """
    if isinstance(options.database, Connection):
        engine = options.database.engine
        parse_url(engine.url)
        return Storage(engine, options.busy_timeout, _nothing)
    if isinstance(options.database, Engine):
        parse_url(options.database.url)
    return open_storage(options.database, busy_timeout=options.busy_timeout)


def _nothing() -> None:
    """Leave the host's connection open."""
