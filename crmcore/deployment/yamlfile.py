"""Read one YAML 1.2 file into plain values, with the line and column of each, and every fault at once.

It composes the nodes and builds the values itself, instead of loading: a loader stops at the first duplicate key, expands aliases without
a limit, and knows tags that build objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from crmcore.deployment.explain import shown
from crmcore.deployment.messages import config_problem
from crmcore.deployment.places import KeyPath, Mark, Source, dotted
from crmcore.deployment.quickyaml import read_quickly
from crmcore.errors import ConfigurationError, Problem

MAX_BYTES: Final = 5_000_000
MAX_DEPTH: Final = 60
MAX_REPEATED: Final = 100_000
"""Values that aliases may add to those that are written in the file."""

_TAG: Final = "tag:yaml.org,2002:"

# The nodes of ruamel are not typed.
Node = Any


@attrs.frozen
class Document:
    """What a file holds: plain dictionaries, lists and values, where they are, and what is wrong."""

    data: Any  # whatever the author wrote
    source: Source
    problems: tuple[Problem, ...] = ()


def read_text(path: Path, name: str) -> str:
    """Return the text of a UTF-8 file.

    Raises:
        ConfigurationError: ``CONFIG_UNREADABLE`` when it is missing, too large, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
            size = path.stat().st_size
    except FileNotFoundError as error:
        raise _unreadable(config_problem("missing_file", place=name)) from error
    except OSError as error:
        raise _unreadable(config_problem("unreadable_file", place=name, error=error.strerror or type(error).__name__)) from error
    if len(raw) > MAX_BYTES:
        raise _unreadable(config_problem("too_large", place=name, value=size, expected=MAX_BYTES))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise _unreadable(config_problem("encoding", place=f"{name}:{line}:{column}", value=f"0x{raw[error.start]:02x}")) from error


def _unreadable(problem: Problem) -> ConfigurationError:
    return ConfigurationError("CONFIG_UNREADABLE", [problem], place=problem.params["place"], reason=problem.params["reason"])


