"""What imports are made of: dialects, mappings, and what rows become."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import attrs

from crmcore import CrmError, Problem
from crmcore_quality.importing.codes import CODES

_BY_CODE: Final = {code.code: code for code in CODES}


class ImportRefused(CrmError, ValueError):
    """Raised when a file or a mapping cannot be imported; nothing was written."""

    default_code = "QUALITY_IMPORT_FORMAT"

    def text(self, lang: str = "it") -> str:
        """Return the message in "it" or "en"."""
        return "\n".join(problem.line(lang) for problem in self.problems)


def refusal(code: str, **params: object) -> ImportRefused:
    """Return the error of one of the plugin's codes."""
    return ImportRefused(code, [problem(code, **params)])


def problem(code: str, **params: object) -> Problem:
    """Return a problem of one of the plugin's codes."""
    return Problem(code=code, params=params, plugin="quality", template=_BY_CODE[code])


class Policy(enum.StrEnum):
    """What happens to a row whose keys an account has already."""

    UPDATE = "update"
    SKIP = "skip"
    NEW = "new"
    REVIEW = "review"


class Replace(enum.StrEnum):
    """What a column does to the value of an account that is already there; an empty cell never does anything."""

    ALWAYS = "always"
    EMPTY = "empty"
    NEVER = "never"


class Outcome(enum.StrEnum):
    """What becomes of a row."""

    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    REVIEW = "review"


class Number(str):
    """A cell that the file has as a number: its digits with a point, whatever the dialect says of text."""

    __slots__ = ()


class Day(str):
    """A cell that the file has as a date: in ISO form."""

    __slots__ = ()


@attrs.frozen(kw_only=True)
class Dialect:
    """How a file is written; what is empty is found out from the file.

    ``header`` is the number of the line with the headings; ``decimal`` is the decimal sign, ``dates`` the order of day, month and year in
    text.
    """

    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header: int = 0
    decimal: str = ","
    dates: str = "dmy"

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Return the dialect of a checked mapping."""
        return cls(**{key: value for key, value in data.items() if value is not None})


@attrs.frozen(kw_only=True)
class Target:
    """What one column of a list becomes.

    ``field`` is a field of the account, of its site (``street``, ``address``, …), ``portfolio`` or ``portfolio.2``, ``key.<source>`` for a
    key of another system, or ``c.<key>`` for a characteristic. ``values`` translates what the list says (None: as if empty); ``default``
    fills an empty cell of a new account.
    """

    column: str
    field: str
    values: Mapping[str, Any] = attrs.field(factory=dict)
    default: str = ""
    replace: Replace = attrs.field(default=Replace.ALWAYS, converter=Replace)


@attrs.frozen(kw_only=True)
class Structure:
    """A mapping: which column becomes what, what tells that a row is already there, and what happens then."""

    name: str
    label: Mapping[str, str] = attrs.field(factory=dict)
    columns: tuple[Target, ...]
    keys: tuple[str, ...] = ("phone",)
    policy: Policy = attrs.field(default=Policy.UPDATE, converter=Policy)
    portfolio: Mapping[str, str] = attrs.field(factory=dict)
    kind: str = "business"
    site: str = "legal"
    characteristics: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    dialect: Dialect = attrs.field(factory=Dialect)

    def data(self) -> dict[str, Any]:
        """Return it as plain JSON values: the form of the files, and of the database."""
        found = attrs.asdict(self, recurse=False)
        found["columns"] = {
            each.column: {"field": each.field, "values": dict(each.values), "default": each.default, "replace": each.replace.value}
            for each in self.columns
        }
        found["dialect"] = attrs.asdict(self.dialect)
        found |= {"keys": list(self.keys), "policy": self.policy.value, "portfolio": dict(self.portfolio), "label": dict(self.label)}
        found["characteristics"] = {key: dict(value) for key, value in self.characteristics.items()}
        del found["name"]
        return found

    @classmethod
    def of(cls, name: str, data: Mapping[str, Any]) -> Self:
        """Return the mapping that its plain values mean."""
        given = dict(data)
        given["columns"] = tuple(Target(column=column, **values) for column, values in data["columns"].items())
        given["dialect"] = Dialect.of(data.get("dialect") or {})
        given["keys"] = tuple(data.get("keys", ("phone",)))
        return cls(name=name, **given)

    def target(self, field: str) -> Target | None:
        """Return the first column that becomes a field."""
        return next((each for each in self.columns if each.field == field), None)


@attrs.frozen
class Line:
    """A row of a file: the number of its line, and its cells."""

    number: int
    cells: Sequence[str]


@attrs.frozen(kw_only=True)
class Summary:
    """How far an import is, and what it counted.

    ``counts`` are rows by outcome, ``read`` their sum; ``fields`` is how many fields of accounts that were there changed, ``values`` how
    many characteristic values were written, by key; ``warnings`` is how many cells were left out.
    """

    id: int
    state: str
    file: str
    position: int
    total: int
    read: int
    counts: Mapping[str, int]
    fields: int
    warnings: int
    values: Mapping[str, int]
    portfolios: Mapping[str, int]


@attrs.frozen(kw_only=True)
class ReportRow:
    """One line of a report: a row, or a cell of it."""

    line: int
    outcome: str
    account_id: int | None
    first_line: int | None
    code: str
    column: str
    value: str
    message: str
