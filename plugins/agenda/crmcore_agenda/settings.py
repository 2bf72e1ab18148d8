"""The settings of the plugin."""

from __future__ import annotations

from typing import Any, Final

from crmcore import ConfigSchema, Label, Session

SCHEMA: Final = ConfigSchema(
    {
        "company": {
            "type": "string",
            "default": "",
            "label": Label("Nome dell'azienda", "Name of the firm"),
            "help": "What `{company.name}` is in scripts of actions.",
        },
        "trigger_events": {
            "type": "list",
            "schema": {"type": "string"},
            "default": [],
            "label": Label("Eventi degli automatismi", "Events of rules"),
            "help": "The types of events that rules may listen to, such as `account.created`; each of them then costs a job.",
        },
        "reminder_minutes": {
            "type": "integer",
            "min": 0,
            "max": 43_200,
            "default": 30,
            "label": Label("Minuti di preavviso", "Minutes of notice"),
            "help": "How long before an appointment one is reminded, unless the action says otherwise; 0 for never.",
        },
        "share_agendas": {
            "type": "boolean",
            "default": True,
            "label": Label("Agende condivise", "Shared agendas"),
            "help": "Whether colleagues see what is in an agenda, save private items and accounts that they may not see.",
        },
        "cancel_with_lead": {
            "type": "boolean",
            "default": True,
            "label": Label("Annulla con la trattativa", "Cancel with the lead"),
            "help": "Whether the open actions of a lead are cancelled when it is won or lost.",
        },
        "recency": {
            "type": "boolean",
            "default": True,
            "label": Label("Segue i contatti", "Follows contacts"),
            "help": "Whether rules about the last contact are used: each change of an account then costs a job.",
        },
        "overdue_batch": {
            "type": "integer",
            "min": 1,
            "default": 5_000,
            "label": Label("Scadute per volta", "Overdue at once"),
            "help": "How many actions that became late are announced by one run of the job.",
        },
    },
)


def setting(session: Session, key: str) -> Any:  # noqa: ANN401 - whatever the schema says
    """Return a setting of the plugin."""
    return session.settings("agenda")[key]
