"""Codes of pages that are rendered as PDF."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

RENDERING: Final = (
    ErrorCode(
        "PDF_UNAVAILABLE",
        "no PDF can be made here: {reason}",
        "qui non si possono produrre PDF: {reason}",
        "Install the extra `crmcore[pdf]` and the system's Pango (Debian: `apt install libpango-1.0-0 libpangoft2-1.0-0`), or a plugin that renders.",
    ),
    ErrorCode(
        "PDF_TOO_LARGE",
        "the page is too large, {what}: {found}, at most {most}",
        "la pagina è troppo grande, {what}: {found}, al massimo {most}",
        "Print less at once, or correct a template that writes too much.",
    ),
    ErrorCode(
        "PDF_TIMEOUT",
        "the page was not rendered in {seconds:g} seconds",
        "la pagina non è stata impaginata in {seconds:g} secondi",
        "Correct a template whose layout has no end, or print less at once.",
    ),
    ErrorCode(
        "PDF_FAILED",
        "the page cannot be rendered: {reason}",
        "la pagina non si può impaginare: {reason}",
        "Look at the HTML and CSS of the template.",
    ),
)
"""In the order in which one meets them."""
