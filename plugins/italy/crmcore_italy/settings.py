"""The settings of the plugin."""

from __future__ import annotations

from typing import Final

from crmcore import ConfigSchema, Label

SCHEMA: Final = ConfigSchema(
    {
        "patron": {
            "type": "string",
            "default": "",
            "regex": "(|[A-Z]{2})",
            "label": Label("Provincia del patrono", "Province of the patron saint"),
            "help": "Code of the province whose patron saint's day is a holiday of the firm, such as `VI`; empty for none.",
        },
        "closures": {
            "type": "list",
            "default": [],
            "schema": {
                "type": "dict",
                "schema": {
                    "from": {
                        "type": "date",
                        "required": True,
                        "label": Label("Dal", "From"),
                        "help": "First day on which the firm is closed.",
                    },
                    "to": {
                        "type": "date",
                        "required": True,
                        "label": Label("Al", "To"),
                        "help": "Last day on which the firm is closed.",
                    },
                },
            },
            "label": Label("Chiusure aziendali", "Closures"),
            "help": "Periods in which nobody works, such as the summer holidays; both ends are included.",
        },
        "saturday": {
            "type": "boolean",
            "default": False,
            "label": Label("Si lavora il sabato", "Saturdays are worked"),
            "help": "Whether Saturdays that are no holidays count as working days.",
        },
    },
)
