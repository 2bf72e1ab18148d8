"""From text to a tree, without harm to the process: what could crash or stall Python's parser is refused before it is parsed."""

from __future__ import annotations

import ast
import re
import threading
import warnings
from typing import Final

from crmcore.labels import Label
from crmcore.scripting.errors import Kind, ScriptError

LONGEST: Final = 8_000
"""Characters of a script."""
FILE: Final = "<script>"
"""What code of scripts says that it is from."""
_BRACKETS: Final = 40
"""Brackets inside brackets."""
_NESTING: Final = 1_200
"""Signs that can nest: operators, dots, opening brackets, keywords. Six thousand crash a thread with a small stack."""

_NESTING_SIGN: Final = re.compile(r"[-+~*/%<>=.(\[{@^&|!]+|\b(?:not|lambda|if|elif|else|and|or|in|is|for|while|await|yield)\b")
_BRACKET: Final = re.compile(r"[()\[\]{}]")
_SURROGATE: Final = re.compile("[\ud800-\udfff\0\f]")
parsing: Final = threading.Lock()
"""Filters of warnings belong to the whole process: one parses at a time."""


def read(source: str) -> ast.Module:
    """Return the tree of a script.

    Raises:
        ScriptError: of kind ``SYNTAX``, or ``BUDGET`` for a script that is too large to be looked at.
    """
    _scan(source)
    try:
        return _parse(source)
    except SyntaxError as error:
        # Python's own words: they name what was expected, and quote no more than a token.
        message = str(error.msg)
        text = Label(f"non si legge come script: {message}", f"it does not read as a script: {message}")
        raise ScriptError(Kind.SYNTAX, text, max(error.lineno or 1, 1), max(error.offset or 1, 1)) from None
    except (ValueError, RecursionError, MemoryError, OverflowError):
        raise ScriptError(Kind.SYNTAX, Label("non si legge come script", "it does not read as a script"), 1, 1) from None


def _parse(source: str) -> ast.Module:
    with parsing, warnings.catch_warnings():
        # A doubtful escape in a text is no business of the host's log.
        warnings.simplefilter("ignore")
        return ast.parse(source, FILE)


def _scan(source: str) -> None:
    """Refuse what is too long or may nest too deep; linear, and counting also what is inside texts and comments."""
    if len(source) > LONGEST:
        _refuse(f"lo script ha più di {LONGEST} caratteri", f"the script has more than {LONGEST} characters")
    if _SURROGATE.search(source):
        text = Label("lo script contiene caratteri non ammessi", "the script holds characters that are not allowed")
        raise ScriptError(Kind.SYNTAX, text, 1, 1)
    nesting = 0
    for found in _NESTING_SIGN.finditer(source):
        nesting += found.end() - found.start() if not found.group()[0].isalpha() else 1
    depth = deepest = 0
    for found in _BRACKET.finditer(source):
        depth = depth + 1 if found.group() in "([{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    if nesting > _NESTING or deepest > _BRACKETS:
        _refuse("lo script è troppo annidato o troppo lungo", "the script is nested too deep, or too long")


def _refuse(italian: str, english: str) -> None:
    raise ScriptError(Kind.BUDGET, Label(italian, english), 1, 1)


def column_of(source: str, line: int, offset: int) -> int:
    """Return the column, from 1 and in characters, of what the parser counts from 0 and in bytes."""
    lines = source.splitlines()
    if not 1 <= line <= len(lines):
        return offset + 1
    return len(lines[line - 1].encode()[:offset].decode(errors="ignore")) + 1
