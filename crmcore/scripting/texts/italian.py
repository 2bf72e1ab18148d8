"""Gender and number, for greetings in Italian: who is addressed, and how."""

from __future__ import annotations

import re
from typing import Any, Final

from crmcore.labels import Label
from crmcore.scripting.faults import Fault, refuse
from crmcore.scripting.limits import Guard
from crmcore.scripting.values import Record

_MALE: Final = frozenset({"m", "male", "maschio", "uomo", "signor", "signore", "sig", "dottor", "dottore", "dott", "dr", "professor"})
_FEMALE: Final = frozenset(
    {"f", "female", "femmina", "donna", "signora", "signorina", "sigra", "signa", "dottoressa", "dottssa", "drssa", "professoressa"}
    | {"profssa", "avvocata", "avvocatessa"}
)
_GENDER_FIELDS: Final = ("gender", "sex", "title")
_VOWELS: Final = "aeiouàèéìòù"
_IMPURE: Final = re.compile(r"s[^aeiouhàèéìòù]|z|gn|ps|pn|x|y|i[aeiou]", re.IGNORECASE)
"""Beginnings that take `lo` and `gli`."""

_NOBODY: Final = Label("non si sa chi salutare: manca il nome", "nobody to greet: there is no name")

Value = Any
"""Any value of a script."""


def gender_of(value: Value) -> str:
    """Return "m", "f" or "", of a word, or of a record by its gender, its sex or its title."""
    if type(value) is Record:
        return next((found for name in _GENDER_FIELDS if (found := gender_of(value.fields.get(name)))), "")
    if type(value) is not str:
        return ""
    word = re.sub(r"[^a-zà-ù]", "", value[:40].lower())
    return "m" if word in _MALE else "f" if word in _FEMALE else ""


def gendered(guard: Guard, value: Value, male: Value, female: Value, unknown: Value = None) -> str:
    """Return one of two forms: ``{{ contact|gendered("Gentile signor", "Gentile signora") }}``; both when the gender is not known."""
    for each in (male, female):
        _word(each)
    found = gender_of(value)
    if not found and unknown is None:
        guard.text(len(male) + len(female) + 1)
        return f"{male}/{female}"
    return _word({"m": male, "f": female}.get(found, unknown))


def plural(_: Guard, number: Value, one: Value, many: Value) -> str:
    """Return the word that goes with a number, or with the length of a list: ``{{ 3|plural("cliente", "clienti") }}``."""
    words = _word(one), _word(many)
    return words[0] if _how_many(number) == 1 else words[1]


def counted(guard: Guard, number: Value, one: Value, many: Value) -> str:
    """Return a number with its word: ``1 cliente``, ``1.200 clienti``."""
    word = plural(guard, number, one, many)
    guard.text(len(word) + 200)
    return f"{_how_many(number):,} {word}".replace(",", ".")


def article(guard: Guard, noun: Value, gender: Value = "m", number: Value = 1) -> str:
    """Return a noun with its definite article: ``lo studio``, ``l'azienda``, ``gli amici``, ``le aziende``."""
    word, female, one = _word(noun), gender_of(gender) == "f", _how_many(number) == 1
    guard.text(len(word) + 4)
    vowel = word[:1].lower() in _VOWELS and not re.match(r"i[aeiou]", word, re.IGNORECASE)
    if vowel and one:
        return f"l'{word}"
    if female:
        return f"{'la' if one else 'le'} {word}"
    if vowel or _IMPURE.match(word):
        return f"{'lo' if one else 'gli'} {word}"
    return f"{'il' if one else 'i'} {word}"


def greeting(guard: Guard, whom: Value) -> str:
    """Return how a letter begins: ``Egregio signor Rossi``, ``Gentile dott.ssa Bianchi``, ``Spettabile Metropolis spa``.

    Takes a contact person (``title``, ``first_name``, ``last_name``, ``gender``), or a company (``name``).
    """
    if type(whom) is not Record:
        refuse("greeting", whom)
    fields = {name: _field(whom, name) for name in ("title", "first_name", "last_name", "name")}
    guard.text(sum(map(len, fields.values())) + 20)
    if not fields["last_name"]:
        if not fields["name"]:
            raise Fault(_NOBODY)
        return f"Spettabile {fields['name']}"
    gender = gender_of(whom)
    title = fields["title"] or {"m": "signor", "f": "signora"}.get(gender, fields["first_name"])
    opening = "Egregio" if gender == "m" else "Gentile"
    return " ".join(word for word in (opening, title, fields["last_name"]) if word)


def _field(record: Record, name: str) -> str:
    value = record.fields.get(name)
    return value.strip() if type(value) is str else ""


def _word(value: Value) -> str:
    if type(value) is not str:
        refuse("una parola", value)
    return str(value)


def _how_many(value: Value) -> int:
    if type(value) in {list, tuple}:
        return len(value)
    if type(value) is not int:
        refuse("un conteggio", value)
    return int(value)
