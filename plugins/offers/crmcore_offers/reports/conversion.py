"""Conversion and time in stage: what entered each stage, where it went, how long it took, how much was won (L05, G03, G04).

All of it is read from the history of states. A document enters its first stage when it is written, and each other one with a change. The
history is the system's: the keys of documents are asked for as the actor, and the history of those keys alone past the guard.
"""

from __future__ import annotations

import enum
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import attrs
from sqlalchemy import and_, func, or_, select

from crmcore import Label, Session
from crmcore.model import StateChange
from crmcore.query import batches
from crmcore_offers.model import Document
from crmcore_offers.reports.dimensions import NONE
from crmcore_offers.reports.exact import money, share, units
from crmcore_offers.reports.subjects import PIPELINE, Narrow, Types, codes_where, conditions, people_of, states_of, types_in

_DAY: Final = 86_400
_CENT: Final = Decimal("0.01")


class WinBy(enum.StrEnum):
    """By what wins are counted. A document with several competitors is on the line of each."""

    AGENT = "agent"
    TYPE = "type"
    CAMPAIGN = "campaign"
    COMPETITOR = "competitor"
    OUTCOME = "outcome"


@attrs.frozen(kw_only=True)
class Stage:
    """What happened in a stage in a period.

    ``entered`` are entries in the period, ``left`` departures in it. All else is of those that entered: ``moved`` says to which stages they
    went on, whenever that was; ``won`` how many of their ``documents`` are won by now; ``mean_days`` and ``median_days`` how long they
    stayed, up to now where they still do.
    """

    key: str
    label: Label
    entered: int
    left: int
    still: int
    documents: int
    won: int
    moved: Mapping[str, int]
    mean_days: Decimal | None
    median_days: Decimal | None

    def rate(self, stage: str) -> Decimal | None:
        """Return how many percent of those that entered went on to another stage."""
        return share(Decimal(self.moved.get(stage, 0)), Decimal(self.entered))

    @property
    def won_rate(self) -> Decimal | None:
        """How many percent of the documents that entered are won."""
        return share(Decimal(self.won), Decimal(self.documents))


@attrs.frozen(kw_only=True)
class Win:
    """How many documents were decided, and how: ``won`` and ``lost`` are documents, the amounts what they come to."""

    key: str
    label: Label
    won: int
    lost: int
    won_amount: Decimal
    lost_amount: Decimal

    @property
    def rate(self) -> Decimal | None:
        """How many percent of the decided documents were won."""
        return share(Decimal(self.won), Decimal(self.won + self.lost))


@attrs.frozen(kw_only=True)
class Conversion:
    """The stages of a period in their order, and what was decided in it."""

    first: date
    last: date
    by: WinBy
    stages: tuple[Stage, ...]
    wins: tuple[Win, ...]
    total: Win


@attrs.frozen
class _Stay:
    """One stay of a document in a state; ``entered`` is None where it began before anything that was asked for."""

    document: int
    state: str
    entered: datetime | None
    left: datetime | None
    next: str | None
    final: str


@attrs.frozen
class _Span:
    """The instants of a period; the end is not in it."""

    start: datetime
    end: datetime

    def has(self, at: datetime | None) -> bool:
        return at is not None and self.start <= at < self.end


def conversion(session: Session, first: date, last: date, by: WinBy, narrow: Narrow) -> Conversion:
    """Return what happened from one day to another, both included.

    Five statements: types, documents, their history, what was decided, agents; the third and fourth once more for each ten thousand.

    Raises:
        ValidationFailed: ``OFFERS_REPORT_UNKNOWN``.
    """
    zone = session.crm.zone
    span = _Span(datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone))
    types = types_in(session, PIPELINE, narrow.types)
    stays = list(_stays(session, span, narrow, types))
    states = states_of(session)
    won, lost = codes_where(states, confirmed=True, negative=False), codes_where(states, negative=True)
    now = session.now()
    of: dict[str, list[_Stay]] = defaultdict(list)
    for stay in stays:
        of[stay.state].append(stay)
    stages = tuple(
        _stage(state.code, state.label, of.get(state.code, ()), span, won, now)
        for state in states
        if state.code in of or not state.obsolete
    )
    decided = {stay.document for stay in stays if stay.next is None and stay.state in {*won, *lost} and span.has(stay.entered)}
    wins, total = _wins(session, by, sorted(decided), won, types)
    return Conversion(first=first, last=last, by=by, stages=stages, wins=wins, total=total)


