"""Tables as the law and the merge see them: references, personal data, and who may see a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Column, Integer, String, Table, Text, Uuid

from crmcore.errors import Problem
from crmcore.model import CORE, Entity, VisibilityKind
from crmcore.testing.conformance.subject import Subject

_HOOK: Final = "crm_tables"
_PERSONAL: Final = frozenset(
    {
        "name",
        "names",
        "surname",
        "firstname",
        "lastname",
        "fullname",
        "nickname",
        "phone",
        "phone1",
        "phone2",
        "telephone",
        "mobile",
        "cell",
        "fax",
        "mail",
        "email",
        "pec",
        "address",
        "street",
        "postcode",
        "zip",
        "fiscal",
        "codicefiscale",
        "taxcode",
        "vat",
        "vatnumber",
        "iban",
        "birth",
        "birthday",
        "birthdate",
        "birthplace",
        "gender",
        "passport",
        "signature",
        "login",
        "username",
        "nome",
        "cognome",
        "telefono",
        "cellulare",
        "indirizzo",
        "nascita",
    },
)
"""Words that tell of a person; a column's name is split at underscores."""
_OF_THINGS: Final = frozenset({"name", "names"})
"""Words that on a code list, visible to all, name the thing itself."""


def references_declared(subject: Subject) -> Iterator[Problem]:
    """Refer by foreign key, or say so: merging and erasure follow nothing else. Columns in ``_id`` are checked by the start."""
    for cls in subject.entities:
        table = cls.__table__
        if not isinstance(table, Table):
            continue
        declared = {*cls.__references__, *cls.__references__.values(), *cls.__not_references__}
        for column in table.columns:
            if column.foreign_keys or column.name in declared or column.primary_key:
                continue
            target = _named_entity(subject, column)
            if target:
                name = f"{table.name}.{column.name}"
                yield subject.problem("KIT_REFERENCE_HIDDEN", name, hook=_HOOK, column=name, entity=target)


def _named_entity(subject: Subject, column: Column[object]) -> str | None:
    """Return the entity whose name a column carries, when its type could hold a key of it."""
    if isinstance(column.type, Integer):
        ends: tuple[str, ...] = ("", "_ref", "_key", "_nr")
    elif isinstance(column.type, Uuid | String):
        ends = ("_uid", "_uuid")
    else:
        return None
    for name, cls in subject.registry.entities.items():
        words = {cls.__tablename__, name.rpartition(".")[2]}
        if any(column.name == f"{word}{end}" or column.name.endswith(f"_{word}{end}") for word in words for end in ends):
            return name
    return None


def personal_data(subject: Subject) -> Iterator[Problem]:
    """Mark the columns that hold data of people: erasure and export go by the marks."""
    for cls in subject.entities:
        table = cls.__table__
        if not isinstance(table, Table):
            continue
        of_things = cls.__visibility__.kind in {VisibilityKind.PUBLIC, VisibilityKind.SYSTEM}
        suspicious = _PERSONAL - _OF_THINGS if of_things else _PERSONAL
        for column in table.columns:
            words = set(column.name.lower().split("_"))
            if (
                isinstance(column.type, String | Text)
                and words & suspicious
                and column.name not in cls.__personal__
                and not column.foreign_keys
            ):
                name = f"{table.name}.{column.name}"
                yield subject.problem("KIT_PERSONAL_UNMARKED", name, hook=_HOOK, column=name)


def visibility_resolves(subject: Subject) -> Iterator[Problem]:
    """Follow each visibility path from foreign key to foreign key, to where it is decided."""
    by_table = {cls.__tablename__: cls for cls in subject.registry.entities.values()}
    for cls in subject.entities:
        path = [cls.entity_name()]
        here: type[Entity] | None = cls
        seen = {cls}
        while here is not None and here.__visibility__.kind is VisibilityKind.VIA and here.__plugin__ != CORE:
            column = here.__table__.columns[here.__visibility__.column or ""]
            target = next(iter(column.foreign_keys)).column.table.name
            here = by_table.get(target)
            path.append(here.entity_name() if here else f"{target} (no entity)")
            if here is None or here in seen:
                shown = " → ".join(path)
                yield subject.problem("KIT_VISIBILITY_PATH", cls.entity_name(), hook=_HOOK, entity=cls.entity_name(), path=shown)
                break
            seen.add(here)
