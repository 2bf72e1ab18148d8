"""Read Italian addresses as people write them, and write them in one form (D01, D05, I-9).

A part that is not recognised stays where it was: in the street's name. Nothing is thrown away but punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

from crmcore import Label
from crmcore_italy.cleaning import fold, text_of, tidy
from crmcore_italy.names import capitalise, mend_accents
from crmcore_italy.places import split_province
from crmcore_italy.toponyms import HAMLET, HAMLETS, ROADS, START, expand, kind_of

EXPECTED: Final = Label(
    "un indirizzo, come Via Roma 1, 36061 Bassano del Grappa (VI)", "an address, such as Via Roma 1, 36061 Bassano del Grappa (VI)"
)

NO_NUMBER: Final = "snc"
"""What stands for the number of a house that has none: *senza numero civico*."""


@attrs.frozen(kw_only=True)
class Address:
    """An address in its parts; each is empty where it was not given.

    ``civic`` is the number with what belongs to it, ``12/A``, ``12 bis``, ``12/14``, or ``snc``; ``km`` is ``12+300``.
    """

    toponym: str = ""
    street: str = ""
    civic: str = ""
    km: str = ""
    building: str = ""
    stair: str = ""
    floor: str = ""
    unit: str = ""
    hamlet: str = ""
    care_of: str = ""
    postcode: str = ""
    municipality: str = ""
    province: str = ""

    def line(self) -> str:
        """Return kind, name and number of the street: ``Via Roma 12/A``."""
        return " ".join(part for part in (self.toponym, self.street, f"km {self.km}" if self.km else "", self.civic) if part)

    def text(self) -> str:
        """Return the address in one line, which reads as the same address again."""
        details = (
            f"c/o {self.care_of}" if self.care_of else "",
            self.line(),
            f"edificio {self.building}" if self.building else "",
            f"scala {self.stair}" if self.stair else "",
            f"piano {self.floor}" if self.floor else "",
            f"int. {self.unit}" if self.unit else "",
            self.hamlet,
        )
        province = f"({self.province})" if self.province else ""
        town = " ".join(part for part in (self.postcode, self.municipality, province) if part)
        return ", ".join(part for part in (*details, town) if part)

    def key(self) -> str:
        """Return what two spellings of one house share: the street's name without kind, initials and saints' gender, and the number."""
        number = re.match(r"[0-9]+", self.civic)
        return " ".join(part for part in (street_key(self.street), number[0] if number else self.km) if part)

    def as_site(self) -> Mapping[str, str | None]:
        """Return the fields of a site; what a site has no field for stays with the street's number."""
        inside = ", ".join(
            f"{word} {part}"
            for word, part in (("edificio", self.building), ("scala", self.stair), ("piano", self.floor), ("int.", self.unit))
            if part
        )
        street = " ".join(part for part in (self.toponym, self.street, f"km {self.km}" if self.km else "") if part)
        return {
            "street": street or None,
            "civic": ", ".join(part for part in (self.civic, inside) if part) or None,
            "hamlet": self.hamlet or None,
            "postcode": self.postcode or None,
            "municipality": self.municipality or None,
            "province": self.province or None,
        }


