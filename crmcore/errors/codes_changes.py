"""Codes of mass changes, of states and their changes, and of the sales force and its territory."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

_CHANGE_SETS: Final = (
    ErrorCode(
        "CHANGE_SET_KIND",
        "there is no kind of mass change {name!r}; there are {known}",
        "non esiste il tipo di modifica massiva {name!r}; esistono {known}",
        "Use one of the kinds that the message lists.",
    ),
    ErrorCode(
        "CHANGE_SET_FIELD",
        "a mass change of kind {kind!r} cannot write {field!r} of {entity!r}",
        "una modifica massiva di tipo {kind!r} non può scrivere {field!r} di {entity!r}",
        "Each kind names the fields that it may write: states, versions and the like have ways of their own.",
    ),
    ErrorCode(
        "CHANGE_SET_REPEATED",
        "{field!r} of {entity!r} {id} is planned twice in one mass change",
        "{field!r} di {entity!r} {id} è previsto due volte nella stessa modifica massiva",
        "Plan one value for each field of each record.",
    ),
    ErrorCode(
        "CHANGE_SET_STATE",
        "mass change {id} is {state!r}, and should be {expected!r} for this",
        "la modifica massiva {id} è {state!r}, mentre dovrebbe essere {expected!r}",
        "A mass change is previewed, confirmed once, and undone once.",
    ),
    ErrorCode(
        "CHANGE_SET_OUTDATED",
        "what mass change {id} was checked against has changed since its preview",
        "ciò in base a cui la modifica massiva {id} fu controllata è cambiato dopo l'anteprima",
        "Make a new preview, and confirm that one.",
    ),
    ErrorCode(
        "CHANGE_SET_FORBIDDEN",
        "this mass change needs the permission {permission!r}",
        "questa modifica massiva richiede il permesso {permission!r}",
        "Ask whoever made the change set, or somebody whose profile grants the permission.",
    ),
)

CHANGES: Final = (*_CHANGE_SETS,)
"""All of them."""
