"""Which error codes the source uses, read from its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import attrs

from tools.repository import shown, syntax_tree

_CODE: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_EXCEPTION: Final = re.compile(r"\w*(?:Error|Failed|Busy|Conflict|Version|NotFound|Lost)")


@attrs.frozen
class Use:
    """A place where a code is raised, reported, or is the default of an exception."""

    code: str
    file: str
    line: int


def uses(files: Iterable[Path]) -> list[Use]:
    """Return every use of an error code in some files: in a `Problem`, in an exception, or as a ``default_code``."""
    return [Use(code, shown(path), node.lineno) for path in files for code, node in _codes(syntax_tree(path))]


def mentions(files: Iterable[Path], codes: Iterable[str]) -> set[str]:
    """Return which of some codes appear in some files as text at all, also where a code is handed on through a variable."""
    wanted = set(codes)
    found = {
        node.value
        for path in files
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return wanted & found


def _codes(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _name(node.func)
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            if _EXCEPTION.fullmatch(name) and node.args:
                given.append(node.args[0])
            for value in given:
                yield from _constants(value)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "default_code" for target in targets):
                yield from _constants(node.value)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _constants(value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Yield the codes that an argument may be, also from a conditional expression."""
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            yield node.value, node
