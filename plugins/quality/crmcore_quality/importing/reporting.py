"""The report of an import, by row and cell: as values, as CSV and as a workbook."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from crmcore_quality.importing.model import ImportRow
from crmcore_quality.importing.values import ReportRow, refusal

if TYPE_CHECKING:
    from crmcore import Session

COLUMNS: Final = ("line", "outcome", "account", "first_line", "code", "column", "value", "message")
_TITLES: Final = ("riga", "esito", "anagrafica", "prima riga", "codice", "colonna", "valore", "messaggio")
_PAGE: Final = 2_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def report_rows(session: Session, import_id: int, lang: str, outcomes: Sequence[str] = ()) -> Iterator[ReportRow]:
    """Yield what became of each row, and below it what is wrong with its cells, in the order of the file; read in pieces."""
    last = 0
    while True:
        mine = [ImportRow.import_id == import_id, ImportRow.line > last]
        if outcomes:
            mine.append(ImportRow.outcome.in_(outcomes))
        columns = (ImportRow.line, ImportRow.outcome, ImportRow.account_id, ImportRow.first_line, ImportRow.problems, ImportRow.undone)
        rows = session.execute(select(*columns).where(*mine).order_by(ImportRow.line).limit(_PAGE)).all()
        if not rows:
            return
        for line, outcome, account, first, problems, undone in rows:
            what = f"{outcome}, {undone}" if undone else outcome
            for each in problems or [{}]:
                yield ReportRow(
                    line=line,
                    outcome=what,
                    account_id=account,
                    first_line=first,
                    code=each.get("code", ""),
                    column=each.get("column", ""),
                    value=each.get("value", ""),
                    message=each.get(lang, ""),
                )
        last = rows[-1].line


def cells_of(row: ReportRow) -> tuple[object, ...]:
    """Return the cells of one line of the report."""
    return (row.line, row.outcome, row.account_id, row.first_line, row.code, row.column, row.value, row.message)


def write_report(rows: Iterable[ReportRow], path: Path, lang: str) -> int:
    """Write a report into a file, CSV or XLSX by its name, and return how many lines it has.

    Text stays text: what begins like a formula is not one when somebody opens it.
    """
    titles = _TITLES if lang == "it" else COLUMNS
    return _write_workbook(rows, path, titles) if path.suffix.lower() == ".xlsx" else _write_csv(rows, path, titles)


def _write_csv(rows: Iterable[ReportRow], path: Path, titles: Sequence[str]) -> int:
    count = 0
    # With a mark, spreadsheets read it as UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(titles)
        for row in rows:
            writer.writerow([_safe(cell) for cell in cells_of(row)])
            count += 1
    return count


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _write_workbook(rows: Iterable[ReportRow], path: Path, titles: Sequence[str]) -> int:
    try:
        # Only who asks for a workbook needs it.
        import xlsxwriter  # noqa: PLC0415
    except ImportError as error:
        raise refusal("QUALITY_IMPORT_WRITER") from error
    count = 0
    # Row by row into a temporary file: the memory is that of one row.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("report")
        sheet.write_row(0, 0, titles, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        for row in rows:
            count += 1
            sheet.write_row(count, 0, cells_of(row))
    return count
