"""The settings of the plugin."""

from __future__ import annotations

from typing import Any, Final

from crmcore import ConfigSchema, Label, Session
from crmcore_offers import company

SCHEMA: Final = ConfigSchema(
    {
        "currency": {
            "type": "string",
            "default": "EUR",
            "regex": "[A-Z]{3}",
            "label": Label("Valuta", "Currency"),
            "help": "The currency of new documents (ISO 4217).",
        },
        **company.SETTINGS,
    },
)


def setting(session: Session, key: str) -> Any:  # noqa: ANN401 - whatever the schema says
    """Return a setting of the plugin."""
    return session.settings("offers")[key]
