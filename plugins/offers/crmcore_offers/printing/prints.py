"""Documents that people hold: PDFs, Word documents and texts of offers and contracts, and the files that are kept of them (G07, G20)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import attrs
from sqlalchemy import select

from crmcore import Problem, Session
from crmcore.errors import RecordNotFound
from crmcore.rendering import PdfRequest, Variant
from crmcore.scripting.templates import Missing, Templates
from crmcore_offers import company
from crmcore_offers.codes import refuse
from crmcore_offers.model import Document, DocumentFile
from crmcore_offers.printing import word
from crmcore_offers.printing.sheets import Sheet, sheet_of
from crmcore_offers.printing.templates import (
    HTML,
    LIMITS,
    SHEET,
    TEXT,
    WORD,
    Source,
    find,
    page_of,
    problems_of,
    require_sound,
    template_for,
    write,
)
from crmcore_offers.printing.values import values_of

PDF_TYPE: Final = "application/pdf"
_UNFIT: Final = re.compile(r"[^\w.-]+")


@attrs.frozen(kw_only=True)
class KeptFile:
    """A file that was kept of a document; its content is read with `Prints.read`."""

    id: int
    name: str
    media_type: str
    size: int
    sha256: str
    template: str
    revision_id: int | None


class Prints:
    """What is printed of the documents that a session sees; nothing here commits.

    A template is checked each time before it is used: an unknown placeholder is never left in a document (I-52). What happens to known
    ones without a value is the template's choice, unless ``missing`` says otherwise.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def check(self, template: str) -> list[Problem]:
        """Return everything that is wrong with a template, each unknown placeholder with the nearest that exists.

        Raises:
            ValidationFailed: ``OFFERS_TEMPLATE_UNKNOWN``.
        """
        return problems_of(self._session, find(self._session, template))

    def pdf(
        self,
        document: Document,
        template: str | None = None,
        revision: int | None = None,
        *,
        missing: Missing | None = None,
        variant: Variant = Variant.PLAIN,
    ) -> bytes:
        """Return a document as PDF, as it is or as a revision of it was; the same document gives the same bytes.

        Without a template it is the one of the order type, otherwise the plugin's.

        Raises:
            ValidationFailed: ``OFFERS_TEMPLATE_UNKNOWN``, ``OFFERS_TEMPLATE_FORMAT``, ``OFFERS_PRINT_FAILED``,
                ``OFFERS_PRINT_REVISION``, or the problems of the template.
            TemplateUnresolved: with every placeholder that has no value.
            PdfFailed: when it cannot be rendered.
        """
        source = self._source(document, template, (HTML, TEXT))
        sheet = sheet_of(self._session, document, revision)
        values = values_of(self._session, sheet, source.language)
        written = write(self._session, source, values, missing or source.missing)
        if source.format == TEXT:
            page = Source(code=source.code, format=HTML, language=source.language, body=page_of(SHEET, source.language))
            written = write(self._session, page, {**values, "written": written}, Missing.BLANK)
        return self._session.crm.renderer.pdf(_request(self._session, sheet, values, written, source.language, variant))

    def word(self, document: Document, template: str, revision: int | None = None, *, missing: Missing | None = None) -> bytes:
        """Return a document filled into a Word template, as a .docx file.

        Raises:
            ValidationFailed: as `pdf`, and ``OFFERS_WORD_INVALID``.
            TemplateUnresolved: with every placeholder that has no value.
        """
        source = self._source(document, template, (WORD,))
        values = values_of(self._session, sheet_of(self._session, document, revision), source.language)
        templates = Templates(self._session.crm.scripts, lang=source.language)
        return word.fill(templates, source.code, source.file, values, missing or source.missing, LIMITS)

    def text(self, document: Document, template: str, revision: int | None = None, *, missing: Missing | None = None) -> str:
        """Return a document as the text of a plain template, such as a contract with placeholders like ``{account.name}`` (S10).

        Raises:
            ValidationFailed: as `pdf`.
            TemplateUnresolved: with every placeholder that has no value.
        """
        source = self._source(document, template, (TEXT,))
        values = values_of(self._session, sheet_of(self._session, document, revision), source.language)
        return write(self._session, source, values, missing or source.missing)

    def keep(self, document: Document, revision: int | None = None, *, template: str | None = None) -> DocumentFile:
        """Print a document and keep the PDF with it; the same bytes are kept once.

        Raises:
            ValidationFailed, TemplateUnresolved, PdfFailed: as `pdf`; nothing is kept then.
        """
        source = self._source(document, template, (HTML, TEXT))
        sheet = sheet_of(self._session, document, revision)
        content = self.pdf(document, source.code, revision)
        digest = hashlib.sha256(content).hexdigest()
        key = sheet.revision.id if sheet.revision is not None else None
        same = select(DocumentFile).where(DocumentFile.document_id == document.id, DocumentFile.sha256 == digest)
        found: DocumentFile | None = self._session.scalar(same.where(DocumentFile.revision_id == key).order_by(DocumentFile.id).limit(1))
        if found is not None:
            return found
        made = DocumentFile(
            document_id=document.id,
            revision_id=key,
            name=_name(sheet),
            media_type=PDF_TYPE,
            size=len(content),
            sha256=digest,
            template=source.code,
            content=content,
        )
        return self._session.add(made)

    def files(self, document: Document) -> Sequence[KeptFile]:
        """Return the files that are kept of a document, the first first; their contents are not read."""
        names = tuple(each.name for each in attrs.fields(KeptFile))
        columns: list[Any] = [getattr(DocumentFile, name) for name in names]
        rows = self._session.execute(select(*columns).where(DocumentFile.document_id == document.id).order_by(DocumentFile.id))
        return [KeptFile(**dict(zip(names, row, strict=True))) for row in rows]

    def read(self, file_id: int) -> bytes:
        """Return the content of a kept file.

        Raises:
            RecordNotFound: when there is none, or the actor does not see its document.
        """
        content: bytes | None = self._session.scalar(select(DocumentFile.content).where(DocumentFile.id == file_id))
        if content is None:
            raise RecordNotFound("NOT_FOUND", entity=DocumentFile.entity_name(), id=file_id)
        return content

    def _source(self, document: Document, template: str | None, formats: tuple[str, ...]) -> Source:
        """Return a template that is sound and of the right format."""
        source = template_for(self._session, template, document.type)
        if source.format not in formats:
            expected = ", ".join(formats)
            raise refuse("OFFERS_TEMPLATE_FORMAT", source.code, code=source.code, found=source.format, expected=expected)
        require_sound(self._session, source)
        return source


def _request(session: Session, sheet: Sheet, values: Mapping[str, Any], html: str, lang: str, variant: Variant) -> PdfRequest:
    logo = company.logo_of(session.settings("offers"))
    issued: date = sheet.header["issued_on"]
    return PdfRequest(
        html=html,
        title=_title(values),
        author=values["company"]["name"] or "",
        lang=lang,
        created=issued,
        variant=variant,
        resources={company.LOGO: logo} if logo is not None else {},
    )


def _title(values: Mapping[str, Any]) -> str:
    document = values["document"]
    return " ".join(part for part in (document["type_label"], document["reference"]) if part)


def _name(sheet: Sheet) -> str:
    """Return what the file is called: ``OFF-2026-00123-rev1.pdf``."""
    reference = _UNFIT.sub("-", str(sheet.header.get("reference") or sheet.document.id)).strip("-.")
    revision = f"-rev{sheet.revision.number}" if sheet.revision is not None else ""
    return f"{reference[:150]}{revision}.pdf"
