"""What a deployment configures of prints, and the templates that the plugin brings along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from crmcore import Configurable, Configured, Label, Session
from crmcore.hooks import Finding, Scene
from crmcore.planning import Plain, Rows, Text
from crmcore.scripting.templates import Missing
from crmcore_offers.model import PrintTemplate
from crmcore_offers.printing.templates import HTML, PAGES, TEXT, WORD, Source, problems_of

_NAME: Final = "offers.templates"


def _field(kind: str, it: str, en: str, text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - Cerberus rules are open
    return {"type": kind, "label": Label(it, en), "help": text, **more}


_TEXTS: Final = {
    "it": _field("string", "Italiano", "Italian", "The text in Italian.", required=True, example="Offerta"),
    "en": _field("string", "Inglese", "English", "The text in English.", default=""),
}


def check_templates(session: Session, scene: Scene) -> Iterator[Finding]:
    """Yield what is wrong with the templates of the files: every unknown placeholder, and Word documents that cannot be used."""
    for key in scene.given.get(_NAME, ()):
        item = scene.after[_NAME][key]
        if item.values["page"] and item.values["body"]:
            reason = Label("una pagina del plugin o un testo proprio, non entrambi", "a page of the plugin or a text of its own, not both")
            yield Finding(key=key, field="page", reason=reason)
            continue
        field = "file" if item.values["format"] == WORD else "body"
        for problem in problems_of(session, Source.of(key[-1], item.values)):
            yield Finding(key=key, field=field, reason=Label(problem.text("it"), problem.text("en")))


TEMPLATES: Final = Configurable(
    name=_NAME,
    label=Label("Modelli di stampa", "Print templates"),
    help="How offers, contracts and the like are printed.",
    fields={
        "label": _field("dict", "Etichetta", "Label", "What people read.", required=True, schema=_TEXTS),
        "format": _field("string", "Formato", "Format", "HTML, plain text or Word.", default=HTML, allowed=[HTML, TEXT, WORD]),
        "language": _field("string", "Lingua", "Language", "In which amounts and dates are written.", default="it", allowed=["it", "en"]),
        "missing": _field(
            "string",
            "Valori mancanti",
            "Missing values",
            "What happens to placeholders without a value: nothing is printed, they are marked, or left blank.",
            default=Missing.REFUSE.value,
            allowed=[each.value for each in Missing],
        ),
        "page": _field(
            "string", "Pagina", "Page", "A page that the plugin brings along, instead of a body.", default="", allowed=["", *sorted(PAGES)]
        ),
        "body": _field("string", "Testo", "Body", "HTML or plain text with placeholders.", default="", example="Gentile {account.name},"),
        "file": _field("string", "Documento", "Document", "A Word document (.docx), in base64.", default=""),
        "obsolete": _field("boolean", "Obsoleto", "Obsolete", "Not offered any more.", default=False),
    },
    store=Rows(
        entity=PrintTemplate,
        columns=(Text("label"), *(Plain(name) for name in ("format", "language", "missing", "page", "body", "file", "obsolete"))),
        owner="owner",
    ),
    check=check_templates,
)


def _page(it: str, en: str, page: str, language: str = "it") -> Mapping[str, Any]:
    return {"label": {"it": it, "en": en}, "page": page, "language": language, "missing": Missing.BLANK.value}


BROUGHT: Final = Configured(
    collection=_NAME,
    items={
        "offer": _page("Offerta", "Offer", "offer"),
        "offer-en": _page("Offerta in inglese", "Offer in English", "offer", "en"),
        "contract": _page("Contratto", "Contract", "contract"),
        "contract-en": _page("Contratto in inglese", "Contract in English", "contract", "en"),
    },
)
