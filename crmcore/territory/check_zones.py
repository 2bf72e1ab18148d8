"""Rules of zones: a tree, member rules that do not overlap, and one seller for each zone, unit and day (I-23)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm.attributes import set_committed_value

from crmcore.changesets.rows import table_of
from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.labels import Label
from crmcore.model import Parameter, SellerZone, Zone, ZoneRule, ZoneRuleKind
from crmcore.session.keys import draw_keys
from crmcore.territory.check_people import check_receives, find_people
from crmcore.territory.dates import ASSIGNMENT_DATE

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_SHAPES: Final = {
    ZoneRuleKind.MUNICIPALITY: re.compile(r"[0-9]{6}\Z"),
    ZoneRuleKind.POSTCODE: re.compile(r"[0-9]{5}\Z"),
    ZoneRuleKind.POSTCODE_RANGE: re.compile(r"[0-9]{5}\Z"),
    ZoneRuleKind.PROVINCE: re.compile(r"[A-Z]{2}\Z"),
}
_DATE: Final = Label("una data AAAA-MM-GG", "a date YYYY-MM-DD")
_LONGEST_PATH: Final = 1000


def check_parameters(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse a system date that is no date (B13)."""
    del session
    for change in changes:
        record = change.record
        if isinstance(record, Parameter) and record.name == ASSIGNMENT_DATE and change.verb is not RecordVerb.DELETED and record.value:
            try:
                date.fromisoformat(record.value)
            except ValueError:
                yield Problem(
                    code="VALUE_INVALID", params={"entity": "parameter", "field": "value", "value": record.value, "expected": _DATE}
                )


# The tree


