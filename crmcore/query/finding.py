"""Lists: filtered, sorted, page by page, counted, with a warning where an index is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

import attrs
from sqlalchemy import func, select

from crmcore.errors import Problem, UsageError
from crmcore.model import Entity
from crmcore.query.listing import LIMIT, Listing, Shown, listing_of
from crmcore.query.sorting import Start
from crmcore.query.visible import who
from crmcore.storage import translate_errors

if TYPE_CHECKING:
    from crmcore.session import Session

E = TypeVar("E", bound=Entity)
T = TypeVar("T")

PAGE: Final = 50
LARGEST_PAGE: Final = 1_000
BOUND: Final = 10_000
"""Where a bounded count stops."""

Counting = Literal["exact", "bounded"]


@attrs.frozen
class Count:
    """How many there are; ``exact`` is False for "more than" that many."""

    value: int
    exact: bool = True

    def text(self, lang: str = "it") -> str:
        """Return it in words: ``812``, «più di 10.000», "more than 10,000"."""
        if lang == "it":
            shown = f"{self.value:,}".replace(",", ".")
            return shown if self.exact else f"più di {shown}"
        return f"{self.value:,}" if self.exact else f"more than {self.value:,}"


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a list, in its order.

    ``items`` are records, or rows of values when columns were asked for. ``next`` and ``previous`` are cursors for ``after`` and
    ``before``, None at the ends. ``warnings`` are problems of code ``QUERY_NOT_INDEXED``.
    """

    items: tuple[T, ...]
    next: str | None = None
    previous: str | None = None
    count: Count | None = None
    warnings: tuple[Problem, ...] = ()

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


# A filter is JSON; see `filters`.
Filter = Mapping[str, Any]


def find(
    session: Session,
    cls: type[E],
    filter: Filter | None = None,  # noqa: A002 - its name everywhere
    *,
    sort: str | Sequence[str] = (),
    page: int = PAGE,
    after: str | None = None,
    before: str | None = None,
    count: Counting | None = None,
) -> Page[E]:
    """Return one page of the records of an entity that the actor may see.

    ``sort`` names columns and ``c.<key>``, with ``-`` before it for descending; what is empty comes last, and equals are in order of their
    ids. ``after`` and ``before`` are cursors of another page. ``count`` is "exact", or "bounded" to stop counting at 10,000.

    Raises:
        UsageError: ``QUERY_INVALID`` with every problem, ``QUERY_CURSOR``, ``QUERY_PAGE``.
    """
    listing, arguments = listing_of(session, cls, filter, sort)
    start = _start(listing, page, after, before)
    backward = before is not None
    given = _given(session, arguments, start)

    def parts(wanted: int) -> Iterator[Sequence[Sequence[Any]]]:
        left = wanted
        for query in listing.selects([cls], cls, start, backward=backward):
            # Fields were looked up by name: of what is hidden from the actor there is none among them.
            with translate_errors():
                rows = session.orm.execute(query, {**given, LIMIT: left}).all()
            yield rows
            left -= len(rows)

    rows = _Rows.read(listing, parts, page, started=start is not None, backward=backward)
    return Page(
        items=tuple(row[0] for row in rows.rows),
        next=rows.next,
        previous=rows.previous,
        count=None if count is None else _count(session, listing, arguments, count),
        warnings=listing.warnings(session),
    )


def find_values(  # noqa: PLR0913 - as above
    session: Session,
    cls: type[Entity],
    columns: Sequence[str],
    filter: Filter | None = None,  # noqa: A002 - its name everywhere
    *,
    sort: str | Sequence[str] = (),
    page: int = PAGE,
    after: str | None = None,
    before: str | None = None,
    count: Counting | None = None,
) -> Page[tuple[Any, ...]]:
    """Return one page as rows of values, which costs a fraction of records; otherwise as `find`.

    ``columns`` are columns and ``c.<key>``; characteristics are typed, and None outside the scope of their definition.
    """
    listing, arguments = listing_of(session, cls, filter, sort)
    named = tuple(columns)
    shown = listing.shown(session, named)
    start = _start(listing, page, after, before)
    backward = before is not None
    given = _given(session, arguments, start)
    connection = session.orm.connection()

    def parts(wanted: int) -> Iterator[Sequence[Sequence[Any]]]:
        left = wanted
        for query in listing.driver_queries(session, named, start, backward=backward):
            with translate_errors():
                rows = query.rows(connection, {**given, LIMIT: left})
            yield rows
            left -= len(rows)

    rows = _Rows.read(listing, parts, page, started=start is not None, backward=backward)
    _tell_reads(session, cls, rows.rows, len(shown))
    return Page(
        items=_typed(rows.rows, shown),
        next=rows.next,
        previous=rows.previous,
        count=None if count is None else _count(session, listing, arguments, count),
        warnings=listing.warnings(session),
    )


