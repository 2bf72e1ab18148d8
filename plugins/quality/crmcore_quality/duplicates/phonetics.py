"""How Italian words sound, for keys that survive misspelling."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_RULES: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"sc(?=[ei])", "S"),
        (r"c(?=h)|c(?![ei])|k|q", "K"),
        (r"c(?=[ei])", "C"),
        (r"g(?=h)", "G"),
        (r"gl(?=i)", "l"),
        (r"gn", "n"),
        (r"g(?=[ei])|j(?=[ei])", "J"),
        (r"ph", "f"),
        (r"y|j", "i"),
        (r"w", "v"),
        (r"x", "s"),
        (r"[hH]", ""),
    )
)
_VOWELS: Final = re.compile(r"(?<=.)[aeiou]")
_DOUBLE: Final = re.compile(r"(.)\1+")
_LENGTH: Final = 5


@lru_cache(maxsize=200_000)
def sound_of(word: str) -> str:
    """Return the sound of a word in small letters without accents: its first letter and its consonants, doubles once, five at most."""
    if word.isdigit():
        return word
    for pattern, sound in _RULES:
        word = pattern.sub(sound, word)
    return _VOWELS.sub("", _DOUBLE.sub(r"\1", word))[:_LENGTH]
