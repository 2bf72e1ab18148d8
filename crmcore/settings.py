"""The settings of the core itself: ``settings: core:`` in a deployment, ``settings={"core": …}`` in Python."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from crmcore.hooks import ConfigSchema
from crmcore.labels import Label

PRIMARY_PORTFOLIO: Final = "primary_portfolio"
LEGAL_SITE: Final = "legal_site"

_ACCESS: Final[Mapping[str, Mapping[str, Any]]] = {
    "require_device": {
        "type": "boolean",
        "default": False,
        "label": Label("Solo da dispositivi censiti", "Registered devices only"),
        "help": "Whether people and programs may only work from devices that an administrator approved (A01).",
    },
    "session_lifetime": {
        "type": "integer",
        "min": 1,
        "max": 720,
        "default": 12,
        "label": Label("Durata massima di una sessione", "Longest session"),
        "help": "Hours after which somebody has to sign in anew, however busy.",
    },
    "idle_limit": {
        "type": "integer",
        "min": 1,
        "max": 1440,
        "default": 30,
        "label": Label("Inattività massima", "Longest idle time"),
        "help": "Minutes without a request after which a session ends.",
    },
    "device_renewal": {
        "type": "integer",
        "min": 1,
        "max": 1440,
        "default": 15,
        "label": Label("Rinnovo della prova del dispositivo", "Renewal of the device's proof"),
        "help": "Minutes after which the device of a session signs again: so long is a token of use on another machine.",
    },
    "password_minimum": {
        "type": "integer",
        "min": 8,
        "max": 64,
        "default": 12,
        "label": Label("Lunghezza minima delle password", "Shortest password"),
        "help": "Characters that a password has at least.",
    },
    "attempts": {
        "type": "integer",
        "min": 1,
        "max": 100,
        "default": 10,
        "label": Label("Tentativi di accesso", "Attempts to sign in"),
        "help": "Passwords that may be tried for a login, from each device, within `attempts_window`; signing in begins a new count.",
    },
    "attempts_window": {
        "type": "integer",
        "min": 1,
        "max": 1440,
        "default": 15,
        "label": Label("Finestra dei tentativi", "Window of the attempts"),
        "help": "Minutes from the first attempt until the next count.",
    },
    "token_lifetime": {
        "type": "integer",
        "min": 1,
        "max": 3650,
        "default": 365,
        "label": Label("Durata massima dei token", "Longest life of tokens"),
        "help": "Days that a token for programs lives at most.",
    },
    "keep_sessions": {
        "type": "integer",
        "min": 1,
        "max": 3650,
        "default": 90,
        "label": Label("Conservazione delle sessioni", "How long sessions are kept"),
        "help": "Days that ended sessions, and tokens that are of no use any more, stay in the list.",
    },
    "hash_memory": {
        "type": "integer",
        "min": 19_456,
        "max": 4_194_304,
        "default": 65_536,
        "label": Label("Memoria per password", "Memory for a password"),
        "help": "KiB that Argon2id fills for one password (RFC 9106 §4); stored ones follow when their users sign in.",
    },
    "hash_passes": {
        "type": "integer",
        "min": 2,
        "max": 64,
        "default": 3,
        "label": Label("Passaggi per password", "Passes for a password"),
        "help": "How often Argon2id goes over that memory.",
    },
}

MERGE_RULES: Final = ("newest", "survivor", "longest", "verified", "union", "any", "all")
"""How the value of a field is chosen when accounts are merged."""
MERGE_FIELDS: Final = (
    "name",
    "phone1",
    "email",
    "pec",
    "recipient_code",
    "vat_code",
    "fiscal_code",
    "ateco",
    "web",
    "language",
    "owner",
    "notes",
)
"""Fields of accounts about which a merge decides; the others follow from something else, or have rules of their own."""

_MERGE: Final[Mapping[str, Mapping[str, Any]]] = {
    "rule": {
        "type": "string",
        "allowed": ["newest", "survivor", "longest", "verified"],
        "default": "newest",
        "label": Label("Regola", "Rule"),
        "help": "Which value a field gets that has no rule of its own: the `newest` that is filled, the one of the `survivor`, the "
        "`longest`, or the most `verified` by its source. An empty value never wins over a filled one.",
    },
    "fields": {
        "type": "dict",
        "keysrules": {"type": "string", "allowed": list(MERGE_FIELDS)},
        "valuesrules": {"type": "string", "allowed": list(MERGE_RULES)},
        "default": {
            "name": "survivor",
            "vat_code": "survivor",
            "fiscal_code": "survivor",
            "language": "survivor",
            "owner": "survivor",
            "phone1": "union",
            "email": "union",
            "pec": "union",
            "web": "union",
            "notes": "union",
        },
        "label": Label("Regole dei campi", "Rules of fields"),
        "help": "Field → rule. With `union` phones and addresses of the others become further contact points, and notes are joined.",
    },
    "characteristics": {
        "type": "dict",
        "keysrules": {"type": "string"},
        "valuesrules": {"type": "string", "allowed": list(MERGE_RULES)},
        "default": {},
        "label": Label("Regole delle caratteristiche", "Rules of characteristics"),
        "help": "Characteristic → rule. `union` is for lists; `any` and `all` are for flags: an opposition is `any`, a permission `all`.",
    },
    "sources": {
        "type": "list",
        "schema": {"type": "string"},
        "default": ["erp", "ui", "api", "import"],
        "label": Label("Fonti", "Sources"),
        "help": "For `verified`: first words of the sources of values, the most trusted first; sources that are not named come last.",
    },
}

_MONITORING: Final[Mapping[str, Mapping[str, Any]]] = {
    "days": {
        "type": "integer",
        "min": 1,
        "max": 366,
        "default": 30,
        "label": Label("Giorni", "Days"),
        "help": "The days for which contributions are expected; for a longer or shorter period in proportion.",
    },
    "expected": {
        "type": "integer",
        "min": 0,
        "max": 1_000_000,
        "default": 10,
        "label": Label("Contributi attesi", "Expected contributions"),
        "help": "How many contributions are expected of each user; who has fewer is poor, who has none inactive. 0 expects nothing.",
    },
    "profiles": {
        "type": "dict",
        "keysrules": {"type": "string"},
        "valuesrules": {"type": "integer", "min": 0},
        "default": {},
        "label": Label("Attesi per profilo", "Expected by profile"),
        "help": "The same for users of a profile, by its code.",
    },
}

CORE_SETTINGS: Final = ConfigSchema(
    {
        "required_account_fields": {
            "type": "list",
            "schema": {
                "type": "string",
                "allowed": [
                    "name",
                    "phone1",
                    PRIMARY_PORTFOLIO,
                    LEGAL_SITE,
                    "email",
                    "pec",
                    "recipient_code",
                    "vat_code",
                    "fiscal_code",
                    "ateco",
                    "web",
                    "state",
                    "owner",
                    "notes",
                ],
            },
            "default": ["name", "phone1", PRIMARY_PORTFOLIO],
            "label": Label("Campi obbligatori delle anagrafiche", "Required fields of accounts"),
            "help": "What every account must have: fields, `primary_portfolio`, and `legal_site` (for companies). The name always is.",
        },
        "unique_tax_codes": {
            "type": "string",
            "allowed": ["warning", "error"],
            "default": "warning",
            "label": Label("Partita IVA e codice fiscale ripetuti", "Repeated VAT and fiscal codes"),
            "help": "Whether two accounts with one VAT or fiscal code are only pointed out, or refused.",
        },
        "contact_purposes": {
            "type": "list",
            "schema": {"type": "string", "regex": "[a-z][a-z0-9_]{0,39}"},
            "default": ["offers", "newsletter", "rfq", "invoices", "visits"],
            "label": Label("Scopi di contatto", "Purposes of contact"),
            "help": "The rows of the preference matrix of contact persons; its columns are phone, email, pec, sms and mail.",
        },
        "marketing_purposes": {
            "type": "list",
            "schema": {"type": "string", "regex": "[a-z][a-z0-9_]{0,39}"},
            "default": ["offers", "newsletter"],
            "label": Label("Scopi di marketing", "Marketing purposes"),
            "help": "Purposes for which a preference is not enough: they need a consent for the purpose itself or for `marketing`.",
        },
        "suppression_key": {
            "type": "string",
            "nullable": True,
            "default": None,
            "minlength": 32,
            "secret": True,
            "label": Label("Chiave dell'elenco delle persone cancellate", "Key of the suppression list"),
            "help": "The key by which erased people are recognised, kept out of the database and its backups; without it the database "
            "holds one of its own. Never change it.",
        },
        "script_isolation": {
            "type": "string",
            "allowed": ["process", "worker"],
            "default": "process",
            "label": Label("Isolamento degli script", "Isolation of scripts"),
            "help": "Where rules and texts run: `process` for scripts of the deployment's own people; `worker`, a locked process for each "
            "tenant, for those of people who are not trusted. With `worker` the CRM does not start where processes cannot be locked down.",
        },
        "script_workers": {
            "type": "integer",
            "min": 1,
            "max": 64,
            "default": 4,
            "label": Label("Processi degli script", "Script processes"),
            "help": "How many locked processes there are at most, with `script_isolation: worker`.",
        },
        "large_table": {
            "type": "integer",
            "min": 0,
            "default": 10_000,
            "label": Label("Tabella grande", "Large table"),
            "help": "Number of rows from which on a list warns when it filters or sorts by something without an index.",
        },
        "audit_days": {
            "type": "integer",
            "min": 0,
            "max": 36_500,
            "default": 3_650,
            "label": Label("Conservazione del registro", "How long the audit is kept"),
            "help": "Days that changes stay in the audit; 0 for ever.",
        },
        "audit_access_days": {
            "type": "integer",
            "min": 0,
            "max": 36_500,
            "default": 365,
            "label": Label("Conservazione di letture e rifiuti", "How long reads and refusals are kept"),
            "help": "Days that refusals, and reads of sensitive records, stay in the audit; 0 for ever.",
        },
        "monitoring": {
            "type": "dict",
            "schema": _MONITORING,
            "default": {name: rules["default"] for name, rules in _MONITORING.items()},
            "label": Label("Monitoraggio dei contributi", "Monitoring of contributions"),
            "help": "How much people are expected to feed the CRM.",
        },
        "access": {
            "type": "dict",
            "schema": _ACCESS,
            "default": {name: rules["default"] for name, rules in _ACCESS.items()},
            "label": Label("Accesso", "Signing in"),
            "help": "Devices, sessions, passwords and tokens.",
        },
        "merge": {
            "type": "dict",
            "schema": _MERGE,
            "default": {name: rules["default"] for name, rules in _MERGE.items()},
            "label": Label("Unione di anagrafiche", "Merging accounts"),
            "help": "Which values survive when accounts are merged. Consents need no rule: what was revoked stays revoked.",
        },
    },
)
"""The schema of the core's settings; each part of the core reads its own keys with ``session.settings("core")``."""


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(inner) for key, inner in value.items()})
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value


CORE_DEFAULTS: Final[Mapping[str, object]] = MappingProxyType(
    {key: _frozen(rules["default"]) for key, rules in CORE_SETTINGS.schema.items() if "default" in rules},
)
"""What the settings are when nobody says anything, without asking the validator, which takes time to import."""
