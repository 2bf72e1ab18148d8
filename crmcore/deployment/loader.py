"""Load a deployment: a folder with a main file, checked as a whole before anything is done with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from crmcore.deployment.explain import nearest, shown
from crmcore.deployment.messages import config_problem
from crmcore.deployment.places import Source
from crmcore.deployment.secrets import REFERENCE, SecretMissingError, SecretSource
from crmcore.deployment.sections import MAIN, SECTIONS, Section
from crmcore.deployment.validator import frozen, resolve
from crmcore.deployment.yamlfile import Document, parse, read_text
from crmcore.errors import ConfigurationError, Problem
from crmcore.hooks import ConfigSchema, Label

MAIN_FILE: Final = "crm.yaml"
_SQLITE: Final = "sqlite"
_GROUP: Final = "crmcore.plugins"


@attrs.frozen(kw_only=True)
class Deployment:
    """Hold what a deployment says, checked by itself; the settings of plugins are checked when the plugins are known.

    ``database`` has its secrets filled in and its SQLite path made absolute; it is never shown. ``settings`` are as they are written in
    the file, with their references: see `validate_settings`. ``busy_timeout`` is in seconds.
    """

    path: Path
    database: str = attrs.field(repr=False)
    plugins: tuple[str, ...]
    settings: Mapping[str, Mapping[str, object]] = attrs.field(repr=False)
    zone: ZoneInfo
    lang: str
    busy_timeout: float
    source: Source = attrs.field(repr=False, eq=False)
    include: tuple[str, ...] = ()
    collections: Mapping[str, Any] = attrs.field(factory=dict, repr=False, eq=False)
    """What the main file itself configures, by section, as it is written; it is checked when the plugins are known."""
    environ: Mapping[str, str] | None = attrs.field(default=None, repr=False, eq=False)
    """Where ``${env:…}`` is looked up; None means the environment of the process."""

    @property
    def folder(self) -> Path:
        """The folder of the main file, which relative paths start from."""
        return self.path.parent


def main_file(path: str | Path) -> Path:
    """Return the main file of a deployment, given that file or its folder; it need not exist."""
    given = Path(path)
    return given / MAIN_FILE if given.is_dir() or not given.suffix else given


def load(path: str | Path, *, environ: Mapping[str, str] | None = None) -> Deployment:
    """Read and check the main file of a deployment.

    Raises:
        ConfigurationError: with every problem of the file: ``CONFIG_UNREADABLE``, ``CONFIG_INVALID``, ``SECRET_MISSING``,
        ``SECRET_REFUSED``.
    """
    file = main_file(path).absolute()
    document = parse(read_text(file, _name(path, file)), _name(path, file))
    secrets = SecretSource(environ, file.parent)
    values, problems = _check_main(document, secrets)
    problems = sorted([*document.problems, *problems], key=_line)
    if problems:
        raise ConfigurationError("CONFIG_REFUSED", problems, place=document.source.name)
    return Deployment(
        path=file,
        database=absolute_database(str(values["database"]), file.parent),
        plugins=values["plugins"],
        settings=_settings_of(document),
        zone=ZoneInfo(values["zone"]),
        lang=values["lang"],
        busy_timeout=float(values["busy_timeout"]),
        source=document.source,
        include=values["include"],
        collections={name: value for name, value in (document.data or {}).items() if name not in MAIN.schema},
        environ=environ,
    )


def _name(path: str | Path, file: Path) -> str:
    """Return the file as the user named it, which is shorter than the whole path."""
    given = Path(path)
    return str(given / MAIN_FILE) if file.name == MAIN_FILE and given.name != MAIN_FILE else str(given)


def _line(problem: Problem) -> tuple[int, int]:
    """Sort by line and column: ``file:line:column`` ends with two numbers."""
    parts = str(problem.params.get("place", "")).rsplit(":", 2)[1:]
    return (int(parts[0]), int(parts[1])) if len(parts) == 2 and all(part.isdigit() for part in parts) else (0, 0)  # noqa: PLR2004 - line and column


def _check_main(document: Document, secrets: SecretSource) -> tuple[Mapping[str, Any], list[Problem]]:
    """Return the values of the sections, with the address of the database in clear, and what is wrong."""
    data, source = document.data, document.source
    if data is not None and not isinstance(data, dict):
        return {}, [config_problem("not_mapping", place=source.place(()), value=shown(type(data).__name__))]
    given = dict(data or {})
    database = given.get("database")
    if isinstance(database, str):
        # The rules look at the address without its secrets, so that no message can show one.
        given["database"] = REFERENCE.sub("x", database)
    for section in SECTIONS:
        if section.deferred and isinstance(given.get(section.key), dict):
            given[section.key] = {name: {} if isinstance(inner, dict) else inner for name, inner in given[section.key].items()}
    collections = {name: {} if isinstance(given.get(name), dict) else given[name] for name in given if "." in str(name)}
    for name in _collection_sections():
        if isinstance(given.get(name), dict):
            given[name] = {}
    values, problems = resolve(_with_collections(tuple(collections)), {**given, **collections}, source, secrets=secrets)
    wrong = {str(problem.params["path"]).partition(".")[0].partition("[")[0] for problem in problems}
    for section in SECTIONS:
        # The other sections are looked at all the same, so that one reading shows everything.
        if given.get(section.key) is not None and section.key not in wrong:
            problems += _check_section(section, given[section.key], source)
    if isinstance(database, str):
        values = {**values, "database": _expand_database(database, source, secrets, problems)}
    return values, problems


def _collection_sections() -> tuple[str, ...]:
    # Imported here: the collections of the core know its model, and this package is there to read files.
    from crmcore.planning.core import CORE_COLLECTIONS  # noqa: PLC0415

    return tuple(each.name for each in CORE_COLLECTIONS if each.inside is None)


@lru_cache(maxsize=64)
def _with_collections(others: tuple[str, ...]) -> ConfigSchema:
    """Return the schema of the main file with the sections of collections, whose owners know what may be inside; a dot names a plugin's."""
    rules = {"type": "dict", "nullable": True, "label": Label("Raccolta", "Collection"), "help": "A collection."}
    return ConfigSchema({**MAIN.schema, **dict.fromkeys([*_collection_sections(), *others], rules)})


