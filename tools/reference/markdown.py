"""Markdown for the reference."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Final

_DOUBLE: Final = re.compile(r"``([^`]+)``")
_LITERAL: Final = re.compile(r"^(?P<before>.*?)::$")
_INDENTED: Final = re.compile(r"^ {4}")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, or a sentence when it has no rows."""
    lines = [" | ".join(cell(value) for value in row) for row in rows]
    if not lines:
        return "None.\n"
    head = [" | ".join(columns), " | ".join("---" for _ in columns)]
    return "".join(f"| {line} |\n" for line in [*head, *lines])


def cell(text: str) -> str:
    """Return text that stays within one cell of a table."""
    return " ".join(plain(text).split()).replace("|", "\\|") or "-"


def code(text: object) -> str:
    """Return text as code; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def plain(text: str) -> str:
    """Turn the double backticks of docstrings into those of Markdown."""
    return _DOUBLE.sub(r"`\1`", text)


def docstring(value: object) -> str:
    """Return the docstring of something as Markdown; literal blocks become code."""
    return prose(inspect.getdoc(value) or "")


def prose(text: str) -> str:
    """Return a docstring as Markdown: literal blocks become code, and sections lists."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        literal = _LITERAL.fullmatch(line)
        if inside and line.strip() and not line.startswith("    "):
            _close(lines)
            inside = False
        if literal and not inside:
            lines += [f"{literal['before']}:" if literal["before"].strip() else "", "", "```python"]
            inside = True
        elif inside:
            # The blank line between the sentence and its code is not part of the code.
            if line.strip() or lines[-1] != "```python":
                lines.append(_INDENTED.sub("", line))
        elif line == "Raises:":
            lines += ["Raises:", ""]
        elif line.startswith("    "):
            lines.append(_raises(line.strip()))
        else:
            lines.append(plain(line))
    if inside:
        _close(lines)
    return "\n".join(lines).strip() + "\n"


def _raises(line: str) -> str:
    name, colon, text = line.partition(": ")
    return f"- `{name}`: {plain(text)}" if colon and name.replace(", ", "").isidentifier() else f"  {plain(line)}"


def _close(lines: list[str]) -> None:
    while not lines[-1].strip():
        lines.pop()
    lines += ["```", ""]
