"""What lists look like: formats, encodings, and what is refused before anything is written."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from crmcore_quality.importing import Dialect, ImportRefused, open_source
from crmcore_quality.importing.workbooks import LARGEST

pytestmark = pytest.mark.feature("J05")

LIST = "Nome;Telefono;Città\nRossi;0424 000012;Forlì\nBianchi;0424 000013;Cantù\n"


def read(path, **dialect):
    with open_source(path, Dialect(**dialect)) as source:
        return source.columns, [(line.number, list(line.cells)) for line in source.rows()], source.dialect


def refused(path, **dialect):
    with pytest.raises(ImportRefused) as caught:
        read(path, **dialect)
    error = caught.value
    assert error.code == error.problems[0].code
    texts = (error.text("it"), error.text("en"))
    assert texts[0] != texts[1]
    assert all("?>" not in text for text in texts)
    return error.code.removeprefix("QUALITY_IMPORT_")


def workbook(path, rows, *, merge=None):
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Dati")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        if merge:
            sheet.merge_range(merge, "unite")
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "mac_roman", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_text_is_read_in_its_encoding_whatever_ends_the_lines(write, encoding, ends):
    columns, rows, dialect = read(write(LIST.replace("\n", ends), encoding=encoding))
    assert (columns, dialect.delimiter) == (("Nome", "Telefono", "Città"), ";")
    assert rows == [(2, ["Rossi", "0424 000012", "Forlì"]), (3, ["Bianchi", "0424 000013", "Cantù"])]


@pytest.mark.parametrize(
    ("text", "delimiter", "first"),
    [
        ("a,b\n1,2\n", ",", (2, ["1", "2"])),
        ("a\tb\n1\t2\n", "\t", (2, ["1", "2"])),
        ("sep=|\na|b\n1|2\n", "|", (3, ["1", "2"])),
        ('a;b\n"x\ny";2\n', ";", (3, ["x\ny", "2"])),
        ("Elenco clienti;;\n\na;b;c\n1;2;3\n", ";", (4, ["1", "2", "3"])),
        ("a;b\r\n1;2\n3;4\r5;6\n", ";", (2, ["1", "2"])),
        ("a;b\n1\n", ";", (2, ["1", ""])),
        ('{"a": 1, "b": "x"}\n{"a": 2.50, "b": null}\n', "", (1, ["1", "x"])),
    ],
    ids=["comma", "tab", "sep=", "quoted line break", "titles above", "mixed line ends", "short row", "json lines"],
)
def test_delimiters_headings_and_numbers_of_lines_are_found(write, text, delimiter, first):
    columns, rows, dialect = read(write(text))
    assert (dialect.delimiter, rows[0]) == (delimiter, first)
    assert columns[:2] == ("a", "b")


def test_a_workbook_keeps_numbers_dates_and_zeros_apart(tmp_path):
    import datetime as dt

    path = tmp_path / "lista.xlsx"
    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy"}) as book:
        book.add_worksheet("Vuoto")
        sheet = book.add_worksheet("Dati")
        sheet.write_row(0, 0, ["CAP", "Prezzo", "Dal", "Sì", "Testo", "Formula"])
        sheet.write_row(1, 0, [36061, 1234.5, dt.date(2026, 1, 2), True, "00184"])
        sheet.write_formula(1, 5, "=1+1", None, 2)
    columns, rows, dialect = read(path)
    assert (dialect.sheet, len(columns)) == ("Dati", 6)
    assert rows == [(2, ["36061", "1234.5", "2026-01-02", "true", "00184", "2"])]
    assert [type(cell).__name__ for cell in _cells(path)] == ["Number", "Number", "Day", "str", "str", "Number"]
    assert refused(path, sheet="Altro") == "SHEET"


def _cells(path):
    with open_source(path) as source:
        return next(source.rows()).cells


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.csv", "EMPTY"),
        (b"   \n\n", "a.csv", "EMPTY"),
        (b"Nome;Telefono\n", "a.csv", "EMPTY"),
        (b"Nome\nRossi\nBianchi\n", "a.csv", "ONE_COLUMN"),
        (";".join(f"c{n}" for n in range(300)).encode() + b"\n" + b";".join([b"1"] * 300), "a.csv", "TOO_MANY_COLUMNS"),
        (b"a;b\n1;" + b"x" * 10_000_000 + b"\n", "a.csv", "CELL_TOO_LONG"),
        (b'a;b\n1;"' + b"x\n" * 200_000, "a.csv", "CELL_TOO_LONG"),
        (b"Nome;Tel;NOME\n1;2;3\n", "a.csv", "HEADER_REPEATED"),
        (b"a;b\n1;\x002\n", "a.csv", "NUL"),
        (b"<html><table><tr><td>Nome", "a.xls", "FORMAT"),
        (b"%PDF-1.7", "a.csv", "FORMAT"),
        (b"a;b\n1;2\n", "a.xlsx", "EXTENSION"),
        (b"PK\x03\x04" + b"\0" * 40, "a.xlsx", "DAMAGED"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "a.xls", "ENCRYPTED"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.xls", "DAMAGED"),
        (b'{"a": 1, "b": 2}\n{"a": [1], "b": 2}\n', "a.jsonl", "ROW_UNREADABLE"),
        (b'{"a": 1, "b": 2}\nnothing\n', "a.jsonl", "ROW_UNREADABLE"),
    ],
)
def test_what_is_no_sound_list_is_refused_with_a_code(write, content, name, code):
    assert refused(write(content, name)) == code


def test_a_file_that_is_not_there_and_a_wrong_encoding_are_refused(write, tmp_path):
    assert refused(tmp_path / "manca.csv") == "FILE_MISSING"
    assert refused(write(LIST, encoding="cp1252"), encoding="utf-8") == "ENCODING"
    assert refused(write(LIST), encoding="klingon") == "ENCODING"
    # Said to be CSV, it is read as that, whatever it is called.
    assert len(read(write(LIST, "a.xls"), format="csv")[1]) == 2


def test_workbooks_that_cannot_be_right_are_refused(tmp_path, monkeypatch):
    good = workbook(tmp_path / "ok.xlsx", [["a", "b"], [1, 2], [3, 4], [5, 6]])
    assert len(read(good)[1]) == 3
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(good.read_bytes()[:-200])
    assert refused(cut) == "DAMAGED"
    assert refused(workbook(tmp_path / "merged.xlsx", [["a", "b"], [1, 2], [3, 4]], merge="A2:A3")) == "MERGED_CELLS"
    other = tmp_path / "other.xlsx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    assert refused(other) == "FORMAT"
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    assert refused(good) == "READER"


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_is(tmp_path):
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/workbook.xml", "w") as member:
        for _ in range(100):
            member.write(b"\0" * (1 << 20))
    assert bomb.stat().st_size < LARGEST // 1000
    assert refused(bomb) == "BOMB"
    # The same, with sizes that lie: one byte, says the directory.
    data = bytearray(bomb.read_bytes())
    place = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 24, 1)
    bomb.write_bytes(bytes(data))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        assert archive.infolist()[0].file_size == 1
    assert refused(bomb) == "BOMB"


def test_access_databases_are_read_by_mdbtools_or_say_what_is_missing(write, tmp_path, monkeypatch):
    path = write(b"\x00\x01\x00\x00Standard Jet DB\x00" + b"\0" * 100, "clienti.mdb")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert refused(path) == "MDBTOOLS"
    (tmp_path / "bin").mkdir()
    _program(tmp_path / "bin" / "mdb-tables", "echo Clienti\necho Ordini")
    _program(tmp_path / "bin" / "mdb-export", 'echo "Nome,Telefono"\necho "\\"Rossi $6\\",0424000012"')
    assert refused(path) == "CHOOSE_TABLE"
    columns, rows, dialect = read(path, sheet="Clienti")
    assert (columns, dialect.format) == (("Nome", "Telefono"), "mdb")
    # The sixth argument of the program is the table.
    assert rows == [(2, ["Rossi Clienti", "0424000012"])]
    _program(tmp_path / "bin" / "mdb-tables", "echo broken >&2\nexit 1")
    assert refused(path) == "DAMAGED"


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
