"""Print the catalogue of features with the tests that prove each row, and the rows without: `make features`."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from typing import Final

import attrs
import click

from tools.citations import TestCase, read_cases
from tools.repository import DOCS

CATALOGUE: Final = DOCS / "features.toml"
_ISSUE_ITEM: Final = re.compile(r"P(\d+)\.(\d+|hold)")
"""Item 6 of issue 2 is P2.6; what must hold of it altogether is P2.hold."""


@attrs.frozen
class Catalogue:
    """The ids that a test may cite, with what each stands for, by section; items of issues need no list."""

    areas: Mapping[str, str]
    sections: Mapping[str, Mapping[str, str]]

    def knows(self, feature: str) -> bool:
        """Return whether an id exists."""
        return bool(_ISSUE_ITEM.fullmatch(feature)) or any(feature in section for section in self.sections.values())


@attrs.frozen
class Unknown:
    """An id that a test cites and nobody knows."""

    id: str
    test: TestCase


def read_catalogue() -> Catalogue:
    """Read the catalogue."""
    data = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return Catalogue(data.pop("areas"), data)


def tests_by_id(tests: Iterable[TestCase]) -> dict[str, list[str]]:
    """Return id → tests that cite it."""
    found: dict[str, list[str]] = {}
    for test in tests:
        for each in dict.fromkeys(test.ids):
            found.setdefault(each, []).append(test.node)
    return found


def unknown_ids(catalogue: Catalogue, tests: Iterable[TestCase]) -> list[Unknown]:
    """Return the ids that tests cite and nobody knows."""
    return [Unknown(each, test) for test in tests for each in test.ids if not catalogue.knows(each)]


@click.command()
@click.option("--missing", is_flag=True, help="Only the rows that no test proves.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for another program.")
def main(*, missing: bool, as_json: bool) -> None:
    """Show the catalogue of features, with the tests that prove each row; exit code 1 when a test cites an id that does not exist."""
    catalogue, tests = read_catalogue(), read_cases()
    proved = tests_by_id(tests)
    if as_json:
        click.echo(json.dumps(_as_json(catalogue, proved, missing=missing), ensure_ascii=False, indent=2))
    else:
        for line in _lines(catalogue, proved, missing=missing):
            click.echo(line)
    unknown = unknown_ids(catalogue, tests)
    for each in unknown:
        click.echo(f"{each.test.file}:{each.test.line}: {each.test.name} cites {each.id}, which is not in {CATALOGUE.name}", err=True)
    sys.exit(1 if unknown else 0)


def _as_json(catalogue: Catalogue, proved: Mapping[str, list[str]], *, missing: bool) -> dict[str, object]:
    items = sorted((each for each in proved if _ISSUE_ITEM.fullmatch(each)), key=_item_order)
    shown = {
        section: {each: {"title": title, "tests": proved.get(each, [])} for each, title in rows.items() if not (missing and each in proved)}
        for section, rows in catalogue.sections.items()
    }
    return {**shown, "issues": {} if missing else {each: {"tests": proved[each]} for each in items}}


def _lines(catalogue: Catalogue, proved: Mapping[str, list[str]], *, missing: bool) -> Iterable[str]:
    for section, rows in catalogue.sections.items():
        yield f"{section}: {sum(each in proved for each in rows)} of {len(rows)} proved"
        area = ""
        for each, title in rows.items():
            if missing and each in proved:
                continue
            if section == "features" and each[0] != area:
                area = each[0]
                yield f"  {area}. {catalogue.areas[area]}"
            yield f"    {each:5} {title}{'' if each in proved else '   [no test]'}"
            yield from (f"            {test}" for test in proved.get(each, ()))
        yield ""
    items = sorted((each for each in proved if _ISSUE_ITEM.fullmatch(each)), key=_item_order)
    if items and not missing:
        yield "items of issues (P2.6 is item 6 of issue 2)"
        for each in items:
            yield f"    {each:5} {len(proved[each])} test(s)"
            yield from (f"            {test}" for test in proved[each])


def _item_order(item: str) -> tuple[int, ...]:
    issue, number = item[1:].split(".")
    # What must hold altogether comes last.
    return int(issue), int(number) if number.isdigit() else 1_000


if __name__ == "__main__":
    main()
