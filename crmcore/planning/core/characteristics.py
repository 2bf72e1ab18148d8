"""Characteristics and their choices."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from crmcore.characteristics.types import BUILTIN_TYPES
from crmcore.hooks import Configurable, Key, Values
from crmcore.labels import Label
from crmcore.planning.core.characteristics_check import check, effects
from crmcore.planning.core.characteristics_store import Characteristics, Choices, declared, declared_choices
from crmcore.planning.fields import GROUP, LABEL, OBSOLETE, codes, flag, text

_KEY: Final = r"[a-z][a-z0-9_]{0,59}"
_RULE: Final[dict[str, Any]] = {"type": "string", "nullable": True, "default": None, "empty": False, "maxlength": 8_000}


def _sorted_groups(values: Values) -> Values:
    return {**values, "visible_to": sorted(set(values["visible_to"])), "editable_by": sorted(set(values["editable_by"]))}


def _holds(key: Key, values: Values, going: Collection[tuple[str, Key]]) -> Iterable[tuple[str, Key]]:
    """Yield the portfolio, the table and the keys that a definition names."""
    for name, other in going:
        portfolio = name == "portfolios" and other[1] == values["portfolio"]
        table = name == "lookup_tables" and other[0] == values["target"] and values["type"] == "lookup"
        needed = name == "characteristics" and other[0] == key[0] and other[1] in values["depends_on"]
        if portfolio or table or needed:
            yield name, other


CHARACTERISTICS: Final = Configurable(
    name="characteristics",
    group="entity",
    label=Label("Caratteristiche", "Characteristics"),
    help="Custom fields, by entity and key. What has values becomes obsolete instead of vanishing.",
    key=_KEY,
    after=("portfolios", "lookup_tables.entries"),
    fields={
        "label": LABEL,
        "type": {
            "type": "string",
            "default": "text",
            "maxlength": 60,
            "label": Label("Tipo", "Type"),
            "help": f"One of {', '.join(BUILTIN_TYPES)}, or a type of a plugin.",
        },
        "unit": text(Label("Unità di misura", "Unit"), "What is shown behind the value.", longest=40),
        "help": text(Label("Aiuto", "Help"), "What people should know when they fill it.", longest=1_000),
        "mandatory": flag(Label("Obbligatoria", "Mandatory"), "New records need a value."),
        "read_only": flag(Label("Sola lettura", "Read only"), "Only rules and events write it."),
        "printable": flag(Label("Stampabile", "Printable"), "It is printed, not only shown.", default=True),
        "mobile": flag(Label("Inviata ai dispositivi", "Mobile"), "It is sent to the phones of the sales force."),
        "searchable": flag(Label("Ricercabile", "Searchable"), "Lists may filter by it.", default=True),
        "indexed": flag(Label("Indicizzata", "Indexed"), "The database has an index for it."),
        "personal": flag(
            Label("Dato personale", "Personal"),
            "Erasing a person empties it; one that is not stays, for statistics: nobody must be known by it.",
            default=True,
        ),
        "portfolio": {
            "type": "string",
            "nullable": True,
            "default": None,
            "label": Label("Portafoglio", "Portfolio"),
            "help": "It exists only on accounts in this portfolio, or below it.",
        },
        "business_unit": {
            "type": "integer",
            "nullable": True,
            "default": None,
            "min": 1,
            "max": 10,
            "label": Label("Unità di business", "Business unit"),
            "help": "It exists only on accounts with a portfolio of the unit with this number.",
        },
        "visible_to": codes(Label("Visibile a", "Visible to"), "Groups that see it; none: everybody.", pattern=GROUP),
        "editable_by": codes(Label("Modificabile da", "Editable by"), "Groups that may write it; none: everybody.", pattern=GROUP),
        "default": {
            "type": ["string", "integer", "boolean", "list", "date"],
            "nullable": True,
            "default": None,
            "label": Label("Valore iniziale", "Default"),
            "help": "What new records get; a decimal or an amount is written in quotes.",
        },
        "target": {
            "type": "string",
            "nullable": True,
            "default": None,
            "label": Label("Riferita a", "Target"),
            "help": "The code of the three-level table, or the entity of a reference.",
        },
        "validate": {**_RULE, "label": Label("Regola di convalida", "Validation rule"), "help": "A rule in the scripting language."},
        "compute": {**_RULE, "label": Label("Regola di calcolo", "Computation"), "help": "A rule whose result is the value."},
        "on_change": {**_RULE, "label": Label("Regola di compilazione", "Rule on change"), "help": "A rule that runs when it changes."},
        "depends_on": codes(Label("Dipende da", "Depends on"), "The keys that a computed value needs.", pattern=_KEY),
        "position": {
            "type": "integer",
            "default": 0,
            "label": Label("Posizione", "Position"),
            "help": "Characteristics are shown by position, then by key.",
        },
        "obsolete": OBSOLETE,
    },
    normalise=_sorted_groups,
    holds=_holds,
    store=Characteristics(),
    declared=declared,
    check=check,
    effects=effects,
)

CHOICES: Final = Configurable(
    name="characteristics.choices",
    inside="characteristics",
    embedded=True,
    label=Label("Scelte", "Choices"),
    help="The values of a choice, by code; new ones are shown after the others. One that is left out becomes obsolete.",
    key=r"[^\s](?:[^\n]{0,58}[^\s])?",
    fields={"label": LABEL, "obsolete": OBSOLETE},
    store=Choices(),
    declared=declared_choices,
)
