"""The customer's own key sets: how they are configured, and what they make of an account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import select

from crmcore import Configurable, Label, Session
from crmcore.hooks import Finding, Scene, Step
from crmcore.planning import Plain, Rows, Text
from crmcore_quality.matching.model import KeySet
from crmcore_quality.matching.normalisers import NORMALISERS
from crmcore_quality.matching.reading import OWN_FIELDS

if TYPE_CHECKING:
    from crmcore_quality.duplicates import Record, Schema

PREFIX: Final = "set:"
"""What the kinds of key sets start with: the names of the engine's own kinds have no colon."""
CHARACTERISTIC: Final = "c."
REBUILD: Final = "quality.rebuild_keys"
_OF_RECORD: Final = ("name", "vat_code", "fiscal_code", "phones", "emails", "street", "civic", "postcode", "municipality", "province")
KNOWN_FIELDS: Final = (*_OF_RECORD, *OWN_FIELDS)
"""What a key set may be made of, beside characteristics: fields of the account, of its legal site, and all its phones and e-mails."""
NUMBERS: Final = {"vat_code": 1, "fiscal_code": 2, "phones": 3, "emails": 4, "name": 5, "word_town": 6, "house": 7}
"""The kinds of the engine, as they are stored."""
_FIRST_OWN: Final = 100
"""Numbers of key sets begin behind this."""
_MOST: Final = 20
"""Keys of one set for one account: phones times e-mails may be many."""


