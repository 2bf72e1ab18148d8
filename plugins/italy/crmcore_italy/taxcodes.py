"""VAT codes and fiscal codes: what they must look like, and what they say.

The form is the core's (`crmcore.accounts.TAX_CODES`); here are the check digits and characters, omocodia, and what a code tells.
Sources: DPR 633/1972 art. 35 and the Agenzia delle Entrate's description of the VAT code; DM 23 December 1976 (fiscal code, omocodia).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import attrs

from crmcore import Label
from crmcore.accounts import TAX_CODES, normalise_code
from crmcore_italy.cleaning import compact, digits_only, fold, text_of
from crmcore_italy.standing import Standing, Verdict

VAT_EXPECTED: Final = Label(
    "una partita IVA di 11 cifre con la cifra di controllo giusta, o estera con la sigla del paese",
    "a VAT code of 11 digits with the right check digit, or a foreign one with the letters of its country",
)
FISCAL_EXPECTED: Final = Label(
    "un codice fiscale di 16 caratteri o 11 cifre con il controllo giusto",
    "a fiscal code of 16 characters or 11 digits whose check is right",
)
_VAT_WORDS: Final = re.compile(
    r"(?:partita\s*iva|part\.?\s*iva|p\.?\s*iva|p\.?\s*i\.|vat(?:\s*(?:no|number|n)\b)?)[\s.:n°]*", re.IGNORECASE
)
_FISCAL_WORDS: Final = re.compile(r"(?:codice\s*fiscale|cod\.?\s*fisc\.?|c\.?\s*f\.?)(?=[\s.:])[\s.:]*", re.IGNORECASE)
_LENGTH: Final = 11
_TEN: Final = 10
_DOUBLED: Final = {str(digit): sum(divmod(2 * digit, 10)) for digit in range(10)}

# The office that gave a code is its digits 8 to 10: the provinces of old, and four more.
_OFFICES: Final = frozenset({*range(1, 101), 120, 121, 888, 999})

_OMOCODIA: Final = dict(zip("LMNPQRSTUV", "0123456789", strict=True))
_DIGIT_PLACES: Final = (6, 7, 9, 10, 12, 13, 14)
_PERSON: Final = re.compile(
    r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]",
)
_MONTHS: Final = "ABCDEHLMPRST"
_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)
_EVEN: Final = {character: int(character) if character.isdigit() else ord(character) - ord("A") for character in _ODD}
_FEMALE: Final = 40
_CENTURY: Final = 100
_SHORTEST_MONTH: Final = 28
_LETTERS: Final = 3
_NAME_CONSONANTS: Final = 4
_VOWELS: Final = "AEIOU"


def check_digit_is_right(code: str) -> bool:
    """Return whether eleven digits end in the check digit that the others give (Luhn), and are not all zero."""
    if len(code) != _LENGTH or not digits_only(code) or not code.strip("0"):
        return False
    total = sum(map(int, code[0:11:2])) + sum(map(_DOUBLED.__getitem__, code[1:10:2]))
    return total % _TEN == 0


def office_is_known(code: str) -> bool:
    """Return whether a VAT code names one of the offices that give them."""
    return int(code[7:10]) in _OFFICES


def normalise_vat(value: object) -> str:
    """Return a VAT code as it is stored: eleven digits, or a foreign one with its country.

    Zeros that a spreadsheet took from the front are put back where the check digit and the office of the result are right.

    Raises:
        ValueError: for a wrong check digit, or another form.
    """
    if isinstance(value, str) and check_digit_is_right(value):
        return value
    text = _VAT_WORDS.sub("", text_of(value, VAT_EXPECTED))
    code = normalise_code("vat_code", compact(text)) or ""
    if digits_only(code) and len(code) < _LENGTH:
        padded = code.zfill(_LENGTH)
        code = padded if check_digit_is_right(padded) and office_is_known(padded) else code
    pattern, _ = TAX_CODES["vat_code"]
    if pattern.fullmatch(code) is None or (digits_only(code) and not check_digit_is_right(code)):
        raise ValueError(VAT_EXPECTED)
    return code


def judge_vat(value: object) -> Verdict:
    """Say whether a VAT code can be one, and whether its office is among the known ones; foreign ones are of unknown standing."""
    try:
        code = normalise_vat(value)
    except ValueError:
        return Verdict(Standing.WRONG, str(value), VAT_EXPECTED)
    if not digits_only(code):
        return Verdict(Standing.UNKNOWN, code, Label("estera: si controlla presso VIES", "foreign: ask VIES"))
    if not office_is_known(code):
        return Verdict(Standing.UNKNOWN, code, Label("l'ufficio che l'ha attribuita non è noto", "the office that gave it is not known"))
    return Verdict(Standing.KNOWN, code, Label("valida nella forma", "valid in form"))


def normalise_fiscal(value: object) -> str:
    """Return a fiscal code as it is stored, with omocodia as given: sixteen characters of a person, or eleven digits.

    Raises:
        ValueError: for a wrong check, an impossible date, or another form.
    """
    code = value if isinstance(value, str) and _PERSON.fullmatch(value) else _compact_fiscal(value)
    if digits_only(code):
        padded = code.zfill(_LENGTH)
        if not (check_digit_is_right(padded) and (len(code) == _LENGTH or office_is_known(padded))):
            raise ValueError(FISCAL_EXPECTED)
        return padded
    if _PERSON.fullmatch(code) is None or check_character(code[:15]) != code[15] or not _day_is_possible(code):
        raise ValueError(FISCAL_EXPECTED)
    return code


def _compact_fiscal(value: object) -> str:
    text = _FISCAL_WORDS.sub("", text_of(value, FISCAL_EXPECTED))
    return normalise_code("fiscal_code", compact(text)) or ""


def check_character(fifteen: str) -> str:
    """Return the sixteenth character of a person's code."""
    total = sum(map(_ODD.__getitem__, fifteen[::2])) + sum(map(_EVEN.__getitem__, fifteen[1::2]))
    return chr(ord("A") + total % 26)


