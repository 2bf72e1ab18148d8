"""Business units and portfolios."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from crmcore.accounts.seed import GENERIC, PRIMARY_UNIT
from crmcore.hooks import Configurable, Finding, Item, Key, Scene
from crmcore.labels import Label
from crmcore.model import CORE, BusinessUnit, Portfolio
from crmcore.planning.columns import Plain, Refer, Text
from crmcore.planning.fields import LABEL, OBSOLETE, code
from crmcore.planning.rows import Rows

if TYPE_CHECKING:
    from crmcore.registry import Registry
    from crmcore.session import Session

_MOST: Final = 10


def _units(_: Registry) -> Mapping[Key, Item]:
    label = {"it": "Unità principale", "en": "Main unit"}
    return {("BU1",): Item({"number": PRIMARY_UNIT, "label": label, "obsolete": False}, CORE)}


def _portfolios(_: Registry) -> Mapping[Key, Item]:
    return {("BU1", GENERIC): Item({"label": {"it": "Generico", "en": "Generic"}, "parent": None, "obsolete": False}, CORE)}


def _check_units(_: Session, scene: Scene) -> Iterable[Finding]:
    """Yield units whose number changes, or belongs to another one."""
    numbers = {
        item.values["number"]: key for key, item in (*scene.after["business_units"].items(), *scene.before["business_units"].items())
    }
    for key in sorted(scene.given.get("business_units", ())):
        number = scene.after["business_units"][key].values["number"]
        before = scene.before["business_units"].get(key)
        if before is not None and before.values["number"] != number:
            reason = Label(f"il numero resta {before.values['number']}", f"the number stays {before.values['number']}")
            yield Finding(key=key, field="number", reason=reason)
        elif numbers[number] != key:
            other = numbers[number][0]
            yield Finding(key=key, field="number", reason=Label(f"il numero è di {other}", f"the number belongs to {other}"))


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
    check=_check_units,
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
