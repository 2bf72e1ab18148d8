"""Efficacy and profitability: what of what was presented was sold, and what is left of it (L04, G10, S14).

*Presented* are documents of types that count in ``pipeline``, by their own date; of a chain of conversions the newest link alone. *Won* of
them are those in states that are ``confirmed`` and not ``negative``: of a partial confirmation, what is confirmed. Efficacy is won of
presented; margin is what was won less the cost of it, row by row, each rounded half up. A cancelled row is as if it were not there.

Breakdowns by product and category are of rows; a document whose rows do not come to its amount has the rest on the line without a key, so
that each breakdown sums to the whole (I-45).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, func, literal_column, or_, select

from crmcore import Account, Label, Session
from crmcore.model import Salesperson
from crmcore_offers.model import Document, Product, Row
from crmcore_offers.reports.dimensions import By, column_of, names_of
from crmcore_offers.reports.exact import money, product_in_cents, share, total, units
from crmcore_offers.reports.subjects import PIPELINE, Narrow, Types, codes_where, conditions, newest_links, sold, states_of, types_in
from crmcore_offers.states import ROWS

TOTAL: Final = Label("Totale", "Total")
PAGE: Final = 50
_NOTHING: Final = (0, 0, 0, 0, 0)
_ZERO: Final = literal_column("0", BigInteger())


@attrs.frozen(kw_only=True)
class EfficacyLine:
    """What some documents came to. ``count`` and ``won_count`` are documents: by product, one may be on several lines."""

    key: str
    label: Label
    count: int
    won_count: int
    presented: Decimal
    won: Decimal
    cost: Decimal
    """Of what was won; rows without a cost cost nothing here."""

    @property
    def efficacy(self) -> Decimal | None:
        """How many percent of the presented amount were won."""
        return share(self.won, self.presented)

    @property
    def margin(self) -> Decimal:
        """What is left of what was won."""
        return self.won - self.cost

    @property
    def margin_percent(self) -> Decimal | None:
        """How many percent of what was won are left."""
        return share(self.margin, self.won)


@attrs.frozen(kw_only=True)
class Efficacy:
    """The lines of a period, and the whole, which is asked for by itself."""

    first: date
    last: date
    by: By
    lines: tuple[EfficacyLine, ...]
    total: EfficacyLine


@attrs.frozen(kw_only=True)
class EfficacyRow(EfficacyLine):
    """One document of the analytic report: its line, with where it comes from; ``key`` is the reference."""

    document_id: int
    type: str
    issued_on: date
    state: str
    account: str
    agent: str


@attrs.frozen(kw_only=True)
class EfficacyPage:
    """Some documents, the newest first; ``next`` is where the page after begins, None at the end."""

    rows: tuple[EfficacyRow, ...]
    next: tuple[date, int] | None


@attrs.frozen
class _Scope:
    """Which documents and rows are meant, and what they come to in cents."""

    session: Session
    types: Types
    counting: tuple[ColumnElement[bool], ...]
    won: ColumnElement[bool]
    kept: ColumnElement[bool]
    """Rows that are not cancelled, as in the totals of headers (I-30)."""
    row_won: ColumnElement[bool]

    @classmethod
    def of(cls, session: Session, first: date, last: date, narrow: Narrow) -> _Scope:
        """Return the documents of a period: one statement, and one for the agent that it is narrowed to."""
        types = types_in(session, PIPELINE, narrow.types)
        counting = (
            Document.type.in_(types.codes),
            Document.issued_on.between(first, last),
            newest_links(session, types),
            *conditions(session, narrow),
        )
        won = Document.state.in_(codes_where(states_of(session), confirmed=True, negative=False))
        states = session.states.table(ROWS).definition.states
        cancelled = [state.code for state in states if state.flags.get("cancelled")]
        confirmed = [state.code for state in states if state.flags.get("confirmed")]
        return cls(
            session,
            types,
            counting,
            won,
            or_(Row.state.is_(None), Row.state.not_in(cancelled)),
            and_(won, or_(Document.confirmation != "partial", Row.state.in_(confirmed))),
        )

    def presented(self) -> ColumnElement[int]:
        return self.types.signed(units(Document.taxable))

    def sold(self) -> ColumnElement[int]:
        return case((self.won, self.types.signed(sold())), else_=_ZERO)

    def cost(self) -> ColumnElement[int]:
        """Return the cost of a row that was won."""
        return self.types.signed(product_in_cents(units(Row.quantity), func.coalesce(units(Row.cost), _ZERO)))


def efficacy(session: Session, first: date, last: date, by: By, narrow: Narrow) -> Efficacy:
    """Return the documents of the days from one to another, both included, in lines ``by`` something.

    Three statements: types, sums, names; by product or category one more for the whole; and one for the agent that it is narrowed to.

    Raises:
        ValidationFailed: ``OFFERS_REPORT_UNKNOWN``.
    """
    scope = _Scope.of(session, first, last, narrow)
    found = _numbers(session, _by_row(scope, by) if by.of_rows else _by_document(scope, column_of(by)))
    if by.of_rows:
        whole = _numbers(session, _by_document(scope, literal_column("''"))).get("", _NOTHING)
        _add_rest(found, whole)
    else:
        whole = [sum(numbers) for numbers in zip(*found.values(), strict=True)] or _NOTHING
    names = names_of(session, by, found, scope.types)
    lines = tuple(_line(*name, found[key]) for key, name in names.items())
    return Efficacy(first=first, last=last, by=by, lines=lines, total=_line("", TOTAL, whole))


def _numbers(session: Session, query: Select[Any]) -> dict[Any, Sequence[int]]:
    """Return the counts and amounts of each key, as `_line` takes them."""
    return {key: [int(number) for number in numbers] for key, *numbers in session.execute(query)}


def _add_rest(found: dict[Any, Sequence[int]], whole: Sequence[int]) -> None:
    """Add what documents have that their rows do not to the line without a key."""
    rest = [amount - sum(numbers[place] for numbers in found.values()) for place, amount in enumerate(whole)][2:]
    if any(rest):
        old = found.get(None, _NOTHING)
        found[None] = [*old[:2], *(before + more for before, more in zip(old[2:], rest, strict=True))]


def _by_document(scope: _Scope, key: ColumnElement[Any]) -> Select[Any]:
    costs = (
        select(Row.document_id, total(scope.cost()).label("cost"))
        .join(Document, Document.id == Row.document_id)
        .where(*scope.counting, scope.kept, scope.row_won)
        .group_by(Row.document_id)
        .subquery()
    )
    each = (
        select(
            key.label("key"),
            case((scope.won, 1), else_=0).label("is_won"),
            scope.presented().label("presented"),
            scope.sold().label("won"),
            func.coalesce(costs.c.cost, 0).label("cost"),
        )
        .select_from(Document)
        .outerjoin(costs, costs.c.document_id == Document.id)
        .where(*scope.counting)
        .subquery()
    )
    sums = (func.count(), total(each.c.is_won), total(each.c.presented), total(each.c.won), total(each.c.cost))
    return select(each.c.key, *sums).group_by(each.c.key)


def _by_row(scope: _Scope, by: By) -> Select[Any]:
    net = scope.types.signed(units(Row.net))
    each = (
        select(
            column_of(by).label("key"),
            Document.id.label("document"),
            case((scope.row_won, Document.id)).label("won_document"),
            net.label("presented"),
            case((scope.row_won, net), else_=_ZERO).label("won"),
            case((scope.row_won, scope.cost()), else_=_ZERO).label("cost"),
        )
        .select_from(Row)
        .join(Document, Document.id == Row.document_id)
        .outerjoin(Product, Product.id == Row.product_id)
        .where(*scope.counting, scope.kept)
        .subquery()
    )
    counts = (func.count(each.c.document.distinct()), func.count(each.c.won_document.distinct()))
    return select(each.c.key, *counts, total(each.c.presented), total(each.c.won), total(each.c.cost)).group_by(each.c.key)


def _line(key: str, label: Label, numbers: Iterable[int]) -> EfficacyLine:
    count, won_count, presented, won, cost = numbers
    return EfficacyLine(
        key=key, label=label, count=count, won_count=won_count, presented=money(presented), won=money(won), cost=money(cost)
    )


def efficacy_page(
    session: Session, first: date, last: date, narrow: Narrow, *, after: tuple[date, int] | None = None, page: int = PAGE
) -> EfficacyPage:
    """Return the documents behind the report one by one, the newest first: two statements for each page.

    Raises:
        ValidationFailed: ``OFFERS_REPORT_UNKNOWN``.
    """
    scope = _Scope.of(session, first, last, narrow)
    where = list(scope.counting)
    if after is not None:
        day, key = after
        where.append(or_(Document.issued_on < day, and_(Document.issued_on == day, Document.id < key)))
    cost = select(total(scope.cost())).where(Row.document_id == Document.id, scope.kept, scope.row_won).correlate(Document)
    query = (
        select(
            Document.id,
            Document.reference,
            Document.title,
            Document.type,
            Document.issued_on,
            Document.state,
            Account.name.label("account"),
            func.coalesce(Salesperson.code, "").label("agent"),
            case((scope.won, 1), else_=0).label("is_won"),
            scope.presented().label("presented"),
            scope.sold().label("won"),
            cost.scalar_subquery().label("cost"),
        )
        .select_from(Document)
        .join(Account, Account.id == Document.account_id)
        .outerjoin(Salesperson, Salesperson.id == Document.agent_id)
        .where(*where)
        .order_by(Document.issued_on.desc(), Document.id.desc())
        .limit(page + 1)
    )
    found = session.execute(query).all()
    rows = tuple(_row(each) for each in found[:page])
    return EfficacyPage(rows=rows, next=(rows[-1].issued_on, rows[-1].document_id) if len(found) > page else None)


def _row(found: Any) -> EfficacyRow:  # noqa: ANN401 - a row of a query
    return EfficacyRow(
        key=found.reference,
        label=Label(found.title, found.title),
        count=1,
        won_count=found.is_won,
        presented=money(found.presented),
        won=money(found.won),
        cost=money(found.cost),
        document_id=found.id,
        type=found.type,
        issued_on=found.issued_on,
        state=found.state,
        account=found.account,
        agent=found.agent,
    )
