"""The forecast against targets (G23).

*Won* are documents of types that count in ``pipeline``, in states that are ``confirmed`` and not ``negative``, by their day of confirmation
as for commissions; of a chain of conversions the newest link alone, and of a partial confirmation what is confirmed. *Weighted* is what the
pipeline has, by the period in which documents are expected to close.

A target of a longer period is not spread over its parts: it has a line of its own, which compares it with everything in that period. A
period without a target of its own has the sum of those of its parts; the firm without one of its own, the sum of those of its agents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Select, extract, select

from crmcore import Session
from crmcore_offers.model import Document, Target
from crmcore_offers.reports.exact import money, share, total
from crmcore_offers.reports.periods import Period, Unit
from crmcore_offers.reports.pipeline import sum_of
from crmcore_offers.reports.subjects import (
    PIPELINE,
    Narrow,
    Types,
    came_into,
    codes_where,
    conditions,
    is_open,
    newest_links,
    people_of,
    probabilities,
    sold,
    states_of,
    types_in,
    weighted,
)

_ZERO: Final = Decimal("0.00")


@attrs.frozen(kw_only=True)
class ForecastLine:
    """What a period comes to, for an agent, or for all of whom the actor sees documents (no ``agent``)."""

    period: str
    agent: str = ""
    name: str = ""
    won: Decimal
    weighted: Decimal
    target: Decimal | None
    wider: bool = False
    """Whether the period is longer than those of other lines, which it then has in it."""

    @property
    def expected(self) -> Decimal:
        """What is won, and what the rest is likely to bring."""
        return self.won + self.weighted

    @property
    def gap(self) -> Decimal | None:
        """How much of the target nothing is expected for; below zero when more is expected than was meant."""
        return None if self.target is None else self.target - self.expected

    @property
    def percent(self) -> Decimal | None:
        """How many percent of the target are won."""
        return None if self.target is None else share(self.won, self.target)

    @property
    def expected_percent(self) -> Decimal | None:
        """How many percent of the target are expected."""
        return None if self.target is None else share(self.expected, self.target)


@attrs.frozen(kw_only=True)
class Forecast:
    """The lines of a period by time, then by agent; ``total`` is the whole period and not the sum of lines, some of which lie in others."""

    period: str
    unit: Unit
    lines: tuple[ForecastLine, ...]
    total: ForecastLine
    unplaced: Decimal
    """Weighted, of open documents that do not say when they are expected to close: in no line."""


@attrs.define
class _Amounts:
    """Won by month, weighted by period as written, targets by period; of one agent."""

    won: dict[Period, Decimal] = attrs.field(factory=dict)
    weighted: dict[str, Decimal] = attrs.field(factory=dict)
    targets: dict[Period, Decimal] = attrs.field(factory=dict)

    def line(self, period: Period, unit: Unit, **more: Any) -> ForecastLine:  # noqa: ANN401 - other fields of the line
        inside = set(period.inside())
        return ForecastLine(
            period=str(period),
            won=sum_of(amount for month, amount in self.won.items() if month.within(period)),
            weighted=sum_of(amount for text, amount in self.weighted.items() if text in inside),
            target=self.target(period),
            wider=period.unit.months > unit.months,
            **more,
        )

    def target(self, period: Period) -> Decimal | None:
        """Return the target of a period: its own, or the sum of those of its parts."""
        own = self.targets.get(period)
        if own is not None or period.unit is Unit.MONTH:
            return own
        parts = period.split(Unit.QUARTER if period.unit is Unit.YEAR else Unit.MONTH)
        found = [target for part in parts if (target := self.target(part)) is not None]
        return sum_of(found) if found else None

    def periods(self, asked: Period, unit: Unit) -> Iterable[Period]:
        """Yield the parts of the period, and longer ones of it that something is said of."""
        named = {*self.targets, *(found for text in self.weighted if (found := Period.read(text)) is not None)}
        longer = {each for each in named if each.unit.months > unit.months and each.within(asked) and each != asked}
        return sorted({*asked.split(unit), *longer}, key=lambda each: each.order)


def forecast(session: Session, period: str, unit: Unit, narrow: Narrow, *, by_agent: bool = False) -> Forecast:
    """Return won, weighted and target of a year, a quarter or a month, in parts of a length.

    Six statements: types, open documents, sold ones, those of them without a date of confirmation, targets, agents; one more for each ten
    thousand without that date.

    Raises:
        ValidationFailed: ``OFFERS_PERIOD``, ``OFFERS_REPORT_UNKNOWN``.
    """
    asked = Period.parse(period)
    agents = people_of(session)
    amounts = _amounts(session, asked, narrow)
    targets = _targets(session)
    if narrow.agent is not None:
        wanted = {key for key, (code, _) in agents.items() if code == narrow.agent}
        targets = {key: found for key, found in targets.items() if key in wanted}
    for key, found in targets.items():
        amounts[key].targets = found
    whole = _together(amounts, narrow)
    lines: list[ForecastLine] = []
    for each in whole.periods(asked, unit):
        if not by_agent:
            lines.append(whole.line(each, unit))
            continue
        for key, some in sorted(amounts.items(), key=lambda pair: agents.get(pair[0] or 0, ("", ""))):
            line = some.line(each, unit, **dict(zip(("agent", "name"), agents.get(key or 0, ("", "")), strict=True)))
            if line.expected or line.target is not None:
                lines.append(line)
    return Forecast(
        period=period, unit=unit, lines=tuple(lines), total=whole.line(asked, asked.unit), unplaced=whole.weighted.get("", _ZERO)
    )


def _together(amounts: Mapping[int | None, _Amounts], narrow: Narrow) -> _Amounts:
    """Return what all agents come to; the firm's own targets stand above theirs."""
    found = _Amounts()
    for some in amounts.values():
        for month, amount in some.won.items():
            found.won[month] = found.won.get(month, _ZERO) + amount
        for text, amount in some.weighted.items():
            found.weighted[text] = found.weighted.get(text, _ZERO) + amount
    firm = amounts.get(None)
    own = dict(firm.targets) if firm is not None and narrow.agent is None else {}
    summed: dict[Period, Decimal] = defaultdict(lambda: _ZERO)
    for key, some in amounts.items():
        if key is not None:
            for period, amount in some.targets.items():
                summed[period] += amount
    found.targets = {**summed, **own}
    return found


