"""A list that is prepared once: its SQL depends on the shape of the filter, the order and the columns, and not on values or on who looks.

What is prepared is kept beside the definitions of characteristics that it was made from, and goes with them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement, Integer, Select, bindparam, select

from crmcore.access.showing import masks_of
from crmcore.characteristics.expressions import raw_value_of
from crmcore.characteristics.state import state_of
from crmcore.errors import Problem, UsageError
from crmcore.model import Entity
from crmcore.query.advice import warnings_of
from crmcore.query.driver import DriverQuery, prepare
from crmcore.query.fields import CHARACTERISTIC, field_names, find_field, unknown_field
from crmcore.query.filters import Compiled, Leaf, arguments_again, compile_filter
from crmcore.query.naming import written_out
from crmcore.query.reading import reader
from crmcore.query.shapes import Shapeless, shape_of
from crmcore.query.sorting import Order, Start, parse_order, parts_of
from crmcore.query.visible import visible

if TYPE_CHECKING:
    from crmcore.session import Session

_MOST_KEPT: Final = 1_000
_ASK_AGAIN: Final = 64
LIMIT: Final = "page_limit"


@attrs.frozen
class Shown:
    """One column of a list: what to select, and how to type what comes; None where nothing has to be done."""

    expression: ColumnElement[Any]
    read: Callable[[Any], Any] | None = None


@attrs.define(eq=False)
class Listing:
    """The SQL of a list, for any values, of one entity."""

    cls: type[Entity]
    compiled: Compiled
    leaves: tuple[Leaf, ...]
    order: Order
    conditions: tuple[ColumnElement[bool], ...]
    _columns: dict[tuple[str, ...], list[Shown]] = attrs.field(factory=dict)
    _selects: dict[Hashable, list[Select[Any]]] = attrs.field(factory=dict)
    _driver: dict[Hashable, list[DriverQuery]] = attrs.field(factory=dict)
    _uses: int = 0
    _warnings: tuple[Problem, ...] = ()

    def warnings(self, session: Session) -> tuple[Problem, ...]:
        """Return what this list reads without an index; how large its table is, is asked again now and then."""
        if self._uses % _ASK_AGAIN == 0:
            self._warnings = warnings_of(session, self.cls, self.compiled, self.order)
        self._uses += 1
        return self._warnings

    def selects(self, columns: Sequence[Any], named: Hashable, start: Start | None, *, backward: bool) -> list[Select[Any]]:
        """Return the queries of a page, in the order in which they are read until it is full."""
        key = (named, None if start is None else start.empty, backward)
        found = self._selects.get(key)
        if found is None:
            base = select(*columns, *self.order.values, self.cls.id).where(*self.conditions)
            parts = parts_of(self.order, start, backward=backward)
            limit = bindparam(LIMIT, type_=Integer())
            found = [base.where(*part.conditions).order_by(*part.order_by).limit(limit) for part in parts]
            self._selects[key] = found
        return found

    def driver_queries(self, session: Session, columns: tuple[str, ...], start: Start | None, *, backward: bool) -> list[DriverQuery]:
        """Return the queries of a page of values, ready for the driver."""
        key = (columns, None if start is None else start.empty, backward)
        found = self._driver.get(key)
        if found is None:
            selected = [*(each.expression for each in self.shown(session, columns)), *sensitive_columns(self.cls)]
            selects = self.selects(selected, columns, start, backward=backward)
            found = self._driver[key] = [prepare(each, session.crm.engine.dialect) for each in selects]
        return found

    def shown(self, session: Session, columns: tuple[str, ...]) -> list[Shown]:
        """Return the named columns.

        Raises:
            UsageError: ``QUERY_INVALID`` with ``QUERY_FIELD``.
        """
        found = self._columns.get(columns)
        if found is None:
            found = self._columns[columns] = _shown(session, self.cls, columns)
        return found


def listing_of(
    session: Session, cls: type[Entity], node: Mapping[str, Any] | None, sort: str | Sequence[str]
) -> tuple[Listing, dict[str, Any]]:
    """Return a list that is prepared for a filter and an order, with the values of this filter.

    Raises:
        UsageError: ``QUERY_INVALID`` with every problem.
    """
    node = written_out(session, cls, node)
    key = _key(session, cls, node, sort)
    kept: dict[Hashable, Any] = state_of(session).definitions.prepared
    found = None if key is None else kept.get(key)
    if found is not None:
        return found, arguments_again(session, found.leaves, node) if node else {}
    compiled, compiler = compile_filter(session, cls, cls, node)
    order = parse_order(session, cls, cls, sort, compiled.scoped)
    conditions = (*visible(session, cls, cls), compiled.condition)
    made = Listing(cls, compiled, tuple(compiler.leaves), order, conditions)
    if key is not None:
        if len(kept) >= _MOST_KEPT:
            # Simpler than to know which one was used last, and rare: people ask the same questions every day.
            kept.clear()
        kept[key] = made
    return made, compiler.arguments


def _key(session: Session, cls: type[Entity], node: object, sort: str | Sequence[str]) -> Hashable:
    order = (sort,) if isinstance(sort, str) else tuple(sort)
    try:
        shape = shape_of(node) if node else None
    except Shapeless:
        return None
    actor = session.actor
    # What one may not see does not exist: the same filter is another one for other groups.
    masked = frozenset(masks_of(session).items())
    key = ("list", cls, shape, order, actor.is_system, session.guard.reach.open, masked, session.groups(), session.crm.engine.dialect.name)
    return key if all(isinstance(each, str) for each in order) else None


def _shown(session: Session, cls: type[Entity], columns: Sequence[str]) -> list[Shown]:
    found: list[Shown] = []
    problems: list[Problem] = []
    dialect = session.crm.engine.dialect.name
    for name in columns:
        field = find_field(session, cls, cls, name)
        if field is None:
            problems.append(unknown_field(cls.entity_name(), str(name)[:80], field_names(session, cls)))
        elif field.definition is None or field.column is None:
            found.append(Shown(field.expression))
        else:
            raw = raw_value_of(field.column, name.removeprefix(CHARACTERISTIC), dialect)
            expression = raw if field.guard is None else attrs.evolve(field, expression=raw).in_scope
            found.append(Shown(expression, reader(field.definition, dialect)))
    if problems:
        raise UsageError("QUERY_INVALID", problems)
    return found


def sensitive_columns(cls: type[Entity]) -> tuple[ColumnElement[Any], ...]:
    """Return what a list of values reads besides, to know which of its records are sensitive."""
    return (cls.__table__.c[cls.__sensitive__],) if isinstance(cls.__sensitive__, str) else ()


def forget(session: Session) -> None:
    """Forget what is prepared, because indexes or list views changed."""
    state_of(session).definitions.prepared.clear()
