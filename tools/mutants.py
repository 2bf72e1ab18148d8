"""Change a module in one small way at a time, and see whether a test fails: `make mutants MODULE=… TESTS=…`.

Each mutant lives in a forked process, with its code in the place of the module; no file is touched. One that no test kills says that a
test is missing, or that the two cannot be told apart.
"""

from __future__ import annotations

import ast
import importlib
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType
from typing import Any, Final

import attrs
import click
import pytest

from tools.mutations import Mutation, mutations
from tools.repository import ROOT, shown

_FORK: Final = multiprocessing.get_context("fork")
_PATIENCE: Final = 5.0
"""How many times as long as the tests take a mutant may run: more is an endless loop."""
_LEAST_SECONDS: Final = 20.0
_PASSED: Final = 0
# Without the rewriting of asserts, for which pytest would load our modules in its own way.
_PYTEST: Final = ("-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=short", "--assert=plain")


@attrs.frozen
class Answer:
    """What became of the tests in one process. ``others`` are the modules from elsewhere that they loaded."""

    code: int | None
    loaded: bool
    seconds: float
    others: tuple[str, ...] = ()

    @property
    def lives(self) -> bool:
        """Whether no test has noticed anything."""
        return self.code == _PASSED


class _Loader(SourceFileLoader):
    """Loads a module from a syntax tree."""

    tree: ast.Module

    def get_code(self, fullname: str) -> CodeType | None:
        return compile(self.tree, self.get_filename(fullname), "exec")


@attrs.frozen(eq=False)
class Module:
    """A module of the project, to be changed."""

    path: Path
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> Module:
        """Read a module."""
        return cls(path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))

    @property
    def name(self) -> str:
        """The name by which it is imported: up to the outermost folder that is a package."""
        parts = [self.path.stem]
        for folder in self.path.parents:
            if not (folder / "__init__.py").exists():
                break
            parts.insert(0, folder.name)
        return ".".join(parts)

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Answer as a finder of modules: this one is loaded from the tree."""
        if name != self.name:
            return None
        loader = _Loader(name, str(self.path))
        loader.tree = self.tree
        return spec_from_file_location(name, self.path, loader=loader)

    @property
    def is_loaded(self) -> bool:
        """Whether this process has loaded it from the tree."""
        return isinstance(getattr(sys.modules.get(self.name), "__loader__", None), _Loader)


def attempt(module: Module, mutation: Mutation | None, pytest_args: Sequence[str], most_seconds: float | None, log: Path) -> Answer:
    """Run tests in a process of their own, with a mutation of the module or without any; ``code`` is None when it ends otherwise."""
    receiver, sender = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_run, args=(module, mutation, pytest_args, log, sender))
    before = time.monotonic()
    process.start()
    sender.close()
    answer: Answer | None = None
    if receiver.poll(most_seconds):
        # A process that died has closed its end without a word.
        with suppress(EOFError):
            answer = receiver.recv()
    else:
        process.kill()
    process.join()
    seconds = time.monotonic() - before
    return attrs.evolve(answer, seconds=seconds) if answer is not None else Answer(None, loaded=True, seconds=seconds)


def _run(module: Module, mutation: Mutation | None, pytest_args: Sequence[str], log: Path, sender: Connection[Any, Any]) -> None:
    with log.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if mutation is not None:
        mutation.make()
    sys.meta_path.insert(0, module)
    code = int(pytest.main([*_PYTEST, *pytest_args]))
    sender.send(Answer(code, module.is_loaded, 0.0, () if mutation is not None else tuple(_others())))
    sender.close()


def _others() -> Iterator[str]:
    """Yield the modules that are no part of the project: those may be loaded once for all mutants."""
    for name, found in sys.modules.items():
        file = Path(getattr(found, "__file__", None) or sys.executable)
        if name != "__main__" and ("site-packages" in file.parts or not file.is_relative_to(ROOT)):
            yield name


def _load(names: Sequence[str]) -> None:
    """Load modules once for all processes that come."""
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)


def _chosen(found: list[Mutation], numbers: str, lines: str) -> list[tuple[int, Mutation]]:
    wanted = {int(each) for each in numbers.split(",") if each}
    first, _, last = lines.partition("-")
    spoken = range(int(first or 0), int(last or first or sys.maxsize) + 1)
    return [
        (number, each)
        for number, each in enumerate(found, 1)
        if (not wanted or number in wanted) and getattr(each.old, "lineno", 0) in spoken
    ]


def _control(module: Module, pytest_args: Sequence[str], log: Path) -> Answer:
    """Run the tests without a mutant: they must pass, and see the module."""
    found = attempt(module, None, pytest_args, None, log)
    if found.lives and found.loaded:
        return found
    why = "the tests fail without a mutant" if not found.lives else f"the tests do not load {module.name}"
    message = f"{why}: see {shown(log)}"
    raise click.ClickException(message)


@click.command()
@click.argument("path", metavar="MODULE", type=click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path))
@click.argument("pytest_args", metavar="TESTS...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--numbers", default="", help="Only these mutants, such as 3,17: those that lived the last time.")
@click.option("--lines", default="", help="Only the mutants of these lines, such as 40-75.")
@click.option("--list", "only_list", is_flag=True, help="Name the mutants, and try none.")
def main(path: Path, pytest_args: tuple[str, ...], numbers: str, lines: str, *, only_list: bool) -> None:
    """Try every mutant of a module against some tests, the quick ones first; what goes to pytest may be more than files: after `--`."""
    module = Module.read(path)
    found = list(mutations(module.tree))
    chosen = _chosen(found, numbers, lines)
    if only_list:
        for number, each in chosen:
            click.echo(f"{number} {shown(path)}:{each}")
        return
    log = ROOT / "build" / "mutants" / f"{module.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    whole = _control(module, pytest_args, log)
    _load(whole.others)
    # Once more as the mutants run, so that none is killed by what is not its own.
    whole = _control(module, pytest_args, log)
    click.echo(f"{shown(path)}: {len(chosen)} of {len(found)} mutants; the tests take {whole.seconds:.1f} s", err=True)
    limit = max(_LEAST_SECONDS, whole.seconds * _PATIENCE)
    living = 0
    for number, each in chosen:
        answer = attempt(module, each, pytest_args, limit, log)
        if answer.lives:
            living += 1
            click.echo(f"{number} {shown(path)}:{each}")
    click.echo(f"{shown(path)}: {len(chosen)} tried, {living} live", err=True)


if __name__ == "__main__":
    main()
