"""Changing the type of a definition: what does not convert is listed, and left as it is (I-12)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import select

from crmcore.characteristics.definitions import Definition, bind, options_of, spec_of
from crmcore.characteristics.expressions import raw_value_of
from crmcore.characteristics.state import overlay, state_of
from crmcore.characteristics.values import expected, same
from crmcore.errors import Problem, ValidationFailed
from crmcore.hooks import StoredAs
from crmcore.labels import Label
from crmcore.model import CharacteristicRow, Entity

if TYPE_CHECKING:
    from crmcore.session import Session

_BATCH: Final = 2_000
_LISTED: Final = 1_000
SOURCE: Final = "rule:type-change"
"""What history shows for converted values."""

# Zeros in front would be lost: such a text is a code, not a number.
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]*")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


@attrs.frozen(kw_only=True)
class TypeChange:
    """What changing a type would do: ``records`` have a value, of which ``converted`` are stored in another form.

    ``failures`` are the first thousand values that do not convert, as problems that name the record; ``refused`` counts all of them.
    """

    entity: str
    key: str
    old: str
    new: str
    # Attributes of `CharacteristicDef` that change with the type.
    changes: Mapping[str, Any]
    records: int
    converted: int
    refused: int
    failures: tuple[Problem, ...]


def plan_type_change(session: Session, row: CharacteristicRow, new: str, changes: Mapping[str, Any]) -> TypeChange:
    """Try the conversion of every value, and write nothing."""
    before, after = _definitions(session, row, new, changes)
    records = converted = refused = 0
    failures: list[Problem] = []
    for record_id, stored in _values(session, row):
        records += 1
        try:
            converted += not same(convert(before, after, stored), stored)
        except ValueError as error:
            refused += 1
            if len(failures) < _LISTED:
                failures.append(_failure(row, record_id, stored, new, error))
    return TypeChange(
        entity=row.entity,
        key=row.key,
        old=row.type,
        new=new,
        changes=dict(changes),
        records=records,
        converted=converted,
        refused=refused,
        failures=tuple(failures),
    )


def apply_type_change(session: Session, row: CharacteristicRow, planned: TypeChange) -> int:
    """Change the definition and convert the values, through the rules and with the history of any other change."""
    fresh = plan_type_change(session, row, planned.new, planned.changes)
    if fresh.refused:
        raise ValidationFailed("VALIDATION_FAILED", fresh.failures)
    before, after = _definitions(session, row, planned.new, planned.changes)
    state = state_of(session)
    state.retyping.add((row.entity, row.key))
    try:
        row.type, row.definition = after.spec.type, options_of(after.spec)
        overlay(session, [row])
        session.flush()
        return sum(_convert_batch(session, before, after, batch) for batch in _batches(session, row))
    finally:
        state.retyping.discard((row.entity, row.key))


def convert(before: Definition, after: Definition, stored: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a stored value in the form of another type.

    Raises:
        ValueError: when something of it would be lost.
    """
    value = before.read(stored)
    candidate = _CANDIDATES[after.kind.stored_as](value)
    found = after.normalise_type(candidate)
    if isinstance(value, Decimal) and after.kind.stored_as is StoredAs.DECIMAL and Decimal(found) != value:
        message = Label("un numero che non si debba arrotondare", "a number that need not be rounded")
        raise ValueError(message)
    codes = {choice.code for choice in after.spec.choices}
    if codes and not (set(found) if isinstance(found, list) else {found}) <= codes:
        named = ", ".join(sorted(codes))
        message = Label(f"uno tra {named}", f"one of {named}")
        raise ValueError(message)
    return found


def _to_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple) and len(value) == 1:
        return value[0]
    return value


def _to_integer(value: object) -> object:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value


def _to_decimal(value: object) -> object:
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    return value


def _to_flag(value: object) -> object:
    # A number is neither: zero is not false.
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _to_list(value: object) -> object:
    return value if isinstance(value, tuple | list) else [value]


_CANDIDATES: Final = {
    StoredAs.TEXT: _to_text,
    StoredAs.INTEGER: _to_integer,
    StoredAs.DECIMAL: _to_decimal,
    StoredAs.FLAG: _to_flag,
    StoredAs.LIST: _to_list,
}


def _definitions(session: Session, row: CharacteristicRow, new: str, changes: Mapping[str, Any]) -> tuple[Definition, Definition]:
    types = session.registry.field_types
    spec = spec_of(row)
    after = attrs.evolve(spec, type=new, **changes)
    return bind(spec, types, owner=row.owner), bind(after, types, owner=row.owner)


def _values(session: Session, row: CharacteristicRow) -> Iterator[tuple[int, Any]]:
    for batch in _batches(session, row):
        yield from batch


def _batches(session: Session, row: CharacteristicRow) -> Iterator[Sequence[tuple[int, Any]]]:
    """Yield the stored values, some thousand records at a time."""
    cls = session.registry.entities[row.entity]
    table = cls.__table__
    present = raw_value_of(table.c.characteristics, row.key, session.crm.engine.dialect.name).is_not(None)
    query = select(table.c.id, table.c.characteristics).where(present).order_by(table.c.id).limit(_BATCH)
    last = 0
    while rows := session.execute(query.where(table.c.id > last)).all():
        yield [(record_id, values[row.key]) for record_id, values in rows]
        last = rows[-1][0]


def _convert_batch(session: Session, before: Definition, after: Definition, batch: Sequence[tuple[int, Any]]) -> int:
    cls: type[Entity] = session.registry.entities[after.spec.entity]
    found = {record_id: convert(before, after, stored) for record_id, stored in batch}
    changed = [record_id for record_id, stored in batch if not same(found[record_id], stored)]
    records = session.scalars(select(cls).where(cls.id.in_(changed)).execution_options(populate_existing=True)) if changed else ()
    for record in records:
        session.characteristics.set_automatic(record, after.key, found[record.id], SOURCE)
    session.flush()
    return len(changed)


def _failure(row: CharacteristicRow, record_id: int, stored: object, new: str, error: ValueError) -> Problem:
    params = {"entity": row.entity, "id": record_id, "key": row.key, "value": stored, "type": new, "expected": expected(error)}
    return Problem(code="CHARACTERISTIC_UNCONVERTIBLE", params=params)
