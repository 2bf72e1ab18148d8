"""Migrations: up, equal to the models, back to nothing and up again, touching nothing of anybody else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

import attrs
from importlib_metadata import PackageNotFoundError, distribution
from sqlalchemy import Engine, event

from crmcore import migrate
from crmcore.errors import CrmError, Problem, ValidationFailed
from crmcore.hooks import Migrations
from crmcore.migrate.history import HistoryUnreadable, read_history
from crmcore.model import CORE
from crmcore.session import Actor
from crmcore.storage import open_storage
from crmcore.testing.conformance.dumps import Dump, Schema, dump
from crmcore.testing.conformance.samples import Factory
from crmcore.testing.conformance.scene import ACTOR
from crmcore.testing.conformance.subject import Bench, Subject

_HOOK: Final = "crm_migrations"
_WRITES: Final = re.compile(
    r"\s*(?:CREATE(?:\s+UNIQUE)?\s+INDEX\b.*?\bON|CREATE\s+TABLE(?:\s+IF\s+NOT\s+EXISTS)?|ALTER\s+TABLE(?:\s+ONLY)?|DROP\s+TABLE(?:\s+IF\s+EXISTS)?"
    r"|INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?)\s+\"?(?P<table>\w+)\"?",
    re.IGNORECASE | re.DOTALL,
)


def migrations_equal_models(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Migrate from an empty database, and find just what the models describe."""
    with _migrated(subject, bench) as (engine, problems):
        yield from problems
        if not problems:
            yield from _differences(subject, bench, engine)


