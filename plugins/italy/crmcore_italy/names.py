"""Names of people and places: case and accents as Italians write them."""

from __future__ import annotations

import re
from typing import Final

from crmcore import Label
from crmcore_italy.cleaning import text_of

EXPECTED: Final = Label("un nome", "a name")
# Inside a name; at its beginning they take a capital: «De Luca», «Via della Libertà».
_SMALL: Final = frozenset(
    {
        "di",
        "del",
        "dello",
        "della",
        "dei",
        "degli",
        "delle",
        "da",
        "dal",
        "dallo",
        "dalla",
        "dai",
        "dagli",
        "dalle",
        "a",
        "al",
        "allo",
        "alla",
        "ai",
        "agli",
        "alle",
        "e",
        "ed",
        "in",
        "nel",
        "nella",
        "sul",
        "sulla",
        "per",
        "con",
        "dell'",
        "dall'",
        "all'",
        "nell'",
        "sull'",
        "d'",
        "sotto",
        "presso",
    }
)
_WORD: Final = re.compile(r"[^\s\-/()]+")
_ROMAN: Final = re.compile(r"(?:X{0,3})(?:IX|IV|V?I{0,3})")
_ACCENTS: Final = str.maketrans("AEIOUaeiou", "ÀÈÌÒÙàèìòù")
_APOSTROPHE_FOR_ACCENT: Final = re.compile(r"([AEIOUaeiou])'(?=[\s,;)]|$)")
# Short words with an apostrophe of their own: «po'», «Ca'», «de' Medici».
_KEEP: Final = frozenset({"po'", "ca'", "de'", "a'", "da'", "fe'", "mo'", "co'", "e'", "i'", "ne'"})


def mend_accents(text: str) -> str:
    """Return a text whose final apostrophes are accents again: ``NICOLO'`` becomes ``NICOLÒ``."""

    def mend(found: re.Match[str]) -> str:
        word = text[: found.end()].rsplit(maxsplit=1)[-1].casefold()
        return found[0] if word in _KEEP else found[1].translate(_ACCENTS)

    return _APOSTROPHE_FOR_ACCENT.sub(mend, text)


def capitalise(text: str, *, small: bool = True, inside: bool = False) -> str:
    """Return a text in capitals and small letters, if it is all in one case; ``small`` leaves «della» and its like small.

    At the beginning they take a capital, unless the text stands ``inside`` another: «Viale» before «dell'Industria».
    """
    if not (text.isupper() or text.islower()):
        return text
    place = 1 if inside else 0

    def one(found: re.Match[str]) -> str:
        nonlocal place
        place += 1
        word = found[0]
        lower = word.casefold()
        if small and place > 1 and lower in _SMALL:
            return lower
        if len(word) > 1 and word.isupper() and _ROMAN.fullmatch(word):
            return word
        head, apostrophe, rest = lower.partition("'")
        if apostrophe and rest:
            keeps_small = small and place > 1 and f"{head}'" in _SMALL
            return f"{head if keeps_small else _first_up(head)}'{_first_up(rest)}"
        return ".".join(_first_up(part) for part in lower.split("."))

    return _WORD.sub(one, text)


def normalise_person(value: object) -> str:
    """Return a person's name: ``D'ANGELO NICOLO'`` becomes ``D'Angelo Nicolò``; one in mixed case keeps it.

    Raises:
        ValueError: for what is no text.
    """
    return capitalise(mend_accents(text_of(value, EXPECTED)), small=False)


def _first_up(word: str) -> str:
    return word[:1].upper() + word[1:]
