"""Who sells: the firm's own data on its documents, from the settings of the plugin."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

from crmcore import Label
from crmcore.rendering import Resource

_TEXTS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("name", "Ragione sociale", "Name", "The name of the firm."),
    ("street", "Indirizzo", "Street", "Street and number of the registered office."),
    ("postcode", "CAP", "Postcode", "The postcode of the registered office."),
    ("municipality", "Comune", "Municipality", "The municipality of the registered office."),
    ("province", "Provincia", "Province", "The province of the registered office, such as VI."),
    ("country", "Nazione", "Country", "The country, written out, for documents that go abroad."),
    ("vat_code", "Partita IVA", "VAT number", "The VAT number."),
    ("fiscal_code", "Codice fiscale", "Fiscal code", "The fiscal code."),
    ("rea", "Numero REA", "REA number", "The number of the register of companies, such as VI-123456."),
    ("share_capital", "Capitale sociale", "Share capital", "The share capital, as it is written on documents."),
    ("phone", "Telefono", "Phone", "The telephone number."),
    ("email", "E-mail", "E-mail", "The e-mail address."),
    ("pec", "PEC", "Certified e-mail", "The certified e-mail address."),
    ("recipient_code", "Codice destinatario SDI", "SDI recipient code", "The code under which the firm gets electronic invoices."),
    ("web", "Sito", "Web site", "The web site."),
    ("iban", "IBAN", "IBAN", "The account to which customers pay."),
    ("bank", "Banca", "Bank", "The bank of that account."),
)
_LOGO: Final = re.compile(r"data:(image/(?:png|jpeg|svg\+xml));base64,([A-Za-z0-9+/=\s]+)")
_LARGEST_LOGO: Final = 2_000_000
NAMES: Final = tuple(name for name, *_ in _TEXTS)
LOGO: Final = "logo"

SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{
        f"company_{name}": {
            "type": "string",
            "default": "",
            "maxlength": 200,
            "label": Label(f"Azienda: {it}", f"Firm: {en}"),
            "help": text,
        }
        for name, it, en, text in _TEXTS
    },
    "company_logo": {
        "type": "string",
        "default": "",
        "maxlength": _LARGEST_LOGO,
        "regex": r"|data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=\s]+",
        "label": Label("Azienda: logo", "Firm: logo"),
        "help": "The logo on documents, as a `data:` address of a PNG, JPEG or SVG in base64.",
    },
    "print_revisions": {
        "type": "boolean",
        "default": True,
        "label": Label("Conservare il PDF delle revisioni", "Keep the PDF of revisions"),
        "help": "Whether each revision gets its PDF at once, as it was then.",
    },
}


def logo_of(settings: Mapping[str, object]) -> Resource | None:
    """Return the logo of the firm, or None when there is none."""
    found = _LOGO.fullmatch(str(settings["company_logo"]).strip())
    if found is None:
        return None
    try:
        return Resource(found[1], base64.b64decode(found[2]))
    except binascii.Error:
        # Cut off in the middle: the document goes without.
        return None
