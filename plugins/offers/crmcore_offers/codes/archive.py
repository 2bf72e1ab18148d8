"""What is refused of documents and their rows, and in which words."""

from __future__ import annotations

from typing import Final

from crmcore import ErrorCode

_HEADERS: Final = (
    ErrorCode(
        "OFFERS_TYPE_UNKNOWN",
        "there is no order type {code!r}",
        "non esiste il tipo ordine {code!r}",
        "The order types are those of `offers.types` in the configuration.",
    ),
    ErrorCode(
        "OFFERS_TYPE_OBSOLETE",
        "order type {code} is obsolete: no new documents of it are made",
        "il tipo ordine {code} è obsoleto: non se ne fanno nuovi documenti",
        "Choose another type. The documents that have it keep it.",
    ),
    ErrorCode(
        "OFFERS_TYPE_FIXED",
        "document {id} is of type {old}, and never becomes one of type {new}",
        "il documento {id} è di tipo {old} e non diventa mai di tipo {new}",
        "Convert it: that makes a successor, which is linked with it (I-31).",
    ),
    ErrorCode(
        "OFFERS_NUMBER_FIXED",
        "{field} of document {id} belongs to its number and does not change any more",
        "{field} del documento {id} fa parte del numero e non cambia più",
        "Cancel the document, and make another one.",
    ),
    ErrorCode(
        "OFFERS_NUMBER_TAKEN",
        "there is a document {reference!r} of type {type} already",
        "esiste già un documento {reference!r} di tipo {type}",
        "Each number is given once in a type, a series and a year (I-32).",
    ),
    ErrorCode(
        "OFFERS_DOCUMENT_KEPT",
        "document {reference} has a number that must not be missing, and is not deleted",
        "il documento {reference} ha un numero che non può mancare e non si elimina",
        "Cancel it, or make a credit note.",
    ),
    ErrorCode(
        "OFFERS_PROBABILITY",
        "{value} is no probability in percent, expected 0 to 100",
        "{value} non è una probabilità in percentuale, attesa tra 0 e 100",
        "Give a whole number, or none for that of the state.",
    ),
    ErrorCode(
        "OFFERS_PERIOD",
        "{value!r} is no period, expected a year, a quarter or a month such as 2026, 2026-Q3 or 2026-09",
        "{value!r} non è un periodo, atteso un anno, un trimestre o un mese come 2026, 2026-Q3 o 2026-09",
        "Write the period in one of these forms.",
    ),
    ErrorCode(
        "OFFERS_NOT_OF_ACCOUNT",
        "{field} {key} does not belong to account {account}",
        "{field} {key} non appartiene all'anagrafica {account}",
        "Choose a site or a person of the account of the document.",
    ),
    ErrorCode(
        "OFFERS_CANCELLED_ACTIVE",
        "a document that was cancelled on {cancellation} is not activated on {activation}",
        "un documento annullato il {cancellation} non si attiva il {activation}",
        "Take one of the two dates away; types with `allow_after_cancel` may have both (I-35).",
    ),
    ErrorCode(
        "OFFERS_MIRRORED",
        "document {id} belongs to {source}: {fields} is changed there",
        "il documento {id} appartiene a {source}: {fields} si cambia là",
        "Here only what the other system does not know is written: probability, competitors, needs, period, outcome, feedback (I-41).",
    ),
    ErrorCode(
        "OFFERS_NO_SUCCESSOR",
        "a document of type {type} is not converted to one of type {to}",
        "un documento di tipo {type} non si converte in uno di tipo {to}",
        "The type names its successors in the configuration.",
    ),
    ErrorCode(
        "OFFERS_GENERATED",
        "{origin} {origin_id} has its document of type {type} already",
        "{origin} {origin_id} ha già il suo documento di tipo {type}",
        "Change the document that is there (I-38).",
    ),
    ErrorCode(
        "OFFERS_ACCOUNT_UNKNOWN",
        "there is no account {key} for document {reference}",
        "non esiste l'anagrafica {key} del documento {reference}",
        "Bring the account first; the document can be published again afterwards.",
    ),
    ErrorCode(
        "OFFERS_REFERENCE_AMBIGUOUS",
        "several documents have the number {reference!r}: {keys}",
        "più documenti hanno il numero {reference!r}: {keys}",
        "Name one of them by its key, such as #12.",
    ),
    ErrorCode(
        "OFFERS_KEY_TWICE",
        "two rows of document {reference} have the key {key!r}",
        "due righe del documento {reference} hanno la chiave {key!r}",
        "The other system has to give each row a key of its own, or none.",
    ),
    ErrorCode(
        "OFFERS_REVISION_UNKNOWN",
        "document {id} has no revision {number}",
        "il documento {id} non ha la revisione {number}",
        "Revisions are numbered from 0; the last one is the document itself.",
    ),
    ErrorCode(
        "OFFERS_NOT_LOCKED",
        "document {id} is not locked: there is nothing to override",
        "il documento {id} non è bloccato: non c'è nulla da forzare",
        "Change it as usual.",
    ),
)

