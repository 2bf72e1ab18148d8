"""Codes of erasing and exporting people."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

PRIVACY: Final = (
    ErrorCode(
        "PERMISSION_NEEDED",
        "{login!r} has not the permission {permission!r}",
        "{login!r} non ha il permesso {permission!r}",
        "A profile grants it among its functions.",
    ),
    ErrorCode(
        "ERASED_SUBJECT",
        "{what} of this {entity} belonged to somebody who was erased",
        "{what} di questo {entity} apparteneva a una persona cancellata",
        "Leave the person out. Who came back of their own accord is let in with `session.privacy.bringing_back`.",
    ),
    ErrorCode(
        "RECORD_ERASED",
        "the person of {entity} {id} was erased, and gets no data any more",
        "la persona di {entity} {id} è stata cancellata, e non riceve più dati",
        "Make a new record, if the person came back.",
    ),
    ErrorCode(
        "ERASURE_REASON",
        "erasing somebody, or letting somebody back in, needs a reason",
        "per cancellare qualcuno, o riammetterlo, serve un motivo",
        "Say who asked for it, and when: the privacy log shows it (GDPR art. 5(2)).",
    ),
    ErrorCode(
        "ERASURE_CHANGED",
        "what erasing {entity} {id} would do has changed since the preview",
        "ciò che farebbe la cancellazione di {entity} {id} è cambiato dopo l'anteprima",
        "Look at the new preview, and confirm that one.",
    ),
    ErrorCode(
        "ERASURE_PLUGIN_OFF",
        "the database holds data of disabled plugins: {plugins}",
        "il database contiene dati di plugin disabilitati: {plugins}",
        "What no plugin declares cannot be erased. Enable them, or purge them with `crm plugin purge`.",
    ),
    ErrorCode(
        "SUPPRESSION_KEY_CHANGED",
        "the key of the suppression list is not the one that the list was made with",
        "la chiave dell'elenco delle persone cancellate non è quella con cui l'elenco è stato fatto",
        "Set `suppression_key` to the key from before; with another one the list would let everybody in.",
    ),
)
