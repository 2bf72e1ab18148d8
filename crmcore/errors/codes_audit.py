"""Codes of the audit and of monitoring."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

AUDIT: Final = (
    ErrorCode(
        "AUDIT_BROKEN",
        "the audit is not what was sealed: {count} findings",
        "il registro non è quello che era stato sigillato: {count} rilievi",
        "Somebody changed the database past the CRM. Compare with a backup from before, and with the heads that you kept.",
    ),
    ErrorCode(
        "AUDIT_ROW_CHANGED",
        "row {id} of the audit was changed after it was sealed in block {block} of {stream}",
        "la riga {id} del registro è stata modificata dopo il sigillo nel blocco {block} di {stream}",
        "What the row says is not what was written. The exports of that time still have it.",
    ),
    ErrorCode(
        "AUDIT_ROW_REMOVED",
        "row {id} of the audit, sealed in block {block} of {stream}, is gone",
        "la riga {id} del registro, sigillata nel blocco {block} di {stream}, non c'è più",
        "Rows go with their whole block only, when their time is up.",
    ),
    ErrorCode(
        "AUDIT_ROW_INSERTED",
        "row {id} of the audit was added to block {block} of {stream} after it was sealed",
        "la riga {id} del registro è stata aggiunta al blocco {block} di {stream} dopo il sigillo",
        "The CRM did not write this row.",
    ),
    ErrorCode(
        "AUDIT_BLOCK_CHANGED",
        "block {block} of {stream} was changed",
        "il blocco {block} di {stream} è stato modificato",
        "The seal itself is not the one that was made: nothing can be said of its rows.",
    ),
    ErrorCode(
        "AUDIT_BLOCK_MISSING",
        "block {block} of {stream} does not follow the one before it",
        "il blocco {block} di {stream} non segue quello precedente",
        "A block before it was removed or replaced, or it was dropped although an older one is kept.",
    ),
    ErrorCode(
        "AUDIT_DROP_UNBACKED",
        "the rows up to block {block} of {stream} were removed, and the audit does not say that their time was up",
        "le righe fino al blocco {block} di {stream} sono state rimosse, e il registro non dice che erano scadute",
        "Retention always says what it removed.",
    ),
    ErrorCode(
        "AUDIT_REDACTION_UNBACKED",
        "row {id} in block {block} of {stream} is marked as redacted, and no redaction left it so",
        "la riga {id} nel blocco {block} di {stream} risulta oscurata, ma nessun oscuramento l'ha lasciata così",
        "A redaction is itself in the audit, with what it left of each row.",
    ),
    ErrorCode(
        "AUDIT_HEAD_DIFFERENT",
        "the chain does not contain {head}",
        "la catena non contiene {head}",
        "The chain was cut or written anew after this head was noted, or the head is of another database.",
    ),
    ErrorCode(
        "AUDIT_HEAD_INVALID",
        "{value!r} is no head of the audit",
        "{value!r} non è una testa del registro",
        "A head is what `crm audit head` prints: chain, number of the block and hash, with colons between them.",
    ),
    ErrorCode(
        "CONTRIBUTION_INVALID",
        "the kind of contribution {name} is not sound: {reason}",
        "il tipo di contributo {name} non è corretto: {reason}",
        "It names an audited entity, verbs of records, and a column of that entity that refers to an account.",
    ),
    ErrorCode(
        "PERIOD_INVALID",
        "{first} to {last} is no period",
        "dal {first} al {last} non è un periodo",
        "The first day comes first, and both are included.",
    ),
    ErrorCode(
        "AUDIT_FORMAT",
        "there is no format {form!r}; there are {known}",
        "non esiste il formato {form!r}; esistono {known}",
        "Choose one of those.",
    ),
)