def _stage(code: str, label: Label, stays: Sequence[_Stay], span: _Span, won: Sequence[str], now: datetime) -> Stage:
    entered = [stay for stay in stays if span.has(stay.entered)]
    seconds = [int(((stay.left or now) - stay.entered).total_seconds()) for stay in entered if stay.entered is not None]
    return Stage(
        key=code,
        label=label,
        entered=len(entered),
        left=sum(span.has(stay.left) for stay in stays),
        still=sum(stay.left is None for stay in entered),
        documents=len({stay.document for stay in entered}),
        won=len({stay.document for stay in entered if stay.final in won}),
        moved=dict(sorted(Counter(stay.next for stay in entered if stay.next is not None).items())),
        mean_days=_days(Decimal(sum(seconds)) / len(seconds)) if seconds else None,
        median_days=_days(statistics.median([Decimal(each) for each in seconds])) if seconds else None,
    )


def _days(seconds: Decimal) -> Decimal:
    return (seconds / _DAY).quantize(_CENT, ROUND_HALF_UP)


def _stays(session: Session, span: _Span, narrow: Narrow, types: Types) -> Iterator[_Stay]:
    """Yield the stays of the documents that the actor sees which began or ended in the period."""
    columns = (Document.id, Document.created_at, Document.state)
    wanted = select(*columns).where(Document.type.in_(types.codes), Document.created_at < span.end, *conditions(session, narrow))
    written = {row.id: (row.created_at, row.state) for row in session.execute(wanted)}
    moved: set[int] = set()
    for row in _changes(session, list(written), span):
        if row.number == 1:
            moved.add(row.record_id)
            since = written[row.record_id][0]
            if span.has(since) or span.has(row.at):
                yield _Stay(row.record_id, row.old or row.new, since, row.at, row.new, row.final)
        if span.has(row.at) or span.has(row.until):
            yield _Stay(row.record_id, row.new, row.at, row.until, row.next, row.final)
    for key, (since, state) in written.items():
        if key not in moved and span.has(since):
            yield _Stay(key, state, since, None, None, state)


def _changes(session: Session, keys: Sequence[int], span: _Span) -> Iterator[Any]:
    """Yield the changes of some documents that touch the period, and the first of each, with what came after and how it ended."""
    change = StateChange
    mine: Any = {"partition_by": change.record_id, "order_by": (change.at, change.id)}
    back: Any = {"partition_by": change.record_id, "order_by": (change.at.desc(), change.id.desc())}
    for some in batches(keys):
        each = (
            select(
                change.record_id,
                change.old,
                change.new,
                change.at,
                func.lead(change.at, type_=change.at.type).over(**mine).label("until"),
                func.lead(change.new).over(**mine).label("next"),
                func.first_value(change.new).over(**back).label("final"),
                func.row_number().over(**mine).label("number"),
            )
            .where(change.entity == Document.entity_name(), change.record_id.in_(some))
            .subquery()
        )
        touching = (and_(column >= span.start, column < span.end) for column in (each.c.at, each.c.until))
        with session.unguarded("offers"):
            rows = session.execute(select(each).where(or_(each.c.number == 1, *touching)).order_by(each.c.record_id, each.c.number)).all()
        yield from rows


def _wins(session: Session, by: WinBy, keys: Sequence[int], won: Sequence[str], types: Types) -> tuple[tuple[Win, ...], Win]:
    """Return what was decided, of documents that the actor sees, by something and all together."""
    columns = (
        Document.id,
        Document.state,
        Document.type,
        Document.agent_id,
        Document.campaign,
        Document.competitors,
        Document.outcome,
        types.signed(units(Document.taxable)).label("amount"),
    )
    groups: dict[str, list[Any]] = defaultdict(list)
    whole: list[Any] = []
    for some in batches(keys):
        for row in session.execute(select(*columns).where(Document.id.in_(some)).order_by(Document.id)):
            whole.append(row)
            for key in _keys(by, row):
                groups[key].append(row)
    labels = _labels(session, by, types)
    names = {key: labels.get(key, (key, Label(key, key))) if key else ("", NONE) for key in groups}
    order = sorted(groups, key=lambda key: (not key, names[key][0]))
    return tuple(_win(*names[key], groups[key], won) for key in order), _win("", Label("Totale", "Total"), whole, won)


def _keys(by: WinBy, row: Any) -> Iterable[str]:  # noqa: ANN401 - a row of a query
    if by is WinBy.COMPETITOR:
        return sorted(set(row.competitors)) or [""]
    value = row.agent_id if by is WinBy.AGENT else getattr(row, by.value)
    return [str(value or "")]


def _labels(session: Session, by: WinBy, types: Types) -> dict[str, tuple[str, Label]]:
    if by is WinBy.AGENT:
        return {str(key): (code, Label(name, name)) for key, (code, name) in people_of(session).items()}
    return {code: (code, label) for code, label in types.labels.items()} if by is WinBy.TYPE else {}


def _win(key: str, label: Label, rows: Sequence[Any], won: Sequence[str]) -> Win:
    good = [row.amount for row in rows if row.state in won]
    bad = [row.amount for row in rows if row.state not in won]
    return Win(key=key, label=label, won=len(good), lost=len(bad), won_amount=money(sum(good)), lost_amount=money(sum(bad)))
