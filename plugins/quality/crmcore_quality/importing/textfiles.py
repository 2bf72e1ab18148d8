"""Lists as text: CSV and TSV with whatever separates them, and JSON lines; read line by line."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from crmcore_quality.importing.survey import Survey
from crmcore_quality.importing.values import Line, Number, refusal

LONGEST_LINE: Final = 1 << 20
"""Characters: a line that is longer is a quotation mark that was never closed, or no list."""
LONGEST_CELL: Final = 32_767
"""Characters, as in spreadsheets."""
_SAMPLE: Final = 40
_DELIMITERS: Final = (";", "\t", ",", "|")
_MOST_COLUMNS: Final = 2_000
"""Of JSON lines: what the first objects call their values."""


def lines(found: Survey) -> Iterator[str]:
    """Yield the lines of a text, whatever ends them; the memory is that of one line."""
    with found.path.open(encoding=found.encoding, newline="", errors="strict" if found.encoding != "cp1252" else "replace") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            if len(line) >= LONGEST_LINE:
                raise refusal("QUALITY_IMPORT_CELL_TOO_LONG", name=found.name, line=number, most=LONGEST_CELL)
            yield line


def is_json(found: Survey) -> bool:
    """Return whether the first line is a JSON object."""
    first = next((line for line in lines(found) if line.strip()), "").strip()
    if not first.startswith("{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except ValueError:
        return False


def find_delimiter(found: Survey) -> tuple[str, int]:
    """Return what separates the cells, and how many lines come before the list: a line ``sep=;`` says it."""
    sample = list(islice(lines(found), _SAMPLE))
    first = sample[0].strip().casefold() if sample else ""
    if first.startswith("sep=") and len(first) == len("sep=;"):
        return sample[0].strip()[-1], 1
    if first == "sep=":
        return "\t", 1
    scores = {each: _score(sample, each) for each in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda each: scores[each])
    return (best if scores[best] > (0, 0) else ";"), 0


def _score(sample: list[str], delimiter: str) -> tuple[int, int]:
    """Prefer what gives most lines one and the same number of cells, and then more cells."""
    try:
        widths = Counter(len(row) for row in csv.reader(io.StringIO("".join(sample)), delimiter=delimiter) if row)
    except csv.Error:
        return 0, 0
    widths.pop(1, None)
    if not widths:
        return 0, 0
    width, times = max(widths.items(), key=lambda item: (item[1], item[0]))
    return times, width


def csv_rows(found: Survey, delimiter: str, skipped: int) -> Iterator[Line]:
    """Yield the rows of a CSV with the number of their last line."""
    rest = islice(lines(found), skipped, None)
    reader = csv.reader(rest, delimiter=delimiter)
    try:
        for row in reader:
            if any(len(cell) > LONGEST_CELL for cell in row):
                raise refusal("QUALITY_IMPORT_CELL_TOO_LONG", name=found.name, line=reader.line_num + skipped, most=LONGEST_CELL)
            yield Line(reader.line_num + skipped, row)
    except csv.Error as error:
        if "field larger" in str(error):
            raise refusal("QUALITY_IMPORT_CELL_TOO_LONG", name=found.name, line=reader.line_num + skipped, most=LONGEST_CELL) from error
        raise refusal("QUALITY_IMPORT_DAMAGED", name=found.name, reason=f"{error} ({reader.line_num + skipped})") from error


def json_columns(found: Survey) -> list[str]:
    """Return what the first objects call their values, in the order in which the names appear."""
    names: dict[str, None] = {}
    for _, record in islice(_objects(found), 1_000):
        names |= dict.fromkeys(record)
        if len(names) > _MOST_COLUMNS:
            break
    return list(names)


def json_rows(found: Survey, columns: list[str]) -> Iterator[Line]:
    """Yield the objects of JSON lines as rows."""
    for number, record in _objects(found):
        yield Line(number, [_cell(found, number, record.get(name)) for name in columns])


def _objects(found: Survey) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines(found), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, parse_float=Number, parse_int=Number)
        except (ValueError, RecursionError) as error:
            raise refusal("QUALITY_IMPORT_ROW_UNREADABLE", name=found.name, line=number, reason=str(error)) from error
        if not isinstance(record, dict):
            raise refusal("QUALITY_IMPORT_ROW_UNREADABLE", name=found.name, line=number, reason=f"{type(record).__name__} ≠ {{…}}")
        yield number, record


def _cell(found: Survey, number: int, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    raise refusal(
        "QUALITY_IMPORT_ROW_UNREADABLE", name=found.name, line=number, reason=f"{type(value).__name__} ≠ testo, numero / text, number"
    )
