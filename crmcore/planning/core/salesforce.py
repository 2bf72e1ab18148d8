"""The sales force, zones with their member rules, and who sells where from when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import ColumnElement

from crmcore.hooks import Configurable, Item, Key, Values
from crmcore.labels import Label
from crmcore.model import NULL_CODES, Salesperson, Zone
from crmcore.planning.columns import Day, Plain, Refer, Text
from crmcore.planning.core.salesforce_check import check_people, check_sellers, check_zones
from crmcore.planning.core.sellers_effects import seller_effects
from crmcore.planning.core.zones_store import Assignments, Zones
from crmcore.planning.fields import LABEL, OBSOLETE, code, codes, day
from crmcore.planning.rows import Rows

if TYPE_CHECKING:
    from crmcore.session import Session

_LONGEST: Final = 200


@attrs.frozen(kw_only=True)
class People(Rows):
    """The sales force without the records that stand for nobody; who leaves is disabled, never deleted (I-21, I-22)."""

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """Return the condition for them."""
        return (Salesperson.__table__.c.code.not_in(list(NULL_CODES.values())),)

    def is_gone(self, values: Values) -> bool:
        """Return whether somebody left, or will on a known day."""
        return values["disabled_from"] is not None

    def retired(self, session: Session, values: Values) -> Values:
        """Let somebody leave today."""
        today = session.today()
        return {**values, "disabled_from": today.isoformat()}


PEOPLE: Final = Configurable(
    name="salespersons",
    label=Label("Forza vendita", "Sales force"),
    help="Agents, operators, referrers and agencies, by code. Who is left out and has records leaves today, and is not deleted.",
    key=r"[A-Za-z0-9][A-Za-z0-9_.-]{0,19}",
    short="name",
    texts=(),
    fields={
        "name": {
            "type": "string",
            "required": True,
            "empty": False,
            "maxlength": _LONGEST,
            "example": "Nome e cognome",
            "label": Label("Nome", "Name"),
            "help": "First and last name, or the name of the agency.",
        },
        "kind": {
            "type": "string",
            "allowed": ["agent", "operator", "referrer", "agency"],
            "default": "agent",
            "label": Label("Tipo", "Kind"),
            "help": "Agents and agencies have zones.",
        },
        "login": {
            "type": "string",
            "nullable": True,
            "default": None,
            "empty": False,
            "maxlength": 100,
            "label": Label("Utente", "Login"),
            "help": "The user that this is.",
        },
        "manager": code(Label("Responsabile", "Manager"), "Who is above, such as the area manager."),
        "agency": code(Label("Agenzia", "Agency"), "The agency that somebody belongs to."),
        "disabled_from": day(Label("Disabilitato dal", "Disabled from"), "The first day on which nothing new goes to them."),
    },
    references={"manager": "salespersons", "agency": "salespersons"},
    store=People(
        entity=Salesperson,
        columns=(Plain("name"), Plain("kind"), Plain("login"), Day("disabled_from")),
        references=(
            Refer(field="manager", column="manager_id", to=Salesperson),
            Refer(field="agency", column="agency_id", to=Salesperson),
        ),
    ),
    check=check_people,
)


def _sorted_rules(values: Values) -> Values:
    found = dict(values)
    for name in ("municipalities", "postcodes", "provinces"):
        found[name] = sorted(set(values[name]))
    for each in found["postcodes"]:
        first, _, last = each.partition("-")
        if last and last < first:
            message = Label(f"un intervallo di CAP in ordine, e non {each}", f"a range of postcodes in order, and not {each}")
            raise ValueError(message)
    return found


ZONES: Final = Configurable(
    name="zones",
    label=Label("Zone", "Zones"),
    help="Territory, by code: which addresses belong to it, and who sells there. The most precise rule that fits an address wins.",
    fields={
        "label": LABEL,
        "parent": code(Label("Dentro", "Parent"), "The zone that this one lies in."),
        "municipalities": codes(Label("Comuni", "Municipalities"), "ISTAT codes of six digits, in quotes.", pattern=r"[0-9]{6}"),
        "postcodes": codes(
            Label("CAP", "Postcodes"), "Postcodes and ranges of them, in quotes: `36100-36199`.", pattern=r"[0-9]{5}(-[0-9]{5})?"
        ),
        "provinces": codes(Label("Province", "Provinces"), "Provinces of two letters.", pattern=r"[A-Z]{2}"),
        "obsolete": OBSOLETE,
    },
    references={"parent": "zones"},
    normalise=_sorted_rules,
    store=Zones(
        entity=Zone,
        columns=(Text("label"), Plain("obsolete")),
        references=(Refer(field="parent", column="parent_id", to=Zone),),
    ),
    check=check_zones,
)


def _settle(items: Mapping[Key, Item]) -> Mapping[Key, Item]:
    """End an assignment that does not say when on the day before the next one of its zone and unit."""
    rows: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for key in items:
        start, _, unit = key[1].partition(" ")
        rows[key[0], unit].append((key[0], start, unit))
    found = dict(items)
    for some in rows.values():
        some.sort()
        for (zone, start, unit), following in pairwise(some):
            key = (zone, f"{start} {unit}".strip())
            if items[key].values["until"] is None:
                until = date.fromisoformat(following[1]) - timedelta(days=1)
                found[key] = attrs.evolve(items[key], values={**items[key].values, "until": until.isoformat()})
    return found


SELLERS: Final = Configurable(
    name="zones.sellers",
    inside="zones",
    label=Label("Venditori", "Sellers"),
    help="Who sells there, by first day: `2026-01-01: AGN001`; `2026-01-01 BU2` is for one business unit.",
    key=r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [A-Za-z0-9][A-Za-z0-9_.-]{0,39})?",
    short="seller",
    texts=(),
    after=("business_units",),
    fields={
        "seller": {
            "type": "string",
            "required": True,
            "empty": False,
            "example": "AGN001",
            "label": Label("Venditore", "Seller"),
            "help": "The code of an agent or an agency.",
        },
        "until": day(Label("Fino al", "Until"), "The last day; without it, the day before the next assignment, or for ever."),
    },
    references={"seller": "salespersons"},
    settle=_settle,
    store=Assignments(),
    check=check_sellers,
    effects=seller_effects,
    watches_all=True,
)
