"""Rules of business units and portfolios: trees without cycles, with their paths, one portfolio for each account and unit (I-2, I-3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm.attributes import set_committed_value

from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.labels import Label
from crmcore.model import AccountPortfolio, BusinessUnit, Portfolio
from crmcore.model.organisation import PATH_LENGTH
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Change, Session

PORTFOLIO: Final = Label("portafoglio", "portfolio")
UNIT: Final = Label("unità di business", "business unit")
_MEMO_UNITS: Final = "accounts.units"
_MEMO_PORTFOLIOS: Final = "accounts.portfolios"
MEMO_CODES: Final = "accounts.codes"


class Node(NamedTuple):
    """A portfolio as the database has it."""

    id: int
    parent_id: int | None
    unit_id: int
    code: str
    path: str


def unit_number(session: Session, unit_id: int) -> int | None:
    """Return the number of a business unit, read once in a commit."""
    numbers: dict[int, int] = session.unit.memo.setdefault(_MEMO_UNITS, {})
    if unit_id not in numbers:
        numbers.update({row.id: row.number for row in session.execute(select(BusinessUnit.id, BusinessUnit.number))})
    return numbers.get(unit_id)


class Known(NamedTuple):
    """What the rules need to know of a portfolio."""

    unit_id: int
    code: str
    obsolete: bool


def known_portfolios(session: Session, wanted: Iterable[int]) -> dict[int, Known]:
    """Return portfolios that exist, read once in a commit."""
    known: dict[int, Known] = session.unit.memo.setdefault(_MEMO_PORTFOLIOS, {})
    for some in batches(sorted(set(wanted) - known.keys())):
        rows = session.execute(
            select(Portfolio.id, Portfolio.business_unit_id, Portfolio.code, Portfolio.obsolete).where(Portfolio.id.in_(some))
        )
        known.update({row.id: Known(row.business_unit_id, row.code, row.obsolete) for row in rows})
    return known


def remember(session: Session, portfolio_id: int, known: Known, number: int) -> None:
    """Keep what was read with a portfolio, for the rules of this commit."""
    session.unit.memo.setdefault(_MEMO_PORTFOLIOS, {})[portfolio_id] = known
    session.unit.memo.setdefault(_MEMO_UNITS, {})[known.unit_id] = number


def check_units(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse an eleventh unit, to renumber one, because its number is what accounts and files call it by, and to delete one in use."""
    gone = {change.record.id: change.record for change in changes if change.verb is RecordVerb.DELETED}
    for key in session.scalars(select(Portfolio.business_unit_id).where(Portfolio.business_unit_id.in_(gone)).distinct()) if gone else ():
        yield Problem(code="PORTFOLIO_IN_USE", params={"what": UNIT, "code": getattr(gone[key], "code", key)})
    for change in changes:
        unit = change.record
        if not isinstance(unit, BusinessUnit) or "number" not in change.changes or change.verb is RecordVerb.DELETED:
            continue
        expected = _UNCHANGED if change.verb is RecordVerb.UPDATED else _NUMBERS
        if change.verb is RecordVerb.UPDATED or (type(unit.number) is int and not 1 <= unit.number <= MOST_UNITS):
            params = {"entity": "business_unit", "field": "number", "value": unit.number, "expected": expected}
            yield Problem(code="VALUE_INVALID", params=params)


MOST_UNITS: Final = 10
"""Business units of a firm (S4)."""

_UNCHANGED: Final = Label("il valore che aveva", "the value that it had")
_NUMBERS: Final = Label(f"un numero da 1 a {MOST_UNITS}", f"a number from 1 to {MOST_UNITS}")


