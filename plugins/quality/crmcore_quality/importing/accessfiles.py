"""Databases of Microsoft Access, through the programs of mdbtools: their rows come as CSV."""

from __future__ import annotations

import csv
import shutil
import subprocess  # crmcore: allow process - Access databases are read by the programs of mdbtools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from crmcore_quality.importing.survey import Survey
from crmcore_quality.importing.values import Line, refusal

_TABLES: Final = ("mdb-tables", "-1")
_EXPORT: Final = ("mdb-export", "-D", "%Y-%m-%d", "-T", "%Y-%m-%d %H:%M:%S")
_SECONDS: Final = 60


def _program(command: Sequence[str], *arguments: str) -> list[str]:
    found = shutil.which(command[0])
    if found is None:
        raise refusal("QUALITY_IMPORT_MDBTOOLS")
    return [found, *command[1:], *arguments]


def tables(found: Survey) -> list[str]:
    """Return the tables of a database.

    Raises:
        ImportRefused: ``QUALITY_IMPORT_MDBTOOLS``, ``QUALITY_IMPORT_DAMAGED``.
    """
    command = _program(_TABLES, str(Path(found.path).absolute()))
    # The program is mdbtools', and the path an argument of its own: no shell reads it.
    answer = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
    if answer.returncode:
        raise refusal("QUALITY_IMPORT_DAMAGED", name=found.name, reason=answer.stderr.decode(errors="replace").strip()[:200])
    return [name for name in answer.stdout.decode(errors="replace").splitlines() if name.strip()]


def rows(found: Survey, table: str) -> Iterator[Line]:
    """Yield the rows of a table as the program writes them, the headings first; it is ended when nobody reads on."""
    command = _program(_EXPORT, str(Path(found.path).absolute()), table)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", errors="replace") as process:  # noqa: S603 - as above
        try:
            if process.stdout is not None:
                for number, row in enumerate(csv.reader(process.stdout), 1):
                    yield Line(number, row)
        except csv.Error as error:
            raise refusal("QUALITY_IMPORT_DAMAGED", name=found.name, reason=str(error)) from error
        finally:
            process.terminate()
