"""Find the code in the documentation, and run it: what readers type must work.

What a fenced block means:

- a block with ``title="path"`` is a file, written into the page's folder (``<!-- appended -->`` before the block: added to its end);
- ``python`` without a title is run, blocks of a page in one interpreter, which starts anew when a module was written;
  ``text title="output"`` after it is what it must print;
- ``console`` holds commands after ``$``, each followed by what it must print, where ``...`` stands for anything; one without an output must
  go well;
- ``<!-- not run: reason -->`` before a block leaves it out, and says why;
- ``text`` and ``mermaid`` without a title are illustrations. Anything else needs a title or a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

_FENCE: Final = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)")
_TITLE: Final = re.compile(r'\btitle="([^"]*)"')
_COMMENT: Final = re.compile(r"\s*<!--\s*(?P<text>.*?)\s*-->\s*")
_NOT_RUN: Final = "not run:"
_APPENDED: Final = "appended"
_OUTPUT: Final = "output"
_ILLUSTRATIONS: Final = frozenset({"text", "mermaid"})


@attrs.frozen(kw_only=True)
class Snippet:
    """A fenced block of a page; ``line`` is that of its fence."""

    page: Path
    line: int
    language: str
    title: str
    code: str
    mark: str = ""

    @property
    def kind(self) -> str:
        """What it is: ``file``, ``append``, ``python``, ``console``, ``output``, ``not run``, ``illustration`` or ``unknown``."""
        if self.mark.startswith(_NOT_RUN):
            return "not run"
        if self.title == _OUTPUT:
            return "output"
        if self.title:
            return "append" if self.mark == _APPENDED else "file"
        if self.language in {"python", "console"}:
            return self.language
        return "illustration" if self.language in _ILLUSTRATIONS else "unknown"

    @property
    def reason(self) -> str:
        """Why it is not run."""
        return self.mark.removeprefix(_NOT_RUN).strip() if self.kind == "not run" else ""

    @property
    def where(self) -> str:
        """Page and line, for messages."""
        return f"{self.page.name}:{self.line}"


def read_snippets(page: Path) -> list[Snippet]:
    """Return the fenced blocks of a Markdown page, in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return list(_blocks(page, lines))


def _blocks(page: Path, lines: list[str]) -> Iterator[Snippet]:
    mark, number = "", 0
    while number < len(lines):
        opening = _FENCE.fullmatch(lines[number])
        if opening is None:
            comment = _COMMENT.fullmatch(lines[number])
            # A mark counts for the block right after it, blank lines aside.
            mark = comment["text"] if comment else mark if not lines[number].strip() else ""
            number += 1
            continue
        end = _end(lines, number, opening["fence"])
        code = "\n".join(line.removeprefix(opening["indent"]) for line in lines[number + 1 : end])
        words = opening["info"].split()
        title = _TITLE.search(opening["info"])
        yield Snippet(
            page=page,
            line=number + 1,
            language=words[0] if words else "",
            title=title[1] if title else "",
            code=f"{code}\n" if code else "",
            mark=mark,
        )
        mark, number = "", end + 1


def _end(lines: list[str], start: int, fence: str) -> int:
    for number in range(start + 1, len(lines)):
        text = lines[number].strip()
        if text.startswith(fence) and not text.strip(fence[0]):
            return number
    return len(lines)


@attrs.frozen
class Step:
    """A command of a ``console`` block, and what it must print."""

    command: str
    expected: str


def read_steps(code: str) -> list[Step]:
    """Return the commands of a ``console`` block; a line that ends with a backslash goes on in the next."""
    steps: list[Step] = []
    command: str | None = None
    expected: list[str] = []
    for line in code.splitlines():
        if command is not None and command.endswith("\\"):
            command = f"{command[:-1]}{line.strip()}"
        elif line.startswith("$ "):
            if command is not None:
                steps.append(Step(command, "\n".join(expected)))
            command, expected = line[2:], []
        else:
            expected.append(line)
    if command is not None:
        steps.append(Step(command, "\n".join(expected)))
    return steps


def fits(expected: str, found: str) -> bool:
    """Return whether an output is the expected one: ``...`` stands for anything, and white space at the end of lines does not count."""
    wanted, got = ("\n".join(line.rstrip() for line in text.strip().splitlines()) for text in (expected, found))
    pattern = ".*".join(re.escape(part) for part in wanted.split("..."))
    return re.fullmatch(pattern, got, re.DOTALL) is not None
