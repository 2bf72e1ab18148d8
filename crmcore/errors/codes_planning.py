"""Codes of plans, and of the collections that a deployment configures."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

PLANNING: Final = (
    ErrorCode(
        "CONFIGURABLE_INVALID",
        "collection {name!r} is not sound: {reason}",
        "la raccolta {name!r} non è corretta: {reason}",
        "Correct what the plugin declares through `crm_configurables`.",
    ),
    ErrorCode(
        "CONFIGURED_INVALID",
        "what the plugin brings to {name!r} is not sound: {reason}",
        "ciò che il plugin porta in {name!r} non è corretto: {reason}",
        "Correct what the plugin declares through `crm_configured`: it takes the same as the files of a deployment.",
    ),
    ErrorCode(
        "PLAN_MOVED",
        "the plan is no longer {expected}: it is {found} by now",
        "il piano non è più {expected}: ora è {found}",
        "Files or database changed since. Look at `crm plan` again, and apply that one.",
    ),
    ErrorCode(
        "PLAN_BLOCKED",
        "plan {plan} cannot be applied: {reason}",
        "il piano {plan} non può essere applicato: {reason}",
        "Correct the records that the plan names, or the files.",
    ),
    ErrorCode(
        "EXAMPLE_UNKNOWN",
        "there is no example {name!r}; there are {known}",
        "non esiste l'esempio {name!r}; esistono {known}",
        "Choose one of the examples that the message lists.",
    ),
)
"""All of them."""
