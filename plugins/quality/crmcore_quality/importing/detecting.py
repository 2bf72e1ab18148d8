"""Propose a mapping for a list: by the headings, and by what the cells look like. A person confirms it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from crmcore_italy import normalise_email, normalise_fiscal, normalise_vat

from crmcore_quality.importing import cells
from crmcore_quality.importing.sources import Source
from crmcore_quality.importing.values import Dialect, Line, Structure, Target

SAMPLE: Final = 500
_ENOUGH: Final = 0.8
"""Of the cells that are filled."""
_FEW: Final = 12
"""Distinct values up to which a column is a choice worth showing, and no free text."""

_HEADINGS: Final[Mapping[str, str]] = {
    "name": r"ragione sociale|denominazione|nominativo|azienda|cliente|intestatario|ditta|nome( e cognome)?|cognome( e nome)?|"
    r"company( name)?|name",
    "phone": r"(tel(efono)?|cell(ulare)?|mobile|phone|recapito)( ?(1|2|3|fisso|mobile|ufficio|casa))?\.?|numero( di)? telefono|"
    r"n\.? ?tel(efono)?",
    "email": r"e-?mail|posta elettronica|mail|indirizzo e-?mail",
    "pec": r"pec|posta certificata|indirizzo pec",
    "vat_code": r"p\.? ?iva|partita iva|vat( (code|number|no))?",
    "fiscal_code": r"c\.? ?f\.?|cod(ice|\.)? ?fisc(ale|\.)?|tax code",
    "recipient_code": r"(codice )?sdi|codice destinatario|codice univoco",
    "address": r"indirizzo|via|address|indirizzo( completo)?|sede( legale)?",
    "street": r"toponimo e via|strada",
    "civic": r"(n(umero|\.)? ?)?civico",
    "postcode": r"c\.?a\.?p\.?|postal code|zip( code)?|postcode",
    "municipality": r"citt[aà]'?|comune|localit[aà]'?|city|town",
    "province": r"prov(incia|\.)?|pr\.?|province",
    "country": r"nazione|paese|country",
    "web": r"(sito )?web|sito( internet)?|website|url",
    "ateco": r"(codice )?ateco",
    "portfolio": r"portafoglio|portfolio",
    "notes": r"note|annotazioni|notes|osservazioni",
}
_PATTERNS: Final = {field: re.compile(pattern) for field, pattern in _HEADINGS.items()}
_DIGITS: Final = re.compile(r"[^a-z0-9]+")


def propose(source: Source, known: Mapping[str, Any], name: str = "proposta") -> Structure:
    """Return a mapping for a list; ``known`` are the characteristics that exist, by key, with their definitions.

    Columns that look like nothing known become characteristics that the import defines on the way.
    """
    sample = list(islice(source.rows(), SAMPLE))
    targets: list[Target] = []
    created: dict[str, dict[str, Any]] = {}
    labels = {_plain(text): key for key, each in known.items() for text in (each.spec.label.it, each.spec.label.en) if text}
    dialect = _dialect(source, sample)
    taken: set[str] = set()
    for place, column in enumerate(source.columns):
        texts = [line.cells[place].strip() if type(line.cells[place]) is str else line.cells[place] for line in sample]
        filled = [text for text in texts if not cells.is_nothing(text)]
        field = _field(column, filled, taken)
        if field is None and not filled:
            continue
        if field is None:
            key = labels.get(_plain(column)) or labels.get(_plain(_unit(column)[0])) or _key(column, {*known, *created})
            field = f"c.{key}"
            if key not in known:
                created[key] = _definition(column, filled, dialect)
        taken.add(field)
        targets.append(Target(column=column, field=field))
    found = {target.field for target in targets}
    keys = tuple(field for field in ("phone", "vat_code", "fiscal_code", "email") if field in found)[:1]
    return Structure(
        name=name,
        label={"it": source.survey.path.stem, "en": ""},
        columns=tuple(targets),
        keys=keys,
        portfolio={"1": "GENERICO"},
        characteristics=created,
        dialect=dialect,
    )


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())


def _field(column: str, filled: Sequence[str], taken: set[str]) -> str | None:
    """Return the field that a column is: by its heading, else by its cells where these leave no doubt."""
    plain = _plain(column)
    for field, pattern in _PATTERNS.items():
        if pattern.fullmatch(plain) and (field not in taken or field == "phone"):
            return field
    for field, test in _LOOKS.items():
        if field not in taken and filled and _share(filled, test) >= _ENOUGH:
            return field
    return None


def _share(filled: Sequence[str], test: Callable[[str], Any]) -> float:
    return sum(_passes(text, test) for text in filled) / len(filled)


def _passes(text: str, test: Callable[[str], Any]) -> bool:
    try:
        test(text)
    except ValueError:
        return False
    return True


def _only_long(text: str) -> None:
    normalise_fiscal(text if len(text) == 16 else "")  # noqa: PLR2004 - a person's: eleven digits may be a VAT code


def _vat(text: str) -> None:
    normalise_vat(text if len(text) >= 11 else "")  # noqa: PLR2004 - with all its zeros


_LOOKS: Final[Mapping[str, Callable[[str], Any]]] = {"email": normalise_email, "fiscal_code": _only_long, "vat_code": _vat}


def _dialect(source: Source, sample: Sequence[Line]) -> Dialect:
    """Find the decimal sign and the order of dates by what can only be read in one way."""
    import attrs  # noqa: PLC0415 - for one call

    found = source.dialect
    texts = [cell.strip() for line in sample for cell in line.cells if type(cell) is str]
    comma = sum(bool(re.fullmatch(r"-?[0-9.]*[0-9],[0-9]{1,2}", text)) for text in texts)
    point = sum(bool(re.fullmatch(r"-?[0-9,]*[0-9]\.[0-9]{1,2}", text)) for text in texts)
    american = sum(bool(re.fullmatch(r"[0-9]{1,2}[/-](1[3-9]|2[0-9]|3[01])[/-][0-9]{4}", text)) for text in texts)
    european = sum(bool(re.fullmatch(r"(1[3-9]|2[0-9]|3[01])[/.-][0-9]{1,2}[/.-][0-9]{4}", text)) for text in texts)
    return attrs.evolve(found, decimal="." if point > comma else ",", dates="mdy" if american > european else "dmy")


def _definition(column: str, filled: Sequence[str], dialect: Dialect) -> dict[str, Any]:
    """Propose a characteristic for a column."""
    label, unit = _unit(column)
    found: dict[str, Any] = {"label": {"it": label, "en": ""}, "type": _type(filled, dialect)}
    return {**found, "unit": unit} if unit else found


def _unit(column: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.+?)\s*[(\[]([^()\[\]]{1,12})[)\]]", column)
    return (match[1], match[2]) if match else (column, "")


def _type(filled: Sequence[str], dialect: Dialect) -> str:
    distinct = set(filled)
    if len(distinct) <= _FEW and all(_passes(text, cells.to_flag) for text in distinct):
        return "flag"
    if _share(filled, lambda text: cells.to_date(text, dialect)) >= _ENOUGH:
        return "date"
    # Zeros in front belong to a code, and are no number.
    if not any(re.fullmatch(r"0[0-9]+", text) for text in distinct):
        if _share(filled, lambda text: cells.to_integer(text, dialect)) >= _ENOUGH and not any("," in text for text in distinct):
            return "integer"
        if _share(filled, lambda text: cells.to_number(text, dialect)) >= _ENOUGH:
            return "decimal"
    return "text"


def _key(column: str, taken: set[str]) -> str:
    """Return a key for a characteristic, made of its heading."""
    import unicodedata  # noqa: PLC0415 - for one call

    plain = unicodedata.normalize("NFKD", _unit(column)[0].casefold()).encode("ascii", "ignore").decode()
    stem = _DIGITS.sub("_", plain).strip("_")[:50] or "colonna"
    stem = stem if stem[0].isalpha() else f"c_{stem}"
    found, number = stem, 1
    while found in taken:
        number += 1
        found = f"{stem}_{number}"
    return found
