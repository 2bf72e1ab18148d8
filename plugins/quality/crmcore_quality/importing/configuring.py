"""Saved mappings in the files of a deployment: the section ``quality.imports``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore import Configurable, Label
from crmcore.hooks import Finding, Key, Scene, Step, Values
from crmcore.planning import Mapped, Plain, Rows, Text
from crmcore_quality.importing.checking import reasons
from crmcore_quality.importing.model import ImportMapping
from crmcore_quality.importing.values import Dialect, Policy, Replace, Structure

if TYPE_CHECKING:
    from crmcore import Entity, Session

_PARTS: Final[Mapping[str, Any]] = {
    "columns": {},
    "keys": ["phone"],
    "policy": "update",
    "portfolio": {},
    "kind": "business",
    "site": "legal",
    "characteristics": {},
    "dialect": {},
}
_TARGET: Final = {"values": {}, "default": "", "replace": Replace.ALWAYS.value}
_CHARACTERISTIC: Final = frozenset({"label", "type", "unit", "indexed", "choices"})
_UNKNOWN: Final = Label("un campo, o field, values, default e replace", "a field, or field, values, default and replace")
_DEFINED: Final = Label("label, type, unit, indexed e choices", "label, type, unit, indexed and choices")


@attrs.frozen(kw_only=True)
class Mappings(Rows):
    """Mappings by code; all that is not their label is one map."""

    def attributes(self, step: Step, names: Mapping[Any, Mapping[Key, int]]) -> dict[str, Any]:
        """Return the attributes, the map among them."""
        del names
        values = step.after.values if step.after else {}
        label = values["label"]
        return {
            "label_it": label["it"],
            "label_en": label["en"],
            "obsolete": values["obsolete"],
            "definition": {name: values[name] for name in _PARTS},
        }

    def make(self, step: Step, attributes: dict[str, Any]) -> Entity:
        """Return a new mapping."""
        return ImportMapping(code=step.key[0], **attributes)


def _part(name: str) -> Mapped:
    return Mapped(name, ("definition",), lambda row: dict(row.definition).get(name, _PARTS[name]), lambda _: {})


def _normalise(values: Values) -> Values:
    """Write every column and every part of the dialect in full, so that the same mapping is the same text."""
    columns: dict[str, Any] = {}
    for name, given in values["columns"].items():
        target = {"field": given} if isinstance(given, str) else dict(given)
        if "field" not in target or set(target) - {"field", *_TARGET} or target.get("replace", "always") not in set(Replace):
            raise ValueError(_UNKNOWN)
        columns[name] = {**_TARGET, **target}
    if any(not isinstance(each, Mapping) or set(each) - _CHARACTERISTIC for each in values["characteristics"].values()):
        raise ValueError(_DEFINED)
    found = {key: _with_label(each) for key, each in values["characteristics"].items()}
    given = {key: each for key, each in values["dialect"].items() if each is not None}
    portfolio = {str(number): code for number, code in values["portfolio"].items()}
    dialect = attrs.asdict(Dialect.of(given))
    return {**values, "columns": columns, "characteristics": found, "dialect": dialect, "portfolio": portfolio}


def _with_label(given: Mapping[str, Any]) -> dict[str, Any]:
    label = given.get("label")
    return {**given, "label": {"it": label, "en": ""}} if isinstance(label, str) else dict(given)


def _check(session: Session, scene: Scene) -> Iterable[Finding]:
    """Say what is wrong with the mappings of the files, in the light of the characteristics that the plan will leave."""
    there = {key[-1] for key in scene.after.get("characteristics", {}) if key[0] == "account"}
    there |= {each.key for each in session.characteristics.definitions()}
    for key in sorted(scene.given.get(MAPPINGS.name, ())):
        values = {name: scene.after[MAPPINGS.name][key].values[name] for name in _PARTS}
        structure = Structure.of(key[0], values)
        for field, reason in reasons(structure, there | structure.characteristics.keys()):
            yield Finding(key=key, field=field, reason=reason)


def _text(label: Label, help: str, **rules: Any) -> dict[str, Any]:  # noqa: A002, ANN401 - the word of schemas; rules of Cerberus
    return {"type": "string", "label": label, "help": help, **rules}


_LANGUAGES: Final = {
    "it": _text(Label("In italiano", "In Italian"), "The text in Italian.", required=True, empty=False, maxlength=120, example="Lista"),
    "en": _text(Label("In inglese", "In English"), "The text in English.", default="", maxlength=120),
}
_DIALECT: Final = {
    "format": _text(Label("Formato", "Format"), "`csv`, `jsonl`, `xlsx`, …; left out: what the file is.", default="", maxlength=10),
    "encoding": _text(Label("Codifica", "Encoding"), "As `cp1252`; left out: found out from the file.", default="", maxlength=40),
    "delimiter": _text(Label("Separatore", "Delimiter"), "One character; left out: found out from the file.", default="", maxlength=1),
    "sheet": _text(Label("Foglio o tabella", "Sheet or table"), "Left out: the first sheet that has rows.", default="", maxlength=200),
    "header": {
        "type": "integer",
        "min": 0,
        "default": 0,
        "label": Label("Riga delle intestazioni", "Line of the headings"),
        "help": "The number of the line; 0: found out from the file.",
    },
    "decimal": _text(Label("Segno decimale", "Decimal sign"), "Of numbers that are text.", allowed=[",", "."], default=","),
    "dates": _text(Label("Ordine delle date", "Order of dates"), "Of dates that are text.", allowed=["dmy", "mdy", "ymd"], default="dmy"),
}

MAPPINGS: Final = Configurable(
    name="quality.imports",
    label=Label("Strutture di importazione", "Import mappings"),
    help="How the columns of a list become accounts, by code: `crm quality detect FILE` proposes one.",
    fields={
        "label": {
            "type": "dict",
            "required": True,
            "schema": _LANGUAGES,
            "label": Label("Etichetta", "Label"),
            "help": "What people read; a bare text is the Italian one.",
        },
        "columns": {
            "type": "dict",
            "required": True,
            "keysrules": {"type": "string", "empty": False},
            "valuesrules": {"type": ["string", "dict"]},
            "example": {"Ragione sociale": "name", "Telefono": "phone"},
            "label": Label("Colonne", "Columns"),
            "help": "Heading → field of the account, or field with `values` (a translation), `default` and `replace`.",
        },
        "keys": {
            "type": "list",
            "schema": {"type": "string"},
            "default": ["phone"],
            "label": Label("Chiavi", "Keys"),
            "help": "What tells that a row is already there; the first key that an account has decides.",
        },
        "policy": _text(
            Label("Se c'è già", "When it is there"),
            "`update`, `skip`, `new`, or `review`: the row waits for a decision.",
            allowed=[each.value for each in Policy],
            default="update",
        ),
        "portfolio": {
            "type": "dict",
            "keysrules": {"type": ["integer", "string"]},
            "valuesrules": {"type": "string"},
            "default": {},
            "label": Label("Portafogli", "Portfolios"),
            "help": "The portfolio of new accounts in each business unit, where the row does not say one: `1: GENERICO`.",
        },
        "kind": _text(Label("Tipo", "Kind"), "Of new accounts.", allowed=["business", "retail"], default="business"),
        "site": _text(
            Label("Sede", "Site"),
            "The kind of site that the address is.",
            allowed=["legal", "operative", "delivery", "billing"],
            default="legal",
        ),
        "characteristics": {
            "type": "dict",
            "keysrules": {"type": "string", "regex": r"[a-z][a-z0-9_]{0,59}"},
            "valuesrules": {"type": "dict"},
            "default": {},
            "label": Label("Caratteristiche", "Characteristics"),
            "help": "What the import defines when it is not there: key → label, type, unit, choices.",
        },
        "dialect": {
            "type": "dict",
            "schema": _DIALECT,
            "default": {},
            "label": Label("Dialetto", "Dialect"),
            "help": "How the file is written; what is left out is found out from it.",
        },
        "obsolete": {
            "type": "boolean",
            "default": False,
            "label": Label("Obsoleta", "Obsolete"),
            "help": "Not offered any more.",
        },
    },
    after=("characteristics", "portfolios"),
    store=Mappings(entity=ImportMapping, columns=(Text("label"), *(_part(name) for name in _PARTS), Plain("obsolete"))),
    normalise=_normalise,
    check=_check,
)