def count(session: Session, cls: type[Entity], filter: Filter | None = None, *, exact: bool = True) -> Count:  # noqa: A002 - as above
    """Return how many records a filter finds; not exact stops at 10,000.

    Raises:
        UsageError: ``QUERY_INVALID``.
    """
    listing, arguments = listing_of(session, cls, filter, ())
    return _count(session, listing, arguments, "exact" if exact else "bounded")


def find_ids(session: Session, cls: type[Entity], filter: Filter | None = None) -> list[int]:  # noqa: A002 - as above
    """Return the ids of everything that a filter finds, in order: the selection of a mass change.

    Raises:
        UsageError: ``QUERY_INVALID``.
    """
    listing, arguments = listing_of(session, cls, filter, ())
    query = select(cls.id).where(*listing.conditions).order_by(cls.id)
    with translate_errors():
        return list(session.orm.execute(query, _given(session, arguments, None)).scalars())


@attrs.frozen
class _Rows:
    """The rows of a page, which end with the values of their cursors, and the cursors of the pages beside it."""

    rows: Sequence[Sequence[Any]]
    next: str | None
    previous: str | None

    @classmethod
    def read(
        cls, listing: Listing, parts: Callable[[int], Iterator[Sequence[Sequence[Any]]]], size: int, *, started: bool, backward: bool
    ) -> _Rows:
        """Read one row more than asked for: it tells whether there is another page."""
        found: list[Sequence[Any]] = []
        for part in parts(size + 1):
            found += part
            if len(found) > size:
                break
        more = len(found) > size
        rows = found[:size]
        if backward:
            rows.reverse()
        has_next, has_previous = (started, more) if backward else (more, started)
        return cls(
            rows,
            _cursor(listing, rows[-1]) if rows and has_next else None,
            _cursor(listing, rows[0]) if rows and has_previous else None,
        )


def _cursor(listing: Listing, row: Sequence[Any]) -> str:
    width = len(listing.order.keys) + 1
    return listing.order.cursor(row[-width:-1], row[-1])


def _start(listing: Listing, size: int, after: str | None, before: str | None) -> Start | None:
    if not 1 <= size <= LARGEST_PAGE or (after is not None and before is not None):
        raise UsageError("QUERY_PAGE", most=LARGEST_PAGE, value=size)
    cursor = after if after is not None else before
    return None if cursor is None else listing.order.read_cursor(cursor)


def _given(session: Session, arguments: Mapping[str, Any], start: Start | None) -> dict[str, Any]:
    return {**arguments, **who(session), **({} if start is None else start.arguments)}


def _typed(rows: Sequence[Sequence[Any]], shown: Sequence[Shown]) -> tuple[tuple[Any, ...], ...]:
    readers, width = [each.read for each in shown], len(shown)
    if not any(readers):
        return tuple(tuple(row[:width]) for row in rows)
    columns = [column if read is None else map(read, column) for read, column in zip(readers, zip(*rows, strict=True), strict=False)]
    return tuple(zip(*columns, strict=True))


def _tell_reads(session: Session, cls: type[Entity], rows: Sequence[Sequence[Any]], flag: int) -> None:
    """Tell the audit which sensitive records are on a page of values; records tell it themselves when they are loaded."""
    tell = session.orm.reads
    if tell is not None and cls.__sensitive__:
        for row in rows:
            if cls.__sensitive__ is True or row[flag]:
                tell(cls.entity_name(), row[-1])


def _count(session: Session, listing: Listing, arguments: Mapping[str, Any], how: Counting) -> Count:
    statement = select(listing.cls.id).where(*listing.conditions)
    given = _given(session, arguments, None)
    bounded = how == "bounded"
    counted = (statement.limit(BOUND + 1) if bounded else statement).subquery()
    with translate_errors():
        value = int(session.orm.execute(select(func.count()).select_from(counted), given).scalar_one())
    return Count(min(value, BOUND), exact=value <= BOUND) if bounded else Count(value)
