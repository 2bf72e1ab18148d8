"""Run the snippets of a page, in order, in a folder and an environment of their own."""

from __future__ import annotations

import json
import os
import shlex
import site
import subprocess
import sys
import venv
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from tools.snippets import Snippet, fits, read_steps

_SECONDS: Final = 180
_LINES: Final = 60

_INTERPRETER: Final = """
import contextlib, io, json, linecache, sys, traceback
channel, sys.stdout = sys.stdout, sys.stderr
namespace = {"__name__": "__main__"}
for line in sys.stdin:
    task = json.loads(line)
    printed, error = io.StringIO(), ""
    linecache.cache[task["name"]] = (len(task["code"]), None, task["code"].splitlines(True), task["name"])
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(task["code"], task["name"], "exec"), namespace)
    except BaseException:
        error = traceback.format_exc()
    channel.write(json.dumps({"output": printed.getvalue(), "error": error}) + "\\n")
    channel.flush()
"""

# What a reader gets by installing; here everything is installed already, and nothing is downloaded.
_SCRIPTS: Final = {
    "pip": 'exec "{python}" -m pip "$@" --quiet --no-index --no-deps --no-build-isolation',
    "crm": 'exec "{python}" -c "from crmcore.cli import main; main()" "$@"',
    "pytest": 'exec "{python}" -m pytest -p no:cacheprovider "$@"',
}


class SnippetError(AssertionError):
    """Raised when a snippet does not do what its page says."""


class PageRun:
    """Run snippets as a reader would: in a new folder, with an environment of their own that sees what this one has installed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "work"
        self._folder.mkdir()
        self._place = self._folder
        self._environment = _make_environment(folder / "environment", folder)
        self._interpreter: subprocess.Popen[str] | None = None
        self._printed = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end_interpreter()

    def run(self, snippets: Iterable[Snippet]) -> int:
        """Do what each snippet says, and return how many were run.

        Raises:
            SnippetError: when one fails, or prints something else.
        """
        count = 0
        for snippet in snippets:
            action = {
                "file": self._write,
                "append": self._append,
                "python": self._python,
                "console": self._console,
                "output": self._compare,
            }.get(snippet.kind)
            if action is not None:
                action(snippet)
                count += 1
        return count

    def _end_interpreter(self) -> None:
        if self._interpreter is not None:
            self._stdin.close()
            self._interpreter.wait(_SECONDS)
            self._stdout.close()
            self._interpreter = None

    def _write(self, snippet: Snippet) -> None:
        if snippet.title.endswith(".py"):
            # Python would not notice that a module has changed.
            self._end_interpreter()
        path = self._place / snippet.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(snippet.code, encoding="utf-8")

    def _append(self, snippet: Snippet) -> None:
        self._end_interpreter()
        path = self._place / snippet.title
        if not path.exists():
            message = f"{snippet.where}: {snippet.title} is to be appended to, but was not written before"
            raise SnippetError(message)
        path.write_text(f"{path.read_text(encoding='utf-8')}{snippet.code}", encoding="utf-8")

    def _python(self, snippet: Snippet) -> None:
        if self._interpreter is None:
            command = [str(_python_of(self._environment)), "-c", _INTERPRETER]
            self._interpreter = subprocess.Popen(  # noqa: S603 - our own interpreter
                command, cwd=self._place, env=dict(self._environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        self._stdin.write(json.dumps({"name": f"<{snippet.where}>", "code": snippet.code}) + "\n")
        self._stdin.flush()
        line = self._stdout.readline()
        if not line:
            message = f"{snippet.where}: the interpreter ended"
            raise SnippetError(message)
        answer = json.loads(line)
        if answer["error"]:
            message = f"{snippet.where}:\n{answer['error']}"
            raise SnippetError(message)
        self._printed = answer["output"]

    def _console(self, snippet: Snippet) -> None:
        for step in read_steps(snippet.code):
            words = shlex.split(step.command, comments=True)
            if words[:1] == ["cd"]:
                self._place = (self._place / words[1]).resolve()
            elif words[:1] == ["export"]:
                self._environment |= dict([words[1].split("=", 1)])
            else:
                self._command(snippet, step.command, step.expected)

    def _command(self, snippet: Snippet, command: str, expected: str) -> None:
        answer = subprocess.run(  # noqa: S602 - the commands are those of our own pages
            command,
            shell=True,
            cwd=self._place,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        # A command whose failure is shown says so with its output; one without may print what it likes, but must go well.
        good = fits(expected, answer.stdout) if expected.strip() else answer.returncode == 0
        if not good:
            message = f"{snippet.where}: $ {command}   (exit code {answer.returncode})\n{_difference(expected, answer.stdout)}"
            raise SnippetError(message)

    def _compare(self, snippet: Snippet) -> None:
        if not fits(snippet.code, self._printed):
            message = f"{snippet.where}: the snippet before\n{_difference(snippet.code, self._printed)}"
            raise SnippetError(message)

    @property
    def _stdin(self) -> IO[str]:
        assert self._interpreter is not None  # noqa: S101 - for the type checker
        assert self._interpreter.stdin is not None  # noqa: S101
        return self._interpreter.stdin

    @property
    def _stdout(self) -> IO[str]:
        assert self._interpreter is not None  # noqa: S101 - for the type checker
        assert self._interpreter.stdout is not None  # noqa: S101
        return self._interpreter.stdout


def _difference(expected: str, found: str) -> str:
    shown = "\n".join(found.strip().splitlines()[-_LINES:])
    return f"should print:\n{expected.strip()}\nprinted:\n{shown}"


def _python_of(environment: Mapping[str, str]) -> Path:
    return Path(environment["VIRTUAL_ENV"], "bin", "python")


def _make_environment(folder: Path, home: Path) -> dict[str, str]:
    """Make an environment that also sees the packages of this one, and return the variables that activate it."""
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    # Unlike a plain path, this also honours the .pth files there, which editable installs consist of.
    lines = [f"import site; site.addsitedir({place!r})" for place in _site_packages()]
    (packages / "_parent.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, text in _SCRIPTS.items():
        script = folder / "bin" / name
        script.write_text(f"#!/bin/sh\n{text.format(python=folder / 'bin' / 'python')}\n", encoding="utf-8")
        script.chmod(0o755)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PIP_", "PYTHON")) and name not in _DROPPED
    }
    return kept | {
        "VIRTUAL_ENV": str(folder),
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "NO_COLOR": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        # Two versions of a module within one second would share a cached one.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


_DROPPED: Final = ("PYTEST_", "PIP_", "PYTHON", "CRM_DEPLOYMENT", "CRM_LANG", "COLUMNS")


def _site_packages() -> list[str]:
    return [path for path in (*site.getsitepackages(), *sys.path) if path.endswith("site-packages")]
