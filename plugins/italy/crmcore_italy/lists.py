"""Read the lists: those that come with the plugin, and newer ones that a deployment names in its settings."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import attrs

from crmcore_italy.cleaning import digits_only
from crmcore_italy.gazetteer import LISTED_ON, FormerName, Gazetteer, Municipality

ISTAT_DIGITS: Final = 6
_POSTCODE_DIGITS: Final = 5

# How the columns of ISTAT's list begin; their full names, and their order, change from year to year.
_COLUMNS: Final = {
    "istat": "codice comune formato alfanumerico",
    "name": "denominazione in italiano",
    "other_name": "denominazione altra lingua",
    "province": "sigla automobilistica",
    "belfiore": "codice catastale del comune",
}
_FORMER: Final = "codice comune numerico con"


@lru_cache(maxsize=1)
def shipped() -> Gazetteer:
    """Return the lists that come with the plugin."""
    return Gazetteer(
        listed_on=LISTED_ON,
        municipalities=tuple(
            Municipality(
                istat=row["istat"],
                belfiore=row["belfiore"],
                province=row["province"],
                name=row["name"],
                other_name=row["other_name"],
                former_istat=tuple(row["former_istat"].split()),
                ceased=date.fromisoformat(row["ceased"]) if row["ceased"] else None,
            )
            for row in _shipped_rows("municipalities.csv")
        ),
        former_names=tuple(
            FormerName(row["belfiore"], row["province"], row["name"], date.fromisoformat(row["until"]))
            for row in _shipped_rows("former_names.csv")
        ),
    )


@lru_cache(maxsize=1)
def province_names() -> Mapping[str, str]:
    """Return province → name."""
    return {row["province"]: row["name"] for row in _shipped_rows("provinces.csv")}


def gazetteer_of(settings: Mapping[str, Any]) -> Gazetteer:
    """Return the lists of a deployment: the shipped ones, with the files that its settings name in their place.

    Raises:
        ValueError: when a file is not what it should be, with its name and what was expected.
        OSError: when a file cannot be read.
    """
    return _gazetteer(settings["municipalities"], settings["postcodes"])


@lru_cache(maxsize=4)
def _gazetteer(municipalities: str, postcodes: str) -> Gazetteer:
    gazetteer = shipped()
    if municipalities:
        gazetteer = attrs.evolve(gazetteer, listed_on=None, municipalities=tuple(read_istat(Path(municipalities))))
    if postcodes:
        gazetteer = attrs.evolve(gazetteer, postcodes=read_postcodes(Path(postcodes)))
    return gazetteer


def read_istat(path: Path) -> Iterator[Municipality]:
    """Yield the municipalities of ISTAT's list, as published: CSV with semicolons, in UTF-8 or Windows' encoding.

    Raises:
        ValueError: for a file without the columns, and a row whose code is none.
    """
    rows = csv.reader(_decoded(path).splitlines(keepends=True), delimiter=";")
    head = [" ".join(column.split()).casefold() for column in next(rows, [])]
    places = {field: place for field, start in _COLUMNS.items() for place, column in enumerate(head) if column.startswith(start)}
    former = [place for place, column in enumerate(head) if column.startswith(_FORMER)]
    missing = sorted(_COLUMNS[field] for field in _COLUMNS.keys() - places.keys())
    if missing:
        message = f"{path}: this is not ISTAT's list of municipalities; no column is called {', '.join(missing)}"
        raise ValueError(message)
    for row in rows:
        if not any(row):
            continue
        values = {field: row[place].strip() for field, place in places.items()}
        if len(values["istat"]) != ISTAT_DIGITS or not digits_only(values["istat"]):
            message = f"{path}:{rows.line_num}: {values['istat']!r} is no ISTAT code of {ISTAT_DIGITS} digits"
            raise ValueError(message)
        earlier = dict.fromkeys(row[place].strip().zfill(ISTAT_DIGITS) for place in former if digits_only(row[place].strip()))
        yield Municipality(
            istat=values["istat"],
            belfiore=values["belfiore"],
            province=values["province"],
            name=values["name"],
            other_name=values["other_name"],
            former_istat=tuple(code for code in earlier if code != values["istat"]),
        )


def read_postcodes(path: Path) -> Mapping[str, frozenset[str]]:
    """Return ISTAT code → postcodes from a CSV file with semicolons and the columns ``codice_istat`` and ``cap``.

    Raises:
        ValueError: for a file without the columns, and a row whose codes are none.
    """
    found: dict[str, set[str]] = defaultdict(set)
    reader = csv.DictReader(_decoded(path).splitlines(), delimiter=";")
    if not {"codice_istat", "cap"} <= set(reader.fieldnames or ()):
        message = f"{path}: a file of postcodes has the columns codice_istat and cap, separated by a semicolon"
        raise ValueError(message)
    for row in reader:
        istat, postcode = (row["codice_istat"] or "").strip(), (row["cap"] or "").strip()
        if not istat and not postcode:
            continue
        if not (digits_only(istat + postcode) and len(istat) == ISTAT_DIGITS and len(postcode) == _POSTCODE_DIGITS):
            message = f"{path}:{reader.line_num}: {istat!r} and {postcode!r} are no ISTAT code and postcode"
            raise ValueError(message)
        found[istat].add(postcode)
    return {istat: frozenset(codes) for istat, codes in found.items()}


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def _shipped_rows(name: str) -> Iterator[dict[str, str]]:
    text = files("crmcore_italy").joinpath("data", name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines(), delimiter=";")
