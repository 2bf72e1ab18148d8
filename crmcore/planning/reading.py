"""What the files of a deployment say: every item of every collection, with the place where it is written, and every fault."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore.deployment import MAIN, Deployment, Source
from crmcore.deployment.explain import nearest, shown
from crmcore.deployment.messages import config_problem
from crmcore.deployment.yamlfile import Document, parse, read_text
from crmcore.errors import ConfigurationError, Problem
from crmcore.hooks import Configurable, Key
from crmcore.planning.catalogue import ENTITY

if TYPE_CHECKING:
    from crmcore.registry import Registry

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_LANGUAGES: Final = frozenset({"it", "en"})
_MAPPING: Final = {"expected": "keys and values", "expected_it": "chiavi e valori"}


@attrs.frozen
class Given:
    """An item as it is written; one that only holds items of its own claims nothing for itself."""

    values: Mapping[str, Any]
    source: Source
    claims: bool


@attrs.define
class Files:
    """Everything that the files say, by collection and key."""

    items: dict[str, dict[Key, Given]] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)
    faulty: set[str] = attrs.field(factory=set)
    """Collections of which something could not be taken: what is missing in them says nothing."""

    def place(self, collection: str, key: Key, field: str | None = None) -> str:
        """Return file, line and column of an item or of one of its fields."""
        given = self.items[collection][key]
        return given.source.place((field,) if field else (), key=field is None)


def read_files(deployment: Deployment, collections: Mapping[str, Configurable], registry: Registry) -> Files:
    """Read the main file and those that it includes."""
    files = Files()
    reader = Reader(files, collections, registry.entities)
    reader.document(Document(dict(deployment.collections), deployment.source))
    for document in _included(deployment, files.problems):
        files.problems += document.problems
        reader.document(document)
    return files


def included_paths(deployment: Deployment) -> Iterator[tuple[int, str, list[Path]]]:
    """Yield each pattern of the main file, with its number and the files that it finds, in order."""
    seen = {deployment.path.resolve()}
    for number, pattern in enumerate(deployment.include):
        # `**` does not follow links out of the folder, and what is found twice is read once.
        found = [path for path in sorted(deployment.folder.glob(pattern)) if path.is_file()]
        yield number, pattern, [path for path in found if path.resolve() not in seen]
        seen |= {path.resolve() for path in found}


def _included(deployment: Deployment, problems: list[Problem]) -> Iterator[Document]:
    above = Path(deployment.source.name).parent
    for number, pattern, paths in included_paths(deployment):
        if not paths and not any(path.is_file() for path in deployment.folder.glob(pattern)):
            place = deployment.source.place(("include", number))
            problems.append(config_problem("no_match", place=place, path=f"include[{number}]", value=shown(pattern)))
        for path in paths:
            name = str(above / path.relative_to(deployment.folder))
            try:
                yield parse(read_text(path, name), name)
            except ConfigurationError as error:
                problems.extend(error.problems)


@attrs.frozen
class Reader:
    """Take items out of files, or out of what a plugin brings in the form of files."""

    files: Files
    collections: Mapping[str, Configurable]
    entities: Collection[str]

    def document(self, document: Document) -> None:
        """Take the sections of one file."""
        data, source = document.data, document.source
        if data is None:
            return
        if not isinstance(data, dict):
            self.files.problems.append(config_problem("not_mapping", place=source.place(()), value=shown(type(data).__name__)))
            return
        tops = {name: each for name, each in self.collections.items() if each.inside is None}
        for name, section in data.items():
            collection = tops.get(name)
            if collection is not None:
                self._section(collection, section, source.under(name))
            elif name in MAIN.schema:
                self._problem("main_only", source.under(name))
            else:
                self._problem("unknown", source.under(name), **nearest(name, tops))

    def _problem(self, reason: str, source: Source, **params: Any) -> None:  # noqa: ANN401 - shown as they are
        place = source.place((), key=reason != "type")
        self.files.problems.append(config_problem(reason, place=place, path=source.dotted(()), **params))

    def _fault(self, collection: Configurable, reason: str, source: Source, **params: Any) -> None:  # noqa: ANN401 - as above
        self.files.faulty.add(collection.name)
        self._problem(reason, source, **params)

    def _mapping(self, collection: Configurable, value: object, source: Source) -> Mapping[str, Any]:
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self._fault(collection, "type", source, value=shown(value), **_MAPPING)
        return {}

    def _section(self, collection: Configurable, section: object, source: Source, above: Key = ()) -> None:
        grouped = collection.group is not None and not above
        for name, value in self._mapping(collection, section, source).items():
            if grouped:
                if collection.group == ENTITY and name not in self.entities:
                    hint = nearest(name, sorted(self.entities))
                    self._fault(collection, "unknown_group", source.under(name), value=shown(name), expected=ENTITY, **hint)
                else:
                    self._section(collection, value, source.under(name), (name,))
            elif re.fullmatch(collection.key, name) is None:
                self._fault(collection, "key_shape", source.under(name), value=shown(name), expected=collection.key)
            else:
                self._item(collection, (*above, name), value, source.under(name))

    def _item(self, collection: Configurable, key: Key, value: object, source: Source) -> None:
        own: dict[str, Any]
        if isinstance(value, dict) and value and _LANGUAGES.issuperset(value) and collection.short in collection.texts:
            own = {str(collection.short): value}
        elif isinstance(value, dict):
            own = dict(value)
        elif value is None:
            own = {}
        elif collection.short is not None and not isinstance(value, list):
            own = {collection.short: value}
        else:
            self._fault(collection, "type", source, value=shown(value), **_MAPPING)
            return
        inner = [each for each in self.collections.values() if each.inside == collection.name]
        for child in inner:
            if child.section in own:
                self._section(child, own.pop(child.section), source.under(child.section), key)
        for name in collection.texts:
            if isinstance(own.get(name), str):
                own[name] = {"it": own[name]}
        claims = bool(own) or not isinstance(value, dict) or not value
        self._take(collection, key, Given(_plain(own), source, claims))

    def _take(self, collection: Configurable, key: Key, given: Given) -> None:
        items = self.files.items.setdefault(collection.name, {})
        there = items.get(key)
        if there is not None and there.claims and given.claims:
            self._problem("given_twice", given.source, expected=there.source.place((), key=True))
        elif there is None or given.claims:
            items[key] = given


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever is in a file
    """Return a value as JSON would hold it, except that dates stay dates until their rules have been looked at."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def as_json(value: Any) -> Any:  # noqa: ANN401 - as above
    """Return a checked value as JSON holds it: dates are text, sequences lists."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, date | datetime) else value