@attrs.frozen
class OwnKeySet:
    """One key set: the fields with the names of their normalisers, and how it is used; ``number`` is that of its kind of keys."""

    number: int
    code: str
    label: Label
    fields: tuple[tuple[str, str], ...]
    cap: int
    evidence: bool

    @property
    def kind(self) -> str:
        """The name of its kind of keys, and of its values in a record."""
        return f"{PREFIX}{self.code}"

    @property
    def version(self) -> str:
        """A digest of what its keys depend on."""
        text = ";".join(f"{field}={normaliser}" for field, normaliser in self.fields)
        return blake2b(text.encode(), digest_size=8).hexdigest()

    def keys(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the keys of an account: one for each choice among the values of its fields, none where one is empty."""
        parts = [tuple(dict.fromkeys(_normalised(row, field, name))) for field, name in self.fields]
        return tuple("\x1f".join(chosen) for chosen, _ in zip(product(*parts), range(_MOST), strict=False))


@attrs.frozen
class OwnKeys:
    """All key sets that are in use, and the further columns that they need."""

    sets: tuple[OwnKeySet, ...]
    columns: tuple[str, ...]

    @property
    def reads_characteristics(self) -> bool:
        """Whether one of them is made of characteristics."""
        return "characteristics" in self.columns

    def numbers(self) -> dict[str, int]:
        """Return the number of each kind of keys by name, the engine's and these."""
        return {**NUMBERS, **{each.kind: each.number for each in self.sets}}

    def values(self, row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Return the keys of an account by kind: they are values of its record."""
        return {each.kind: each.keys(row) for each in self.sets}


def _normalised(row: Mapping[str, Any], field: str, name: str) -> Iterator[str]:
    value = (row["characteristics"] or {}).get(field.removeprefix(CHARACTERISTIC)) if field.startswith(CHARACTERISTIC) else row.get(field)
    values: Iterable[object] = value if isinstance(value, list | tuple) else (value,)
    for each in values:
        if each is not None and not isinstance(each, bool):
            yield from NORMALISERS[name][0](str(each))


_NONE: Final = OwnKeys((), ())
_SETS: Final = select(KeySet.__table__).where(KeySet.__table__.c.obsolete.is_(False)).order_by(KeySet.__table__.c.code)


def _pairs(fields: Iterable[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((each["field"], each["normalise"]) for each in fields)


def own_keys(session: Session) -> OwnKeys:
    """Return the key sets of the deployment: one statement."""
    rows = session.execute(_SETS).all()
    if not rows:
        return _NONE
    sets = tuple(
        OwnKeySet(_FIRST_OWN + row.id, row.code, Label(row.label_it, row.label_en), _pairs(row.fields), row.cap, row.evidence)
        for row in rows
    )
    fields = {field for each in sets for field, _ in each.fields}
    columns: list[str] = [name for name in OWN_FIELDS if name in fields]
    if any(field.startswith(CHARACTERISTIC) for field in fields):
        columns.append("characteristics")
    return OwnKeys(sets, tuple(columns))


@lru_cache(maxsize=8)
def schema_of(own: OwnKeys) -> Schema:
    """Return how accounts are compared here: as everywhere, with the keys and the evidence of the key sets."""
    from crmcore_quality.duplicates import ACCOUNTS, AnyOf, Field, KeyRule, Shares  # noqa: PLC0415 - the engine brings numpy

    if not own.sets:
        return ACCOUNTS
    fields = tuple(Field(each.kind, AnyOf(())) for each in own.sets if each.evidence)
    rules = tuple(KeyRule(each.kind, _Read(each.kind), cap=each.cap) for each in own.sets)
    # A code of the customer is as telling as a phone, until the accounts themselves say more.
    usual = {**ACCOUNTS.reference, **{field.name: Shares((0.9, 0.1), (1e-4, 0.9999)) for field in fields}}
    return attrs.evolve(ACCOUNTS, fields=(*ACCOUNTS.fields, *fields), keys=(*ACCOUNTS.keys, *rules), reference=usual)


@attrs.frozen
class _Read:
    """Reads the keys that are in a record already."""

    kind: str

    def __call__(self, record: Record) -> Iterable[str]:
        return record.get(self.kind) or ()


@attrs.frozen(kw_only=True)
class KeySets(Rows):
    """The rows of the key sets; a change of them queues the making of their keys."""

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write, and have the keys made."""
        super().write(session, steps)
        session.jobs.enqueue(REBUILD, key=REBUILD)

    def remove(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete, and have the keys deleted."""
        super().remove(session, steps)
        session.jobs.enqueue(REBUILD, key=REBUILD)


def _check(session: Session, scene: Scene) -> Iterator[Finding]:
    """Find fields that do not exist; characteristics are looked for among those of the plan."""
    del session
    known = {key[-1] for key in scene.after.get("characteristics", {})}
    for key, item in scene.after["quality.key_sets"].items():
        for field in (str(each["field"]) for each in item.values["fields"]):
            name = field.removeprefix(CHARACTERISTIC)
            if name not in known if field.startswith(CHARACTERISTIC) else field not in KNOWN_FIELDS:
                listed = ", ".join(KNOWN_FIELDS)
                reason = Label(
                    f"il campo {field} non esiste: una caratteristica come c.chiave, o uno tra {listed}",
                    f"there is no field {field}: a characteristic as c.key, or one of {listed}",
                )
                yield Finding(key=key, field="fields", reason=reason)


_FIELD: Final = {
    "field": {
        "type": "string",
        "required": True,
        "empty": False,
        "example": "c.tessera",
        "label": Label("Campo", "Field"),
        "help": "A field of the account or of its legal site, or a characteristic as `c.key`.",
    },
    "normalise": {
        "type": "string",
        "allowed": list(NORMALISERS),
        "default": "text",
        "label": Label("Normalizzazione", "Normaliser"),
        "help": "How values are brought together that are the same: " + ", ".join(f"`{name}`" for name in NORMALISERS) + ".",
    },
}
_TEXTS: Final = {
    "it": {"type": "string", "required": True, "example": "Tessera", "label": Label("Italiano", "Italian"), "help": "The text in Italian."},
    "en": {"type": "string", "default": "", "label": Label("Inglese", "English"), "help": "The text in English."},
}
KEY_SETS: Final = Configurable(
    name="quality.key_sets",
    label=Label("Chiavi di deduplica", "Match keys"),
    help="What else accounts are compared by: those that agree in all fields of a set are looked at, and possibly are one.",
    fields={
        "label": {"type": "dict", "required": True, "schema": _TEXTS, "label": Label("Etichetta", "Label"), "help": "What people read."},
        "fields": {
            "type": "list",
            "required": True,
            "minlength": 1,
            "maxlength": 6,
            "schema": {"type": "dict", "schema": _FIELD},
            "example": [{"field": "c.tessera", "normalise": "code"}],
            "label": Label("Campi", "Fields"),
            "help": "All of them have to agree.",
        },
        "cap": {
            "type": "integer",
            "min": 2,
            "max": 1000,
            "default": 60,
            "label": Label("Massimo", "Most"),
            "help": "Accounts that may share a key: what more share says nothing.",
        },
        "evidence": {
            "type": "boolean",
            "default": False,
            "label": Label("Indizio", "Evidence"),
            "help": "Whether agreeing also speaks for one and the same: only for what no other field says.",
        },
        "obsolete": {"type": "boolean", "default": False, "label": Label("Obsoleta", "Obsolete"), "help": "It is not used any more."},
    },
    store=KeySets(entity=KeySet, columns=(Text("label"), Plain("fields"), Plain("cap"), Plain("evidence"), Plain("obsolete"))),
    check=_check,
    after=("characteristics",),
)
"""The collection ``quality.key_sets`` of a deployment."""