_TOWN: Final = re.compile(r"(?:^|[\s,;-]+)(?:I(?:T)?\s*-\s*|CAP\s+)?(?P<postcode>[0-9]{5})\b[\s,-]*(?P<town>[^\d,;]*?)\s*$", re.IGNORECASE)
_TOWN_ONLY: Final = re.compile(r"\s*[,;-]\s*(?P<town>[^\d,;()]+\s*\([A-Za-z]{2}\))\s*$")
_NUMBER_FIRST: Final = re.compile(r"(?P<civic>[0-9]{1,5}(?:\s*[/-]?\s*[A-Za-z])?)\s*,\s*(?P<rest>.+)")
_ZONE_FIRST: Final = re.compile(
    r"(?P<zone>z\.?\s?i\.?|zona\s+ind(?:ustriale|\.)?)\s*[,-]?\s*(?=(?:via|viale|v\.le|strada|corso)\b)", re.IGNORECASE
)
_CARE_OF: Final = re.compile(r"(?:^|[\s,-]+)(?:c/o|presso)\s+(?P<who>[^,]+?)\s*(?:,\s*|$)", re.IGNORECASE)
_KM: Final = re.compile(
    r"[\s,-]*\b(?:al\s+)?(?:km|chilometro)\.?\s*(?P<km>[0-9]{1,3})(?:\s*[+,.]\s*(?P<metres>[0-9]{1,3}))?(?![\w+])", re.IGNORECASE
)
_ROMAN_FLOOR: Final = r"[0-9]{1,2}°?|[ivx]{1,4}°?|terra|rialzato|ammezzato|seminterrato|primo|secondo|terzo|quarto|quinto"
_DETAILS: Final[Mapping[str, re.Pattern[str]]] = {
    "unit": re.compile(r"[\s,;-]*\b(?:interno|int)\b\.?\s*(?P<value>[0-9]{1,4}\s?[A-Z]?|[A-Z])(?!\w)", re.IGNORECASE),
    "stair": re.compile(r"[\s,;-]*\b(?:scala|sc)\b\.?\s*(?P<value>[0-9]{1,2}|[A-Z])(?!\w)", re.IGNORECASE),
    "floor": re.compile(
        rf"[\s,;-]*\b(?:piano\s+(?P<value>{_ROMAN_FLOOR})|(?P<before>[0-9]{{1,2}}°|[ivx]{{1,4}}°?)\s+piano)(?!\w)", re.IGNORECASE
    ),
    "building": re.compile(
        r"[\s,;-]*\b(?:edificio|edif|palazzina|pal|blocco|lotto|torre)\b\.?\s+(?P<value>[0-9]{1,3}|[A-Z][0-9]?)(?!\w)", re.IGNORECASE
    ),
}
_NO_NUMBER: Final = re.compile(r"[\s,]+(?:s\.?\s?n\.?\s?c\.?|s\.\s?n\.|s/n|sn|senza\s+n(?:umero|\.)?(?:\s+civico)?)\s*$", re.IGNORECASE)
_CIVIC: Final = re.compile(
    r"(?:[\s,]+|^)(?:n(?:[.°ºr]+|um\.?|umero|ro\.?)?\s*)?(?P<number>[0-9]{1,5})"
    r"(?:\s*[/-]?\s*(?P<word>bis|ter|quater|quinquies)|\s*[/-]\s*(?P<second>[0-9]{1,5}\s?[a-z]?|[a-z][0-9]{0,2})|\s?(?P<letter>[a-z]))?"
    r"(?P<more>(?:\s*/\s*[0-9a-z]{1,3})*)\s*$",
    re.IGNORECASE,
)
_ROAD: Final = re.compile(r"(?:n(?:[.°º]+)?\s*)?(?P<number>[0-9]{1,4})\s*(?P<letter>(?:bis|ter|[a-z])(?!\w))?(?P<name>.*)", re.IGNORECASE)
_ROMAN: Final = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})")
_VALUE: Final = {"i": 1, "v": 5, "x": 10}
_NUMERALS: Final = {"primo": "1", "quattro": "4", "venticinque": "25", "venti": "20", "otto": "8", "due": "2"}
_MONTHS: Final = frozenset(
    {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"}
)


def read_address(text: str) -> Address:
    """Return the parts of an address in one line."""
    rest = tidy(text).strip(" ,;-")
    found: dict[str, str] = {}
    for step in (_take_town, _take_care_of, _take_number_first, _take_details, _take_hamlet, _take_no_number, _take_street):
        rest = step(rest, found)
    return Address(**found)


def normalise_address(value: object) -> str:
    """Return an address in one line, in one form.

    Raises:
        ValueError: for what is no text.
    """
    return read_address(text_of(value, EXPECTED)).text() or _refuse()


def _refuse() -> str:
    raise ValueError(EXPECTED)


def street_key(street: str) -> str:
    """Return what spellings of a street's name share: no initials, one saint, numbers in digits (XXIV = 24), «F.lli» in full."""
    words = fold(expand(street)).split()
    kept = []
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        if word in {"s", "san", "santo", "santa", "sant", "ss", "santi"}:
            kept.append("san")
        elif word in _NUMERALS and following in _MONTHS:
            kept.append(_NUMERALS[word])
        elif _ROMAN.fullmatch(word) and (len(word) > 1 or following in _MONTHS):
            kept.append(str(_arabic(word)))
        elif len(word) > 1 or word.isdigit():
            kept.append(word)
    return " ".join(kept)


def _arabic(roman: str) -> int:
    values = [_VALUE[letter] for letter in roman]
    return sum(-value if value < max(values[place:]) else value for place, value in enumerate(values))


def _take_town(rest: str, found: dict[str, str]) -> str:
    match = _TOWN.search(rest)
    if match is None:
        match = _TOWN_ONLY.search(rest)
        if match is None:
            return rest
    else:
        found["postcode"] = match["postcode"]
    town, province = split_province(match["town"].strip(" ,-"))
    if not province and (alone := re.fullmatch(r"\(?([A-Z]{2})\)?", town)):
        town, province = "", alone[1]
    found["municipality"] = _written(town)
    found["province"] = province
    return rest[: match.start()].strip(" ,;-")


def _take_care_of(rest: str, found: dict[str, str]) -> str:
    match = _CARE_OF.search(rest)
    if match is None:
        return rest
    found["care_of"] = match["who"]
    return f"{rest[: match.start()]}, {rest[match.end() :]}".strip(" ,;-")


def _take_number_first(rest: str, found: dict[str, str]) -> str:
    """Put ``12, Via Roma`` and ``Z.I. Via dell'Artigianato 3`` in the usual order."""
    del found
    match = _NUMBER_FIRST.fullmatch(rest)
    if match is not None and START.match(match["rest"]):
        return f"{match['rest']}, {match['civic']}"
    match = _ZONE_FIRST.match(rest)
    return f"{rest[match.end() :]}, Zona Industriale" if match is not None else rest


def _take_details(rest: str, found: dict[str, str]) -> str:
    for part, pattern in _DETAILS.items():
        match = pattern.search(rest)
        # At the beginning it is the name itself: «Scala Santa», «Torre 3».
        if match is not None and match.start() > 0:
            value = match["value"] or match.groupdict().get("before") or ""
            found[part] = value.strip("° ").replace(" ", "").upper() if len(value) <= len("III°") else value.casefold()
            rest = f"{rest[: match.start()]}{_joint(rest[match.end() :])}".strip(" ,;-")
    match = _KM.search(rest)
    if match is not None:
        found["km"] = match["km"] + (f"+{match['metres'].ljust(3, '0')}" if match["metres"] else "")
        rest = f"{rest[: match.start()]}{_joint(rest[match.end() :])}".strip(" ,;-")
    return rest


def _joint(behind: str) -> str:
    behind = behind.lstrip(" ,;-")
    return f", {behind}" if behind else ""


def _take_hamlet(rest: str, found: dict[str, str]) -> str:
    if rest.endswith(", Zona Industriale"):
        found["hamlet"] = "Zona Industriale"
        return rest.removesuffix(", Zona Industriale")
    for match in HAMLET.finditer(rest):
        street = START.match(rest)
        before = rest[: match.start()].strip(" ,;-(")
        if before and street is not None:
            found["hamlet"] = f"{kind_of(match['kind'])} {_written(match['name'].strip())}"
            return f"{before}{_joint(rest[match.end() :].strip(' ,;-()'))}"
        behind = rest[match.end() :].lstrip(" ,;-")
        if not before and (other := START.match(behind)) and kind_of(other["kind"]) not in HAMLETS:
            found["hamlet"] = f"{kind_of(match['kind'])} {_written(match['name'].strip())}"
            return behind
    return rest


def _take_no_number(rest: str, found: dict[str, str]) -> str:
    match = _NO_NUMBER.search(rest)
    # «Rossi S.n.c.» is a company that got into the column of addresses, not a house without a number.
    if match is None or START.match(rest) is None:
        return rest
    found["civic"] = NO_NUMBER
    return rest[: match.start()].strip(" ,;-")


def _take_street(rest: str, found: dict[str, str]) -> str:
    start = START.match(rest)
    if start is not None:
        found["toponym"] = kind_of(start["kind"])
        rest = rest[start.end() :].strip(" ,;-")
    road = _ROAD.fullmatch(rest) if found.get("toponym") in ROADS else None
    number = ""
    if road is not None:
        number = road["number"] + (f" {road['letter'].casefold()}" if road["letter"] else "")
        rest = road["name"].strip(" ,;-")
    rest = _take_bare_hamlet(rest, found)
    civic = _CIVIC.search(rest) if "civic" not in found else None
    if civic is not None:
        found["civic"] = _civic(civic)
        rest = rest[: civic.start()]
    found["street"] = " ".join(part for part in (number, expand(_written(rest.strip(" ,;-"), inside=start is not None))) if part)
    return ""


def _take_bare_hamlet(rest: str, found: dict[str, str]) -> str:
    """Take what stands behind the number without saying what it is: ``Roma 3, Campese``."""
    head, comma, behind = rest.rpartition(",")
    if comma and "hamlet" not in found and not any(map(str.isdigit, behind)) and behind.strip() and _CIVIC.search(head):
        found["hamlet"] = _written(behind.strip())
        return head
    return rest


def _civic(match: re.Match[str]) -> str:
    number = match["number"].lstrip("0") or "0"
    if match["word"]:
        return f"{number} {match['word'].casefold()}{_more(match)}"
    second = match["second"] or match["letter"]
    return f"{number}/{second.replace(' ', '').upper()}{_more(match)}" if second else f"{number}{_more(match)}"


def _more(match: re.Match[str]) -> str:
    return re.sub(r"\s", "", match["more"] or "").upper()


def _written(text: str, *, inside: bool = False) -> str:
    return capitalise(mend_accents(text), inside=inside)