_ROWS: Final = (
    ErrorCode(
        "OFFERS_QUANTITY",
        "row {position}: {value} is no quantity, expected more than 0",
        "riga {position}: {value} non è una quantità, attesa maggiore di 0",
        "What is given back stands in a document whose type has a negative sign, with positive quantities.",
    ),
    ErrorCode(
        "OFFERS_DECIMALS",
        "row {position}: {field} {value} has more than {places} decimals",
        "riga {position}: {field} {value} ha più di {places} decimali",
        "Round it: nothing is rounded silently. The unit of measure says how many decimals quantities have.",
    ),
    ErrorCode(
        "OFFERS_PRICE",
        "row {position}: {value} is no {field}, expected 0 or more",
        "riga {position}: {value} non è valido come {field}, atteso 0 o più",
        "A reduction is a discount; what is given back stands in a document whose type has a negative sign.",
    ),
    ErrorCode(
        "OFFERS_DISCOUNT",
        "row {position}: {value!r} is no discount, expected percentages up to 100 such as 10+5",
        "riga {position}: {value!r} non è uno sconto, attese percentuali fino a 100 come 10+5",
        "Percentages are taken one after the other, with four decimals at most.",
    ),
    ErrorCode(
        "OFFERS_AMOUNT",
        "{what} is too large to be kept",
        "{what} è troppo grande per essere conservato",
        "Amounts have sixteen digits before the point, quantities and prices twelve.",
    ),
    ErrorCode(
        "OFFERS_VAT_UNKNOWN",
        "row {position}: there is no VAT code {code!r}",
        "riga {position}: non esiste il codice IVA {code!r}",
        "The VAT codes are configured; a row without one takes that of its product.",
    ),
    ErrorCode(
        "OFFERS_VAT_OBSOLETE",
        "row {position}: VAT code {code} is obsolete",
        "riga {position}: il codice IVA {code} è obsoleto",
        "Choose another one. The rows that have it keep it.",
    ),
    ErrorCode(
        "OFFERS_UNIT_UNKNOWN",
        "row {position}: there is no unit of measure {code!r}",
        "riga {position}: non esiste l'unità di misura {code!r}",
        "The units are configured; a row without one takes that of its product.",
    ),
    ErrorCode(
        "OFFERS_PRODUCT_UNKNOWN",
        "row {position}: there is no product {code!r}",
        "riga {position}: non esiste il prodotto {code!r}",
        "Give the code of a product, or only a description.",
    ),
    ErrorCode(
        "OFFERS_PRODUCT_OBSOLETE",
        "row {position}: product {code} is obsolete",
        "riga {position}: il prodotto {code} è obsoleto",
        "Choose another one. The rows that have it keep it.",
    ),
)

CODES: Final = (*_HEADERS, *_ROWS)
