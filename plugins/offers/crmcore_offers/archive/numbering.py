"""Numbers of documents (I-32): drawn in the transaction of the document, so that a rollback gives them back."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Insert, Table, case

from crmcore import Session
from crmcore_offers.archive.reading import fields_of
from crmcore_offers.model import Counter, OrderType

if TYPE_CHECKING:
    from crmcore import Change

_PLACEHOLDER: Final = re.compile(r"\{(number(?::0?\d{1,2}d)?|year|series)\}")


def format_problem(text: str) -> str | None:
    """Return the part of a format of numbers that means nothing, or None when all of it is understood."""
    rest = _PLACEHOLDER.sub("", text)
    if "{" in rest or "}" in rest:
        return rest
    return None if re.search(r"\{number", text) else text


def format_number(text: str, *, number: int, year: int, series: str) -> str:
    """Return a number as people write it: ``{number:05d}/{year}`` gives ``00012/2026``."""
    return text.format(number=number, year=year, series=series)


def number_documents(session: Session, changes: Iterable[tuple[Change, OrderType]]) -> None:
    """Give new documents their numbers: one statement for each series and year, however many documents.

    A plugin may number a series itself (``crm_next_number``); what it says is the reference, and nothing is drawn. One that comes with a
    number, from an old archive, keeps it, and the series goes on after it.
    """
    wanted: dict[tuple[str, int], list[tuple[Change, OrderType]]] = defaultdict(list)
    taken: dict[tuple[str, int], int] = {}
    for change, order_type in changes:
        on: date = fields_of(change)["issued_on"]
        change.set("series", order_type.series)
        change.set("year", on.year)
        number: int | None = fields_of(change).get("number")
        if number is not None:
            taken[order_type.series, on.year] = max(number, taken.get((order_type.series, on.year), 0))
            _refer(change, order_type)
            continue
        given = session.hooks.first("crm_next_number", session=session, series=order_type.series, on=on)
        if given is not None:
            change.set("reference", str(given))
        else:
            wanted[order_type.series, on.year].append((change, order_type))
    for (series, year), number in sorted(taken.items()):
        _count(session, series, year, number, drawing=False)
    # Always in the same order: two transactions that draw from several series do not wait for each other in a circle.
    for (series, year), mine in sorted(wanted.items()):
        first = draw(session, series, year, len(mine))
        for number, (change, order_type) in enumerate(mine, first):
            change.set("number", number)
            _refer(change, order_type)


def _refer(change: Change, order_type: OrderType) -> None:
    """Write the number as people do, unless it is given so."""
    fields = fields_of(change)
    if not fields.get("reference"):
        text = format_number(order_type.number_format, number=fields["number"], year=fields["year"], series=fields["series"])
        change.set("reference", text)


def draw(session: Session, series: str, year: int, count: int = 1) -> int:
    """Take the next numbers of a series and return the first; whoever else wants some waits until this transaction ends."""
    return _count(session, series, year, count, drawing=True) - count + 1


def _count(session: Session, series: str, year: int, number: int, *, drawing: bool) -> int:
    """Raise the counter of a series by so many, or up to a number, and return where it is."""
    now, actor = session.now(), session.actor.name
    values = {
        "series": series,
        "year": year,
        "last": number,
        "version": 1,
        "created_at": now,
        "created_by": actor,
        "updated_at": now,
        "updated_by": actor,
    }
    statement = _counting(session.dialect, drawing=drawing)
    with session.unguarded("offers"):
        return int(session.execute(statement, values).scalar_one())


@cache
def _counting(dialect: str, *, drawing: bool) -> Insert:
    """Return the statement that begins a series, or goes on with it."""
    table = Counter.__table__
    assert isinstance(table, Table)  # noqa: S101 - what a mapped class has
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415 - only this database needs its dialect
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # noqa: PLC0415 - as above
    fresh = insert(table)
    stamps = {name: fresh.excluded[name] for name in ("updated_at", "updated_by")}
    here, given = table.c.last, fresh.excluded.last
    last = here + given if drawing else case((here < given, given), else_=here)
    return fresh.on_conflict_do_update(
        index_elements=[table.c.series, table.c.year],
        set_={"last": last, "version": table.c.version + 1, **stamps},
    ).returning(table.c.last)
