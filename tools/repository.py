"""The files of this project."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
BUILD: Final = ROOT / "build"

_GENERATED: Final = frozenset({".git", ".venv", "build", "dist", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})


@cache
def project_files() -> tuple[Path, ...]:
    """Return the files that are, or would be, under version control, sorted."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        command = [git, "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - git, with arguments of our own
        if answer.returncode == 0:
            found = {ROOT / name for name in answer.stdout.split("\0") if name}
            return tuple(sorted(path for path in found if path.is_file()))
    # An unpacked archive has no git.
    return tuple(sorted(path for path in ROOT.rglob("*") if path.is_file() and not _GENERATED & set(path.relative_to(ROOT).parts)))


def python_files(*folders: str) -> Iterator[Path]:
    """Yield the Python files of the project below some folders, given relative to its root."""
    places = [ROOT / folder for folder in folders]
    yield from (path for path in project_files() if path.suffix == ".py" and any(path.is_relative_to(place) for place in places))


@cache
def syntax_tree(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def shown(path: Path) -> str:
    """Return a path relative to the root of the project, for messages."""
    return path.relative_to(ROOT).as_posix()
