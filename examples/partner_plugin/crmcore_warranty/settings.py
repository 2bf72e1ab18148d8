"""What a deployment may set, and the characteristic that accounts get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crmcore import CharacteristicDef, Choice, ConfigSchema, Label, Session

LONGEST: Final = 120
"""Months."""

SCHEMA: Final = ConfigSchema(
    {
        "months": {
            "type": "integer",
            "min": 1,
            "max": LONGEST,
            "default": 24,
            "label": Label("Mesi di garanzia", "Months of warranty"),
            "help": "How long a warranty lasts, unless something else was agreed.",
        },
        "reminder_days": {
            "type": "integer",
            "min": 1,
            "max": 365,
            "default": 30,
            "label": Label("Giorni di preavviso", "Days of notice"),
            "help": "How many days before its end a warranty is announced.",
        },
    },
)

CHARACTERISTICS: Final = (
    CharacteristicDef(
        key="warranty_class",
        label=Label("Classe di garanzia", "Warranty class"),
        type="choice",
        choices=(
            Choice(code="legal", label=Label("Legale", "Legal")),
            Choice(code="extended", label=Label("Estesa", "Extended")),
        ),
    ),
)


def number(session: Session, key: str) -> int:
    """Return a setting of the plugin that is a number."""
    settings: Mapping[str, object] = session.settings("warranty")
    value = settings[key]
    if not isinstance(value, int):  # the schema sees to it
        message = f"setting {key} is {value!r}, not a number"
        raise TypeError(message)
    return value
