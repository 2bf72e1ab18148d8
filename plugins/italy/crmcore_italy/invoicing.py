"""Codes of electronic invoicing: the recipient code (codice destinatario) and the IBAN.

Sources: technical rules of FatturaPA 1.9 (recipient code), ISO 13616 (IBAN), ABI (the check letter CIN).
"""

from __future__ import annotations

import re
from typing import Final

from crmcore import Label
from crmcore_italy.cleaning import compact, text_of

RECIPIENT_EXPECTED: Final = Label(
    "un codice destinatario di 7 lettere o cifre, o il codice ufficio di 6 di una pubblica amministrazione",
    "a recipient code of 7 letters or digits, or the office code of 6 of a public administration",
)
IBAN_EXPECTED: Final = Label("un IBAN con i controlli giusti", "an IBAN whose checks are right")

BY_PEC: Final = "0000000"
"""The recipient code of whoever receives invoices by certified mail, or has not said where."""
ABROAD: Final = "XXXXXXX"
"""The recipient code of whoever is not established in Italy."""

_RECIPIENT: Final = re.compile(r"[0-9A-Z]{6,7}")
_OFFICE_LENGTH: Final = 6
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")
_ITALIAN: Final = re.compile(r"(?:IT|SM)[0-9]{2}([A-Z])([0-9]{5})([0-9]{5})([0-9A-Z]{12})")
_MODULUS: Final = 97
_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_GROUP: Final = 4


def normalise_recipient(value: object) -> str:
    """Return a recipient code in capitals; six zeros or six X are no office.

    Raises:
        ValueError: for another form.
    """
    code = compact(text_of(value, RECIPIENT_EXPECTED))
    if not _RECIPIENT.fullmatch(code) or code in {BY_PEC[:_OFFICE_LENGTH], ABROAD[:_OFFICE_LENGTH]}:
        raise ValueError(RECIPIENT_EXPECTED)
    return code


def is_public_office(code: str) -> bool:
    """Return whether a recipient code is that of an office of the public administration."""
    return len(code) == _OFFICE_LENGTH


def normalise_iban(value: object) -> str:
    """Return an IBAN without blanks; Italian ones have the check letter of the bank code checked as well.

    Raises:
        ValueError: for another form, or a wrong check. The length of foreign ones is not looked at beyond 15 to 34 characters.
    """
    code = compact(re.sub(r"^\s*IBAN[\s:.]*", "", text_of(value, IBAN_EXPECTED), flags=re.IGNORECASE))
    if not _IBAN.fullmatch(code) or int("".join(str(int(character, 36)) for character in code[4:] + code[:4])) % _MODULUS != 1:
        raise ValueError(IBAN_EXPECTED)
    if code[:2] in {"IT", "SM"}:
        found = _ITALIAN.fullmatch(code)
        if found is None or check_letter(code[5:]) != found[1]:
            raise ValueError(IBAN_EXPECTED)
    return code


def check_letter(account: str) -> str:
    """Return the CIN of bank, branch and account number, 22 characters."""
    total = 0
    for place, character in enumerate(account):
        number = int(character, 36) - 10 if character.isalpha() else int(character)
        total += number if place % 2 else _ODD[number]
    return chr(ord("A") + total % 26)


def display_iban(stored: object) -> str:
    """Return an IBAN in groups of four."""
    code = str(stored)
    return " ".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))