def _targets(session: Session) -> dict[int | None, dict[Period, Decimal]]:
    found: dict[int | None, dict[Period, Decimal]] = defaultdict(dict)
    for agent, text, amount in session.execute(select(Target.agent_id, Target.period, Target.amount).order_by(Target.code)):
        period = Period.read(text)
        if period is not None:
            found[agent][period] = amount
    return found


def _amounts(session: Session, asked: Period, narrow: Narrow) -> dict[int | None, _Amounts]:
    types = types_in(session, PIPELINE, narrow.types)
    counting = [Document.type.in_(types.codes), newest_links(session, types), *conditions(session, narrow)]
    found: dict[int | None, _Amounts] = defaultdict(_Amounts)
    for agent, text, amount in session.execute(_open_sums(session, asked, types, counting)):
        found[agent].weighted[text] = money(amount)
    for agent, month, amount in _won(session, asked, types, counting):
        won = found[agent].won
        won[month] = won.get(month, _ZERO) + amount
    return found


def _open_sums(session: Session, asked: Period, types: Types, counting: list[ColumnElement[bool]]) -> Select[Any]:
    opened = [state for state in states_of(session) if is_open(state)]
    wanted = (*counting, Document.state.in_([state.code for state in opened]), Document.close_period.in_(["", *asked.inside()]))
    amount = types.signed(weighted(probabilities(opened)))
    each = select(Document.agent_id.label("agent"), Document.close_period.label("text"), amount.label("amount")).where(*wanted).subquery()
    return select(each.c.agent, each.c.text, total(each.c.amount)).group_by(each.c.agent, each.c.text)


def _won(
    session: Session, asked: Period, types: Types, counting: list[ColumnElement[bool]]
) -> Iterator[tuple[int | None, Period, Decimal]]:
    """Yield what was sold, by agent and month."""
    states = codes_where(states_of(session), confirmed=True, negative=False)
    counting = [*counting, Document.state.in_(states)]
    day, amount = Document.effective_confirmation, types.signed(sold())
    dated = select(
        Document.agent_id.label("agent"),
        extract("year", day).label("year"),
        extract("month", day).label("month"),
        amount.label("amount"),
    )
    each = dated.where(*counting, day.between(asked.first, asked.last)).subquery()
    keys = (each.c.agent, each.c.year, each.c.month)
    for agent, year, month, cents in session.execute(select(*keys, total(each.c.amount)).group_by(*keys)):
        yield agent, Period(int(year), int(month), Unit.MONTH), money(cents)
    undated = select(Document.id, Document.agent_id, Document.issued_on, amount.label("amount")).where(*counting, day.is_(None))
    rows = session.execute(undated).all()
    since = came_into(session, [row.id for row in rows], states)
    for row in rows:
        found = since[row.id].astimezone(session.crm.zone).date() if row.id in since else row.issued_on
        if asked.first <= found <= asked.last:
            yield row.agent_id, Period.of(found), money(row.amount)