def check_tree(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse a zone inside itself, and keep the paths right, also below a zone that moves."""
    living = [(change, zone) for change in changes if change.verb is not RecordVerb.DELETED and isinstance(zone := change.record, Zone)]
    if not any(change.verb is RecordVerb.CREATED or {"parent_id", "path"} & change.fields for change, _ in living):
        return
    zones = [zone for _, zone in living]
    new = [zone for change, zone in living if change.verb is RecordVerb.CREATED]
    if new:
        draw_keys(session.orm.connection(), Zone, new)
    row = table_of(Zone).c
    stored = {each.id: each for each in session.execute(select(row.id, row.parent_id, row.path))}
    parents = {key: each.parent_id for key, each in stored.items()} | {zone.id: zone.parent_id for zone in zones}
    for zone in zones:
        path = _path(zone.id, parents)
        if path is None or len(path) > _LONGEST_PATH:
            yield Problem(code="ZONE_CYCLE", params={"code": zone.code})
            return
    for change, zone in living:
        old = stored[zone.id].path if zone.id in stored else None
        zone.path = _path(zone.id, parents) or ""
        change.changes.pop("path", None)
        if zone.path != old:
            change.changes["path"] = (old, zone.path)
    _move_below(session, {zone.id for zone in zones}, parents, {key: each.path for key, each in stored.items()})


def _path(key: int, parents: dict[int, int | None]) -> str | None:
    chain: list[int] = []
    here: int | None = key
    while here is not None:
        if here in chain:
            return None
        chain.append(here)
        here = parents.get(here)
    return "".join(f"{each}/" for each in reversed(chain))


def _move_below(session: Session, inside: set[int], parents: dict[int, int | None], before: dict[int, str]) -> None:
    """Write the paths below a zone that moved: they are derived from it, and have neither history nor versions of their own."""
    moved = {key: path for key in parents if key not in inside and (path := _path(key, parents) or "") != before[key]}
    if not moved:
        return
    table = table_of(Zone)
    statement = update(table).where(table.c.id == bindparam("key")).values(path=bindparam("new"))
    session.orm.connection().execute(statement, [{"key": key, "new": path} for key, path in moved.items()])
    for key, path in moved.items():
        record: Any = session.orm.identity_map.get(session.orm.identity_key(Zone, key))
        if record is not None:
            set_committed_value(record, "path", path)


# Member rules


class _Rule(NamedTuple):
    kind: str
    first: str
    last: str
    zone_id: int


def check_rules(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse member rules of a wrong shape, and two of the same precision that fit the same address."""
    living = [rule for change in changes if change.verb is not RecordVerb.DELETED and isinstance(rule := change.record, ZoneRule)]
    wrong = [rule for rule in living if not _is_sound(rule)]
    for rule in wrong:
        yield Problem(code="ZONE_RULE_INVALID", params={"kind": rule.kind, "first": rule.first, "last": rule.last})
    if wrong or not living:
        return
    touched = {key for change in changes if (key := vars(change.record).get("id")) is not None}
    row = table_of(ZoneRule).c
    rows = session.execute(select(row.id, row.kind, row.first, row.last, row.zone_id).where(row.kind.in_({rule.kind for rule in living})))
    rules = [_Rule(*each[1:]) for each in rows if each.id not in touched]
    rules += [_Rule(rule.kind, rule.first, rule.last or rule.first, rule.zone_id) for rule in living]
    for one, two in _overlapping(rules):
        yield Problem(code="ZONE_RULE_OVERLAP", params={"kind": one.kind, "one": _show(one), "two": _show(two)})


def _is_sound(rule: ZoneRule) -> bool:
    kind, first, last = (vars(rule).get(name) for name in ("kind", "first", "last"))
    shape = next((shape for each, shape in _SHAPES.items() if each == kind), None)
    if shape is None or not isinstance(first, str) or not shape.match(first):
        return False
    if kind != ZoneRuleKind.POSTCODE_RANGE:
        return last == ""
    return isinstance(last, str) and bool(shape.match(last)) and first <= last


def _overlapping(rules: Iterable[_Rule]) -> Iterator[tuple[_Rule, _Rule]]:
    by_kind: dict[str, list[_Rule]] = defaultdict(list)
    for rule in rules:
        by_kind[rule.kind].append(rule._replace(last=rule.last or rule.first))
    for some in by_kind.values():
        widest: _Rule | None = None
        for rule in sorted(some, key=lambda each: (each.first, each.last)):
            if widest is not None and rule.first <= widest.last:
                yield widest, rule
            if widest is None or rule.last > widest.last:
                widest = rule


def _show(rule: _Rule) -> str:
    return rule.first if rule.last in {"", rule.first} else f"{rule.first}-{rule.last}"


# Who sells where


class _Interval(NamedTuple):
    zone_id: int
    unit_id: int | None
    start: date
    end: date
    seller_id: int


def check_assignments(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse a second seller for a zone, unit and day (I-23), and what begins when its seller has left (I-22)."""
    living = [
        (change, row)
        for change in changes
        if change.verb is not RecordVerb.DELETED and isinstance(row := change.record, SellerZone) and _is_filled(row)
    ]
    inverted = [row for _, row in living if row.to_date is not None and row.to_date < row.from_date]
    for row in inverted:
        yield Problem(code="SELLER_ZONE_INVERTED", params={"first": row.from_date, "last": row.to_date})
    given = [row for change, row in living if {"salesperson_id", "from_date"} & change.fields]
    people = find_people(session, (row.salesperson_id for row in given)) if given else {}
    for row in given:
        if row.salesperson_id in people:
            yield from check_receives(people[row.salesperson_id], row.from_date)
    if living and not inverted:
        zones = {row.id: row for row in session.scalars(select(Zone).where(Zone.id.in_({row.zone_id for _, row in living})))}
        for change, row in living:
            if row.zone_id in zones and zones[row.zone_id].obsolete and change.verb is RecordVerb.CREATED:
                yield Problem(code="ZONE_OBSOLETE", params={"code": zones[row.zone_id].code})
        yield from _check_overlaps(session, changes, [row for _, row in living], {key: zone.code for key, zone in zones.items()})


def _is_filled(row: SellerZone) -> bool:
    """Return whether there is something to compare; what is missing is refused as such by the check of the fields."""
    values = vars(row)
    return isinstance(values.get("zone_id"), int) and type(values.get("from_date")) is date


def _check_overlaps(
    session: Session, changes: Sequence[Change], living: Sequence[SellerZone], codes: Mapping[int, str]
) -> Iterator[Problem]:
    touched = {key for change in changes if (key := vars(change.record).get("id")) is not None}
    column = table_of(SellerZone).c
    columns = (column.id, column.zone_id, column.business_unit_id, column.from_date, column.to_date, column.salesperson_id)
    rows = session.execute(select(*columns).where(column.zone_id.in_({row.zone_id for row in living})))
    found = [_interval(*each[1:]) for each in rows if each.id not in touched]
    found += [_interval(row.zone_id, row.business_unit_id, row.from_date, row.to_date, row.salesperson_id) for row in living]
    groups: dict[tuple[int, int | None], list[_Interval]] = defaultdict(list)
    for each in found:
        groups[each.zone_id, each.unit_id].append(each)
    for (zone_id, _), some in groups.items():
        for one, two in pairwise(sorted(some, key=lambda each: each.start)):
            if two.start <= one.end:
                last = min(one.end, two.end)
                # Both go on for ever: no calendar shows the last day of Python's.
                params = {"zone": codes.get(zone_id, zone_id), "first": two.start, "last": "…" if last == date.max else last}
                yield Problem(code="SELLER_ZONE_OVERLAP", params=params)


def _interval(zone_id: int, unit_id: int | None, start: date, end: date | None, seller_id: int) -> _Interval:
    return _Interval(zone_id, unit_id, start, end or date.max, seller_id)
