"""Business units and portfolios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from crmcore.accounts.seed import GENERIC, PRIMARY_UNIT
from crmcore.hooks import Configurable, Item, Key
from crmcore.labels import Label
from crmcore.model import CORE, BusinessUnit, Portfolio
from crmcore.planning.columns import Plain, Refer, Text
from crmcore.planning.fields import LABEL, OBSOLETE, code
from crmcore.planning.rows import Rows

if TYPE_CHECKING:
    from crmcore.registry import Registry

_MOST: Final = 10


def _units(_: Registry) -> Mapping[Key, Item]:
    label = {"it": "Unità principale", "en": "Main unit"}
    return {("BU1",): Item({"number": PRIMARY_UNIT, "label": label, "obsolete": False}, CORE)}


def _portfolios(_: Registry) -> Mapping[Key, Item]:
    return {("BU1", GENERIC): Item({"label": {"it": "Generico", "en": "Generic"}, "parent": None, "obsolete": False}, CORE)}


UNITS: Final = Configurable(
    name="business_units",
    label=Label("Unità di business", "Business units"),
    help="Up to ten business units, by code; number 1 holds the primary portfolios, and is there from the start as `BU1`.",
    fields={
        "number": {
            "type": "integer",
            "min": 1,
            "max": _MOST,
            "required": True,
            "example": 2,
            "label": Label("Numero", "Number"),
            "help": "From 1 to 10; it never changes.",
        },
        "label": LABEL,
        "obsolete": OBSOLETE,
    },
    store=Rows(entity=BusinessUnit, columns=(Plain("number"), Text("label"), Plain("obsolete")), owner="owner"),
    declared=_units,
)

PORTFOLIOS: Final = Configurable(
    name="portfolios",
    label=Label("Portafogli", "Portfolios"),
    help="Trees of portfolios, by business unit and code; accounts keep an obsolete one, and none gets it anew.",
    group="business_units",
    fields={
        "label": LABEL,
        "parent": code(Label("Dentro", "Parent"), "The portfolio of the same unit that this one lies in."),
        "obsolete": OBSOLETE,
    },
    references={"parent": "portfolios"},
    store=Rows(
        entity=Portfolio,
        columns=(Text("label"), Plain("obsolete")),
        group=Refer(field="unit", column="business_unit_id", to=BusinessUnit),
        references=(Refer(field="parent", column="parent_id", to=Portfolio, same_group=True),),
        owner="owner",
    ),
    declared=_portfolios,
)
