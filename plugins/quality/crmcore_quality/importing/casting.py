"""From the cells of a row to the values of an account: translated, cast and normalised by field, once for each distinct text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from crmcore_italy import (
    normalise_email,
    normalise_fiscal,
    normalise_person,
    normalise_postcode,
    normalise_province,
    normalise_vat,
    read_address,
    read_company,
)

from crmcore import Label, Problem
from crmcore_quality.importing import cells
from crmcore_quality.importing.values import Line, Number, Structure, Target, problem

if TYPE_CHECKING:
    from crmcore import Session

ACCOUNT: Final = ("name", "email", "pec", "recipient_code", "vat_code", "fiscal_code", "ateco", "web", "language", "kind", "owner", "notes")
SITE: Final = ("address", "street", "civic", "hamlet", "postcode", "municipality", "province", "istat_code", "country")
_LONGEST_SHOWN: Final = 80
_REMEMBERED: Final = 20_000
"""Distinct texts of one column whose values are kept, so that memory does not grow with the file."""
_EXPECTED: Final = Label("un valore ammesso", "a value that is allowed")
_KINDS: Final = {"business": "business", "b2b": "business", "azienda": "business", "retail": "retail", "b2c": "retail", "privato": "retail"}


@attrs.define
class Values:
    """What a row says. ``given`` names the fields that a cell filled, and not a default."""

    line: int
    cells: Sequence[str]
    account: dict[str, Any] = attrs.field(factory=dict)
    phones: list[str] = attrs.field(factory=list)
    site: dict[str, str] = attrs.field(factory=dict)
    portfolios: dict[int, str] = attrs.field(factory=dict)
    keys: dict[str, str] = attrs.field(factory=dict)
    characteristics: dict[str, Any] = attrs.field(factory=dict)
    given: set[str] = attrs.field(factory=set)
    problems: list[tuple[str, str, Problem]] = attrs.field(factory=list)
    """Column, text of the cell, and what is wrong with it."""

    def key(self, field: str) -> list[str]:
        """Return the values of a field that tells who it is."""
        if field == "phone":
            return self.phones
        kind, _, name = field.partition(".")
        value = self.keys.get(name) if kind == "key" else self.characteristics.get(name) if kind == "c" else self.account.get(field)
        return [] if value is None else [str(value)]


@attrs.define
class _Column:
    """One column: where it stands, what it becomes, and the values that it had."""

    place: int
    target: Target
    convert: Callable[[str], Any]
    known: dict[str, Any] = attrs.field(factory=dict)

    # Whatever the field takes, or the error.
    def value(self, text: str) -> Any:  # noqa: ANN401
        """Return the value of a text, or the ValueError or Problem that it is."""
        # A number and a text of the same digits are not the same cell.
        key = text if type(text) is str else f"\0{type(text).__name__}{text}"
        if key not in self.known:
            if len(self.known) > _REMEMBERED:
                self.known.clear()
            self.known[key] = self._convert(text)
        return self.known[key]

    def _convert(self, text: str) -> Any:  # noqa: ANN401 - as above
        column = self.target.column
        if type(text) is str and cells.SCIENTIFIC.fullmatch(text):
            return problem("QUALITY_IMPORT_CELL_SCIENTIFIC", column=column, value=text)
        try:
            return self.convert(text)
        except ValueError as error:
            expected = error.args[0] if error.args and isinstance(error.args[0], Label) else _EXPECTED
            return problem("QUALITY_IMPORT_CELL", column=column, value=text[:_LONGEST_SHOWN], expected=expected)


class Caster:
    """Casts the rows of one file by one mapping."""

    def __init__(self, session: Session, structure: Structure, columns: Sequence[str]) -> None:
        self.structure = structure
        places = {column: number for number, column in enumerate(columns)}
        definitions = {each.key: each for each in session.characteristics.definitions()}
        self._columns = [
            _Column(places[target.column], target, self._converter(target, definitions)) for target in structure.columns if target.field
        ]

    def _converter(self, target: Target, definitions: Mapping[str, Any]) -> Callable[[str], Any]:
        kind, _, name = target.field.partition(".")
        if kind == "c":
            definition = definitions[name]
            convert = cells.converter_of(definition.spec, self.structure.dialect)
            return lambda text: definition.normalise(convert(text))
        return _CONVERTERS.get(kind, _tidy) if target.field != "name" else self._name

    def _name(self, text: str) -> str:
        plain = _tidy(text)
        if self.structure.kind == "retail":
            return normalise_person(plain)
        company = read_company(plain)
        # What is said behind the form («in liquidazione») belongs to the name that people know.
        return plain if company.remarks or company.owner or not company.form else company.text()

    def cast(self, line: Line) -> Values:
        """Return what a row says."""
        found = Values(line.number, line.cells)
        for column in self._columns:
            target, text = column.target, line.cells[column.place]
            stripped = text.strip() if type(text) is str else text
            mapped = _mapped(target, stripped)
            given = mapped is not None and not cells.is_nothing(mapped)
            if not given and not target.default:
                continue
            value = column.value(mapped if given and mapped is not None else target.default)
            if isinstance(value, Problem):
                found.problems.append((target.column, text[:_LONGEST_SHOWN], value))
                continue
            _put(found, target.field, value)
            if given:
                found.given.add(target.field)
        return found


def _mapped(target: Target, text: str) -> str | None:
    """Translate a text as the mapping says; None where it says that this means nothing."""
    if not target.values:
        return text
    if text in target.values:
        found = target.values[text]
    else:
        folded = {str(key).casefold(): value for key, value in target.values.items()}
        found = folded.get(text.casefold(), text)
    return None if found is None else str(found) if not isinstance(found, str) else found


# Any value of a field.
def _put(found: Values, field: str, value: Any) -> None:  # noqa: ANN401
    kind, _, name = field.partition(".")
    if kind == "phone":
        found.phones += [number for number in value if number not in found.phones]
    elif kind == "portfolio":
        found.portfolios[int(name or 1)] = value
    elif kind == "key":
        found.keys[name] = value
    elif kind == "c":
        found.characteristics[name] = value
    elif field == "address":
        found.site |= value
    elif field in SITE:
        found.site[field] = value
    else:
        found.account[field] = value


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _address(text: str) -> dict[str, str]:
    """Return the parts of an address in one line, and the line itself."""
    address = read_address(text)
    parts = {
        "raw": _tidy(text),
        "street": " ".join(part for part in (address.toponym, address.street) if part)[:200],
        "civic": address.civic[:30],
        "hamlet": address.hamlet[:120],
        "postcode": address.postcode,
        "municipality": address.municipality[:120],
        "province": address.province[:4],
    }
    return {key: value for key, value in parts.items() if value}


def _kind(text: str) -> str:
    found = _KINDS.get(text.casefold())
    if found is None:
        raise ValueError(Label("azienda o privato", "business or retail"))
    return found


def _upper(text: str) -> str:
    return _tidy(text).upper()


def _vat(text: str) -> str:
    return normalise_vat(str(text))


def _fiscal(text: str) -> str:
    return normalise_fiscal(text.zfill(11) if isinstance(text, Number) else str(text))


_CONVERTERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "phone": cells.to_phones,
    "email": normalise_email,
    "pec": normalise_email,
    "vat_code": _vat,
    "fiscal_code": _fiscal,
    "recipient_code": _upper,
    "country": _upper,
    "postcode": lambda text: normalise_postcode(str(text)),
    "province": lambda text: normalise_province(str(text)),
    "address": _address,
    "kind": _kind,
    "notes": str.strip,
}
