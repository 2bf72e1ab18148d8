"""Templates: which one prints a document, whether it is sound, and what it writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import attrs
from sqlalchemy import Select, select

from crmcore import Problem, Session, ValidationFailed
from crmcore.scripting import Limits, ScriptError
from crmcore.scripting.templates import Channel, Missing, Templates
from crmcore_offers.codes import problem, refuse
from crmcore_offers.model import OrderType, PrintTemplate
from crmcore_offers.printing import word
from crmcore_offers.printing.fields import FIELDS

HTML, TEXT, WORD = "html", "text", "word"
PAGES: Final = {"offer": HTML, "contract": HTML, "sheet": HTML}
"""The pages that the plugin brings along, with their formats."""
SHEET: Final = "sheet"
"""The page around a plain text."""
_WORDS: Final = re.compile(r"\[\[([^|\]]*)\|([^\]]*)\]\]")
LIMITS: Final = Limits(steps=3_000_000, seconds=5.0, memory=64 * 2**20, result=3_000_000)
"""For some five thousand rows; a letter's own limits hold for one page."""


@attrs.frozen(kw_only=True)
class Source:
    """A template, as it is configured: ``body`` is that of its page when it names one."""

    code: str
    format: str
    language: str = "it"
    missing: Missing = Missing.REFUSE
    body: str = ""
    file: str = ""

    @classmethod
    def of(cls, code: str, values: Mapping[str, Any]) -> Source:
        """Return a template of configured values, or of the columns of its row."""
        page = values["page"]
        return cls(
            code=code,
            format=values["format"],
            language=values["language"],
            missing=Missing(values["missing"]),
            body=page_of(page, values["language"]) if page in PAGES else values["body"],
            file=values["file"],
        )


def page_of(name: str, lang: str) -> str:
    """Return the source of a page that the plugin brings along, in a language: ``[[Offerta|Offer]]`` is the one or the other."""
    source = files("crmcore_offers").joinpath(f"templates/{name}.html").read_text("utf-8")
    return _WORDS.sub(r"\2" if lang == "en" else r"\1", source)


def find(session: Session, code: str) -> Source:
    """Return a template by its code.

    Raises:
        ValidationFailed: ``OFFERS_TEMPLATE_UNKNOWN``.
    """
    found: PrintTemplate | None = session.scalar(select(PrintTemplate).where(PrintTemplate.code == code))
    if found is None:
        raise refuse("OFFERS_TEMPLATE_UNKNOWN", code, code=code)
    return Source.of(code, {name: getattr(found, name) for name in ("format", "language", "missing", "page", "body", "file")})


def template_for(session: Session, code: str | None, kind: str) -> Source:
    """Return the template that was asked for, otherwise that of the order type, otherwise the plugin's of the type's meaning."""
    if code is None:
        wanted: Select[Any] = select(OrderType.template, OrderType.meaning).where(OrderType.code == kind)  # type: ignore[assignment] # of any columns
        found = session.first(wanted)
        code = (found.template or ("contract" if found.meaning == "contract" else "offer")) if found is not None else "offer"
    return find(session, code)


def problems_of(session: Session, source: Source) -> list[Problem]:
    """Return what is wrong with a template: what cannot be read, what is not allowed, and every placeholder that does not exist."""
    if bool(source.body.strip()) is bool(source.file.strip()) or bool(source.file) is not (source.format == WORD):
        fields = "file" if source.format == WORD else "body, page"
        return [problem("OFFERS_TEMPLATE_EMPTY", source.code, code=source.code, fields=fields)]
    templates = Templates(session.crm.scripts)
    if source.format == WORD:
        return word.problems_of(templates, source.code, source.file)
    return templates.check(source.body, FIELDS, channel=_CHANNELS[source.format])


def require_sound(session: Session, source: Source) -> None:
    """Return when a template may be used.

    Raises:
        ValidationFailed: with every problem.
    """
    found = problems_of(session, source)
    if found:
        raise ValidationFailed("VALIDATION_FAILED", found)


def write(session: Session, source: Source, values: Mapping[str, Any], missing: Missing) -> str:
    """Return the HTML or plain text that a template makes of values.

    Raises:
        TemplateUnresolved: listing every placeholder without a value, when they are to be refused.
        ValidationFailed: ``OFFERS_PRINT_FAILED``.
    """
    templates = Templates(session.crm.scripts, lang=source.language)
    try:
        return templates.render(source.body, values, channel=_CHANNELS[source.format], missing=missing, limits=LIMITS).text
    except ScriptError as error:
        raise refuse("OFFERS_PRINT_FAILED", source.code, code=source.code, reason=error.text) from error


_CHANNELS: Final = {HTML: Channel.HTML, TEXT: Channel.TEXT}