def without_omocodia(code: str) -> str:
    """Return a person's code with the digits that omocodia replaced by letters, and its check character anew; others as they are.

    Two codes that differ here are of two people; two that agree need not be of one: that is what omocodia is for.
    """
    if len(code) != len("RSSMRA80A01L840J") or digits_only(code[6:8] + code[9:11] + code[12:15]):
        return code
    plain = [_OMOCODIA.get(character, character) if place in _DIGIT_PLACES else character for place, character in enumerate(code[:15])]
    body = "".join(plain)
    return body + check_character(body)


@attrs.frozen
class PersonCode:
    """What a fiscal code says: ``place`` is the land registry's code of the municipality, or of the country (``Z…``) of birth."""

    born: date
    sex: str
    place: str


def read_fiscal(code: str, on: date) -> PersonCode | None:
    """Return what a person's code says, taking the latest year of birth that is not after ``on``; None for eleven digits."""
    if digits_only(code):
        return None
    plain = without_omocodia(code)
    day = int(plain[9:11])
    month = _MONTHS.index(plain[8]) + 1
    year = on.year - (on.year - int(plain[6:8])) % _CENTURY
    born = _date(year, month, day % _FEMALE)
    if born is None or born > on:
        # Born on 29 February of a leap year, or later in this very year: a hundred years before.
        born = _date(year - _CENTURY, month, day % _FEMALE)
    if born is None:
        return None
    return PersonCode(born=born, sex="F" if day > _FEMALE else "M", place=plain[11:15])


def fits_name(code: str, last_name: str, first_name: str) -> bool:
    """Return whether a person's code begins with the letters that a last and a first name give."""
    return code[:6] == _letters(last_name, 0) + _letters(first_name, _NAME_CONSONANTS)


def _letters(name: str, skipping: int) -> str:
    """Return three letters: consonants, vowels, X; of four or more consonants of a first name the first, third and fourth."""
    letters = fold(name).replace(" ", "").upper()
    consonants = "".join(letter for letter in letters if letter not in _VOWELS)
    if skipping and len(consonants) >= skipping:
        return consonants[0] + consonants[2:4]
    vowels = "".join(letter for letter in letters if letter in _VOWELS)
    return f"{consonants}{vowels}XXX"[:_LETTERS]


def _day_is_possible(code: str) -> bool:
    plain = without_omocodia(code)
    day = int(plain[9:11]) % _FEMALE
    if 0 < day <= _SHORTEST_MONTH:
        return int(plain[9:11]) < 2 * _FEMALE
    # 2000 is a leap year, as is 1900 to nobody who is alive: 29 February is possible where one of the centuries had it.
    year = int(plain[6:8])
    month = _MONTHS.index(plain[8]) + 1
    return int(plain[9:11]) < 2 * _FEMALE and any(_date(century + year, month, day) is not None for century in (1900, 2000))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