def compose(text: str, name: str) -> Node:
    """Return the root node of a text, None when it is empty.

    Raises:
        ConfigurationError: ``CONFIG_UNREADABLE`` when it is not YAML.
    """
    # Imported here: reading files is the only thing that needs it, and it is not cheap to import.
    from ruamel.yaml import YAML  # noqa: PLC0415
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    yaml = YAML()
    try:
        return yaml.compose(text.removeprefix("\ufeff"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        detail = " ".join(part for part in (error.context, error.problem) if part)
        reason = "tab" if "'\\t'" in detail else "syntax"
        raise _unreadable(config_problem(reason, place=place, error=detail)) from error
    except YAMLError as error:
        line, column = _position(text, getattr(error, "position", None))
        detail = str(getattr(error, "reason", "") or "it holds a character that is not allowed")
        raise _unreadable(config_problem("syntax", place=f"{name}:{line}:{column}", error=detail)) from error
    except RecursionError as error:
        raise _unreadable(config_problem("too_deep", place=_deepest(text, name))) from error
    except (ValueError, AttributeError, IndexError, KeyError, TypeError, AssertionError) as error:
        # The scanner of ruamel trips over some broken texts instead of refusing them.
        raise _unreadable(config_problem("syntax", place=name, error=type(error).__name__)) from error


def _deepest(text: str, name: str) -> str:
    """Return where the nesting goes too deep: events come one by one, without recursion."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - see `compose`
    from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent  # noqa: PLC0415

    depth = 0
    for event in YAML().parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            return f"{name}:{event.start_mark.line + 1}:{event.start_mark.column + 1}"
    return name


def _position(text: str, index: int | None) -> tuple[int, int]:
    before = text[: index or 0]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def parse(text: str, name: str) -> Document:
    """Return the values of a YAML text.

    Raises:
        ConfigurationError: ``CONFIG_UNREADABLE`` when it is not YAML at all; lesser faults are in `Document.problems`.
    """
    quick = read_quickly(text, _SCALARS)
    return parse_slowly(text, name) if quick is None else Document(quick.data, Source(name, quick.keys, quick.values))


def parse_slowly(text: str, name: str) -> Document:
    """Return the values of a YAML text, whatever it holds; otherwise as `parse`."""
    root = compose(text, name)
    builder = _Builder(name)
    data = None if root is None else builder.build(root)
    return Document(data, Source(name, builder.keys, builder.values), tuple(builder.problems))


class _TooManyError(Exception):
    """Stop building: aliases multiply."""


@attrs.define
class _Builder:
    """Turn nodes into values, noting where each stands."""

    name: str
    keys: dict[KeyPath, Mark] = attrs.field(factory=dict)
    values: dict[KeyPath, Mark] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)
    _seen: set[int] = attrs.field(factory=set)
    _open: list[int] = attrs.field(factory=list)
    _repeated: int = 0

    def build(self, root: Node) -> object:
        try:
            return self._value(root, ())
        except _TooManyError:
            self._problem("too_many", root, (), expected=MAX_REPEATED)
            return {}

    def _problem(self, reason: str, node: Node, path: KeyPath, **params: Any) -> None:  # noqa: ANN401 - shown as they are
        mark = _mark(node)
        place = f"{self.name}:{mark.line}:{mark.column}"
        problem = config_problem(reason, place=place, path=dotted(path), **params)
        if problem not in self.problems:
            self.problems.append(problem)

    def _value(self, node: Node, path: KeyPath) -> object:
        self.values[path] = _mark(node)
        if id(node) in self._seen:
            self._repeated += 1
            if self._repeated > MAX_REPEATED:
                raise _TooManyError
        self._seen.add(id(node))
        kind = str(node.tag).removeprefix(_TAG)
        if kind in _SCALARS and not isinstance(node.value, list):
            return self._scalar(node, kind, path)
        if kind not in {"map", "seq"} or not isinstance(node.value, list):
            self._problem("tag", node, path, value=str(node.tag).replace(_TAG, "!!"))
            return None
        if id(node) in self._open:
            self._problem("recursive", node, path)
            return None
        if len(self._open) >= MAX_DEPTH:
            self._problem("too_deep", node, path)
            return None
        self._open.append(id(node))
        try:
            if kind == "seq":
                return [self._value(inner, (*path, number)) for number, inner in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self._open.pop()

    def _mapping(self, node: Node, path: KeyPath) -> dict[str, object]:
        result: dict[str, object] = {}
        merged: list[Node] = []
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            if str(key_node.tag) == f"{_TAG}merge":
                merged.append(value_node)
                continue
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in first:
                self._problem("duplicate", key_node, (*path, key), expected=first[key])
                continue
            first[key] = _mark(key_node).line
            self.keys[(*path, key)] = _mark(key_node)
            result[key] = self._value(value_node, (*path, key))
            if value_node.start_mark.index == value_node.end_mark.index and result[key] is None:
                # Nothing is written: ruamel would point to whatever comes next.
                self.values[(*path, key)] = Mark(key_node.end_mark.line + 1, key_node.end_mark.column + 2)
        for inner in self._merged(merged, path):
            for key, value in inner.items():
                result.setdefault(key, value)
        return result

    def _merged(self, nodes: list[Node], path: KeyPath) -> Iterator[dict[str, object]]:
        """Yield what `<<` brings in; keys that are written beside it win."""
        for node in nodes:
            # Marks of merged values are those of the keys around: a scratch path keeps them from replacing the written ones.
            value = self._value(node, (*path, "<<"))
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict):
                    yield inner
                else:
                    self._problem("merge", node, (*path, "<<"))

    def _key(self, node: Node, path: KeyPath) -> str | None:
        kind = str(node.tag).removeprefix(_TAG)
        if kind not in _SCALARS or kind == "null" or isinstance(node.value, list):
            self._problem("key_type", node, (*path, "?"), value=kind)
            return None
        # As it is written: `00184` and `on` are names, not a number and a truth value.
        return str(node.value)

    def _scalar(self, node: Node, kind: str, path: KeyPath) -> object:
        try:
            return _SCALARS[kind](node.value)
        except ValueError as error:
            self._problem("scalar", node, path, value=shown(node.value), error=_first_line(error))
            return None


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _bool(text: str) -> object:
    # A `%YAML 1.1` directive makes `yes` and `on` booleans: here they stay text.
    return {"true": True, "false": False}.get(text.lower(), text)


def _int(text: str) -> int:
    digits = text.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2], 10)
    return sign * int(digits if base == 10 else digits[2:], base)  # noqa: PLR2004 - decimal has no prefix


def _float(text: str) -> float:
    plain = text.replace("_", "").lower()
    special = {".inf": "inf", "+.inf": "inf", "-.inf": "-inf", ".nan": "nan"}
    return float(special.get(plain, plain))


def _timestamp(text: str) -> object:
    from ruamel.yaml.util import create_timestamp, timestamp_regexp  # noqa: PLC0415 - see `compose`

    match = timestamp_regexp.match(text)
    if match is None:
        message = "not a date"
        raise ValueError(message)
    return create_timestamp(**match.groupdict())


def _null(_: str) -> None:
    return None


_SCALARS: Final[Mapping[str, Callable[[str], object]]] = {
    "null": _null,
    "bool": _bool,
    "int": _int,
    "float": _float,
    "timestamp": _timestamp,
    "str": str,
}
