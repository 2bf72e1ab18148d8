"""From what people write to what is compared: words without accents and case, phone numbers as their digits.

The same functions treat what is stored and what is asked for, so both databases find the same.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import attrs

_WORD: Final = re.compile(r"[^\W_]+")
_DOTTED: Final = re.compile(r"\b(?:[^\W\d_]\.){2,}")
# What NFKD leaves whole although people write it with plain letters.
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe"}
)
# Digits inside a word are part of a code.
_PHONE: Final = re.compile(r"(?<![^\W_])\+?\d(?:[\s./()-]*\d){2,}(?![^\W_])")
_SHORTEST_PART: Final = 4
"""Of a phone number: shorter ends are in too many of them."""
_LONGEST_PHONE: Final = 20
_LONGEST_WORD: Final = 60
_MOST_WORDS: Final = 400
_ITALY: Final = "39"
_SHORTEST_WITH_PREFIX: Final = 11
_ITALIAN_VAT: Final = re.compile(r"it([0-9]{11})")
MOST_TERMS: Final = 12


def fold(text: str) -> str:
    """Return a text without accents and case."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(each for each in decomposed if not unicodedata.combining(each)).casefold()


def words(text: str | None, most: int = _MOST_WORDS) -> list[str]:
    """Return the words of a text: «S.r.l.» is one, «L'Aquila» two."""
    if not text:
        return []
    joined = _DOTTED.sub(lambda found: found[0].replace(".", ""), fold(text))
    return [found[0][:_LONGEST_WORD] for found, _ in zip(_WORD.finditer(joined), range(most), strict=False)]


def compact(text: str | None) -> list[str]:
    """Return an address or a code as one word, and its parts: ``info@bellini.it`` is found by each of them."""
    parts = words(text)
    whole = "".join(parts)[:_LONGEST_WORD]
    return list(dict.fromkeys([whole, *parts])) if whole else []


def vat_words(code: str | None) -> list[str]:
    """Return a VAT code with and without the country before it."""
    found = "".join(words(code))
    bare = found[2:] if found[:2].isalpha() and found[2:].isdigit() else found
    return list(dict.fromkeys(each for each in (found, bare) if each))


def digits_of(phone: str) -> str:
    """Return the digits of a phone number, without +39 and 0039."""
    plain = unicodedata.normalize("NFKC", phone)
    digits = "".join(each for each in plain if each.isdigit() and each.isascii())
    international = "+" in plain[: plain.find(digits[:1])] or digits.startswith("00")
    digits = digits.removeprefix("00") if digits.startswith("00") else digits
    return digits.removeprefix(_ITALY) if international and digits.startswith(_ITALY) else digits


def phone_words(phone: str | None) -> list[str]:
    """Return the digits of a phone number and all their ends, so that any stretch of it is the beginning of a word."""
    if not phone:
        return []
    digits = digits_of(phone)[:_LONGEST_PHONE]
    return [digits[start:] for start in range(max(1, len(digits) - _SHORTEST_PART + 1))] if digits else []


@attrs.frozen
class Term:
    """One thing that is asked for: all words of any of these choices, or longer words that begin like them."""

    choices: tuple[tuple[str, ...], ...]


def terms(text: str) -> list[Term]:
    """Return what a person asked for: every term has to be found.

    Digits that follow each other are one phone number, however it is written, or several numbers.
    """
    found: list[Term] = []
    plain: list[str] = []
    for piece in text.split():
        if "@" in piece and (parts := words(piece)):
            found.append(Term((("".join(parts)[:_LONGEST_WORD],),)))
        else:
            plain.append(piece)
    line = " ".join(plain)
    found += [_number_term(number[0]) for number in _PHONE.finditer(line)]
    found += [_word_term(word) for word in words(_PHONE.sub(" ", line))]
    return list(dict.fromkeys(found))[:MOST_TERMS]


def _word_term(word: str) -> Term:
    vat = _ITALIAN_VAT.fullmatch(word)
    # Accounts have it without the country.
    return Term(((word,),)) if vat is None else Term(((word,), (vat[1],)))


def _number_term(text: str) -> Term:
    digits = digits_of(text)
    choices: list[tuple[str, ...]] = [(digits,)]
    plain = "".join(words(text))
    if plain.startswith("00"):
        # The code of a country, or the middle of a number: 0000 12.
        choices.append((plain,))
    if digits.startswith(_ITALY) and len(digits) >= _SHORTEST_WITH_PREFIX:
        choices.append((digits.removeprefix(_ITALY),))
    groups = tuple(words(text))
    if len(groups) > 1:
        choices.append(groups)
    return Term(tuple(dict.fromkeys(choices)))
