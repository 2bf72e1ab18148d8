"""What the catalogue refuses, and in which words."""

from __future__ import annotations

from typing import Final

from crmcore import ErrorCode

CODES: Final = (
    ErrorCode(
        "OFFERS_CATALOGUE_UNKNOWN",
        "there is no {what} {code!r}",
        "non esiste {what} {code!r}",
        "The catalogue is configured; products and prices may also be brought by programs.",
    ),
    ErrorCode(
        "OFFERS_CATALOGUE_OBSOLETE",
        "{what} {code} is obsolete",
        "{what} {code} è obsoleto",
        "Choose another one. What has it keeps it.",
    ),
    ErrorCode(
        "OFFERS_CATALOGUE_TAKEN",
        "there is a {what} {code!r} already",
        "esiste già {what} {code!r}",
        "Change the one that is there, or choose another code.",
    ),
    ErrorCode(
        "OFFERS_CATALOGUE_CONFIGURED",
        "{what} {code} is configured by {owner}: it is changed there",
        "{what} {code} è configurato da {owner}: si modifica là",
        "Change the files of the deployment, and apply them.",
    ),
    ErrorCode(
        "OFFERS_PRICE_VALUE",
        "{product} in {list}: {field} {value!r} is not valid, expected {expected}",
        "{product} in {list}: {field} {value!r} non è valido, atteso {expected}",
        "Correct the price; nothing of what was given is kept.",
    ),
    ErrorCode(
        "OFFERS_PRICE_OVERLAP",
        "{product} in {list}: {one} and {other} hold from the same quantity on the same days",
        "{product} in {list}: {one} e {other} valgono dalla stessa quantità negli stessi giorni",
        "End the one before the other begins, or take one away.",
    ),
    ErrorCode(
        "OFFERS_PRICE_MISSING",
        "there is no price of {product} for quantity {quantity} on {day}",
        "non c'è un prezzo di {product} per la quantità {quantity} il {day}",
        "Give the price with the row, or add it to the list of the document, of the customer, or to the default list.",
    ),
    ErrorCode(
        "OFFERS_OPTION_UNKNOWN",
        "{product} has no option {option!r}; there are {known}",
        "{product} non ha l'opzione {option!r}; esistono {known}",
        "Use the options that the product has.",
    ),
    ErrorCode(
        "OFFERS_OPTION_VALUE",
        "option {option} of {product} cannot be {value!r}, expected {expected}",
        "l'opzione {option} di {product} non può essere {value!r}, atteso {expected}",
        "Choose a value that the option takes.",
    ),
    ErrorCode(
        "OFFERS_OPTION_MISSING",
        "option {option} of {product} must be chosen",
        "l'opzione {option} di {product} va scelta",
        "Give a value, or give the option a default.",
    ),
    ErrorCode(
        "OFFERS_RULE_FAILED",
        "the {rule} of {product} failed in line {line}: {reason}",
        "la regola {rule} di {product} non è riuscita alla riga {line}: {reason}",
        "Correct the rule of the product, or the options that it does not foresee.",
    ),
    ErrorCode(
        "OFFERS_PRODUCT_INVALID",
        "product {product}: {reason}",
        "prodotto {product}: {reason}",
        "Correct the options or the rules of the product.",
    ),
    ErrorCode(
        "OFFERS_ROW_VAT",
        "row {position}: {product} has no VAT code, and the row gives none",
        "riga {position}: {product} non ha un codice IVA, e la riga non ne indica",
        "Give the VAT code with the row, or give one to the product.",
    ),
)
