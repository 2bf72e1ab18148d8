"""Phone numbers: E.164, where Italian landlines keep their zero; several numbers in one cell.

Italian numbers are read here, because files hold hundreds of thousands of them: sixty times faster than `phonenumbers`, which reads the
foreign ones and is the oracle of the tests. Source: the numbering plan (AGCOM 8/15/CIR); lengths as Italian operators use them.
"""

from __future__ import annotations

import re
from typing import Final

import attrs

from crmcore import Label
from crmcore_italy.cleaning import text_of

EXPECTED: Final = Label(
    "un numero di telefono, come 0424 000012 o +39 320 0000012", "a phone number, such as 0424 000012 or +39 320 0000012"
)
ONE_EXPECTED: Final = Label("un solo numero di telefono: qui ce n'è più di uno", "one phone number: there is more than one here")

_WORDS: Final = re.compile(
    r"(?:telefono|telefax|tel|cellulare|cell|cel|mobile|mob|fax|ufficio|uff|casa|abitazione|abit|ab|centralino|whatsapp|num|numero|nr|n|t|f|m)"
    r"(?:\s*/\s*fax)?(?=[\s.:°0-9+(]|$)[\s.:°]*",
    re.IGNORECASE,
)
_EXTENSION: Final = re.compile(r"[\s,;]*(?:\b(?:interno|int|ext|estensione|est|x)\b\.?|#)\s*:?\s*([0-9]{1,6})\b\.?", re.IGNORECASE)
_TRUNK_ZERO: Final = re.compile(r"(\+|00)\s*39[\s.]*\(0\)")
_BETWEEN: Final = re.compile(r"[;,|\n]| [eo] |(?<=[0-9])\s+(?=(?:tel|cel|fax|mob|uff|casa|abit|whatsapp)[a-z]*[.:\s])", re.IGNORECASE)
_PERHAPS_BETWEEN: Final = re.compile(r"/|(?<=\d)\s*-\s*(?=[+0-9(])")
_ALLOWED: Final = re.compile(r"[0-9\s.()/\-\u2010-\u2015+]+")
_CALLED: Final = re.compile(r"[0-9]+")
_WITH_TAIL: Final = re.compile(r"(.*[0-9])\s*[/-]\s*([0-9]{1,3})")
_SHORTEST_BEFORE_TAIL: Final = 9
"""Digits; ``0424/000-012`` is one number, ``0424 00012/13`` two."""
_MOST_PIECES: Final = 4
"""Blanks inside one number: ``0039 0424 000 012``."""

_PLUS: Final = "+"
_ITALY: Final = "39"
# National numbers: landlines with their zero; mobiles; toll-free, shared-cost, premium and nomadic ones.
_NATIONAL: Final = re.compile(
    r"0[0-9]{5,10}|3[0-9]{8,9}|80(?:0[0-9]{6}|3[0-9]{3})|84(?:[08][0-9]{6}|[17][0-9]{3})|"
    r"89(?:2[0-9]{3}|3[04][0-9]{2}|4(?:[0-4]|[5-9][0-9]{2})[0-9]{2}|5[0-4][0-9]{2}|38[0-9]{6}|5[5-9][0-9]{6}|9[0-9]{6})|"
    r"1(?:44|6[346])[0-9]{6}|1(?:78[0-9]|99)[0-9]{6}|55[0-9]{8}"
)
_ABROAD: Final = re.compile(r"[1-9][0-9]{6,14}")


# What most cells hold: one number, or several with a clear sign between them. The rest is read with more care, and five times slower.
_CLEAR: Final = re.compile(r"(?:\+39|0039)?\s?(?P<area>0[0-9]{1,3}|3[0-9]{2})[\s/.-]?(?P<number>[0-9]{5,8})")
_CLEARLY_BETWEEN: Final = re.compile(r"\s*;\s*|,\s+|\s+[/-]\s+")


@attrs.frozen
class PhoneNumber:
    """One number: in E.164, with the extension behind it, which E.164 does not have."""

    e164: str
    extension: str = ""

    @property
    def italian(self) -> bool:
        """Whether it is a number of Italy."""
        return self.e164.startswith(_PLUS + _ITALY)

    @property
    def mobile(self) -> bool:
        """Whether it is an Italian mobile, which alone can receive SMS."""
        return self.e164.startswith("+393")


@attrs.frozen
class PhoneCell:
    """What a cell holds: the numbers, in their order, and the text that is none."""

    numbers: tuple[PhoneNumber, ...]
    rest: str = ""


