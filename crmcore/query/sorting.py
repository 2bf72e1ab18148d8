"""Sort orders and keyset paging: what comes after a row is asked for by its values, never by counting from the beginning.

What is empty comes last, ascending or descending. A list is read in two parts, which an index serves in either direction: the rows that
have a value of the first sort field, then those that have none. A page reads the second part only when the first does not fill it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement, and_, or_, tuple_

from crmcore.errors import Problem, UsageError
from crmcore.model import Entity
from crmcore.query.fields import Field, Source, column_field, field_names, find_field, unknown_field
from crmcore.query.kinds import Kind, plain, unplain

if TYPE_CHECKING:
    from crmcore.session import Session

MOST_KEYS: Final = 5
_LIST_WORDS: Final = {Kind.LIST}


@attrs.frozen
class Key:
    """One field to sort by; ``expression`` is its value as it is compared, and ``bound`` the parameter for the value of a cursor."""

    field: Field
    descending: bool
    expression: ColumnElement[Any]
    bound: ColumnElement[Any]

    @property
    def spelling(self) -> str:
        """The field as a caller writes it."""
        return f"-{self.field.name}" if self.descending else self.field.name


@attrs.frozen
class Start:
    """Where a page starts: which values of the row before it are empty, and the values of the parameters."""

    empty: tuple[bool, ...]
    arguments: Mapping[str, Any]


@attrs.frozen
class Order:
    """A sort order: the fields that were asked for, and last the key of the record, so that no two rows are equal."""

    entity: str
    keys: tuple[Key, ...]
    id_key: Key

    @property
    def all_keys(self) -> tuple[Key, ...]:
        """Every key, the record's own last."""
        return (*self.keys, self.id_key)

    @property
    def values(self) -> list[ColumnElement[Any]]:
        """What a row must be read with to make a cursor of it; its id is known anyway."""
        return [key.expression for key in self.keys]

    @property
    def split(self) -> bool:
        """Whether there may be rows without a value of the first field."""
        return bool(self.keys) and self.keys[0].field.nullable

    def cursor(self, values: Sequence[Any], record_id: int) -> str:
        """Return the cursor of a row."""
        content = [self.entity, [key.spelling for key in self.keys], [plain(value) for value in values], record_id]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def read_cursor(self, cursor: str) -> Start:
        """Return where the list goes on after the row of a cursor.

        Raises:
            UsageError: ``QUERY_CURSOR`` when it comes from another list.
        """
        try:
            content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            entity, spelling, values, record_id = content
            found = tuple(unplain(value) for value in values)
        except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
            raise UsageError("QUERY_CURSOR") from None
        same = entity == self.entity and spelling == [key.spelling for key in self.keys] and len(found) == len(self.keys)
        if not same or type(record_id) is not int or not all(_fits(key, value) for key, value in zip(self.keys, found, strict=True)):
            raise UsageError("QUERY_CURSOR")
        filled = zip(self.keys, found, strict=True)
        arguments = {f"k{number}": key.field.prepare(value) for number, (key, value) in enumerate(filled) if value is not None}
        return Start(tuple(value is None for value in found), {**arguments, "kid": record_id})


@attrs.frozen
class Part:
    """One part of a list: its condition, and how it is ordered."""

    conditions: tuple[ColumnElement[bool], ...]
    order_by: tuple[ColumnElement[Any], ...]


def parse_order(session: Session, source: Source, cls: type[Entity], sort: str | Sequence[str], scoped: frozenset[str]) -> Order:
    """Return the order that ``sort`` names; ``scoped`` are bound characteristics that need no second look at their scope.

    Raises:
        UsageError: ``QUERY_INVALID`` with ``QUERY_FIELD`` and ``QUERY_SORT``.
    """
    wanted = [sort] if isinstance(sort, str) else list(sort)
    problems: list[Problem] = []
    keys: list[Key] = []
    for spelling in wanted:
        name = str(spelling).removeprefix("-")
        field = find_field(session, source, cls, name)
        if field is None:
            problems.append(unknown_field(cls.entity_name(), name[:80], field_names(session, cls)))
        elif field.kind in _LIST_WORDS or name in {key.field.name for key in keys} or len(keys) >= MOST_KEYS:
            problems.append(Problem(code="QUERY_SORT", params={"entity": cls.entity_name(), "field": name}))
        else:
            expression = field.expression if name in scoped else field.in_scope
            keys.append(Key(field, str(spelling).startswith("-"), expression, field.parameter(f"k{len(keys)}")))
    own = column_field(session, source, cls, "id")
    if own is None or problems:
        raise UsageError("QUERY_INVALID", problems)
    # The record's own key goes the way of the others, so that one index serves both directions.
    descending = keys[-1].descending if keys else False
    if keys and keys[-1].field.name == "id":
        keys.pop()
    return Order(cls.entity_name(), tuple(keys), Key(own, descending, own.expression, own.parameter("kid")))


