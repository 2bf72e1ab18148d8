"""Tables: prefix, base, mapping, foreign keys, visibility path, personal data, and nothing added to a foreign class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Final

from sqlalchemy import BigInteger, Integer, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase

from crmcore.errors import Problem
from crmcore.migrate import check_migrations
from crmcore.model import CORE, ENTITIES, Entity, VisibilityKind
from crmcore.registry.collect import Declarations
from crmcore.registry.discovery import LoadedPlugin, describe

_CORE_ENTITIES: Final[tuple[type[Entity], ...]] = ENTITIES
_CORE_ATTRIBUTES: Final[Mapping[type[Entity], frozenset[str]]] = {cls: frozenset(vars(cls)) for cls in _CORE_ENTITIES}
"""Taken when the core is imported, before any plugin can have touched its classes."""


def core_entities() -> tuple[type[Entity], ...]:
    """Return the entity classes of the core."""
    return _CORE_ENTITIES


def check_tables(plugins: Iterable[LoadedPlugin], declarations: Declarations, required: Mapping[str, frozenset[str]]) -> list[Problem]:
    """Return the problems of every plugin's classes and migrations."""
    ordered = tuple(plugins)
    classes: dict[str, list[type[Entity]]] = {plugin.name: [] for plugin in ordered}
    for item in declarations.of("crm_tables"):
        classes[item.plugin].append(item.value)
    owners = {cls.__tablename__: CORE for cls in _CORE_ENTITIES}
    owners |= {cls.__tablename__: plugin for plugin, mine in classes.items() for cls in mine if hasattr(cls, "__tablename__")}
    problems: list[Problem] = []
    for plugin in ordered:
        allowed = required[plugin.name] | {CORE, plugin.name}
        mine = [cls for cls in classes[plugin.name] if _is_mapped(cls)]
        problems += _check_declared(plugin, classes[plugin.name], mine)
        problems += _check_mapping(plugin.name, mine)
        for cls in mine:
            problems += _check_class(plugin.name, cls, owners, allowed)
        problems += _check_plugin_migrations(plugin.name, declarations, has_tables=bool(mine))
    problems += _check_core_untouched(ordered)
    return problems


def _is_mapped(cls: type[Entity]) -> bool:
    return isinstance(getattr(cls, "__table__", None), Table)


def _problem(code: str, owner_of_fault: str, thing: str, /, **params: object) -> Problem:
    return Problem(code=code, plugin=owner_of_fault, hook="crm_tables", object=thing, params=params)


def _check_declared(plugin: LoadedPlugin, declared: list[type[Entity]], mine: list[type[Entity]]) -> Iterator[Problem]:
    for cls in declared:
        if cls not in mine or cls.__plugin__ != plugin.name:
            yield _problem("TABLE_BASE", plugin.name, cls.__name__, cls=cls.__name__, plugin=plugin.name)
    for cls in _mapped_in(plugin.module):
        if cls.__plugin__ == plugin.name and cls not in declared:
            yield _problem("TABLE_UNDECLARED", plugin.name, cls.__name__, cls=cls.__name__, table=cls.__tablename__)


def _mapped_in(module: ModuleType) -> Iterator[type[Entity]]:
    """Yield the mapped classes that were written in a plugin's module or package, declared or not."""
    waiting: list[type[DeclarativeBase]] = list(Entity.__subclasses__())
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        inside = cls.__module__ == module.__name__ or cls.__module__.startswith(f"{module.__name__}.")
        if inside and issubclass(cls, Entity) and _is_mapped(cls):
            yield cls


def _check_mapping(plugin: str, mine: list[type[Entity]]) -> list[Problem]:
    for registry in {cls.registry for cls in mine}:
        try:
            registry.configure(cascade=True)
        except SQLAlchemyError as error:
            return [Problem(code="TABLE_MAPPING", plugin=plugin, hook="crm_tables", params={"error": describe(error)})]
    return []


def _check_class(plugin: str, cls: type[Entity], owners: Mapping[str, str], allowed: frozenset[str]) -> Iterator[Problem]:
    table = cls.__table__
    if not isinstance(table, Table):
        return
    prefix = f"{plugin}_"
    if not table.name.startswith(prefix):
        yield _problem("TABLE_PREFIX", plugin, table.name, table=table.name, prefix=prefix)
    for key in table.foreign_keys:
        target = key.target_fullname.rpartition(".")[0]
        owner = owners.get(target, "nobody here")
        if owner not in allowed:
            yield _problem("TABLE_FOREIGN_KEY", plugin, table.name, column=f"{table.name}.{key.parent.name}", target=target, owner=owner)
    yield from _check_references(plugin, cls, table)
    yield from _check_visibility(plugin, cls, table)
    personal = getattr(cls, "__personal__", None)
    if personal is None:
        yield _problem("TABLE_PERSONAL", plugin, table.name, cls=cls.__name__, reason="")
    else:
        for reason in _personal_reasons(cls, table, personal):
            yield _problem("TABLE_PERSONAL", plugin, table.name, cls=cls.__name__, reason=f": {reason}")