def read_phones(text: str) -> PhoneCell:
    """Return every number in a cell, such as ``tel. 0424/000012 - cell. 320 0000012 int. 2``.

    Up to three digits behind a slash or dash replace the last ones of the number before: ``0424 000012/13`` is two numbers.
    """
    clear = [_clear(part) for part in _CLEARLY_BETWEEN.split(text)]
    if None not in clear:
        return PhoneCell(tuple(PhoneNumber(e164) for e164 in dict.fromkeys(clear) if e164 is not None))
    numbers: list[PhoneNumber] = []
    rest: list[str] = []
    for part in map(str.strip, _BETWEEN.split(text)):
        found = _with_tail(part)
        if found:
            numbers += found
            continue
        pieces = [piece for some in _PERHAPS_BETWEEN.split(part) for piece in some.split()]
        place = 0
        while place < len(pieces):
            number, used = _longest(pieces, place)
            if number is not None:
                numbers.append(number)
            else:
                rest.append(pieces[place])
            place += used
    return PhoneCell(tuple(dict.fromkeys(numbers)), " ".join(rest))


def _clear(text: str) -> str | None:
    found = _CLEAR.fullmatch(text)
    if found is None:
        return None
    digits = found["area"] + found["number"]
    return f"+{_ITALY}{digits}" if _NATIONAL.fullmatch(digits) else None


def _with_tail(part: str) -> list[PhoneNumber]:
    """Return the one number that a part is, or the two of which the second is told by its last digits."""
    found = _WITH_TAIL.fullmatch(part)
    if found is not None and sum(character.isdigit() for character in found[1]) >= _SHORTEST_BEFORE_TAIL:
        number = _one(found[1])
        if number is not None:
            return [number, PhoneNumber(number.e164[: -len(found[2])] + found[2])]
    number = _one(part)
    return [number] if number is not None else []


def _longest(parts: list[str], place: int) -> tuple[PhoneNumber | None, int]:
    """Return the number that the most of the next parts give together, and how many they are: ``0424`` and ``000012`` are one."""
    for used in range(min(_MOST_PIECES, len(parts) - place), 0, -1):
        number = _one(" ".join(parts[place : place + used]))
        if number is not None:
            return number, used
    return None, 1


def normalise_phone(value: object) -> str:
    """Return a phone number as it is stored: E.164, without an extension.

    Raises:
        ValueError: for something else, and for several numbers, which `normalise_phones` takes.
    """
    cell = read_phones(_given(value))
    if not cell.numbers or cell.rest:
        raise ValueError(EXPECTED)
    if len(cell.numbers) > 1:
        raise ValueError(ONE_EXPECTED)
    return cell.numbers[0].e164


def normalise_phones(value: object) -> list[str]:
    """Return the phone numbers of a cell, or of a list of texts, in their order, each once.

    Raises:
        ValueError: when something in it is no number.
    """
    given = value if isinstance(value, list | tuple) else [value]
    found: dict[str, None] = {}
    for each in given:
        cell = read_phones(_given(each))
        if not cell.numbers or cell.rest:
            raise ValueError(EXPECTED)
        found.update(dict.fromkeys(number.e164 for number in cell.numbers))
    if not found:
        raise ValueError(EXPECTED)
    return list(found)


def display_phone(stored: object) -> str:
    """Return a number as people read it: ``+39 0424 000012``."""
    # Imported here: it is a large library, and only showing and foreign numbers need it.
    import phonenumbers  # noqa: PLC0415

    number = phonenumbers.parse(str(stored))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def display_phones(stored: object) -> str:
    """Return numbers in one line: ``+39 0424 000012; +39 320 000 0012``."""
    return "; ".join(map(display_phone, stored)) if isinstance(stored, list | tuple) else display_phone(stored)


def _given(value: object) -> str:
    # The line break between two numbers in a cell is a separator, which tidying would take away.
    return text_of(value.replace("\n", ";") if isinstance(value, str) else value, EXPECTED)


def _one(text: str) -> PhoneNumber | None:
    extension = ""
    found = _EXTENSION.search(text)
    if found is not None and found.end() == len(text.rstrip()):
        extension = found[1]
        text = text[: found.start()]
    text = _WORDS.sub("", text, count=1) if text[:1].isalpha() else text
    text = _TRUNK_ZERO.sub(r"\g<1>390", text.strip())
    if not _ALLOWED.fullmatch(text) or "+" in text[1:].lstrip("("):
        return None
    digits = "".join(_CALLED.findall(text))
    if text.lstrip("(").startswith(_PLUS):
        e164 = _international(digits)
    elif digits.startswith("00"):
        e164 = _international(digits[2:])
    elif _NATIONAL.fullmatch(digits):
        e164 = f"+{_ITALY}{digits}"
    elif digits.startswith(_ITALY) and _NATIONAL.fullmatch(digits[2:]):
        # The country without its plus sign, as spreadsheets keep it.
        e164 = f"+{digits}"
    else:
        e164 = None
    return PhoneNumber(e164, extension) if e164 is not None else None


def _international(digits: str) -> str | None:
    if digits.startswith(_ITALY):
        return f"+{digits}" if _NATIONAL.fullmatch(digits[2:]) else None
    if not _ABROAD.fullmatch(digits):
        return None
    import phonenumbers  # noqa: PLC0415 - see above

    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else None
