"""What this part refuses, and in which words."""

from __future__ import annotations

from typing import Final

from crmcore import ErrorCode

CODES: Final = (
    ErrorCode(
        "OFFERS_TEMPLATE_UNKNOWN",
        "there is no print template {code}",
        "non esiste il modello di stampa {code}",
        "See `offers.templates` in the configuration, and the template of the document's type.",
    ),
    ErrorCode(
        "OFFERS_TEMPLATE_FORMAT",
        "template {code} is {found}, expected {expected}",
        "il modello {code} è {found}, atteso {expected}",
        "Choose a template of the right format: PDFs are made of HTML and plain text, Word documents of Word documents.",
    ),
    ErrorCode(
        "OFFERS_TEMPLATE_EMPTY",
        "template {code} needs one of {fields}, and only one",
        "il modello {code} vuole uno tra {fields}, e uno solo",
        "Write the text of the template, name a page that the plugin brings along, or give the Word document in base64.",
    ),
    ErrorCode(
        "OFFERS_WORD_INVALID",
        "the file of template {code} is no Word document that can be used: {reason}",
        "il file del modello {code} non è un documento Word utilizzabile: {reason}",
        "Save it in Word as .docx, without macros and without links to other files.",
    ),
    ErrorCode(
        "OFFERS_PRINT_FAILED",
        "template {code} cannot be filled in: {reason}",
        "il modello {code} non si può compilare: {reason}",
        "Try the template with `crm offers check-template`; what is wrong is in its line.",
    ),
    ErrorCode(
        "OFFERS_PRINT_REVISION",
        "document {reference} has no revision {number}, or its content was erased",
        "il documento {reference} non ha la revisione {number}, o il suo contenuto è stato cancellato",
        "See the revisions of the document; what erasure or retention emptied cannot be printed any more.",
    ),
    ErrorCode(
        "OFFERS_PRINT_DOCUMENT",
        "there is no document {reference}",
        "non esiste il documento {reference}",
        "Give the reference of a document that this user sees, or its id.",
    ),
)