def _personal_reasons(cls: type[Entity], table: Table, personal: Iterable[str]) -> Iterator[str]:
    marked, rule = set(personal), cls.__retention__
    if missing := sorted(marked - set(table.columns.keys())):
        yield f"no column {', '.join(missing)}"
    leading = {*cls.__references__, *(column.name for column in table.columns if column.foreign_keys)}
    if strange := sorted(set(cls.__about__ or ()) - leading):
        yield f"__about__ names {', '.join(strange)}, which refers to nothing"
    if rule is None:
        return
    if unmarked := sorted(set(rule.keeps) - marked):
        yield f"__retention__ keeps {', '.join(unmarked)}, which is not personal"
    if rule.since not in table.columns:
        yield f"__retention__ counts from {rule.since}, which is no column"


def _check_references(plugin: str, cls: type[Entity], table: Table) -> Iterator[Problem]:
    known = {*cls.__references__, *cls.__not_references__}
    for column in table.columns:
        looks_like_one = column.name.endswith("_id") and isinstance(column.type, Integer | BigInteger)
        if looks_like_one and not column.foreign_keys and column.name not in known:
            yield _problem("TABLE_REFERENCE_UNDECLARED", plugin, table.name, column=f"{table.name}.{column.name}")
    for pair in cls.__references__.items():
        for name in pair:
            if name not in table.columns:
                yield _problem("TABLE_REFERENCE_UNDECLARED", plugin, table.name, column=f"{table.name}.{name} (named in __references__)")


def _check_visibility(plugin: str, cls: type[Entity], table: Table) -> Iterator[Problem]:
    path = getattr(cls, "__visibility__", None)
    reason = ""
    if path is None:
        reason = "__visibility__ is not set"
    elif path.kind in {VisibilityKind.VIA, VisibilityKind.OWNER, VisibilityKind.PEOPLE}:
        column = table.columns.get(path.column or "")
        absent = [name for name in (*path.people, path.shared, path.private) if name is not None and name not in table.columns]
        if column is None or absent:
            reason = f"there is no column {path.column if column is None else absent[0]!r}"
        elif path.kind is not VisibilityKind.OWNER and not column.foreign_keys:
            reason = f"column {path.column!r} has no foreign key"
    if not reason and (strange := sorted(set(cls.__copies__) - set(table.columns.keys()))):
        reason = f"__copies__ names {', '.join(strange)}, which is no column"
    if reason:
        yield _problem("TABLE_VISIBILITY", plugin, table.name, cls=cls.__name__, reason=reason)


def _check_plugin_migrations(plugin: str, declarations: Declarations, *, has_tables: bool) -> list[Problem]:
    mine = [item.value for item in declarations.of("crm_migrations") if item.plugin == plugin]
    if not mine:
        return [Problem(code="MIGRATIONS_MISSING", plugin=plugin, hook="crm_migrations")] if has_tables else []
    return [problem for migrations in mine for problem in check_migrations(plugin, migrations)]


def _check_core_untouched(plugins: Iterable[LoadedPlugin]) -> Iterator[Problem]:
    names = tuple(plugin.name for plugin in plugins)
    modules = {plugin.module.__name__: plugin.name for plugin in plugins}
    for cls, before in _CORE_ATTRIBUTES.items():
        for attribute in sorted(set(vars(cls)) - before):
            value = vars(cls)[attribute]
            culprit = _culprit(value, modules)
            # Without a trace to its module the change is laid to all: a start with a changed core is not safe for any.
            for plugin in (culprit,) if culprit else names:
                params = {"attribute": attribute, "cls": cls.__name__, "owner": CORE}
                yield Problem(code="CORE_CLASS_CHANGED", plugin=plugin, object=f"{cls.__name__}.{attribute}", params=params)


def _culprit(value: object, modules: Mapping[str, str]) -> str | None:
    home = getattr(value, "__module__", None)
    prop = getattr(value, "property", None)
    if prop is not None and hasattr(prop, "mapper"):
        home = prop.mapper.class_.__module__
    if not isinstance(home, str):
        return None
    return next((plugin for module, plugin in modules.items() if home == module or home.startswith(f"{module}.")), None)
