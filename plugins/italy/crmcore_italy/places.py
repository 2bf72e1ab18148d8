"""Normalise and judge municipalities, provinces and postcodes, each for itself and together (I-9)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from crmcore import Label
from crmcore.accounts import PROVINCE_OF_ISTAT, PROVINCES_OF_POSTCODE
from crmcore_italy.cleaning import compact, digits_only, fold, text_of
from crmcore_italy.gazetteer import Gazetteer, Municipality, key_of
from crmcore_italy.lists import ISTAT_DIGITS, province_names, shipped
from crmcore_italy.standing import Standing, Verdict

PROVINCE_EXPECTED: Final = Label("la sigla o il nome di una provincia", "the code or name of a province")
POSTCODE_EXPECTED: Final = Label("un CAP di 5 cifre, di una zona che esiste", "a postcode of 5 digits, of a zone that exists")
MUNICIPALITY_EXPECTED: Final = Label(
    "un comune: il codice ISTAT, o il nome, con la provincia se più comuni lo portano",
    "a municipality: its ISTAT code, or its name, with the province where several have it",
)
_POSTCODE_DIGITS: Final = 5
_FEWEST_DIGITS: Final = 3
"""A postcode that lost more zeros than this leaves would be of no province: 00010 to 00199 are Rome's."""
_LARGEST_PROVINCE: Final = 199
"""ISTAT's numbers of provinces; from 201 on they are metropolitan cities, which municipalities' codes do not begin with."""

# Codes that provinces had until 1999, and names that are written shorter.
_RENAMED: Final = {"PS": "PU", "FO": "FC"}
_SHORT_NAMES: Final = {
    "aosta": "AO",
    "valle d aosta": "AO",
    "bolzano": "BZ",
    "forli": "FC",
    "massa": "MS",
    "monza": "MB",
    "monza brianza": "MB",
    "pesaro urbino": "PU",
    "pesaro": "PU",
    "reggio calabria": "RC",
    "reggio emilia": "RE",
    "verbania": "VB",
    "andria": "BT",
    "barletta": "BT",
}
_WITH_PROVINCE: Final = re.compile(
    r"(?P<name>.+?)(?:\s*[(\[]\s*(?P<bracketed>[A-Za-z]{2})\s*[)\]]|\s*[,/-]\s*(?P<behind>[A-Za-z]{2})|\s+(?P<bare>[A-Z]{2}))"
)
_BELFIORE: Final = re.compile(r"[A-Z][0-9]{3}")


@lru_cache(maxsize=1)
def _province_by_name() -> dict[str, str]:
    return {fold(name): code for code, name in province_names().items()} | _SHORT_NAMES


def normalise_province(value: object) -> str:
    """Return the two letters of a province, given by them or by its name; ``PS`` and ``FO`` become ``PU`` and ``FC``.

    Raises:
        ValueError: for what is on no list, of today or, in Sardinia, of 2005 to 2016.
    """
    text = text_of(value, PROVINCE_EXPECTED)
    code = compact(text.strip("()[] "))
    code = _RENAMED.get(code, code)
    if code in province_names() or code in PROVINCE_OF_ISTAT.values():
        return code
    found = _province_by_name().get(fold(text).removeprefix("provincia di "))
    if found is None:
        raise ValueError(PROVINCE_EXPECTED)
    return found


def display_province(stored: object) -> str:
    """Return a province by its name, or by its letters where it is no more."""
    return province_names().get(str(stored), str(stored))


def normalise_postcode(value: object) -> str:
    """Return five digits, with the zeros that a spreadsheet took away.

    Raises:
        ValueError: for another form, and for a zone that does not exist.
    """
    code = compact(text_of(value, POSTCODE_EXPECTED))
    code = re.sub(r"^(?:CAP|IT|I)(?=[0-9])", "", code)
    if digits_only(code) and _FEWEST_DIGITS <= len(code) < _POSTCODE_DIGITS:
        code = code.zfill(_POSTCODE_DIGITS)
    if not digits_only(code) or len(code) != _POSTCODE_DIGITS or code[:2] not in PROVINCES_OF_POSTCODE:
        raise ValueError(POSTCODE_EXPECTED)
    return code


def normalise_municipality(value: object) -> str:
    """Return the ISTAT code of a municipality, given by that, its land registry code, or its name as ``Castro (BG)``.

    A code that the list does not have is kept, because lists are older than reality (`judge_municipality` tells). A former name that only
    one living municipality had is that one.

    Raises:
        ValueError: for names that are unknown, that several municipalities have, or whose municipality has no code on the list.
    """
    verdict = judge_municipality(value, shipped())
    if not verdict.possible or not digits_only(verdict.value):
        raise ValueError(verdict.reason)
    return verdict.value


def display_municipality(stored: object) -> str:
    """Return the name and province of an ISTAT code, or the code where the list does not have it."""
    found = shipped().by_istat(str(stored))
    return found.text() if found is not None else str(stored)


