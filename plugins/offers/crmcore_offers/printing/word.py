"""Fill in Word documents: docxtpl puts the parts together, every text in them goes through the core's sandbox."""

from __future__ import annotations

import base64
import binascii
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from crmcore import Label, Problem, ValidationFailed
from crmcore.scripting import Limits, ScriptError
from crmcore.scripting.templates import Channel, Missing, Templates, TemplateUnresolved
from crmcore_offers.codes import refuse
from crmcore_offers.printing.fields import FIELDS
from crmcore_offers.printing.packages import Unfit, check_package, same_bytes

if TYPE_CHECKING:
    from docxtpl import DocxTemplate

_TAG: Final = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\{[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+\})", re.DOTALL)
_OPEN: Final = re.compile(r"\{[{%#]")
_SHORT: Final = 40
"""Stretches between tags that are shorter stay where they are."""
_STOWED: Final = re.compile("\x02([0-9]+)\n*\x03")
_BREAK: Final = r"</w:t>(?:(?!<w:t[ >]|</w:p>|<w:(?:br|tab|drawing|pict|object|fldChar|instrText)\b).)*?<w:t(?: [^>]*)?>"
_SPLIT: Final = re.compile(rf"\{{(?:[a-z0-9_.]|{_BREAK})+\}}", re.DOTALL)
"""A placeholder in its short form that Word spread over several runs."""
_MARKUP: Final = re.compile(r"<[^>]*>")
_PARAGRAPH: Final = re.compile(r"<w:p([ >])")
_LARGEST: Final = 64 * 2**20
"""Characters of a part that was filled in."""
_TEXTS: Final = ("author", "comments", "identifier", "language", "subject", "title")
"""Properties of a document that are texts with placeholders too."""

_TOO_LONG: Final = Label("il documento diventa troppo lungo", "the document becomes too long")
_BROKEN: Final = Label(
    "i comandi non stanno a cavallo di tabelle e paragrafi interi", "its tags do not enclose whole tables, rows or paragraphs"
)
_NO_LIBRARY: Final = Label(
    "manca il pacchetto docxtpl: pip install 'crmcore[word]'", "the package docxtpl is missing: pip install 'crmcore[word]'"
)


def problems_of(templates: Templates, code: str, file: str) -> list[Problem]:
    """Return what is wrong with a Word document as a template: the file itself, what it cannot say, and placeholders that do not exist."""
    try:
        document = _open(code, file, None)
    except ValidationFailed as error:
        return list(error.problems)
    found: dict[object, Problem] = {}
    for part in _texts(document):
        source, _ = _stow(part)
        for each in templates.check(source, FIELDS, channel=Channel.HTML):
            found.setdefault(each.object or id(each), each)
    return list(found.values())


def fill(templates: Templates, code: str, file: str, values: Mapping[str, Any], missing: Missing, limits: Limits) -> bytes:
    """Return a Word document with its placeholders filled in; the same values give the same bytes.

    Raises:
        TemplateUnresolved: listing every placeholder without a value in the whole document, when they are to be refused.
        ValidationFailed: ``OFFERS_WORD_INVALID``, ``OFFERS_PRINT_FAILED``.
    """
    engine = _Engine(templates, missing, limits)
    document = _open(code, file, engine)
    try:
        document.render(dict(values), engine)
    except ScriptError as error:
        raise refuse("OFFERS_PRINT_FAILED", code, code=code, reason=error.text) from error
    except (Unfit, SyntaxError) as error:
        # What lxml cannot parse is a SyntaxError of its own.
        reason = error.reason if isinstance(error, Unfit) else _BROKEN
        raise refuse("OFFERS_PRINT_FAILED", code, code=code, reason=reason) from error
    if engine.missing and missing is Missing.REFUSE:
        raise TemplateUnresolved(list(engine.missing))
    made = io.BytesIO()
    document.save(made)
    return same_bytes(made.getvalue())