def parts_of(order: Order, start: Start | None, *, backward: bool) -> list[Part]:
    """Return the parts of a list that lie after a row, or before it, in the order in which they are read."""
    filled = _filled(order, start, backward=backward)
    if not order.split:
        return [filled] if filled is not None else []
    empty = _empty(order, start, backward=backward)
    found = [empty, filled] if backward else [filled, empty]
    return [part for part in found if part is not None]


def _filled(order: Order, start: Start | None, *, backward: bool) -> Part | None:
    """Return the part of the rows that have a value of the first field, or all when it is never empty."""
    present = (order.keys[0].expression.is_not(None),) if order.split else ()
    order_by = _order_by(order.all_keys, backward=backward, first_is_filled=True)
    if start is None:
        return Part(present, order_by)
    if order.split and start.empty[0]:
        # Everything that has a value lies before the rows that have none.
        return Part(present, order_by) if backward else None
    return Part((*present, *_after(order, start, backward=backward)), order_by)


def _empty(order: Order, start: Start | None, *, backward: bool) -> Part | None:
    rest = order.all_keys[1:]
    absent = order.keys[0].expression.is_(None)
    order_by = _order_by(rest, backward=backward, first_is_filled=False)
    if start is None:
        return Part((absent,), order_by)
    if not start.empty[0]:
        return None if backward else Part((absent,), order_by)
    return Part((absent, _lexically(rest, (*start.empty[1:], False), backward=backward)), order_by)


def _after(order: Order, start: Start, *, backward: bool) -> tuple[ColumnElement[bool], ...]:
    keys = order.all_keys
    first = keys[0]
    if len(keys) == 1:
        return (_beyond(first, backward=backward),)
    if len(keys) == 2 and first.descending == keys[1].descending:  # noqa: PLR2004 - one field and the id
        # Both databases find the place of a row in the index by both values at once.
        there, here = tuple_(first.bound, keys[1].bound), tuple_(first.expression, keys[1].expression)
        return ((here < there) if first.descending != backward else (here > there),)
    # The first condition is for the index, the second is exact.
    reached = first.expression <= first.bound if first.descending != backward else first.expression >= first.bound
    return (reached, _lexically(keys, (*start.empty, False), backward=backward, first_is_filled=True))


def _lexically(keys: Sequence[Key], empty: Sequence[bool], *, backward: bool, first_is_filled: bool = False) -> ColumnElement[bool]:
    """Return the condition that a row comes after another, key by key."""
    choices: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for number, (key, is_empty) in enumerate(zip(keys, empty, strict=True)):
        nullable = key.field.nullable and not (first_is_filled and number == 0)
        beyond = _beyond_or_empty(key, is_empty=is_empty, nullable=nullable, backward=backward)
        if beyond is not None:
            choices.append(and_(*equal, beyond))
        equal.append(key.expression.is_(None) if is_empty else key.expression == key.bound)
    return or_(*choices)


def _beyond_or_empty(key: Key, *, is_empty: bool, nullable: bool, backward: bool) -> ColumnElement[bool] | None:
    if is_empty:
        # Nothing comes after what is empty; before it comes everything that is not.
        return key.expression.is_not(None) if backward else None
    beyond = _beyond(key, backward=backward)
    return or_(beyond, key.expression.is_(None)) if nullable and not backward else beyond


def _beyond(key: Key, *, backward: bool) -> ColumnElement[bool]:
    return key.expression < key.bound if key.descending != backward else key.expression > key.bound


def _order_by(keys: Sequence[Key], *, backward: bool, first_is_filled: bool) -> tuple[ColumnElement[Any], ...]:
    found: list[ColumnElement[Any]] = []
    for number, key in enumerate(keys):
        down = key.descending != backward
        if key.field.nullable and not (first_is_filled and number == 0):
            empty = key.expression.is_(None)
            found.append(empty.desc() if backward else empty.asc())
        found.append(key.expression.desc() if down else key.expression.asc())
    return tuple(found)


def _fits(key: Key, value: object) -> bool:
    """Return whether a value of a cursor can be of the field: cursors come back from outside."""
    if value is None:
        return key.field.nullable
    return type(value).__name__ in _TYPES[key.field.kind]


_TYPES: Final = {
    Kind.TEXT: {"str"},
    Kind.PATH: {"str"},
    Kind.NUMBER: {"int", "Decimal"},
    Kind.TREE: {"int"},
    Kind.DECIMAL: {"int", "Decimal"},
    Kind.FLAG: {"bool"},
    Kind.DATE: {"date", "str"},
    Kind.INSTANT: {"datetime"},
    Kind.LIST: set(),
}
