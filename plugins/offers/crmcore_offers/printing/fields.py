"""The one list of what a template may use: every placeholder with what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crmcore import Label
from crmcore.scripting.templates import Fields
from crmcore_offers import company
from crmcore_offers.model import DATES

_ADDRESS: Final = {
    "address": Label("indirizzo intero su una riga", "the whole address on one line"),
    "street": Label("via e numero civico", "street and number"),
    "postcode": Label("CAP", "postcode"),
    "municipality": Label("comune", "municipality"),
    "province": Label("sigla della provincia", "code of the province"),
    "country": Label("nazione", "country"),
}
_DATES: Final = {
    "quote_inserted": Label("data di inserimento dell'offerta", "date on which the offer was entered"),
    "visit": Label("data della visita", "date of the visit"),
    "customer_signature": Label("data di firma del cliente", "date of the customer's signature"),
    "contract_inserted": Label("data di inserimento del contratto", "date on which the contract was entered"),
    "effective_confirmation": Label("data di conferma effettiva", "date of the confirmation"),
    "cancellation": Label("data di annullamento", "date of the cancellation"),
    "installation": Label("data di installazione", "date of the installation"),
    "activation": Label("data di attivazione", "date of the activation"),
    "delivery": Label("data di consegna", "date of the delivery"),
    "invoice": Label("data della fattura", "date of the invoice"),
    "expiry": Label("data di scadenza: validità dell'offerta", "date until which an offer holds"),
}

PLACEHOLDERS: Final[Mapping[str, Mapping[str, Label]]] = {
    "document": {
        "reference": Label("numero, come si scrive", "number, as it is written"),
        "number": Label("numero progressivo", "number in its series"),
        "year": Label("anno della serie", "year of the series"),
        "type": Label("codice del tipo ordine", "code of the order type"),
        "type_label": Label("tipo ordine, per esteso", "order type, in words"),
        "title": Label("oggetto", "subject"),
        "issued_on": Label("data del documento", "date of the document"),
        "revision": Label("numero di revisione", "number of the revision"),
        "payment": Label("pagamento", "terms of payment"),
        "text": Label("testo dell'offerta o del contratto", "text of the offer or contract"),
        "notes": Label("note", "notes"),
        "currency": Label("valuta", "currency"),
        "taxable": Label("imponibile", "taxable amount"),
        "vat": Label("IVA", "VAT"),
        "total": Label("totale", "total"),
        **_DATES,
    },
    "account": {
        "name": Label("ragione sociale o nominativo", "name"),
        "vat_code": Label("partita IVA", "VAT number"),
        "fiscal_code": Label("codice fiscale", "fiscal code"),
        "pec": Label("PEC", "certified e-mail"),
        "recipient_code": Label("codice destinatario SDI", "SDI recipient code"),
        "email": Label("e-mail", "e-mail"),
        "phone": Label("telefono", "phone"),
        "web": Label("sito", "web site"),
        **_ADDRESS,
    },
    "site": {"phone": Label("telefono della sede", "phone of the site"), **_ADDRESS},
    "person": {
        "name": Label("nome e cognome", "first and last name"),
        "title": Label("titolo", "title"),
        "first_name": Label("nome", "first name"),
        "last_name": Label("cognome", "last name"),
        "job_role": Label("mansione", "job role"),
    },
    "agent": {"name": Label("agente", "agent"), "code": Label("codice dell'agente", "code of the agent")},
    "company": {
        **{name: company.SETTINGS[f"company_{name}"]["label"] for name in company.NAMES},
        "address": _ADDRESS["address"],
        "logo": Label("indirizzo del logo, per <img>", "address of the logo, for <img>"),
    },
    "rows": {
        "position": Label("posizione", "position"),
        "code": Label("codice", "code"),
        "description": Label("descrizione", "description"),
        "quantity": Label("quantità", "quantity"),
        "unit": Label("unità di misura", "unit"),
        "price": Label("prezzo unitario", "price of one unit"),
        "discounts": Label("sconti", "discounts"),
        "vat": Label("codice IVA", "VAT code"),
        "vat_rate": Label("aliquota IVA", "VAT rate"),
        "net": Label("importo netto", "net amount"),
        "notes": Label("note della riga", "notes of the row"),
        "delivery": Label("consegna della riga", "delivery of the row"),
    },
    "taxes": {
        "code": Label("codice IVA", "VAT code"),
        "label": Label("descrizione dell'aliquota", "what the rate is called"),
        "rate": Label("aliquota", "rate"),
        "nature": Label("natura dell'esenzione (N1-N7)", "nature of the exemption (N1 to N7)"),
        "taxable": Label("imponibile dell'aliquota", "taxable amount of the rate"),
        "amount": Label("imposta dell'aliquota", "VAT of the rate"),
    },
}
"""Name → field → what it is; ``rows`` and ``taxes`` are lists, for loops. Amounts and dates are written in the template's language."""

VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "document": ("issued_on", "revision", "taxable", "vat", "total", *DATES),
    "rows": ("quantity", "price", "vat_rate", "net", "delivery"),
    "taxes": ("rate", "taxable", "amount"),
}
"""What exists under ``values`` too, as number or date, for filters and conditions: ``{{ row.values.net|number(3) }}``."""

CHARACTERISTICS: Final = ("document", "account")
"""What has characteristics, under ``c``: ``{account.c.pod}``."""

_PLAIN: Final[Fields] = {}

FIELDS: Final[Fields] = {
    name: {
        **dict.fromkeys(below, _PLAIN),
        **({"values": dict.fromkeys(VALUES[name], _PLAIN)} if name in VALUES else {}),
        **({"c": None} if name in CHARACTERISTICS else {}),
    }
    for name, below in PLACEHOLDERS.items()
}
"""The same as the core compares templates with."""