class _Engine:
    """Stand in for the environment of jinja that docxtpl asks for: what it compiles and renders are texts of the core's sandbox."""

    autoescape = True

    def __init__(self, templates: Templates, missing: Missing, limits: Limits) -> None:
        self._templates = templates
        self._missing = Missing.MARK if missing is Missing.REFUSE else missing
        self._limits = limits
        self.missing: dict[str, None] = {}

    def from_string(self, source: str) -> _Part:
        """Return a text, ready to be rendered."""
        return _Part(self, source)

    def render(self, source: str, values: Mapping[str, Any]) -> str:
        """Return a part of a document with its values, escaped for XML."""
        if not _TAG.search(source) and not _OPEN.search(source):
            return source
        short, stowed = _stow(source)
        made = self._templates.render(short, values, channel=Channel.HTML, missing=self._missing, limits=self._limits)
        self.missing.update(dict.fromkeys(made.missing))
        if len(made.text) + sum(len(stowed[int(each)]) for each in _STOWED.findall(made.text)) > _LARGEST:
            raise Unfit(_TOO_LONG)
        return _STOWED.sub(lambda found: stowed[int(found[1])], made.text)


class _Part:
    """A template of jinja's, as far as docxtpl knows one."""

    def __init__(self, engine: _Engine, source: str) -> None:
        self._engine = engine
        self._source = source

    def render(self, values: Mapping[str, Any]) -> str:
        """Return the text with its values."""
        return self._engine.render(self._source, values)


def _open(code: str, file: str, engine: _Engine | None) -> DocxTemplate:
    """Return a document that was looked at, so that nothing in it reaches outside or grows without end."""
    try:
        content = base64.b64decode("".join(file.split()), validate=True)
        check_package(content)
        document = _new_document(content, engine)
        document.init_docx()
    except ImportError:
        raise refuse("OFFERS_WORD_INVALID", code, code=code, reason=_NO_LIBRARY) from None
    except Unfit as error:
        raise refuse("OFFERS_WORD_INVALID", code, code=code, reason=error.reason) from None
    except (binascii.Error, zipfile.BadZipFile, LookupError, ValueError, AttributeError, SyntaxError) as error:
        reason = Label(f"non si legge ({type(error).__name__})", f"it cannot be read ({type(error).__name__})")
        raise refuse("OFFERS_WORD_INVALID", code, code=code, reason=reason) from error
    return document


def _new_document(content: bytes, engine: _Engine | None) -> DocxTemplate:
    # Imported here: it loads lxml, and only documents from Word need it.
    from docxtpl import DocxTemplate  # noqa: PLC0415
    from lxml import etree  # noqa: PLC0415

    class Document(DocxTemplate):  # type: ignore[misc]  # the library has no types
        def patch_xml(self, src_xml: str) -> str:
            return _SPLIT.sub(_joined, super().patch_xml(src_xml))

        def render_xml_part(self, src_xml: str, part: object, context: dict[str, Any], jinja_env: _Engine | None = None) -> str:
            made: str = super().render_xml_part(src_xml, part, context, jinja_env or engine)
            # The library would go on with what a parser can make of broken XML.
            etree.fromstring(made.encode("utf-8"), etree.XMLParser(resolve_entities=False, no_network=True))
            return made

    return Document(io.BytesIO(content))


def _texts(document: DocxTemplate) -> Iterator[str]:
    """Yield every text with placeholders of a document, one paragraph to a line."""
    yield _PARAGRAPH.sub(r"\n<w:p\1", document.patch_xml(document.get_xml()))
    for kind in (document.HEADER_URI, document.FOOTER_URI):
        for _, part in document.get_headers_footers(kind):
            yield document.patch_xml(document.get_part_xml(part))
    for part in document.docx.part.package.iter_parts():
        if part.content_type.endswith("footnotes+xml"):
            yield document.patch_xml(part.blob.decode("utf-8"))
    for name in _TEXTS:
        yield getattr(document.docx.core_properties, name)


def _joined(found: re.Match[str]) -> str:
    text = _MARKUP.sub("", found[0])
    return text if _TAG.fullmatch(text) else found[0]


def _stow(source: str) -> tuple[str, list[str]]:
    """Return a text with what is between its tags put aside: the sandbox looks at the tags, and Word writes a lot between them.

    The marks are control characters, which XML cannot have and the sandbox takes out of every value.
    """
    stowed: list[str] = []
    parts = []
    for number, part in enumerate(_TAG.split(source.replace("\x02", "").replace("\x03", ""))):
        # What looks like a tag that is not closed is left for the sandbox to refuse.
        if number % 2 or len(part) < _SHORT or _OPEN.search(part):
            parts.append(part)
            continue
        # Its lines stay, so that what is wrong is in the right one.
        parts.append(f"\x02{len(stowed)}" + "\n" * part.count("\n") + "\x03")
        stowed.append(part)
    return "".join(parts), stowed
