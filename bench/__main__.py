"""Run the benchmarks and print one table: ``python -m bench [--quick] [--json] [--database sqlite|postgresql|both] [SUBJECT …]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from functools import partial

import attrs
import sqlalchemy

from bench import (
    access,
    agenda,
    audit,
    commits,
    deliveries,
    deployments,
    duplicates,
    hooks,
    imports,
    lists,
    matching,
    merge,
    offers,
    offers_mass,
    registry,
    scripting,
    templates,
)
from bench.databases import Databases, databases
from bench.measure import Figure

Subject = Callable[[Databases, bool], list[Figure]]
ASKED: Mapping[str, Subject] = {"matching-million": lambda where, _: matching.million(where)}
"""Subjects that take long, and run only when they are named."""
SUBJECTS: Mapping[str, Subject] = {
    "imports": lambda where, quick: [*imports.figures(quick=quick), *lists.figures(where, quick=quick)],
    "hooks": lambda _, quick: hooks.figures(quick=quick),
    "commits": lambda where, quick: commits.figures(where, quick=quick),
    "deliveries": lambda where, quick: deliveries.figures(where, quick=quick),
    "access": lambda where, quick: access.figures(where, quick=quick),
    "audit": lambda where, quick: audit.figures(where, quick=quick),
    "duplicates": lambda _, quick: duplicates.figures(quick=quick),
    "matching": lambda where, quick: matching.figures(where, quick=quick),
    "registry": lambda where, quick: registry.figures(where, quick=quick),
    "merge": lambda where, quick: merge.figures(where, quick=quick),
    "agenda": lambda where, quick: agenda.figures(where, quick=quick),
    "offers": lambda where, quick: offers.figures(where, quick=quick),
    "offers-mass": lambda where, quick: offers_mass.figures(where, quick=quick),
    "deployments": lambda where, quick: deployments.figures(where, quick=quick),
    "scripting": lambda _, quick: scripting.figures(quick=quick),
    "templates": lambda _, quick: templates.figures(quick=quick),
}


def main() -> int:
    """Measure, and print; the exit code is 0 also when a target is missed, because machines differ."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure crmcore against a baseline in the same run.")
    parser.add_argument(
        "subjects", nargs="*", metavar="SUBJECT", help=f"of {', '.join([*SUBJECTS, *ASKED])}; all but the last when none is named"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    arguments = parser.parse_args()
    if unknown := set(arguments.subjects) - {*SUBJECTS, *ASKED}:
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    found: list[Figure] = []
    with databases(arguments.database) as where:
        if where.missing:
            print(where.missing, file=sys.stderr)
        for name in arguments.subjects or SUBJECTS:
            found += {**SUBJECTS, **ASKED}[name](where, arguments.quick)
    if arguments.json:
        print(json.dumps([_plain(figure) for figure in found], ensure_ascii=False, indent=2))
    else:
        _print_table(found)
    return 0


def _plain(figure: Figure) -> dict[str, object]:
    return {**attrs.asdict(figure), "ratio": figure.ratio, "verdict": figure.verdict}


def _print_table(found: list[Figure]) -> None:
    rows = [("", "database", "measured", "baseline", "ratio", "target", "")]
    for figure in found:
        baseline = "" if figure.baseline is None else f"{_number(figure.baseline)} {figure.unit}, {figure.against}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f} x"
        rows.append(
            (figure.subject, figure.database, f"{_number(figure.value)} {figure.unit}", baseline, ratio, figure.goal, figure.verdict)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    line = partial(_line, widths=widths)
    versions = f"Python {platform.python_version()}, SQLAlchemy {sqlalchemy.__version__}, {os.cpu_count()} processors"
    print(f"{versions}; processor time of client and server, median of rounds\n")
    print(line(rows[0]))
    print(line(tuple("-" * width for width in widths)))
    for row, figure in zip(rows[1:], found, strict=True):
        print(line(row))
        for note in figure.notes:
            print(f"    {note}")


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    right = {2, 4}
    cells = (
        cell.rjust(width) if column in right else cell.ljust(width) for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004 - three digits are enough


if __name__ == "__main__":
    sys.exit(main())