def judge_municipality(value: object, gazetteer: Gazetteer) -> Verdict:
    """Say which municipality is meant, and whether it is known, has ceased, is unknown to the list, or cannot be one."""
    try:
        text = text_of(value, MUNICIPALITY_EXPECTED)
    except ValueError:
        return Verdict(Standing.WRONG, str(value), MUNICIPALITY_EXPECTED)
    if digits_only(text):
        return _judge_code(text, gazetteer)
    if _BELFIORE.fullmatch(text.upper()):
        found = gazetteer.by_belfiore(text.upper())
        return _found([found], text) if found is not None else _unknown(text, gazetteer)
    name, province = split_province(text)
    found_named = gazetteer.named(name, province)
    if not found_named and province:
        # «Trani BA»: a province of before 2004, or one that is wrong; the name says which it is if nobody else has it.
        found_named = gazetteer.heirs(gazetteer.once_named(name, province))
    if not found_named:
        return _judge_former(name, province, gazetteer)
    return _found(list(found_named), text)


def split_province(text: str) -> tuple[str, str]:
    """Return a name and the province behind it, in brackets, after a comma or dash, or in capitals; empty where there is none."""
    found = _WITH_PROVINCE.fullmatch(text)
    if found is not None:
        code = (found["bracketed"] or found["behind"] or found["bare"]).upper()
        code = _RENAMED.get(code, code)
        if code in PROVINCE_OF_ISTAT.values():
            return found["name"], code
    return text, ""


def _judge_code(code: str, gazetteer: Gazetteer) -> Verdict:
    padded = code.zfill(ISTAT_DIGITS) if len(code) in {4, 5} else code
    wrong = len(padded) != ISTAT_DIGITS or not 0 < int(padded[:3]) <= _LARGEST_PROVINCE or padded.endswith("000")
    if wrong:
        return Verdict(Standing.WRONG, code, MUNICIPALITY_EXPECTED)
    found = gazetteer.by_istat(padded)
    return _found([found], code) if found is not None else _unknown(padded, gazetteer)


def _judge_former(name: str, province: str, gazetteer: Gazetteer) -> Verdict:
    former = gazetteer.once_named(name, province)
    heirs = gazetteer.heirs(former)
    if heirs:
        return _found(list(heirs), name)
    if former:
        until = former[0].until.isoformat()
        return Verdict(
            Standing.CEASED,
            name,
            Label(f"{former[0].name} ha cessato di esistere il {until}", f"{former[0].name} ceased to exist on {until}"),
        )
    return _unknown(name, gazetteer)


def _found(found: list[Municipality], given: str) -> Verdict:
    living = [each for each in found if each.ceased is None] or found
    if len(living) > 1:
        names = ", ".join(sorted(each.text() for each in living))
        reason = Label(f"anche la provincia: può essere {names}", f"the province as well: it can be {names}")
        return Verdict(Standing.AMBIGUOUS, given, reason)
    [one] = living
    if one.ceased is not None:
        until = one.ceased.isoformat()
        reason = Label(f"{one.text()} ha cessato di esistere il {until}", f"{one.text()} ceased to exist on {until}")
        return Verdict(Standing.CEASED, one.istat or given, reason)
    if not one.istat:
        reason = Label(
            f"{one.text()}, di cui l'elenco non ha ancora il codice ISTAT", f"{one.text()}, whose ISTAT code is not on the list yet"
        )
        return Verdict(Standing.UNKNOWN, one.belfiore, reason)
    return Verdict(Standing.KNOWN, one.istat, Label(one.text(), one.text()))


def _unknown(given: str, gazetteer: Gazetteer) -> Verdict:
    day = gazetteer.listed_on.isoformat() if gazetteer.listed_on is not None else "—"
    reason = Label(
        f"un comune dell'elenco ISTAT del {day}: {given} non vi si trova", f"a municipality on ISTAT's list of {day}: {given} is not on it"
    )
    return Verdict(Standing.UNKNOWN, given, reason)


def judge_postcode(value: object, gazetteer: Gazetteer) -> Verdict:
    """Say whether a postcode is known; without a file of postcodes all that have the right form are unknown."""
    try:
        code = normalise_postcode(value)
    except ValueError:
        return Verdict(Standing.WRONG, str(value), POSTCODE_EXPECTED)
    if gazetteer.of_postcode(code):
        return Verdict(Standing.KNOWN, code, Label("nell'elenco", "on the list"))
    if gazetteer.postcodes:
        return Verdict(Standing.UNKNOWN, code, Label("non è nell'elenco dei CAP", "not on the list of postcodes"))
    return Verdict(Standing.UNKNOWN, code, Label("manca un elenco dei CAP", "there is no list of postcodes"))


def find_municipality(name: str, gazetteer: Gazetteer, *, province: str = "", postcode: str = "") -> tuple[Municipality, ...]:
    """Return the living municipalities that a name in an address can mean, homonyms told apart by province and postcode.

    One is the answer; several need to be asked about, and none is unknown.
    """
    found = gazetteer.named(name, province) or gazetteer.heirs(gazetteer.once_named(name, province))
    living = tuple(each for each in found if each.ceased is None)
    if postcode and len(living) > 1:
        provinces = PROVINCES_OF_POSTCODE.get(postcode[:2], frozenset())
        living = tuple(each for each in living if each.province in provinces) or living
    if postcode and gazetteer.postcodes and len(living) > 1:
        living = tuple(each for each in living if postcode in gazetteer.postcodes.get(each.istat, ())) or living
    return living


def same_place(one: str, other: str) -> bool:
    """Return whether two names are of one place as far as their spelling goes."""
    return key_of(one) == key_of(other)
