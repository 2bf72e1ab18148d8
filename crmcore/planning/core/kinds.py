"""Kinds of interaction and of relation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from crmcore.accounts.seed import RELATIONS
from crmcore.hooks import Configurable, Item, Key
from crmcore.interactions.seed import KINDS
from crmcore.labels import Label
from crmcore.model import CORE, InteractionKind, RelationKind
from crmcore.planning.columns import Plain, Text
from crmcore.planning.fields import LABEL, OBSOLETE, flag, text_rules
from crmcore.planning.rows import Rows

if TYPE_CHECKING:
    from crmcore.registry import Registry


def _interactions(_: Registry) -> Mapping[Key, Item]:
    return {
        (code,): Item({"label": {"it": italian, "en": english}, "counts_as_contact": contact, "obsolete": False}, CORE)
        for code, italian, english, contact in KINDS
    }


def _relations(_: Registry) -> Mapping[Key, Item]:
    return {
        (code,): Item({"label": {"it": italian, "en": english}, "inverse": {"it": back_it, "en": back_en}, "obsolete": False}, CORE)
        for code, italian, back_it, english, back_en in RELATIONS
    }


INTERACTION_KINDS: Final = Configurable(
    name="interaction_kinds",
    label=Label("Tipi di contatto", "Kinds of interaction"),
    help="Visits, phone calls, notes and whatever else the contact history holds, by code.",
    fields={
        "label": LABEL,
        "counts_as_contact": flag(
            Label("È un contatto", "Is a contact"), "Whether somebody was in contact with the account.", default=True
        ),
        "obsolete": OBSOLETE,
    },
    store=Rows(entity=InteractionKind, columns=(Text("label"), Plain("counts_as_contact"), Plain("obsolete")), owner="owner"),
    declared=_interactions,
)

RELATION_KINDS: Final = Configurable(
    name="relation_kinds",
    label=Label("Tipi di relazione", "Kinds of relation"),
    help="How accounts and people are related, by code, read in both directions.",
    fields={
        "label": LABEL,
        "inverse": text_rules(Label("Inversa", "Inverse"), "How the relation reads from the other side."),
        "obsolete": OBSOLETE,
    },
    texts=("label", "inverse"),
    store=Rows(entity=RelationKind, columns=(Text("label"), Text("inverse"), Plain("obsolete")), owner="owner"),
    declared=_relations,
)