def _check_section(section: Section, value: object, source: Source) -> Iterator[Problem]:
    for path, reason, params in section.check(value):
        whole = (section.key, *path)
        yield config_problem(reason, place=source.place(whole), path=source.dotted(whole), **params)


def _expand_database(url: str, source: Source, secrets: SecretSource, problems: list[Problem]) -> str:
    """Fill in the references of the address here, because a password inside it must be percent-encoded."""
    try:
        return secrets.expand_url(url)
    except SecretMissingError as error:
        params = {"place": source.place(("database",)), "path": "database", "reference": error.args[0]}
        problems.append(Problem(code="SECRET_MISSING", params=params))
        return url


def _settings_of(document: Document) -> Mapping[str, Mapping[str, object]]:
    given = (document.data or {}).get("settings") or {}
    return MappingProxyType({name: frozen(inner or {}) for name, inner in given.items()})  # type: ignore[misc] # checked to be mappings


def absolute_database(url: str, folder: Path) -> str:
    """Return the address with a relative SQLite path made absolute; other addresses are returned as they are."""
    scheme, separator, rest = url.partition(":///")
    if not separator or scheme.partition("+")[0] != _SQLITE:
        return url
    name, mark, query = rest.partition("?")
    if not name or name == ":memory:" or name.startswith("file:"):
        return url
    return f"{scheme}:///{(folder / name).as_posix()}{mark}{query}"


def validate_settings(
    deployment: Deployment,
    schemas: Mapping[str, ConfigSchema],
    *,
    installed: Collection[str] | None = None,
    left_out: Collection[str] = (),
) -> tuple[Mapping[str, Mapping[str, object]], list[Problem]]:
    """Return the settings of each plugin that has a schema, with defaults, and every problem with its line and column.

    Settings of a plugin that is installed and not enabled are left alone: disabling keeps them. ``installed`` are the names of the
    plugins that are installed, by default those of the distributions of this environment. ``left_out`` are enabled plugins that did not
    start, whose
    schemas nobody knows.
    """
    resolved: dict[str, Mapping[str, object]] = {}
    problems: list[Problem] = []
    secrets = SecretSource(deployment.environ, deployment.folder)
    for name, schema in schemas.items():
        source = deployment.source.under("settings", name)
        resolved[name], found = resolve(schema, deployment.settings.get(name), source, plugin=name, secrets=secrets)
        problems += found
    problems += _unclaimed(deployment, {*schemas, *left_out}, installed)
    return MappingProxyType(resolved), sorted(problems, key=_line)


def _unclaimed(deployment: Deployment, claimed: Collection[str], installed: Collection[str] | None) -> Iterator[Problem]:
    """Yield a problem for settings that nobody reads: of a plugin without settings, or of a name that is misspelt."""
    for name, given in deployment.settings.items():
        if name in claimed:
            continue
        path = ("settings", name)
        place, shown_path = deployment.source.place(path, key=True), deployment.source.dotted(path)
        if name in deployment.plugins:
            if given:
                yield config_problem("no_settings", place=place, path=shown_path, plugin=name)
            continue
        if installed is None:
            installed = _installed_names()
        if name not in installed:
            yield config_problem("no_plugin", place=place, path=shown_path, **nearest(name, sorted({*claimed, *installed})))


def _installed_names() -> frozenset[str]:
    # Imported here: only a misspelt name needs it, and reading every distribution takes time.
    from importlib_metadata import entry_points  # noqa: PLC0415

    return frozenset(entry_points(group=_GROUP).names)
