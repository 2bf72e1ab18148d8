"""What all normalisers do first: require text, tidy blanks, and take off what people write before a code."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from crmcore import Label

LONGEST: Final = 400
"""No cell that holds one of these values is longer; a longer one is refused before anything looks at it."""

# What spreadsheets and web pages put between characters: soft hyphens, zero-width characters, directional marks, byte-order marks.
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u02bc\u0060\u00b4", "'"))


def text_of(value: object, expected: Label) -> str:
    """Return a text with single blanks, straight apostrophes and no invisible characters.

    Raises:
        ValueError: with ``expected``, for what is no text, empty, or longer than any such value.
    """
    if not isinstance(value, str) or len(value) > LONGEST:
        raise ValueError(expected)
    text = tidy(value)
    if not text:
        raise ValueError(expected)
    return text


def tidy(text: str) -> str:
    """Return a text with composed characters, single blanks and straight apostrophes."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFC", text)).translate(_APOSTROPHES)
    return " ".join(plain.split())


def compact(text: str) -> str:
    """Return a code in capitals without blanks, dots, dashes, slashes and underscores."""
    return re.sub(r"[\s.\-/_\u2010-\u2015]", "", text).upper()


def fold(text: str) -> str:
    """Return a text for comparing names: lower case, without accents, every run of other characters one blank.

    The apostrophe that stands for an accent goes with the accent: ``FORLI'`` and ``Forlì`` are the same.
    """
    decomposed = unicodedata.normalize("NFKD", tidy(text).casefold())
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", letters).split())


def digits_only(text: str) -> bool:
    """Return whether a text is made of ASCII digits: ``isdigit`` accepts others too."""
    return text.isascii() and text.isdigit()
