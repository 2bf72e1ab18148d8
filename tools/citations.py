"""Which test cites which feature, read from the source: nothing is imported or collected."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from tools.repository import project_files, shown, syntax_tree


@attrs.frozen
class TestCase:
    """A test function, or a class that inherits its tests from a kit, with the ids that it and what is around it cite."""

    # Not a test, whatever its name says to pytest.
    __test__ = False

    file: str
    name: str
    line: int
    ids: tuple[str, ...]

    @property
    def node(self) -> str:
        """The name by which pytest runs it."""
        return f"{self.file}::{self.name}"


def suite_files() -> Iterator[Path]:
    """Yield the files that pytest collects from this project, not those of examples, and not those that tests feed to pytest."""
    for path in project_files():
        parts = Path(shown(path)).parts
        ours = parts[0] == "tests" or (parts[0] == "plugins" and "tests" in parts)
        if ours and path.name.startswith("test_") and path.suffix == ".py" and "broken_plugins" not in parts:
            yield path


def read_cases(files: Iterable[Path] | None = None) -> list[TestCase]:
    """Return every test of the project, or of some files."""
    found: list[TestCase] = []
    for path in files if files is not None else suite_files():
        tree = syntax_tree(path)
        found += _cases(shown(path), tree.body, "", _module_ids(tree))
    return found


def _module_ids(tree: ast.Module) -> tuple[str, ...]:
    marks = [
        statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and any(isinstance(name, ast.Name) and name.id == "pytestmark" for name in statement.targets)
    ]
    return tuple(each for mark in marks for each in _cited(mark))


def _cases(file: str, body: Iterable[ast.stmt], prefix: str, around: tuple[str, ...]) -> Iterator[TestCase]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name.startswith("test"):
            yield TestCase(file, f"{prefix}{statement.name}", statement.lineno, (*around, *_decorated(statement)))
        elif isinstance(statement, ast.ClassDef) and statement.name.startswith("Test"):
            ids = (*around, *_decorated(statement))
            inside = list(_cases(file, statement.body, f"{prefix}{statement.name}::", ids))
            if statement.bases:
                # A kit's subclass: the tests that it runs are in the kit.
                yield TestCase(file, f"{prefix}{statement.name}", statement.lineno, ids)
            yield from inside


def _decorated(statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[str]:
    for decorator in statement.decorator_list:
        yield from _cited(decorator)


def _cited(expression: ast.expr) -> Iterator[str]:
    """Yield the ids of every ``pytest.mark.feature(…)`` inside an expression, also those of single parameters."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "feature":
            yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))