def migrations_reverse(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Migrate up, back to nothing, which leaves nothing, and up again."""
    declared = subject.registry.migrations.get(subject.name)
    if declared is None:
        return
    with _prepared(subject, bench) as engine:
        before = _schema(engine)
        problems = _up(subject, bench, engine) or _down(subject, bench, engine, declared)
        yield from problems
        if problems:
            return
        after = _schema(engine)
        for table in sorted(after.tables.keys() - before.tables.keys()):
            yield subject.problem("KIT_MIGRATION_LEFTOVER", table, hook=_HOOK, what=f"table {table}", database=bench.kind)
        yield from _up(subject, bench, engine, "up again") or _differences(subject, bench, engine)


def migrations_stay_home(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Migrate up and down without touching the table of anybody else: neither its shape, nor its rows, nor a new one."""
    declared = subject.registry.migrations.get(subject.name)
    if declared is None:
        return
    with _prepared(subject, bench, records=True) as engine:
        foreign = _Foreign.of(subject, engine)
        with _watched(subject, engine) as touched:
            if _up(subject, bench, engine):
                return  # reported by the other checks of migrations
            between = _Foreign.of(subject, engine)
            _down(subject, bench, engine, declared)
        found = dict.fromkeys(touched, "a statement changes it")
        for later in (between, _Foreign.of(subject, engine)):
            found |= foreign.changes(later)
        for table, what in sorted(found.items()):
            yield subject.problem("KIT_MIGRATION_FOREIGN", table, hook=_HOOK, table=table, what=what)


def files_shipped(subject: Subject) -> Iterator[Problem]:
    """Keep revisions and templates inside the plugin's own package, and ship them with its distribution."""
    package = subject.module.__name__
    declared = subject.registry.migrations.get(subject.name)
    names: list[Path] = []
    if declared is not None:
        try:
            names += [revision.path for revision in read_history(declared).revisions.values()]
        except HistoryUnreadable as error:
            yield subject.problem("MIGRATIONS_FOLDER", declared.package, hook=_HOOK, package=declared.package, reason=str(error))
    home = Path(subject.module.__file__ or "").resolve().parent
    if hasattr(subject.module, "__path__"):
        for path in names:
            if not path.resolve().is_relative_to(home):
                yield subject.problem("KIT_NOT_SHIPPED", path.name, hook=_HOOK, file=path.name, place=f"inside the package {package}")
    for template in subject.registry.templates.values():
        if template.name.startswith(f"{subject.name}.") and template.package != package and not template.package.startswith(f"{package}."):
            yield subject.problem(
                "KIT_NOT_SHIPPED", template.name, hook="crm_templates", file=template.path, place=f"inside the package {package}"
            )
    yield from _not_in_wheel(subject, names, home)


def _not_in_wheel(subject: Subject, names: list[Path], home: Path) -> Iterator[Problem]:
    """Yield the files that the installed distribution does not list; an editable install lists none of its sources."""
    plugin = subject.registry.plugin(subject.name)
    if plugin is None or not plugin.distribution:
        return
    try:
        shipped = {str(file).replace("\\", "/") for file in distribution(plugin.distribution).files or ()}
    except PackageNotFoundError:
        return
    top = f"{home.name}/__init__.py"
    if not any(name.endswith(top) for name in shipped):
        return
    for path in names:
        name = path.resolve().relative_to(home.parent).as_posix() if path.resolve().is_relative_to(home.parent) else path.name
        if name not in shipped:
            yield subject.problem("KIT_NOT_SHIPPED", name, hook=_HOOK, file=name, place=f"part of the distribution {plugin.distribution}")


# What the checks above share


@contextmanager
def _prepared(subject: Subject, bench: Bench, *, records: bool = False) -> Iterator[Engine]:
    """Yield an engine of a database that has everything but the plugin; with ``records``, a row in each table that has a class."""
    with bench.database(migrated=False) as url:
        with bench.crm(url, enabled=False, migrate=True) as crm:
            factory = Factory(subject)
            for cls in crm.registry.entities.values() if records else ():
                # The core's own rules may want more of a record than a sample knows; its tables have seeded rows besides.
                tolerated = suppress(ValidationFailed) if cls.__plugin__ == CORE else nullcontext()
                # As the system: among the records is a user, and then only users work.
                with tolerated, crm.session(Actor.system(ACTOR)) as session:
                    session.add(factory.record(session, cls))
                    session.commit()
        storage = open_storage(url)
        try:
            yield storage.engine
        finally:
            storage.close()


@contextmanager
def _migrated(subject: Subject, bench: Bench) -> Iterator[tuple[Engine, list[Problem]]]:
    with bench.database(migrated=False) as url:
        storage = open_storage(url)
        try:
            yield storage.engine, _up(subject, bench, storage.engine)
        finally:
            storage.close()


def _up(subject: Subject, bench: Bench, engine: Engine, direction: str = "up") -> list[Problem]:
    try:
        migrate.upgrade(engine, subject.registry.migrations)
    except CrmError as error:
        return [_failed(subject, bench, direction, error)]
    return []


def _down(subject: Subject, bench: Bench, engine: Engine, declared: Migrations) -> list[Problem]:
    try:
        migrate.downgrade(engine, subject.name, declared)
    except CrmError as error:
        return [_failed(subject, bench, "down", error)]
    return []


def _failed(subject: Subject, bench: Bench, direction: str, error: CrmError) -> Problem:
    thing = str(error.params.get("revision") or "")
    return subject.problem("KIT_MIGRATION_FAILED", thing or None, hook=_HOOK, direction=direction, database=bench.kind, error=str(error))


def _differences(subject: Subject, bench: Bench, engine: Engine) -> list[Problem]:
    with engine.connect() as connection:
        found = migrate.compare(connection, subject.registry.tables(subject.name))
    return [
        subject.problem("KIT_MIGRATION_DIFFERENCE", each.table, hook=_HOOK, database=bench.kind, difference=str(each)) for each in found
    ]


def _schema(engine: Engine) -> Schema:
    with engine.connect() as connection:
        return Schema.of(connection)


def _is_own(subject: Subject, table: str) -> bool:
    """Return whether a table belongs to the plugin: its own, its version table, and copies that Alembic makes of them."""
    if subject.registry.owners.get(table, subject.name) != subject.name:
        return False
    return table.removeprefix("_alembic_tmp_").startswith((f"{subject.name}_", migrate.version_table(subject.name)))


@attrs.frozen
class _Foreign:
    """What belongs to others."""

    shapes: Mapping[str, str]
    rows: Dump

    @classmethod
    def of(cls, subject: Subject, engine: Engine) -> _Foreign:
        shapes = {name: shape for name, shape in _schema(engine).tables.items() if not _is_own(subject, name)}
        return cls(shapes, dump(engine, only=shapes, leave_out=()))

    def changes(self, later: _Foreign) -> dict[str, str]:
        """Return table → what happened to it."""
        found = {table.partition(" ")[0]: f"its rows: {table}" for table in self.rows.differences(later.rows)}
        for name in self.shapes.keys() | later.shapes.keys():
            if name not in self.shapes:
                found[name] = "it is created"
            elif name not in later.shapes:
                found[name] = "it is dropped"
            elif self.shapes[name] != later.shapes[name]:
                found[name] = "its columns, indexes or foreign keys change"
        return found


@contextmanager
def _watched(subject: Subject, engine: Engine) -> Iterator[list[str]]:
    """List the foreign tables that statements write to, even if nothing comes of it."""
    touched: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        match = _WRITES.match(statement)
        if match and not _is_own(subject, match["table"]):
            touched.append(match["table"])

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield touched
    finally:
        event.remove(engine, "before_cursor_execute", note)
