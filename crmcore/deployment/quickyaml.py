"""Read YAML that is written plainly, quickly; everything else is left to ruamel, which also says what is wrong with it.

Large deployments have tens of thousands of lines, nearly all of them `key: value`, for which the scanner of ruamel takes seconds. What this
module reads has block mappings, flow collections on one line, plain and simply quoted scalars, and comments. Tests compare the values and
the place of each with what ruamel makes of the same text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import attrs

from crmcore.deployment.places import KeyPath, Mark

# Line ends other than \n, tabs, and what YAML does not allow.
_DOCUMENTS: Final = re.compile(r"^(?:---|\.\.\.|%)", re.MULTILINE)
"""Marks of documents and directives."""
_STRANGE: Final = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
# What a plain scalar begins with: no indicator, and a dash only before something.
_FIRST: Final = r"""(?:[^\s\-?:,\[\]{}#&*!|>'"%@`]|-(?=[^\s,\[\]{}#:]))"""
_KEY: Final = re.compile(rf"""(?:({_FIRST}[^:#]*)|"([^"\\]*)"|'([^']*)'):(?= |$)""")
_QUOTED: Final = re.compile(r'"([^"\\]*)"|\'([^\']*)\'(?!\')')
_PLAIN: Final = re.compile(rf"{_FIRST}(?:[^#:]|(?<=\S)#|:(?=\S))*")
_FLOW_PLAIN: Final = re.compile(rf"{_FIRST}[^,\[\]{{}}:#]*")
_FLOW_KEY_END: Final = re.compile(r":(?= )")
_REST: Final = re.compile(r" *(?: #.*)?$")
_DEEPEST: Final = 40


class _Line(NamedTuple):
    number: int
    indent: int
    text: str


class _NotPlainError(Exception):
    """Leave the text to ruamel."""


@attrs.frozen
class Quick:
    """The values of a text, and where each key and value stands."""

    data: dict[str, Any]
    keys: dict[KeyPath, Mark]
    values: dict[KeyPath, Mark]


def read_quickly(text: str, scalars: Mapping[str, Callable[[str], object]]) -> Quick | None:
    """Return what a text holds, or None when it is not plain enough; ``scalars`` make values, by kind, and raise ValueError."""
    if _STRANGE.search(text) or _DOCUMENTS.search(text):
        return None
    lines = _lines(text)
    if not lines:
        return None
    reader = _Quick(lines, scalars)
    try:
        data, end = reader.mapping(0, lines[0].indent, (), 0)
    except (_NotPlainError, ValueError):
        return None
    return Quick(data, reader.keys, reader.values) if end == len(lines) else None


def _lines(text: str) -> list[_Line]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.lstrip(" ")
        if stripped and stripped[0] != "#":
            found.append(_Line(number, len(line) - len(stripped), stripped))
    return found


@lru_cache(maxsize=1)
def _resolvers() -> Mapping[str, tuple[tuple[str, Any], ...]]:
    """Return by first character what ruamel takes plain scalars of YAML 1.2 for: kinds, with patterns that it compiles late."""
    # Imported here: see `yamlfile.compose`.
    from ruamel.yaml.resolver import implicit_resolvers  # noqa: PLC0415

    found: dict[str, list[tuple[str, Any]]] = {}
    for versions, tag, pattern, first in implicit_resolvers:
        if (1, 2) in versions:
            for character in first:
                found.setdefault(character, []).append((str(tag).rpartition(":")[2], re.compile(pattern.pattern, pattern.flags)))
    return {character: tuple(some) for character, some in found.items()}


@attrs.define
class _Quick:
    lines: list[_Line]
    scalars: Mapping[str, Callable[[str], object]]
    keys: dict[KeyPath, Mark] = attrs.field(factory=dict)
    values: dict[KeyPath, Mark] = attrs.field(factory=dict)
    _resolve: Mapping[str, tuple[tuple[str, Any], ...]] = attrs.field(factory=_resolvers)

    def mapping(self, index: int, indent: int, path: KeyPath, depth: int) -> tuple[dict[str, Any], int]:
        """Return the mapping whose first line is at ``index``, and the index after it."""
        if depth > _DEEPEST:
            raise _NotPlainError
        first = self.lines[index]
        self.values[path] = Mark(first.number, indent + 1)
        found: dict[str, Any] = {}
        while index < len(self.lines) and self.lines[index].indent == indent:
            line = self.lines[index]
            match = _KEY.match(line.text)
            if match is None:
                raise _NotPlainError
            key = self._key(match[1], match[2] if match[2] is not None else match[3])
            if key in found:
                raise _NotPlainError
            inner = (*path, key)
            self.keys[inner] = Mark(line.number, indent + 1)
            found[key], index = self._value(index, match.end(), indent, inner, depth)
        if index < len(self.lines) and self.lines[index].indent > indent:
            raise _NotPlainError
        return found, index

    def _key(self, plain: str | None, quoted: str | None) -> str:
        if plain is None:
            return str(quoted)
        if plain.endswith(" ") or self._kind(plain) in {"null", "merge", "value"}:
            raise _NotPlainError
        return plain

    def _value(self, index: int, start: int, indent: int, path: KeyPath, depth: int) -> tuple[Any, int]:
        line = self.lines[index]
        deeper = index + 1 < len(self.lines) and self.lines[index + 1].indent > indent
        if _REST.match(line.text, start):
            if deeper:
                return self.mapping(index + 1, self.lines[index + 1].indent, path, depth + 1)
            self.values[path] = Mark(line.number, indent + start + 1)
            return None, index + 1
        if deeper:
            # A scalar that goes on, or what does not belong there.
            raise _NotPlainError
        while line.text[start] == " ":
            start += 1
        value, end = self._inline(line, start, path, depth)
        if not _REST.match(line.text, end):
            raise _NotPlainError
        return value, index + 1

    def _inline(self, line: _Line, start: int, path: KeyPath, depth: int) -> tuple[Any, int]:
        text = line.text
        if text[start] in "[{":
            return self._flow(line, start, path, depth + 1)
        self.values[path] = Mark(line.number, line.indent + start + 1)
        if text[start] in "\"'":
            return self._quoted(text, start)
        match = _PLAIN.match(text, start)
        if match is None:
            raise _NotPlainError
        # A comment begins with a blank and a hash.
        plain = match[0].partition(" #")[0].rstrip(" ")
        if plain.endswith(":"):
            raise _NotPlainError
        return self._scalar(plain), start + len(plain)

    @staticmethod
    def _quoted(text: str, start: int) -> tuple[str, int]:
        match = _QUOTED.match(text, start)
        if match is None:
            raise _NotPlainError
        return (match[1] if match[1] is not None else match[2]), match.end()

    def _kind(self, plain: str) -> str:
        for kind, pattern in self._resolve.get(plain[:1], ()):
            if pattern.match(plain):
                return kind
        return "str"

    def _scalar(self, plain: str) -> Any:  # noqa: ANN401 - whatever the author wrote
        kind = self._kind(plain)
        if kind == "str":
            return plain
        if kind not in self.scalars:
            raise _NotPlainError
        return self.scalars[kind](plain)

    def _flow(self, line: _Line, start: int, path: KeyPath, depth: int) -> tuple[Any, int]:
        """Return a flow collection that ends on its line."""
        if depth > _DEEPEST:
            raise _NotPlainError
        self.values[path] = Mark(line.number, line.indent + start + 1)
        text, closing = line.text, "]" if line.text[start] == "[" else "}"
        found: Any = [] if closing == "]" else {}
        position = _skip(text, start + 1)
        while text[position : position + 1] != closing:
            if closing == "]":
                value, position = self._flow_value(line, position, (*path, len(found)), depth)
                found.append(value)
            else:
                key, value, position = self._flow_pair(line, position, path, depth)
                if key in found:
                    raise _NotPlainError
                found[key] = value
            position = _skip(text, position)
            if text[position : position + 1] == ",":
                position = _skip(text, position + 1)
            elif text[position : position + 1] != closing:
                raise _NotPlainError
        return found, position + 1

    def _flow_pair(self, line: _Line, start: int, path: KeyPath, depth: int) -> tuple[str, Any, int]:
        text = line.text
        if text[start : start + 1] in {'"', "'"}:
            key, position = self._quoted(text, start)
        else:
            plain = self._flow_plain(text, start)
            key, position = self._key(plain, None), start + len(plain)
        match = _FLOW_KEY_END.match(text, position)
        if match is None:
            raise _NotPlainError
        self.keys[(*path, key)] = Mark(line.number, line.indent + start + 1)
        value, end = self._flow_value(line, _skip(text, match.end()), (*path, key), depth)
        return key, value, end

    def _flow_value(self, line: _Line, start: int, path: KeyPath, depth: int) -> tuple[Any, int]:
        character = line.text[start : start + 1]
        if character in {"[", "{"}:
            return self._flow(line, start, path, depth + 1)
        self.values[path] = Mark(line.number, line.indent + start + 1)
        if character in {'"', "'"}:
            return self._quoted(line.text, start)
        plain = self._flow_plain(line.text, start)
        return self._scalar(plain), start + len(plain)

    @staticmethod
    def _flow_plain(text: str, start: int) -> str:
        match = _FLOW_PLAIN.match(text, start)
        if match is None:
            raise _NotPlainError
        return match[0].rstrip(" ")


def _skip(text: str, position: int) -> int:
    while text[position : position + 1] == " ":
        position += 1
    return position
