"""Order types as a deployment configures them, and those that the plugin brings along (S4 «Tipi Ordine»)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from crmcore import Configurable, Configured, Label, Session
from crmcore.hooks import Finding, Item, Scene
from crmcore.planning import Plain, Rows, Text
from crmcore_offers.archive.numbering import format_problem
from crmcore_offers.model import DATES, Document, OrderType
from crmcore_offers.states import DOCUMENTS, ROWS

MEANINGS: Final = (
    *("lead_to_agent", "appointment", "opportunity", "offer", "order", "job_order", "contract", "ddt", "invoice", "credit_note"),
)
COUNTS_IN: Final = ("pipeline", "order_book", "turnover", "commission")
NAME: Final = "offers.types"


def _field(kind: str, it: str, en: str, text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - Cerberus rules are open
    return {"type": kind, "label": Label(it, en), "help": text, **more}


def _flag(it: str, en: str, text: str, *, default: bool) -> dict[str, Any]:
    return _field("boolean", it, en, text, default=default)


def _list(it: str, en: str, text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return _field("list", it, en, text, default=[], schema={"type": "string", **more})


_TEXTS: Final = {
    "it": _field("string", "Italiano", "Italian", "The text in Italian.", required=True, example="Offerta"),
    "en": _field("string", "Inglese", "English", "The text in English.", default=""),
}
_FIELDS: Final = {
    "label": _field("dict", "Etichetta", "Label", "What people read.", required=True, schema=_TEXTS),
    "meaning": _field("string", "Significato", "Meaning", "What programs read.", required=True, allowed=list(MEANINGS), example="offer"),
    "sign": _field("integer", "Segno", "Sign", "-1 for what is given back: rows stay positive.", default=1, allowed=[1, -1]),
    "series": _field("string", "Serie", "Series", "The counter that numbers it; empty for no number.", default=""),
    "number_format": _field(
        "string", "Formato del numero", "Number format", "With {number}, {number:05d}, {year}, {series}.", default="{number}/{year}"
    ),
    "gap_free": _flag("Senza buchi", "Gap-free", "Whether documents with a number are never deleted.", default=False),
    "initial_state": _field("string", "Stato iniziale", "First state", "Of new documents; else the default of the table.", default=""),
    "row_state": _field("string", "Stato riga iniziale", "First row state", "Of new rows; else the default of the table.", default=""),
    "required_fields": _list("Campi obbligatori", "Required fields", "Fields and characteristics that must be filled."),
    "counts_in": _list("Conta in", "Counts in", "What its amounts count in.", allowed=list(COUNTS_IN)),
    "successors": _list("Successori", "Successors", "The types that it is converted to."),
    "requires_unblocked": _flag("Solo non bloccate", "Unblocked only", "Whether blocked accounts get none.", default=True),
    "allow_after_cancel": _flag("Attivabile dopo", "Active after", "Whether a cancelled one may have an activation.", default=False),
    "stamp": _field("string", "Data di inserimento", "Stamp", "The date that is set to today when one is made.", default=""),
    "generates": _field("string", "Genera", "Generates", "The type of the document that is made beside each one.", default=""),
    "template": _field("string", "Modello", "Template", "The template by which it is printed.", default=""),
    "priority": _field("integer", "Priorità", "Priority", "The order in which types are offered.", default=0),
    "obsolete": _flag("Obsoleto", "Obsolete", "Not offered any more.", default=False),
}
_DATED: Final = (*DATES, "appointment")


def check_types(session: Session, scene: Scene) -> Iterator[Finding]:
    """Yield what is wrong with order types in the light of states, fields and each other."""
    del session
    types = scene.after.get(NAME, {})
    fields = {*Document.__mapper__.columns.keys(), *_characteristics(scene)}
    for key, item in types.items():
        values = item.values
        for name in ("successors", "generates"):
            yield from _missing_types(key, name, values, types)
        for column in values["required_fields"]:
            if column not in fields:
                yield _finding(key, "required_fields", f"il campo {column} non esiste", f"there is no field {column}")
        if values["stamp"] and values["stamp"] not in _DATED:
            yield _finding(key, "stamp", f"{values['stamp']} non è una data del documento", f"{values['stamp']} is no date of a document")
        rest = format_problem(values["number_format"])
        if values["series"] and rest is not None:
            yield _finding(key, "number_format", f"formato non compreso: {rest}", f"this is no format of numbers: {rest}")
        for name, table in (("initial_state", DOCUMENTS), ("row_state", ROWS)):
            yield from _wrong_state(key, name, values[name], table, scene)
    yield from _circles(types)


def _missing_types(key: tuple[str, ...], name: str, values: Mapping[str, Any], types: Mapping[tuple[str, ...], Item]) -> Iterator[Finding]:
    given = values[name] if isinstance(values[name], list) else [values[name]]
    for code in given:
        if code and (code,) not in types:
            yield _finding(key, name, f"il tipo {code} non esiste", f"there is no type {code}")


def _wrong_state(key: tuple[str, ...], name: str, code: str, table: str, scene: Scene) -> Iterator[Finding]:
    if not code:
        return
    state = scene.after.get("state_tables.states", {}).get((table, code))
    mode = _mode(key[0], table, scene)
    if state is None:
        yield _finding(key, name, f"la tabella {table} non ha lo stato {code}", f"table {table} has no state {code}")
    elif state.values["obsolete"]:
        yield _finding(key, name, f"lo stato {code} è obsoleto", f"state {code} is obsolete")
    elif mode != "free" and not (state.values["default"] or state.values["flags"].get("initial")):
        yield _finding(key, name, f"nessuno nasce nello stato {code}", f"nothing begins in state {code}: give it the flag initial")


def _mode(code: str, table: str, scene: Scene) -> str:
    """Return the mode by which documents of a type, or their rows, go from state to state."""
    found = scene.after.get("state_tables", {}).get((table,))
    if found is None:
        return "free"
    modes = found.values["modes"] if table == DOCUMENTS else {}
    return str(modes.get(code, found.values["mode"]))


def _circles(types: Mapping[tuple[str, ...], Item]) -> Iterator[Finding]:
    """Yield the types that would generate documents without an end."""
    for key in types:
        seen, code = [key[0]], types[key].values["generates"]
        while code and (code,) in types and code not in seen:
            seen.append(code)
            code = types[code,].values["generates"]
        if code == key[0]:
            chain = " → ".join((*seen, code))
            yield _finding(key, "generates", f"tipi che si generano a vicenda: {chain}", f"types that generate each other: {chain}")


def _characteristics(scene: Scene) -> set[str]:
    return {key[-1] for key in scene.after.get("characteristics", {}) if key[0] == Document.entity_name()}


def _finding(key: tuple[str, ...], field: str, it: str, en: str) -> Finding:
    return Finding(key=key, field=field, reason=Label(it, en))


TYPES: Final = Configurable(
    name=NAME,
    label=Label("Tipi ordine", "Order types"),
    help="The types of documents in the single archive.",
    fields=_FIELDS,
    store=Rows(
        entity=OrderType,
        columns=(Text("label"), *(Plain(name) for name in _FIELDS if name != "label")),
        owner="owner",
    ),
    after=("state_tables.states",),
    check=check_types,
)


def _type(it: str, en: str, meaning: str, priority: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a type
    return {"label": {"it": it, "en": en}, "meaning": meaning, "priority": priority, **more}


_SOLD: Final = ["COM", "DDT", "FAT"]
BROUGHT: Final = Configured(
    collection=NAME,
    items={
        "SEG": _type("Segnalazione all'agente", "Lead to agent", "lead_to_agent", 10, successors=["APP", "OPP", "OFF", "CON"]),
        "APP": _type(
            *("Appuntamento", "Appointment", "appointment", 20),
            initial_state="booked",
            required_fields=["appointment"],
            successors=["OPP", "OFF", "CON"],
        ),
        "OPP": _type("Opportunità", "Opportunity", "opportunity", 30, counts_in=["pipeline"], successors=["OFF", "ORD", "CON"]),
        "OFF": _type(
            *("Offerta", "Offer", "offer", 40),
            series="OFF",
            counts_in=["pipeline"],
            stamp="quote_inserted",
            successors=["ORD", "COM", "CON"],
        ),
        "ORD": _type("Ordine", "Order", "order", 50, series="ORD", counts_in=["order_book", "commission"], successors=_SOLD),
        "COM": _type("Commessa", "Job order", "job_order", 60, series="COM", successors=["DDT", "FAT"]),
        "CON": _type(
            *("Contratto", "Contract", "contract", 70),
            series="CON",
            counts_in=["order_book", "commission"],
            stamp="contract_inserted",
            successors=_SOLD,
        ),
        "VEN": _type(
            *("Vendita in linea", "Sale on the line", "contract", 75),
            series="CON",
            initial_state="verifying",
            counts_in=["order_book", "commission"],
            stamp="contract_inserted",
            successors=_SOLD,
        ),
        "DDT": _type(
            *("Documento di trasporto", "Delivery note", "ddt", 80),
            series="DDT",
            gap_free=True,
            stamp="delivery",
            successors=["FAT"],
        ),
        "FAT": _type(
            *("Fattura", "Invoice", "invoice", 90),
            series="FAT",
            gap_free=True,
            counts_in=["turnover"],
            stamp="invoice",
            successors=["NC"],
            requires_unblocked=False,
        ),
        "NC": _type(
            *("Nota di credito", "Credit note", "credit_note", 100),
            sign=-1,
            series="NC",
            gap_free=True,
            counts_in=["turnover"],
            stamp="invoice",
            requires_unblocked=False,
        ),
    },
)
"""What an Italian office expects; a deployment changes, adds, and makes obsolete."""
