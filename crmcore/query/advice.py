"""Which index a list lacks, told only where the table is large enough to matter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import sqlalchemy
from sqlalchemy import func, select

from crmcore.errors import Problem
from crmcore.labels import Label
from crmcore.model import CORE, Entity
from crmcore.query.fields import Field
from crmcore.query.filters import Compiled
from crmcore.query.sorting import Order
from crmcore.query.views import views

if TYPE_CHECKING:
    from crmcore.session import Session

LARGE: Final = 10_000
"""Rows from which on a table counts as large, when the setting `large_table` of the core says nothing."""
_FILTERING: Final = Label("Filtrare", "Filtering")
_SORTING: Final = Label("Ordinare", "Sorting")


def warnings_of(session: Session, cls: type[Entity], compiled: Compiled, order: Order) -> tuple[Problem, ...]:
    """Return what a list does without an index, on a large table; a small one is not even asked for its size."""
    missing = list(_missing(compiled, order))
    if not missing:
        return ()
    rows = table_size(session, cls)
    if rows < int(str(session.settings(CORE).get("large_table", LARGE))):
        return ()
    order_field = order.keys[0].field.name if order.keys else None
    for view in views(session):
        # The index of a view finds the rows and has them in order.
        sorted_so = view.sort is not None and order_field == view.sort.removeprefix("-")
        if view.entity == cls.entity_name() and sorted_so and compiled.equal.issuperset(view.filters):
            return ()
    return tuple(
        Problem(
            code="QUERY_NOT_INDEXED",
            params={"what": what, "field": field.name, "entity": cls.entity_name(), "rows": rows, "index": field.index},
        )
        for what, field in missing
    )


def _missing(compiled: Compiled, order: Order) -> Iterator[tuple[Label, Field]]:
    seen: set[str] = set()
    for field in compiled.unserved if not compiled.served else ():
        if field.name not in seen:
            seen.add(field.name)
            yield _FILTERING, field
    for key in order.keys[:1]:
        unscoped = key.expression is key.field.expression
        if not (key.field.indexed and unscoped):
            yield _SORTING, key.field


def table_size(session: Session, cls: type[Entity]) -> int:
    """Return about how many rows a table has, without reading it."""
    if session.crm.engine.dialect.name == "postgresql":
        catalogue = sqlalchemy.table("pg_class", *map(sqlalchemy.column, ("oid", "reltuples")))
        name = func.to_regclass(cls.__tablename__)
        found = session.scalar(select(catalogue.c.reltuples).where(catalogue.c.oid == name))
        if found is not None and found >= 0:
            return int(found)
    # Keys are given one after the other: the highest is at least the number of rows.
    return int(session.scalar(select(func.coalesce(func.max(cls.id), 0))))
