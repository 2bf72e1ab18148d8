"""The pipeline: what is offered and not yet decided (G01, G02, L05, I-39).

What counts: documents of types that count in ``pipeline``, in states that are neither ``confirmed`` nor ``negative``; of a chain of
conversions the newest link alone (`crmcore_offers.reports.subjects.newest_links`); of revisions the present content of the document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import attrs
from sqlalchemy import Select, case, func, literal_column, select

from crmcore import Label, Session
from crmcore_offers.codes import unknown
from crmcore_offers.model import Document
from crmcore_offers.reports.dimensions import By, column_of, names_of
from crmcore_offers.reports.exact import money, total, units
from crmcore_offers.reports.periods import Period, Unit, by_time
from crmcore_offers.reports.subjects import (
    PIPELINE,
    Narrow,
    Scope,
    Types,
    codes_where,
    is_open,
    newest_of,
    probabilities,
    scope_of,
    signed,
    states_of,
    types_in,
    weighted,
)

TOTAL = Label("Totale", "Total")


@attrs.frozen(kw_only=True)
class PipelineLine:
    """What some documents come to: ``key`` is a code, empty for those that have none; ``weighted`` is by their probability."""

    key: str
    label: Label
    count: int = 0
    taxable: Decimal = Decimal("0.00")
    weighted: Decimal = Decimal("0.00")


@attrs.frozen(kw_only=True)
class Pipeline:
    """A line for each group, and one for each longer period that documents name: no document is on two lines."""

    by: By
    period: str | None
    lines: tuple[PipelineLine, ...]
    wider: tuple[PipelineLine, ...] = ()
    """Documents that close in a longer period than the one asked for, such as 2026 for 2026-Q3: shown, and not in `total`."""

    @property
    def total(self) -> PipelineLine:
        """The lines together, without those of longer periods."""
        return _together("", TOTAL, self.lines)


@attrs.frozen
class _Sum:
    """What the database says of one group; ``wide`` is the longer period that its documents name."""

    key: Any
    wide: str
    count: int
    taxable: Decimal
    weighted: Decimal


def pipeline(session: Session, by: By, narrow: Narrow, *, period: str | None = None, unit: Unit | None = None) -> Pipeline:
    """Return the pipeline; with ``unit``, shorter periods of `By.PERIOD` are put together.

    Two statements, one more for names, and one for the agent that it is narrowed to.

    Raises:
        ValidationFailed: ``OFFERS_PERIOD``, ``OFFERS_REPORT_UNKNOWN``.
    """
    if by.of_rows:
        raise unknown("per la pipeline il raggruppamento", "grouping of the pipeline by", by.value)
    asked = None if period is None else Period.parse(period)
    types = types_in(session, PIPELINE, narrow.types)
    found = _sums(session, by, narrow, asked, types)
    if by is By.PERIOD and unit is not None:
        found = _put_together(found, unit)
    inside = {each.key: each for each in found if not each.wide}
    keys = [*inside, *(state.code for state in states_of(session) if _is_shown(by, state) and state.code not in inside)]
    lines = []
    for key, (code, label) in names_of(session, by, keys, types).items():
        each = inside.get(key)
        lines.append(_together(code, label, [] if each is None else [each]))
    around: dict[str, list[_Sum]] = defaultdict(list)
    for each in found:
        if each.wide:
            around[each.wide].append(each)
    wider = tuple(_together(name, Label(name, name), around[name]) for name in by_time(around))
    return Pipeline(by=by, period=period, lines=tuple(lines), wider=wider)


@attrs.frozen
class _Question:
    """All that the SQL of a pipeline depends on: types that count and those of them that are taken away, and states, as they are now."""

    by: By
    asked: Period | None
    types: tuple[str, ...]
    minus: tuple[str, ...]
    opened: tuple[tuple[str, int], ...]
    """States that are neither sold nor lost, with their probability."""
    negative: tuple[str, ...]
    scope: Scope


def _sums(session: Session, by: By, narrow: Narrow, asked: Period | None, types: Types) -> list[_Sum]:
    states = states_of(session)
    opened = probabilities(state for state in states if is_open(state))
    negative = codes_where(states, negative=True)
    query = _query(_Question(by, asked, types.codes, types.minus, opened, negative, scope_of(session, narrow)))
    return [_Sum(key, wide, count, money(all_), money(part)) for key, wide, count, all_, part in session.execute(query)]


@lru_cache(maxsize=128)
def _query(question: _Question) -> Select[Any, str, int, int, int]:
    """Return the query; people ask the same ones every day, and making one costs more than a database of some thousands takes for it."""
    by, asked = question.by, question.asked
    where = [
        Document.type.in_(question.types),
        Document.state.in_([code for code, _ in question.opened]),
        newest_of(question.types, question.negative),
        *question.scope.conditions(),
    ]
    wide: Any = literal_column("''")
    if asked is not None:
        around = asked.around()
        where.append(Document.close_period.in_([*asked.inside(), *around]))
        wide = case((Document.close_period.in_(around), Document.close_period), else_="") if around else wide
    # Named in a query of its own: what is grouped by is then the same expression for both databases, parameters and all.
    each = (
        select(
            column_of(by).label("key"),
            wide.label("wide"),
            signed(units(Document.taxable), question.minus).label("taxable"),
            signed(weighted(question.opened), question.minus).label("weighted"),
        )
        .where(*where)
        .subquery()
    )
    # Not by a constant, by which PostgreSQL would sort all documents; without a period there is nothing longer.
    keys = [each.c.key] if asked is None else [each.c.key, each.c.wide]
    shown = each.c.key, literal_column("''") if asked is None else each.c.wide
    return select(*shown, func.count(), total(each.c.taxable), total(each.c.weighted)).group_by(*keys)


def _put_together(found: Iterable[_Sum], unit: Unit) -> list[_Sum]:
    """Return the sums of documents by periods of a length; longer ones stay as they are."""
    groups: dict[tuple[str, str], list[_Sum]] = defaultdict(list)
    for each in found:
        period = Period.read(each.key)
        groups[each.key if period is None else str(period.widened(unit)), each.wide].append(each)
    return [
        _Sum(key, wide, sum(e.count for e in some), sum_of(e.taxable for e in some), sum_of(e.weighted for e in some))
        for (key, wide), some in groups.items()
    ]


def _is_shown(by: By, state: Any) -> bool:  # noqa: ANN401 - a state
    """Return whether a stage has a line although nothing is in it: a stage that is empty is something to know."""
    return by is By.STAGE and is_open(state) and not state.obsolete


def sum_of(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum of amounts with two places."""
    return sum(amounts, Decimal("0.00"))


def _together(key: str, label: Label, some: Sequence[_Sum] | Sequence[PipelineLine]) -> PipelineLine:
    return PipelineLine(
        key=key,
        label=label,
        count=sum(each.count for each in some),
        taxable=sum_of(each.taxable for each in some),
        weighted=sum_of(each.weighted for each in some),
    )
