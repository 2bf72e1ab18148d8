"""What is asked of a renderer, how much it may use, and what it refuses."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date
from typing import Final

import attrs

from crmcore.errors import CrmError

RESOURCE: Final = "resource:"
"""What the addresses of given files begin with: ``<img src="resource:logo">``."""


class Variant(enum.StrEnum):
    """A kind of PDF for archives or for readers with aids; the plain one unless said otherwise."""

    PLAIN = ""
    ARCHIVE = "pdf/a-3u"
    """For archives, and to carry attachments (ISO 19005-3)."""
    ACCESSIBLE = "pdf/ua-1"
    """For screen readers (ISO 14289-1)."""


@attrs.frozen
class Resource:
    """A file that a page may show, by its name: a logo."""

    media_type: str
    content: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class PdfLimits:
    """What one rendering may use; every limit ends in a `PdfFailed`."""

    characters: int = 4_000_000
    """Of the HTML."""
    pages: int = 500
    seconds: float = 60.0
    """Of the clock on the wall; then the process is ended."""
    memory: int = 1536 * 2**20
    """Bytes of addresses, where the system can limit them."""
    size: int = 64 * 2**20
    """Bytes of the PDF."""


@attrs.frozen(kw_only=True)
class PdfRequest:
    """A page to be rendered: HTML with its CSS inside, and nothing outside of it but ``resources``.

    ``created`` is the date in the PDF, which is the document's, not today's: the same request gives the same bytes as long as library and
    fonts are the same. ``title``, ``author`` and ``lang`` stand in its properties; empty ones are those of the HTML.
    """

    html: str = attrs.field(repr=False)
    title: str = ""
    author: str = ""
    lang: str = ""
    created: date | None = None
    variant: Variant = Variant.PLAIN
    resources: Mapping[str, Resource] = attrs.field(factory=dict)
    limits: PdfLimits = attrs.field(factory=PdfLimits)


class PdfFailed(CrmError, RuntimeError):
    """Raised when there is no PDF: ``PDF_FAILED``, ``PDF_TOO_LARGE``, ``PDF_TIMEOUT``, ``PDF_UNAVAILABLE``."""

    default_code = "PDF_FAILED"