def check_assignments(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse a portfolio of another business unit (I-2), or an obsolete one; a constraint keeps it to one for each unit."""
    given = [
        (change, change.record)
        for change in changes
        if isinstance(change.record, AccountPortfolio) and change.verb is not RecordVerb.DELETED
    ]
    # A portfolio that is not written yet has its id filled in by a relationship.
    keys = (record.__dict__.get("portfolio_id") for _, record in given)
    portfolios = known_portfolios(session, (key for key in keys if key is not None))
    for change, record in given:
        # A portfolio that does not exist is the database's to refuse.
        known = portfolios.get(record.portfolio_id)
        if known is None:
            continue
        if known.unit_id != record.business_unit_id:
            number = unit_number(session, record.business_unit_id)
            yield Problem(code="PORTFOLIO_UNIT", params={"code": known.code, "unit": number})
        elif known.obsolete and "portfolio_id" in change.changes:
            yield Problem(code="CODE_OBSOLETE", params={"what": PORTFOLIO, "code": known.code})


def check_portfolios(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Keep the trees of portfolios sound, and the path of every node right, also below a node that moves."""
    yield from _check_deleted(session, [change for change in changes if change.verb is RecordVerb.DELETED])
    for name in (_MEMO_PORTFOLIOS, MEMO_CODES):
        session.unit.memo.pop(name, None)
    living = [change for change in changes if change.verb is not RecordVerb.DELETED]
    if not any(change.verb is RecordVerb.CREATED or {"parent_id", "business_unit_id", "path"} & change.fields for change in living):
        return
    # Two sessions that each move a node below the other's would both be right, and make a cycle together: one waits for the other.
    session.take_write_lock()
    # Entities of other versions of the class do not come here.
    records = {change: change.record for change in living if isinstance(change.record, Portfolio)}
    touched = {key for record in records.values() if (key := record.__dict__.get("business_unit_id")) is not None}
    session.execute(select(BusinessUnit.id).where(BusinessUnit.id.in_(touched)).order_by(BusinessUnit.id).with_for_update(key_share=True))
    new = [record for change, record in records.items() if change.verb is RecordVerb.CREATED]
    if new:
        from crmcore.session.keys import draw_keys  # noqa: PLC0415 - the session imports the rules

        # Before they are written, because their paths are made of them.
        draw_keys(session.orm.connection(), Portfolio, new)
    before = _load(session, touched)
    after = before | {record.id: _node(record, before) for record in records.values()}
    found = [
        Problem(code=code, params={"code": record.code, "unit": unit_number(session, record.business_unit_id)})
        for change, record in records.items()
        if (code := _misplaced(change, record, after, before)) is not None
    ]
    yield from found
    if not found:
        yield from _set_paths(records, after, before)


def _node(record: Portfolio, before: dict[int, Node]) -> Node:
    path = before[record.id].path if record.id in before else ""
    return Node(record.id, record.parent_id, record.business_unit_id, record.code, path)


def _load(session: Session, units: Iterable[int]) -> dict[int, Node]:
    table = Portfolio.__table__.c
    rows = session.execute(
        select(table.id, table.parent_id, table.business_unit_id, table.code, table.path).where(table.business_unit_id.in_(units))
    )
    return {row.id: Node(*row) for row in rows}


def _misplaced(change: Change, record: Portfolio, after: dict[int, Node], before: dict[int, Node]) -> str | None:
    if change.verb is RecordVerb.UPDATED and record.id not in before:
        # Not among those of its present unit: it comes from another one.
        return "PORTFOLIO_UNIT"
    if record.parent_id is not None and (record.parent_id not in after or after[record.parent_id].unit_id != record.business_unit_id):
        return "PORTFOLIO_UNIT"
    return "PORTFOLIO_CYCLE" if _has_cycle(record.id, after) else None


def _has_cycle(start: int, nodes: dict[int, Node]) -> bool:
    seen = {start}
    here = nodes[start].parent_id
    while here is not None and here in nodes:
        if here in seen:
            return True
        seen.add(here)
        here = nodes[here].parent_id
    return False


def _set_paths(records: dict[Change, Portfolio], after: dict[int, Node], before: dict[int, Node]) -> Iterator[Problem]:
    paths = _paths(after)
    for change, record in records.items():
        path = paths[record.id]
        if len(path) > PATH_LENGTH:
            yield Problem(code="PORTFOLIO_TOO_DEEP", params={"code": record.code, "levels": path.count("/")})
            return
        old = None if change.verb is RecordVerb.CREATED else before[record.id].path
        change.changes.pop("path", None)
        if path != old:
            change.changes["path"] = (old, path)
        record.path = path
    inside = {record.id for record in records.values()}
    moved = [(key, path) for key, path in paths.items() if key not in inside and path != before[key].path]
    too_long = next((key for key, path in moved if len(path) > PATH_LENGTH), None)
    if too_long is not None:
        yield Problem(code="PORTFOLIO_TOO_DEEP", params={"code": after[too_long].code, "levels": paths[too_long].count("/")})


def follow_moves(session: Session, changes: Sequence[Change]) -> None:
    """Bring the paths below portfolios that were moved up to date."""
    moved = {
        change.record.business_unit_id
        for change in changes
        if isinstance(change.record, Portfolio) and change.verb is RecordVerb.UPDATED and "path" in change.changes
    }
    if moved:
        nodes = _load(session, moved)
        wrong = [(key, path) for key, path in _paths(nodes).items() if path != nodes[key].path]
        if wrong:
            _write_paths(session, wrong)


def _paths(nodes: dict[int, Node]) -> dict[int, str]:
    """Return the path of every node; there are no cycles, and trees may be deeper than Python recurses."""
    paths: dict[int, str] = {}
    for key in nodes:
        chain = []
        here: int | None = key
        while here is not None and here not in paths:
            chain.append(here)
            here = nodes[here].parent_id
        path = "" if here is None else paths[here]
        for each in reversed(chain):
            path = f"{path}{each}/"
            paths[each] = path
    return paths


def _write_paths(session: Session, moved: Sequence[tuple[int, str]]) -> None:
    """Write the paths below a node that moved: they are derived from it, so they have neither history nor versions of their own."""
    table = Portfolio.__table__
    statement = update(table).where(table.c.id == bindparam("key")).values(path=bindparam("new"))  # type: ignore[arg-type] # mapped to a table
    session.orm.connection().execute(statement, [{"key": key, "new": path} for key, path in moved])
    for key, path in moved:
        record: Any = session.orm.identity_map.get(session.orm.identity_key(Portfolio, key))
        if record is not None:
            set_committed_value(record, "path", path)


def _check_deleted(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    gone = {change.record.id: change.record for change in changes if isinstance(change.record, Portfolio)}
    if not gone:
        return
    used = select(AccountPortfolio.portfolio_id).where(AccountPortfolio.portfolio_id.in_(gone)).distinct()
    above = select(Portfolio.parent_id).where(Portfolio.parent_id.in_(gone), Portfolio.id.not_in(gone)).distinct()
    busy = {*session.scalars(used), *session.scalars(above)}
    for key in sorted(busy):
        yield Problem(code="PORTFOLIO_IN_USE", params={"what": PORTFOLIO, "code": gone[key].code})
