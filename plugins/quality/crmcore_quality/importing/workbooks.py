"""Workbooks: XLSX, XLSB and ODS, which are zip archives, and XLS; looked at before anything unpacks them, read by python-calamine."""

from __future__ import annotations

import datetime as dt
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from crmcore_quality.importing.survey import Survey
from crmcore_quality.importing.textfiles import LONGEST_CELL
from crmcore_quality.importing.values import Day, Line, Number, refusal

_MB: Final = 1 << 20
LARGEST: Final = 1024 * _MB
"""Bytes that a workbook may unpack to."""
_HARMLESS: Final = 64 * _MB
_MOST_RATIO: Final = 100
"""How many times its size a workbook may unpack to, once that is much: sheets do ten to twenty."""
_HEADER: Final = 30
_MEMBERS: Final = 10_000


def check_archive(found: Survey) -> str:
    """Return the format of a workbook, or refuse its archive: what it says of its sizes, and what it really unpacks to.

    Raises:
        ImportRefused: ``QUALITY_IMPORT_DAMAGED``, ``QUALITY_IMPORT_BOMB``, ``QUALITY_IMPORT_ENCRYPTED``, ``QUALITY_IMPORT_FORMAT``.
    """
    try:
        with zipfile.ZipFile(found.path) as archive:
            members = archive.infolist()
            declared = sum(member.file_size for member in members)
            _refuse_bomb(found, declared)
            if len(members) > _MEMBERS:
                raise refusal("QUALITY_IMPORT_BOMB", name=found.name, size=f"> {LARGEST // _MB}")
            if any(member.flag_bits & 1 for member in members):
                raise refusal("QUALITY_IMPORT_ENCRYPTED", name=found.name)
            _unpack(found, members)
            return _format(found, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise refusal("QUALITY_IMPORT_DAMAGED", name=found.name, reason=str(error)) from error


def _refuse_bomb(found: Survey, size: int) -> None:
    if size > LARGEST or (size > _HARMLESS and size > _MOST_RATIO * found.size):
        raise refusal("QUALITY_IMPORT_BOMB", name=found.name, size=size // _MB)


def _unpack(found: Survey, members: list[zipfile.ZipInfo]) -> None:
    """Unpack every member into nothing, and count: what an archive declares is only what somebody wrote there."""
    total = 0
    with found.path.open("rb") as file:
        for member in members:
            for size in _sizes(file, member):
                total += size
                _refuse_bomb(found, total)


def _sizes(file: IO[bytes], member: zipfile.ZipInfo) -> Iterator[int]:
    file.seek(member.header_offset)
    header = file.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(b"PK\x03\x04"):
        raise zipfile.BadZipFile(member.filename)
    file.seek(member.header_offset + _HEADER + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"))
    left = member.compress_size
    if member.compress_type == zipfile.ZIP_STORED:
        yield left
        return
    if member.compress_type != zipfile.ZIP_DEFLATED:
        message = f"{member.filename}: method {member.compress_type}"
        raise zipfile.BadZipFile(message)
    inflate = zlib.decompressobj(-15)
    while left > 0 and not inflate.eof:
        chunk = file.read(min(left, 1 << 16))
        if not chunk:
            raise EOFError(member.filename)
        left -= len(chunk)
        while chunk:
            yield len(inflate.decompress(chunk, _MB))
            chunk = inflate.unconsumed_tail


def _format(found: Survey, archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "mimetype" in names and archive.read("mimetype")[:80].startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise refusal("QUALITY_IMPORT_ENCRYPTED", name=found.name)
        return "ods"
    raise refusal("QUALITY_IMPORT_FORMAT", name=found.name, found="ZIP")


class Workbook:
    """An open workbook; calamine holds the sheet that is read in memory, and hands out its rows one by one."""

    def __init__(self, found: Survey) -> None:
        self._found = found
        try:
            # A compiled library of some megabytes, which only who imports needs.
            import python_calamine as calamine  # noqa: PLC0415
        except ImportError as error:
            raise refusal("QUALITY_IMPORT_READER") from error
        try:
            self._book: Any = calamine.CalamineWorkbook.from_path(str(Path(found.path)))
        except calamine.PasswordError as error:
            raise refusal("QUALITY_IMPORT_ENCRYPTED", name=found.name) from error
        except (calamine.CalamineError, OSError) as error:
            raise refusal("QUALITY_IMPORT_DAMAGED", name=found.name, reason=str(error)) from error
        self.sheets: list[str] = list(self._book.sheet_names)

    def rows(self, sheet: str) -> Iterator[Line]:
        """Yield the rows of a sheet by their numbers, blank ones too; merged cells are refused where rows are data."""
        for number, row in enumerate(self._rows(sheet), 1):
            cells = [_text(value) for value in row]
            if any(len(cell) > LONGEST_CELL for cell in cells):
                raise refusal("QUALITY_IMPORT_CELL_TOO_LONG", name=self._found.name, line=number, most=LONGEST_CELL)
            yield Line(number, cells)

    def _rows(self, sheet: str) -> Iterator[list[Any]]:
        try:
            yield from self._book.get_sheet_by_name(sheet).iter_rows()
        except Exception as error:
            # Calamine has several kinds of errors, and panics of its own for what nobody foresaw: all mean that the file is not sound.
            if type(error).__module__.partition(".")[0] not in {"python_calamine", "pyo3_runtime"}:
                raise
            raise refusal("QUALITY_IMPORT_DAMAGED", name=self._found.name, reason=str(error)) from error

    def merged(self, sheet: str) -> list[tuple[int, int]]:
        """Return row and column, from 1, of merged cells; formats that do not tell have none."""
        ranges = self._book.get_sheet_by_name(sheet).merged_cell_ranges or ()
        return [(start[0] + 1, start[1] + 1) for start, _ in ranges]

    def close(self) -> None:
        """Give the file back."""
        self._book.close()


# Whatever a cell holds.
def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, str) or value is None:
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        # Spreadsheets have no whole numbers: a postcode comes as 36061.0.
        return Number(int(value)) if isinstance(value, int) or (value.is_integer() and abs(value) < 2**53) else Number(repr(value))
    if isinstance(value, dt.datetime):
        value = value.date() if value.time() == dt.time() else value
    return Day(value.isoformat()) if isinstance(value, dt.date) else str(value)
