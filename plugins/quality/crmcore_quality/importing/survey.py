"""One pass over the bytes of a file before anything is read from it: what it is, in which encoding, and its digest."""

from __future__ import annotations

import codecs
import hashlib
import re
from pathlib import Path
from typing import Final

import attrs

from crmcore_quality.importing.values import refusal

_CHUNK: Final = 1 << 20
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
_JET: Final = (b"\x00\x01\x00\x00Standard Jet DB", b"\x00\x01\x00\x00Standard ACE DB")
_MARKUP: Final = re.compile(rb"\s*<(?:!doctype|html|table|\?xml|meta|head|body)", re.IGNORECASE)
# à è é ì ò ù as old Macs wrote them and as Windows does, behind a letter: where Windows has letters, Macs have hardly any, and vice versa.
_MAC: Final = re.compile(rb"[A-Za-z][\x88\x8e\x8f\x93\x98\x9d]")
_WINDOWS: Final = re.compile(rb"[A-Za-z][\xe0\xe8\xe9\xec\xf2\xf9\xc0\xc8\xc9\xcc\xd2\xd9]")
EXTENSIONS: Final = {
    ".csv": "text",
    ".tsv": "text",
    ".txt": "text",
    ".jsonl": "text",
    ".ndjson": "text",
    ".xlsx": "zip",
    ".xlsm": "zip",
    ".xlsb": "zip",
    ".ods": "zip",
    ".xls": "ole",
    ".mdb": "jet",
    ".accdb": "jet",
}
"""Extension → the family of formats that its content is of."""


@attrs.frozen(kw_only=True)
class Survey:
    """What the bytes of a file say."""

    path: Path
    size: int
    sha256: str
    family: str
    """``text``, ``zip``, ``ole`` or ``jet``."""
    encoding: str = ""

    @property
    def name(self) -> str:
        """The name of the file, as messages have it."""
        return self.path.name


def survey(path: Path, *, encoding: str = "", trust_content: bool = False) -> Survey:
    """Look at a file; ``trust_content`` reads what it is, whatever it is called.

    Raises:
        ImportRefused: for a file that is missing, empty, no list, not what it is called, encrypted, or not the text that it should be.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            head = file.read(_CHUNK)
            file.seek(0)
            scan = _Scan(path.name, _family(path.name, head), encoding, head)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                scan.take(chunk)
    except OSError as error:
        raise refusal("QUALITY_IMPORT_FILE_MISSING", name=path.name, reason=error.strerror or str(error)) from error
    expected = EXTENSIONS.get(path.suffix.lower())
    # Without an extension, or with one that says nothing, the content alone speaks.
    if expected is not None and expected != scan.family and not trust_content:
        raise refusal("QUALITY_IMPORT_EXTENSION", name=path.name, extension=path.suffix.lower(), found=scan.family)
    return Survey(path=path, size=scan.size, sha256=digest.hexdigest(), family=scan.family, encoding=scan.finish())


def _family(name: str, head: bytes) -> str:
    if not head.strip():
        raise refusal("QUALITY_IMPORT_EMPTY", name=name)
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head.startswith(_OLE):
        return "ole"
    if head.startswith(_JET):
        return "jet"
    if head.startswith(b"%PDF"):
        raise refusal("QUALITY_IMPORT_FORMAT", name=name, found="PDF")
    if _MARKUP.match(head):
        # Many portals write a page of HTML and call it .xls.
        raise refusal("QUALITY_IMPORT_FORMAT", name=name, found="HTML or XML")
    return "text"


class _Scan:
    """The running state of one pass."""

    def __init__(self, name: str, family: str, encoding: str, head: bytes) -> None:
        self.name, self.family, self.size = name, family, 0
        self._wanted = encoding
        self._mac = self._windows = 0
        self._tail = b""
        self._bad: int | None = None
        self._encoding = encoding or next((found for bom, found in _BOMS if head.startswith(bom)), "utf-8")
        try:
            self._decoder = codecs.getincrementaldecoder(self._encoding)()
        except LookupError as error:
            raise refusal("QUALITY_IMPORT_ENCODING", name=name, encoding=encoding, place=0) from error

    def take(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        if self.family == "text":
            self._text(chunk)
        elif self.family == "ole" and _LOCKED in self._tail + chunk:
            raise refusal("QUALITY_IMPORT_ENCRYPTED", name=self.name)
        self.size += len(chunk)
        self._tail = chunk[-64:]

    def _text(self, chunk: bytes) -> None:
        wide = self._encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32"))
        if not wide and (place := chunk.find(b"\0")) >= 0:
            raise refusal("QUALITY_IMPORT_NUL", name=self.name, place=self.size + place)
        if self._bad is None:
            try:
                self._decoder.decode(chunk)
            except UnicodeDecodeError as error:
                self._bad = self.size + error.start
        self._mac += len(_MAC.findall(chunk))
        self._windows += len(_WINDOWS.findall(chunk))

    def finish(self) -> str:
        """Return the encoding of a text: its mark, else strict UTF-8, else what the accents look like."""
        if self.family != "text":
            return ""
        if self._bad is None:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self._bad = self.size
        if self._bad is None:
            return self._encoding
        if self._wanted or self._encoding != "utf-8":
            raise refusal("QUALITY_IMPORT_ENCODING", name=self.name, encoding=self._encoding, place=self._bad)
        return "mac_roman" if self._mac > self._windows else "cp1252"
