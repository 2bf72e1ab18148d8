"""Codes of texts with placeholders, and of the processes that scripts run in."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

TEMPLATES: Final = (
    ErrorCode(
        "TEMPLATE_UNRESOLVED",
        "the text cannot be written, there is no value for {placeholders}",
        "il testo non si può scrivere: manca il valore di {placeholders}",
        "Fill in the fields, give the placeholder a default (`|default(…)`), or render with missing values marked or left blank (I-52).",
    ),
    ErrorCode(
        "TEMPLATE_FIELD_UNKNOWN",
        "line {line}: there is no field {path}{hint}",
        "riga {line}: il campo {path} non esiste{hint}",
        "A text may only use fields that exist; the nearest name is suggested (I-52).",
    ),
    ErrorCode(
        "TEMPLATE_REFUSED",
        "line {line}: {reason}",
        "riga {line}: {reason}",
        "The text cannot be read, or uses what texts do not have; see the chapter on texts.",
    ),
    ErrorCode(
        "SCRIPT_ISOLATION_UNAVAILABLE",
        "scripts cannot run in locked processes here: {reason}",
        "gli script non possono girare in processi isolati su questo sistema: {reason}",
        "`script_isolation: worker` needs Linux on x86_64 or aarch64 with seccomp. Without it only trusted people may write scripts.",
    ),
    ErrorCode(
        "SCRIPT_WORKERS_BUSY",
        "all {count} script processes were busy for {seconds:g} seconds",
        "tutti i {count} processi degli script sono stati occupati per {seconds:g} secondi",
        "Try again; if it comes often, raise `script_workers`.",
    ),
)
"""In the order in which one meets them."""
