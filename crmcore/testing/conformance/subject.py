"""What is checked, and on what: a plugin with all that it requires, and databases to try it on."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import attrs

from crmcore.app import Crm
from crmcore.deployment import sample_values
from crmcore.errors import Problem, StartError
from crmcore.events import FrozenClock, Ids
from crmcore.hooks import PluginInfo
from crmcore.model import CORE, Entity
from crmcore.registry import BoundHandler, LoadedPlugin, Registry, Requirement, discover, load
from crmcore.registry.discovery import load_modules
from crmcore.session import Session
from crmcore.testing.databases import Kind, Template, TestDatabases

PluginItem = str | ModuleType
"""A plugin, by the name under which it is installed, or as its module."""

Samples = Callable[..., Iterable[Entity]]
"""Return new, valid records: ``samples(session)``, or ``samples(session, number)`` when more than one of each must be possible."""

START: Final = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)
"""Monday 2026-05-11 09:00 in Rome: when every check happens."""
QUERY_BUDGET: Final = 12
_BUSY_TIMEOUT: Final = 2.0
"""Seconds; the checks have one database each, so who waits longer waits for itself."""


@attrs.frozen(eq=False, kw_only=True)
class Subject:
    """A plugin under examination. `Subject.of` loads it."""

    item: PluginItem
    name: str
    module: ModuleType
    plugins: tuple[PluginItem, ...]
    """The plugin and all that it requires, as `Crm.open` takes them."""
    registry: Registry
    settings: Mapping[str, Mapping[str, object]]
    samples: Samples | None = None
    query_budget: int = QUERY_BUDGET
    job_arguments: Mapping[str, Mapping[str, Any]] = {}
    # Databases that were prepared for one subject are no use to another, even one of the same name.
    key: str = attrs.field(factory=lambda: secrets.token_hex(6), init=False)

    @classmethod
    def of(
        cls,
        item: PluginItem,
        *,
        companions: Sequence[ModuleType] = (),
        settings: Mapping[str, Mapping[str, object]] | None = None,
        samples: Samples | None = None,
        query_budget: int = QUERY_BUDGET,
        job_arguments: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Subject:
        """Load a plugin with what it requires, from installed plugins and from ``companions``.

        Raises:
            StartError: with every problem of its declarations.
        """
        plugins = _with_requirements(item, companions)
        registry, _ = load(plugins)
        plugin = _find(registry.plugins, item)
        values: dict[str, Mapping[str, object]] = {name: sample_values(schema) for name, schema in registry.config.items()}
        # A sample of an account has neither phone nor portfolio; what one must have is the deployment's to say.
        values[CORE] = {"required_account_fields": ["name"]}
        for name, given in (settings or {}).items():
            values[name] = {**values.get(name, {}), **given}
        return cls(
            item=item,
            name=plugin.name,
            module=plugin.module,
            plugins=plugins,
            registry=registry,
            settings=values,
            samples=samples,
            query_budget=query_budget,
            job_arguments=job_arguments or {},
        )

    @property
    def others(self) -> tuple[PluginItem, ...]:
        """What it requires, without itself."""
        return tuple(item for item in self.plugins if item != self.item)

    @property
    def entities(self) -> tuple[type[Entity], ...]:
        """Its entity classes, parents before children."""
        by_table = {cls.__tablename__: cls for cls in self.registry.entities.values()}
        return tuple(by_table[table.name] for table in self.registry.tables(self.name) if table.name in by_table)

    @property
    def written(self) -> tuple[type[Entity], ...]:
        """The account, whose changes every hook sees, and its own entity classes."""
        return (self.registry.entities["account"], *self.entities)

    @property
    def handlers(self) -> tuple[BoundHandler, ...]:
        """Its event handlers."""
        return tuple(bound for group in self.registry.handlers.values() for bound in group if bound.plugin == self.name)

    @property
    def jobs(self) -> tuple[str, ...]:
        """The names of its jobs."""
        return tuple(name for name, bound in self.registry.jobs.items() if bound.plugin == self.name)

    def is_own_module(self, module: str) -> bool:
        """Return whether a module, by name, is part of the plugin."""
        return module == self.module.__name__ or module.startswith(f"{self.module.__name__}.")

    def problem(self, code: str, thing: str | None = None, /, *, hook: str | None = None, **params: object) -> Problem:
        """Return a problem of this plugin, with the object that is at fault."""
        return Problem(code=code, plugin=self.name, hook=hook, object=thing, params=params)

    def own_samples(self, session: Session, number: int) -> tuple[Entity, ...]:
        """Return the records that the plugin's author gives as samples."""
        if self.samples is None:
            return ()
        takes_number = len(inspect.signature(self.samples).parameters) > 1
        return tuple(self.samples(session, number) if takes_number else self.samples(session))


def _with_requirements(item: PluginItem, companions: Sequence[ModuleType]) -> tuple[PluginItem, ...]:
    """Return a plugin and what it requires, as far as that is installed or given: what is missing is reported by the start."""
    given: dict[str, PluginItem] = {}
    for module in companions:
        info = getattr(module, "PLUGIN", None)
        if isinstance(info, PluginInfo):
            given[info.name] = module
    installed = discover()
    found: dict[str, PluginItem] = {}
    waiting: list[PluginItem] = [item]
    while waiting:
        current = waiting.pop()
        plugins, problems = load_modules([current])
        if problems and current is not item:
            found[str(current)] = current
        for plugin in plugins:
            if plugin.name in found:
                continue
            found[plugin.name] = current
            wanted = [name for text in plugin.info.requires if (name := _required_name(text))]
            waiting += [given.get(name, name) for name in wanted if name in given or name in installed]
    return tuple(found.values()) or (item,)


def _required_name(text: str) -> str:
    try:
        return Requirement.parse(text).name
    except ValueError:
        return ""  # reported by the start


def _find(plugins: Iterable[LoadedPlugin], item: PluginItem) -> LoadedPlugin:
    for plugin in plugins:
        if item in (plugin.name, plugin.module):
            return plugin
    raise StartError("PLUGIN_UNKNOWN", name=item, installed="")


@attrs.frozen(eq=False)
class Bench:
    """Where a subject is tried: databases of one kind, and a folder for their files."""

    subject: Subject
    databases: TestDatabases
    kind: Kind
    folder: Path

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """Yield the URL of a database of its own: migrated for the subject and what it requires, or empty."""
        template = Template(f"kit:{self.subject.key}", self._prepare) if migrated else None
        with self.databases.fresh(self.kind, self.folder, template) as url:
            yield url

    @contextmanager
    def crm(self, url: str, *, enabled: bool = True, migrate: bool = False, seed: int = 1) -> Iterator[Crm]:
        """Open a Crm with the subject, or with ``enabled=False`` without it.

        Time stands still, and the same ``seed`` draws the same ids: take another one to open the same database again.
        """
        subject = self.subject
        clock = FrozenClock(START)
        settings = subject.settings if enabled else {name: value for name, value in subject.settings.items() if name != subject.name}
        with Crm.open(
            url,
            plugins=subject.plugins if enabled else subject.others,
            settings=settings,
            clock=clock,
            ids=Ids(clock, seed=seed),
            busy_timeout=_BUSY_TIMEOUT,
            migrate=migrate,
        ) as crm:
            yield crm

    @contextmanager
    def fresh(self) -> Iterator[Crm]:
        """Open a Crm with the subject on a fresh database."""
        with self.database() as url, self.crm(url) as crm:
            yield crm

    def _prepare(self, url: str) -> None:
        with self.crm(url, migrate=True):
            pass
