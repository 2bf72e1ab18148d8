"""What commands print: tables and sentences for people, JSON for programs, colours only on a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import IO, Any

import attrs
import click

from crmcore.errors import ConfigurationError, CrmError, Problem

Row = Sequence[object]


def is_terminal(stream: IO[Any]) -> bool:
    """Return whether a person looks at the stream and wants colours (`NO_COLOR` says no)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _plain(value: object) -> object:
    """Turn what JSON does not know into what it does."""
    if attrs.has(type(value)):
        return attrs.asdict(value, recurse=False)  # type: ignore[arg-type] # checked to be an attrs instance
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | tuple):
        return sorted(value) if isinstance(value, set | frozenset) else list(value)
    return str(value)


def to_json(value: object) -> str:
    """Return a value as JSON text, indented."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain)


def problem_as_json(problem: Problem, lang: str) -> dict[str, object]:
    """Return a problem as plain values."""
    return {
        "code": problem.code,
        "message": problem.text(lang),
        "plugin": problem.plugin,
        "hook": problem.hook,
        "object": problem.object,
        "params": {
            name: value if isinstance(value, str | int | float | bool | None) else str(value) for name, value in problem.params.items()
        },
    }


@attrs.define
class Output:
    """Print for one call of `crm`; ``lang`` is asked late, because the deployment may decide it."""

    as_json: bool
    lang: Callable[[], str]

    def json(self, value: object) -> None:
        """Print a value as JSON."""
        click.echo(to_json(value))

    def say(self, text: str) -> None:
        """Print a sentence for people; nothing with ``--json``."""
        if not self.as_json:
            click.echo(text)

    def note(self, text: str) -> None:
        """Print a sentence for people beside the result, on the error stream."""
        click.echo(text, err=True)

    def heading(self, text: str) -> None:
        """Print the heading of a part."""
        if is_terminal(sys.stdout):
            text = click.style(text, bold=True)
        self.say(f"\n{text}")

    def table(self, columns: Row, rows: Sequence[Row], *, empty: str = "") -> None:
        """Print rows for people: a table with rich on a terminal, aligned text otherwise."""
        if self.as_json:
            return
        if not rows:
            click.echo(empty)
        elif is_terminal(sys.stdout):
            _rich_table(columns, rows)
        else:
            click.echo(_plain_table(columns, rows))

    def rows(self, columns: Sequence[str], rows: Sequence[Row], *, empty: str = "") -> None:
        """Print rows either way: objects by column name with ``--json``, a table otherwise."""
        if self.as_json:
            self.json([dict(zip(columns, row, strict=True)) for row in rows])
        else:
            self.table(columns, rows, empty=empty)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int, str], None]]:
        """Give a function that shows ``(done, total, text)`` on the error stream: a bar on a terminal, a line for each step otherwise."""
        if self.as_json or not is_terminal(sys.stderr):

            def line(done: int, total: int, text: str) -> None:
                click.echo(f"[{done}/{total}] {text}", err=True)

            yield line
            return
        from rich.console import Console  # noqa: PLC0415 - only a terminal pays for rich
        from rich.progress import Progress  # noqa: PLC0415

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total, text: bar.update(task, completed=done, total=total, description=text)

    def error(self, error: CrmError) -> None:
        """Print everything that an error says to the error stream, in the language of the user."""
        lang = self.lang()
        if self.as_json:
            problems = [problem_as_json(problem, lang) for problem in error.problems]
            head = problem_as_json(Problem(code=error.code, params=error.params), lang)
            click.echo(to_json({"error": {**head, "problems": problems}}), err=True)
            return
        mark = "Errore" if lang == "it" else "Error"
        if is_terminal(sys.stderr):
            mark = click.style(mark, fg="red", bold=True)
        for note in getattr(error, "__notes__", ()):
            click.echo(f"({note})", err=True)
        click.echo(f"{mark}: {_error_text(error, lang)}", err=True)


def _error_text(error: CrmError, lang: str) -> str:
    if len(error.problems) == 1:
        # A single problem is the whole story: its heading would only say that there is one.
        return error.problems[0].line(lang)
    if isinstance(error, ConfigurationError) and error.problems:
        count = len(error.problems)
        head = f"la configurazione non è valida, {count} problemi" if lang == "it" else f"the configuration is not valid, {count} problems"
        return "\n".join([head, *(f"  - {problem.line(lang)}" for problem in error.problems)])
    return error.text(lang)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(str(each) for each in value) or "-"
    return str(value)


def _plain_table(columns: Row, rows: Sequence[Row]) -> str:
    cells = [[str(column).upper() for column in columns], *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(columns))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)


def _rich_table(columns: Row, rows: Sequence[Row]) -> None:
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for rich
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(str(column), overflow="fold")
    for row in rows:
        # `Text`, so that square brackets in data are not read as markup.
        table.add_row(*(Text(_cell(value)) for value in row))
    Console().print(table)
