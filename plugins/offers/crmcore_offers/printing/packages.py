"""Look into the file of a Word document before anything opens it: what it is, how large it becomes, and what it reaches for."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

from crmcore import Label

_LARGEST_FILE: Final = 20 * 2**20
_LARGEST: Final = 100 * 2**20
_MOST_MEMBERS: Final = 2_000
_CONTENT_TYPES: Final = "[Content_Types].xml"
_MAIN: Final = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_MACROS: Final = re.compile(rb"macroEnabled|vbaProject", re.IGNORECASE)
_RELATION: Final = re.compile(r"<[\w.:-]*Relationship\s([^>]*)>")
_ATTRIBUTE: Final = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_LINK: Final = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_OBJECTS: Final = ("/oleObject", "/package", "/control", "/frame", "/subDocument", "/attachedTemplate", "/vbaProject", "/aFChunk")
_FIELDS: Final = re.compile(
    rb"(?:instrText[^>]*>|w:instr\s*=\s*[\"'])[^<\"']*\b(?:DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|INCLUDE|IMPORT|LINK)\b", re.IGNORECASE
)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The first date that a ZIP file knows."""


class Unfit(Exception):
    """Say why a file cannot be used."""

    def __init__(self, reason: Label) -> None:
        self.reason = reason
        super().__init__(reason.en)


def check_package(content: bytes) -> None:
    """Return when a file is a Word document without macros, that loads nothing from elsewhere, and is of a bounded size.

    Raises:
        Unfit: with the reason.
        zipfile.BadZipFile: for a broken one.
    """
    if len(content) > _LARGEST_FILE:
        raise Unfit(Label("è troppo grande", "it is too large"))
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise Unfit(Label("non è un documento .docx", "it is not a .docx document"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        # What a member says of its size is also where reading it stops.
        if len(members) > _MOST_MEMBERS or sum(each.file_size for each in members) > _LARGEST:
            raise Unfit(Label("decompresso è troppo grande", "it is too large when it is unpacked"))
        names = {each.filename for each in members}
        if _CONTENT_TYPES not in names:
            raise Unfit(Label("non è un documento .docx", "it is not a .docx document"))
        types = archive.read(_CONTENT_TYPES)
        if _MACROS.search(types) or any("vbaproject" in name.lower() for name in names):
            raise Unfit(Label("contiene macro", "it has macros"))
        if _MAIN not in types:
            raise Unfit(Label("non è un documento .docx", "it is not a .docx document"))
        for each in members:
            _check_member(each.filename, archive.read(each))


def same_bytes(content: bytes) -> bytes:
    """Return a package whose bytes depend on its content only, and not on when it was written."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for each in before.infolist():
            info = zipfile.ZipInfo(each.filename, _EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            after.writestr(info, before.read(each))
    return made.getvalue()


def _check_member(name: str, content: bytes) -> None:
    if not name.lower().endswith((".xml", ".rels")):
        return
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise Unfit(Label(f"{name} definisce entità o non è UTF-8", f"{name} defines entities, or is not UTF-8"))
    if _FIELDS.search(content):
        raise Unfit(Label(f"{name} ha campi che caricano altri file", f"{name} has fields that load other files"))
    if name.lower().endswith(".rels"):
        _check_relations(name, content.decode("utf-8", "replace"))


def _check_relations(name: str, text: str) -> None:
    for found in _RELATION.finditer(text):
        relation = {key: first or second for key, first, second in _ATTRIBUTE.findall(found[1])}
        kind, target = relation.get("Type", ""), relation.get("Target", "")
        outside = relation.get("TargetMode", "").lower() == "external"
        # Links that people click on are what they seem; everything else would be loaded without asking.
        if outside and not (kind.endswith("/hyperlink") and _LINK.match(target)):
            raise Unfit(Label(f"{name} punta a {target[:100]}", f"{name} points to {target[:100]}"))
        if kind.endswith(_OBJECTS):
            raise Unfit(Label(f"{name} contiene oggetti incorporati", f"{name} has embedded objects"))
