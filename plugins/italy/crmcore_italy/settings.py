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
        "municipalities": {
            "type": "string",
            "default": "",
            "label": Label("Elenco dei comuni", "List of municipalities"),
            "help": "Path of a newer list of municipalities, CSV as ISTAT publishes it; empty for the one that comes with the plugin.",
        },
        "postcodes": {
            "type": "string",
            "default": "",
            "label": Label("Elenco dei CAP", "List of postcodes"),
            "help": "Path of a CSV file with the columns `codice_istat` and `cap`; none comes with the plugin, for no licence allows it.",
        },
        "marketing_months": {
            "type": "integer",
            "min": 1,
            "default": 24,
            "label": Label("Mesi del consenso marketing", "Months of a marketing consent"),
            "help": "How long a consent to marketing counts.",
        },
        "profiling_months": {
            "type": "integer",
            "min": 1,
            "default": 12,
            "label": Label("Mesi del consenso profilazione", "Months of a profiling consent"),
            "help": "How long a consent to profiling counts.",
        },
        "marketing_never_by": {
            "type": "list",
            "schema": {"type": "string", "allowed": ["phone", "email", "pec", "sms", "mail"]},
            "default": ["pec"],
            "label": Label("Canali senza marketing", "Channels without marketing"),
            "help": "Channels that marketing does not use, whatever was consented to.",
        },
    },
)
