"""What mass maintenance and the export of orders refuse, and in which words."""

from __future__ import annotations

from typing import Final

from crmcore import ErrorCode

CODES: Final = (
    ErrorCode(
        "OFFERS_MASS_ENTITY",
        "mass maintenance is for offers.document and offers.row, not for {entity!r}",
        "la manutenzione massiva riguarda offers.document e offers.row, non {entity!r}",
        "Choose documents or their rows; other records have their own mass changes.",
    ),
    ErrorCode(
        "OFFERS_MASS_FIELD",
        "{field!r} of {entity} is not changed in mass; there are {known}",
        "{field!r} di {entity} non si modifica in massa; esistono {known}",
        "Characteristics are named `c.<key>`. Sums, numbers and the like follow from other fields.",
    ),
    ErrorCode(
        "OFFERS_MASS_MIXED",
        "{fields} are not changed in one step",
        "{fields} non si modificano in un solo passo",
        "Change the state, the characteristics and the other fields in steps of their own.",
    ),
    ErrorCode(
        "OFFERS_MASS_NOTHING",
        "a mass change needs at least one field",
        "una modifica massiva richiede almeno un campo",
        "Say which fields get which values.",
    ),
    ErrorCode(
        "OFFERS_MASS_VALUE",
        "{field} cannot become {value!r}: expected {expected}",
        "{field} non può diventare {value!r}: atteso {expected}",
        "Correct the value, and make the preview again.",
    ),
    ErrorCode(
        "OFFERS_EXPORT_FORBIDDEN",
        "exporting orders needs the permission {permission!r}",
        "esportare gli ordini richiede il permesso {permission!r}",
        "Ask somebody whose profile grants it, or to have it granted.",
    ),
    ErrorCode(
        "OFFERS_EXPORT_UNKNOWN",
        "there is no export of orders {id}",
        "non esiste l'esportazione di ordini {id}",
        "`crm offers exports` lists them.",
    ),
)
