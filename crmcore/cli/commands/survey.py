"""What `crm doctor` shows: a survey of a deployment, as far as it can be made; what stops it is one of its problems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import select

from crmcore.cli.commands.migrate import schema_word
from crmcore.cli.opening import open_any_schema
from crmcore.deployment import Deployment, validate_settings
from crmcore.errors import CrmError, Problem
from crmcore.migrate import refuse_unless_current
from crmcore.model import CORE, SCHEDULE
from crmcore.registry import Registry, load
from crmcore.scripting.worker import open_runner
from crmcore.settings import CORE_DEFAULTS
from crmcore.storage import translate_errors

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.migrate import SchemaState

_DEAD = "dead"


@attrs.define
class Survey:
    """A deployment, seen from outside; every part is plain values, for JSON and for tables."""

    deployment: dict[str, Any] = attrs.field(factory=dict)
    database: dict[str, Any] = attrs.field(factory=dict)
    plugins: list[dict[str, Any]] = attrs.field(factory=list)
    points: list[dict[str, Any]] = attrs.field(factory=list)
    tables: list[dict[str, Any]] = attrs.field(factory=list)
    events: list[dict[str, Any]] = attrs.field(factory=list)
    jobs: list[dict[str, Any]] = attrs.field(factory=list)
    queue: dict[str, int] = attrs.field(factory=dict)
    scripts: dict[str, Any] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)

    @property
    def dead(self) -> int:
        """How many jobs wait for a person."""
        return self.queue.get(_DEAD, 0)


def survey(read: Callable[[], Deployment]) -> Survey:
    """Look at everything that can be looked at; each part that fails adds its problems, and the others go on."""
    found = Survey()
    try:
        deployment = read()
    except CrmError as error:
        found.problems += problems_of(error)
        return found
    found.deployment = {
        "path": str(deployment.path),
        "plugins": list(deployment.plugins),
        "zone": str(deployment.zone),
        "lang": deployment.lang,
        "busy_timeout": deployment.busy_timeout,
    }
    try:
        # Broken plugins are left out, so that the rest can be shown.
        registry, left_out = load(deployment.plugins, quarantine=True)
    except CrmError as error:
        found.problems += problems_of(error)
        return found
    found.problems += left_out
    started = {plugin.name for plugin in registry.plugins}
    values, wrong = validate_settings(deployment, registry.config, left_out=set(deployment.plugins) - started)
    found.problems += wrong
    _declared(found, registry)
    _scripts(found, str(values.get(CORE, CORE_DEFAULTS)["script_isolation"]))
    _stored(found, deployment, registry)
    return found


def problems_of(error: CrmError) -> Sequence[Problem]:
    """Return the problems of an error, or the error itself as one."""
    return error.problems or (Problem(code=error.code, params=error.params),)


def _declared(found: Survey, registry: Registry) -> None:
    found.plugins = [
        {
            "name": plugin.name,
            "version": plugin.version,
            "requires": list(plugin.info.requires),
            "required": sorted(registry.required[plugin.name]),
            "api": plugin.info.api,
            "capabilities": list(plugin.info.capabilities),
            "distribution": plugin.distribution,
        }
        for plugin in registry.plugins
    ]
    found.points = [
        {
            "name": info.name,
            "owner": info.owner,
            "kind": "single" if info.single_slot else "first" if info.first_result else "all",
            "deprecated": info.deprecated,
            "plugins": list(info.plugins),
        }
        for info in registry.hooks.infos()
    ]
    found.tables = [
        {"table": name, "owner": owner}
        for name, owner in sorted(registry.owners.items(), key=lambda entry: (entry[1] != "core", entry[1], entry[0]))
    ]
    found.events = [
        {
            "type": event.type,
            "owner": event.owner,
            "version": event.version,
            "handlers": [{"name": bound.name, "phase": bound.handler.phase.value} for bound in registry.handlers.get(event.type, ())],
        }
        for event in sorted(registry.events.values(), key=lambda event: (event.owner != "core", event.owner, event.type))
    ]
    found.jobs = [
        {"name": name, "plugin": bound.plugin, "schedule": _schedule(bound.job.every), "next": None, "max_attempts": bound.job.max_attempts}
        for name, bound in sorted(registry.jobs.items())
    ]


def _scripts(found: Survey, isolation: str) -> None:
    """Start a worker where scripts are isolated: only it knows what this system has."""
    found.scripts = {"isolation": isolation, "walls": {}}
    runner = open_runner(isolation, workers=1)
    try:
        found.scripts["walls"] = dict(runner.check())
    except CrmError as error:
        found.problems += problems_of(error)
    finally:
        runner.close()


def _schedule(every: object) -> str | None:
    if every is None:
        return None
    text = getattr(every, "text", None)
    if text:
        return str(text)
    parts = {name: getattr(every, name, 0) for name in ("days", "hours", "minutes", "seconds")}
    shown = " ".join(f"{value} {name}" for name, value in parts.items() if value)
    return f"every {shown}" if shown else type(every).__name__


def _stored(found: Survey, deployment: Deployment, registry: Registry) -> None:
    try:
        with open_any_schema(deployment, registry) as crm, translate_errors():
            _look(found, crm)
    except CrmError as error:
        found.problems += problems_of(error)


def _look(found: Survey, crm: Crm) -> None:
    with crm.engine.connect() as connection:
        dialect = connection.dialect
        version = getattr(dialect, "server_version_info", None) or ()
        found.database = {"kind": dialect.name, "driver": dialect.driver, "version": ".".join(str(part) for part in version), "schema": []}
    schema = crm.schema()
    found.database["schema"] = [_schema_row(each) for each in schema]
    try:
        refuse_unless_current(schema)
    except CrmError as error:
        found.problems += problems_of(error)
    if any(each.plugin == "core" and each.is_current for each in schema):
        found.queue = crm.jobs.counts()
        with crm.engine.connect() as connection:
            due = {row[0]: row[1] for row in connection.execute(select(SCHEDULE.c.job, SCHEDULE.c.next_at))}
        for job in found.jobs:
            job["next"] = due.get(job["name"])


def _schema_row(each: SchemaState) -> dict[str, Any]:
    return {"plugin": each.plugin, "current": each.current, "head": each.head, "state": schema_word(each)}
