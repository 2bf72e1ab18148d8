"""State tables, their states, and the steps between them."""

from __future__ import annotations

from typing import Any, Final

from crmcore.hooks import Configurable, Values
from crmcore.labels import Label
from crmcore.planning.core.states_check import check, state_effects
from crmcore.planning.core.states_store import States, Tables, Transitions, declared_states, declared_tables, declared_transitions
from crmcore.planning.fields import ENTITY, GROUP, LABEL, OBSOLETE, codes, flag

_CODE: Final = r"[^\s@>](?:[^\n@>]{0,38}[^\s@>])?"
_NAMES: Final = r"[a-z][a-z0-9_.]{0,59}"

TABLES: Final = Configurable(
    name="state_tables",
    label=Label("Tabelle degli stati", "State tables"),
    help="The states of an entity and how they follow each other, by name; `crm states list` shows those that are there.",
    key=r"[a-z][a-z0-9_.]{0,59}",
    after=("characteristics",),
    fields={
        "label": LABEL,
        "entity": ENTITY,
        "mode": {
            "type": "string",
            "allowed": ["free", "steps", "forward-only"],
            "default": "free",
            "label": Label("Modalità", "Mode"),
            "help": "`free`: any step; `steps`: only those listed; `forward-only`: listed, and never to a lower order.",
        },
        "modes": {
            "type": "dict",
            "keysrules": {"type": "string", "minlength": 1, "maxlength": 40},
            "valuesrules": {"type": "string", "allowed": ["free", "steps", "forward-only"]},
            "default": {},
            "label": Label("Modalità per variante", "Modes by variant"),
            "help": "The mode of single variants, such as order types, where it is another one.",
        },
    },
    store=Tables(),
    declared=declared_tables,
    check=check,
)

STATES: Final = Configurable(
    name="state_tables.states",
    inside="state_tables",
    label=Label("Stati", "States"),
    help="The states, by code. One that records or their history have becomes obsolete instead of vanishing.",
    key=_CODE,
    fields={
        "label": LABEL,
        "order": {
            "type": "integer",
            "required": True,
            "min": -1_000_000,
            "max": 1_000_000,
            "example": 10,
            "label": Label("Ordine", "Order"),
            "help": "What is forward: from a lower to a higher one.",
        },
        "colour": {
            "type": "string",
            "regex": "#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3}",
            "default": "#6c757d",
            "label": Label("Colore", "Colour"),
            "help": "As `#rrggbb`.",
        },
        "default": flag(Label("Iniziale", "Default"), "New records begin here; exactly one state of a table does."),
        "terminal": flag(Label("Finale", "Terminal"), "No step leaves it."),
        "obsolete": OBSOLETE,
        "flags": {
            "type": "dict",
            "keysrules": {"type": "string", "regex": r"[a-z][a-z0-9_]{0,39}"},
            "valuesrules": {"type": ["boolean", "integer", "string"]},
            "default": {},
            "label": Label("Significato", "Flags"),
            "help": "What the state means to the program: `is_customer`, `blocked`, `blocking`, `negative`, `initial`, `priority`.",
        },
    },
    store=States(),
    declared=declared_states,
    effects=state_effects,
)


def _sorted_groups(values: Values) -> Values:
    return {**values, "groups": sorted(set(values["groups"]))}


_NO_TEXT: Final[tuple[str, ...]] = ()
_GUARD: Final[dict[str, Any]] = {
    "type": "string",
    "nullable": True,
    "default": None,
    "empty": False,
    "label": Label("Condizione", "Guard"),
    "help": "The name of a script function that lets the record through or not.",
}

TRANSITIONS: Final = Configurable(
    name="state_tables.transitions",
    inside="state_tables",
    label=Label("Passaggi", "Transitions"),
    help="The steps of a table that is not free, as `from -> to`, or `from -> to @variant` for one order type or the like.",
    key=rf"{_CODE} -> {_CODE}(?: @[^\s@]{{1,40}})?",
    after=("state_tables.states",),
    short=None,
    texts=_NO_TEXT,
    fields={
        "groups": codes(Label("Gruppi", "Groups"), "Only members of one of them may take it; none: everybody.", pattern=GROUP),
        "guard": _GUARD,
        "required_fields": codes(Label("Campi richiesti", "Required fields"), "Columns and characteristics that must be filled."),
        "ordered_dates": codes(Label("Date in ordine", "Dates in order"), "Dates that, as far as they are filled, must not go backwards."),
        "effects": codes(Label("Effetti", "Effects"), "Jobs that are queued with the change.", pattern=_NAMES),
    },
    normalise=_sorted_groups,
    store=Transitions(),
    declared=declared_transitions,
)
