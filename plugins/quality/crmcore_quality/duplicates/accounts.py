"""Accounts as the engine sees them: what is compared, which keys they have, and what contradicts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Final

import numpy as np
from crmcore_italy import (
    FORMS,
    normalise_email,
    normalise_fiscal,
    normalise_vat,
    read_address,
    read_phones,
    street_key,
    without_omocodia,
)
from numpy.typing import NDArray

from crmcore_quality.duplicates.columns import Levels
from crmcore_quality.duplicates.comparing import AnyOf, Similar, nearness, token_sort
from crmcore_quality.duplicates.model import Flags
from crmcore_quality.duplicates.naming import CONTRADICTING, LONGER, SAME, Names
from crmcore_quality.duplicates.phonetics import sound_of
from crmcore_quality.duplicates.places import Addresses
from crmcore_quality.duplicates.schema import Conflict, Field, KeyRule, Record, Schema, Shares, differs

# What says nothing about who a company is: its form, and who else is in it.
_FORM_WORDS: Final = frozenset(re.sub(r"[^a-z]", "", form.short.casefold()) for form in FORMS) | frozenset(
    ("soc", "societa", "unipersonale", "liquidazione", "in", "di", "ed", "il", "la", "lo", "i", "gli", "le", "del", "della", "dei")
)
_AND_COMPANY: Final = re.compile(r"\s*(?:&|\be\b)\s*c(?:o|ompany)?\b|(?<=\w)\s+(?:e|&)\s+(?=\w)", re.IGNORECASE)
_FORM: Final = re.compile(r"\bs[.\s]{0,2}(?:r[.\s]{0,2}l(?:[.\s]{0,2}s)?|p[.\s]{0,2}a|n[.\s]{0,2}c|a[.\s]{0,2}s)\b")
_BREAKS: Final = str.maketrans(dict.fromkeys(".,;:'\u2019`&/\\-_()[]\"+*#!?°@|<>=", " "))
_DIGITS: Final = re.compile(r"[0-9]+")
_LAST_WORDS: Final = 4
_FEW: Final = 10
"""Records of one town that may share a word: more are namesakes, and other keys find the same among them."""

Row = Mapping[str, object]
"""An account with its legal site, by the names of their fields; phones and e-mails are lists or one text."""


def prepare(row: Row) -> Record:
    """Return an account as it is compared: every value in its normal form, or missing where it has none."""
    return {
        "name": name_words(_text(row, "name")),
        "form": form_word(_text(row, "name")),
        "vat_code": _or_none(normalise_vat, _text(row, "vat_code")),
        "fiscal_code": _fiscal(_text(row, "fiscal_code")),
        "phones": tuple(dict.fromkeys(phone for each in _texts(row, "phones") for phone in _phones(each))),
        "emails": tuple(email for each in _texts(row, "emails") if (email := _or_none(normalise_email, each))),
        "address": (
            street_of(_text(row, "street")),
            number_of(_text(row, "civic")),
            town_of(_text(row, "municipality")),
        ),
        "postcode": _text(row, "postcode"),
    }


def plain(text: str) -> str:
    """Return small letters without accents and signs."""
    folded = text.casefold()
    if not folded.isascii():
        folded = "".join(character for character in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(character))
    return " ".join(folded.translate(_BREAKS).split())


def name_words(text: str) -> str:
    """Return the words of a name that say who it is: without the legal form, ``S.R.L.`` or ``s r l``, and small words."""
    words: list[str] = []
    letters = ""
    for word in plain(_AND_COMPANY.sub(" ", text) if "&" in text or " e " in text.casefold() else text).split():
        if len(word) == 1 and not word.isdigit():
            letters += word
            continue
        words += _letters(letters)
        letters = ""
        words.append(word)
    words += _letters(letters)
    kept = [word for word in words if word not in _FORM_WORDS]
    return " ".join(kept or words)


def form_word(name: str) -> str | None:
    """Return the legal form in a name as one word, ``srl``; None where there is none."""
    return next((found for found in map(_joined, _FORM.findall(name.casefold())) if found in _FORM_WORDS), None)


def _joined(found: str) -> str:
    return found.replace(".", "").replace(" ", "")


def _letters(letters: str) -> Iterable[str]:
    """Return single letters as one abbreviation, if they are a legal form, else as the initials that they are."""
    return (letters,) if letters in _FORM_WORDS else tuple(letters)


@lru_cache(maxsize=100_000)
def street_of(street: str) -> str:
    """Return what the spellings of a street share; files have few streets, so each is read once."""
    return street_key(read_address(street).street) if street else ""


@lru_cache(maxsize=20_000)
def town_of(municipality: str) -> str:
    """Return the name of a town for comparing."""
    return plain(municipality)


@lru_cache(maxsize=50_000)
def number_of(civic: str) -> str:
    """Return the digits with which a house number begins."""
    found = re.match(r"\D{0,4}([0-9]+)", civic)
    return found[1].lstrip("0") if found else ""


def _text(row: Row, field: str) -> str:
    value = row.get(field)
    return value if isinstance(value, str) else ""


def _texts(row: Row, field: str) -> Iterable[str]:
    value = row.get(field)
    return (
        (value,)
        if isinstance(value, str)
        else tuple(each for each in value if isinstance(each, str))
        if isinstance(value, list | tuple)
        else ()
    )


def near_emails(one: Sequence[str], other: Sequence[str]) -> NDArray[np.float32]:
    """Return 0 less the edits between addresses, if their digits are the same: ``rossi61`` and ``rossi85`` are two people."""
    found = nearness(one, other)
    for place in np.flatnonzero(found >= -1).tolist():
        if _DIGITS.findall(one[place]) != _DIGITS.findall(other[place]):
            found[place] = -99.0
    return found


def _or_none(normalise: object, text: str) -> str | None:
    if not text or not callable(normalise):
        return None
    try:
        return str(normalise(text))
    except ValueError:
        return None


def _fiscal(text: str) -> str | None:
    code = _or_none(normalise_fiscal, text)
    return without_omocodia(code) if code is not None else None


def _phones(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    return tuple(number.e164 for number in read_phones(text).numbers)


def _words(record: Record) -> list[str]:
    name = record["name"]
    return str(name).split()[:_LAST_WORDS] if name else []


def _address(record: Record) -> tuple[str, str, str]:
    street, number, town = record["address"] or ("", "", "")
    return street, number, town


def _name_keys(record: Record) -> Iterator[str]:
    words = _words(record)
    if len(words) > 1:
        for pair in combinations(sorted({sound_of(word) for word in words}), 2):
            yield " ".join(pair)
    elif words:
        yield words[0]


def _word_and_town(record: Record) -> Iterator[str]:
    _, _, town = _address(record)
    if town:
        for word in _words(record):
            if len(word) > 1:
                yield f"{sound_of(word)} {town}"


def _house(record: Record) -> Iterator[str]:
    street, number, town = _address(record)
    if street and number:
        yield f"{street} {number} {town}"


def _one(field: str) -> KeyRule:
    def keys(record: Record) -> Iterable[str]:
        value = record[field]
        return (value,) if isinstance(value, str) else tuple(value or ())

    return KeyRule(field, keys)


def _contradicting_names(levels: Mapping[str, Levels]) -> Flags:
    """Tell households and switchboards: the names contradict, and nothing that belongs to one alone agrees."""
    identified = (levels["vat_code"] == 0) | (levels["fiscal_code"] == 0)
    return np.asarray((levels["name"] >= CONTRADICTING) & ~identified)


def _sure_names(levels: Mapping[str, Levels]) -> Flags:
    """Leave to people whose names are not quite the same, and companies of two legal forms, unless something of one alone agrees.

    ``Rossi Elena Maria`` and ``Rossi Maria`` of one house are mother and daughter as often as one.
    """
    identified = (levels["vat_code"] == 0) | (levels["fiscal_code"] == 0)
    same_form = levels["form"] <= 0
    close = (levels["name"] >= SAME) & (levels["name"] <= LONGER) & (levels["emails"] == 0)
    return np.asarray(identified | (same_form & ((levels["name"] == SAME) | close)))


# What is usual of lists of Italian companies and people; the first thousands of records count as much as this.
_USUAL: Final = {
    "name": Shares((0.7, 0.1, 0.07, 0.03, 0.04, 0.03, 0.02, 0.01), (5e-5, 2e-5, 2e-5, 1e-5, 2e-5, 4e-5, 0.011, 0.98884)),
    "form": Shares((0.97, 0.03), (0.37, 0.63)),
    "vat_code": Shares((0.97, 0.01, 0.01, 0.01), (5e-5, 1e-4, 1e-4, 0.99975)),
    "fiscal_code": Shares((0.97, 0.01, 0.01, 0.01), (5e-5, 5e-5, 5e-5, 0.99985)),
    "phones": Shares((0.8, 0.01, 0.19), (5e-5, 1e-4, 0.99985)),
    "emails": Shares((0.9, 0.05, 0.05), (5e-5, 5e-5, 0.9999)),
    "address": Shares((0.48, 0.24, 0.07, 0.01, 0.13, 0.02, 0.05), (7e-5, 7e-5, 2e-4, 0.0023, 0.006, 0.051, 0.94036)),
}

ACCOUNTS: Final = Schema(
    fields=(
        Field("name", Names()),
        Field("form", Similar(token_sort, ())),
        Field("vat_code", Similar(nearness, (-1, -2))),
        Field("fiscal_code", Similar(nearness, (-1, -2))),
        Field("phones", AnyOf((-1,))),
        Field("emails", AnyOf((-1,), near_emails)),
        Field("address", Addresses()),
    ),
    keys=(
        _one("vat_code"),
        _one("fiscal_code"),
        _one("phones"),
        _one("emails"),
        KeyRule("name", _name_keys),
        KeyRule("word_town", _word_and_town, cap=_FEW),
        KeyRule("house", _house),
    ),
    conflicts=(
        Conflict("vat_code", differs("vat_code", 1)),
        Conflict("fiscal_code", differs("fiscal_code", 1)),
        Conflict("name", _contradicting_names, forbids=False),
    ),
    sure=_sure_names,
    reference=_USUAL,
)
"""How accounts are compared: two right VAT or fiscal codes that differ are of two; names that contradict are for people to judge."""
