"""Open a list, whatever it is: its columns, and its rows one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import attrs

from crmcore_quality.importing import accessfiles, textfiles
from crmcore_quality.importing.survey import Survey, survey
from crmcore_quality.importing.values import Dialect, Line, refusal
from crmcore_quality.importing.workbooks import Workbook, check_archive

MOST_COLUMNS: Final = 256
_SEARCHED: Final = 20
"""Lines among which the headings are looked for."""


@attrs.frozen(kw_only=True)
class Source:
    """An open list; ``dialect`` is what was found or given, ``sheets`` what else the file has."""

    survey: Survey
    dialect: Dialect
    columns: tuple[str, ...]
    sheets: tuple[str, ...] = ()
    _read: Callable[[], Iterator[Line]] = attrs.field(repr=False)

    def rows(self, after: int = 0) -> Iterator[Line]:
        """Yield the rows below the headings that lie behind a line, each as long as the headings; blank ones are left out."""
        width = len(self.columns)
        for line in self._read():
            if line.number <= max(after, self.dialect.header) or not any(cell.strip() for cell in line.cells):
                continue
            cells = [*line.cells[:width], *([""] * (width - len(line.cells)))]
            yield Line(line.number, cells)


@contextmanager
def open_source(path: Path, wanted: Dialect | None = None) -> Iterator[Source]:
    """Open a list; what ``wanted`` does not say is found out.

    Raises:
        ImportRefused: with what is wrong with the file; see `codes`.
    """
    dialect = wanted or Dialect()
    found = survey(path, encoding=dialect.encoding, trust_content=bool(dialect.format))
    if found.family == "text":
        yield _open_text(found, dialect)
    elif found.family == "jet":
        known = accessfiles.tables(found)
        table = _choose(found, dialect.sheet, known, several=False)
        yield _finish(found, attrs.evolve(dialect, format="mdb", sheet=table), lambda: accessfiles.rows(found, table), known)
    else:
        kind = check_archive(found) if found.family == "zip" else "xls"
        book = Workbook(found)
        try:
            yield _open_sheet(found, attrs.evolve(dialect, format=kind), book)
        finally:
            book.close()


def _open_text(found: Survey, dialect: Dialect) -> Source:
    if dialect.format == "jsonl" or (not dialect.format and textfiles.is_json(found)):
        columns = textfiles.json_columns(found)
        known = attrs.evolve(dialect, format="jsonl", encoding=found.encoding)
        _check_columns(found, columns)
        return Source(survey=found, dialect=known, columns=tuple(columns), read=lambda: textfiles.json_rows(found, columns))
    delimiter, skipped = textfiles.find_delimiter(found)
    known = attrs.evolve(dialect, format="csv", encoding=found.encoding, delimiter=dialect.delimiter or delimiter)
    return _finish(found, known, lambda: textfiles.csv_rows(found, known.delimiter, skipped))


def _open_sheet(found: Survey, dialect: Dialect, book: Workbook) -> Source:
    filled = [name for name in book.sheets if dialect.sheet == name or next(book.rows(name), None) is not None]
    sheet = _choose(found, dialect.sheet, filled, several=True)
    source = _finish(found, attrs.evolve(dialect, sheet=sheet), lambda: book.rows(sheet), book.sheets)
    for line, column in book.merged(sheet):
        if line >= source.dialect.header:
            raise refusal("QUALITY_IMPORT_MERGED_CELLS", name=found.name, line=line, column=column)
    return source


def _choose(found: Survey, wanted: str, known: Sequence[str], *, several: bool) -> str:
    if not known:
        raise refusal("QUALITY_IMPORT_EMPTY", name=found.name)
    if wanted and wanted not in known:
        raise refusal("QUALITY_IMPORT_SHEET", name=found.name, sheet=wanted, known=", ".join(known))
    if not wanted and len(known) > 1 and not several:
        raise refusal("QUALITY_IMPORT_CHOOSE_TABLE", name=found.name, known=", ".join(known))
    return wanted or known[0]


def _finish(found: Survey, dialect: Dialect, read: Callable[[], Iterator[Line]], sheets: Sequence[str] = ()) -> Source:
    """Find the headings, and check them."""
    sample = list(islice(read(), max(_SEARCHED, dialect.header)))
    header = dialect.header or _header(sample)
    heading = next((line for line in sample if line.number == header), None)
    if heading is None:
        raise refusal("QUALITY_IMPORT_EMPTY", name=found.name)
    cells = [" ".join(cell.split()) for cell in heading.cells]
    while cells and not cells[-1]:
        cells.pop()
    _check_columns(found, cells)
    source = Source(
        survey=found,
        dialect=attrs.evolve(dialect, header=header),
        columns=tuple(cell or f"#{number}" for number, cell in enumerate(cells, 1)),
        sheets=tuple(sheets),
        read=read,
    )
    if next(source.rows(), None) is None:
        raise refusal("QUALITY_IMPORT_EMPTY", name=found.name)
    return source


def _header(sample: Sequence[Line]) -> int:
    """Return the first line that is nearly as full as the fullest one: titles above a list have one cell."""
    filled = {line.number: sum(bool(cell.strip()) for cell in line.cells) for line in sample}
    widest = max(filled.values(), default=0)
    return next((number for number, count in filled.items() if count and count * 5 >= widest * 3), 0)


def _check_columns(found: Survey, columns: Sequence[str]) -> None:
    if len(columns) > MOST_COLUMNS:
        raise refusal("QUALITY_IMPORT_TOO_MANY_COLUMNS", name=found.name, count=len(columns), most=MOST_COLUMNS)
    if not columns:
        raise refusal("QUALITY_IMPORT_EMPTY", name=found.name)
    if len(columns) == 1:
        raise refusal("QUALITY_IMPORT_ONE_COLUMN", name=found.name, column=columns[0][:80])
    places: dict[str, int] = {}
    for number, column in enumerate(columns, 1):
        key = column.casefold()
        if key and key in places:
            raise refusal("QUALITY_IMPORT_HEADER_REPEATED", name=found.name, column=column, first=places[key], second=number)
        places[key] = number
