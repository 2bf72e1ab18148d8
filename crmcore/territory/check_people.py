"""Rules of the sales force: null records, managers, and nothing new for who left (I-21, I-22)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.model import NULL_CODES, Account, Salesperson, SalespersonKind, SellerSource
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_NULLS = frozenset(NULL_CODES.values())
SELLING = frozenset({SalespersonKind.AGENT, SalespersonKind.AGENCY})
"""Who may have a zone."""


class Person(NamedTuple):
    """A subject of the sales force, as it will be."""

    id: int
    code: str
    kind: str
    manager_id: int | None
    agency_id: int | None
    disabled_from: date | None


def check_people(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Keep the null records as they are, and the tree of managers a tree."""
    for change in changes:
        code = change.changes.get("code", (getattr(change.record, "code", None), None))[0]
        if change.verb is not RecordVerb.CREATED and code in _NULLS:
            yield Problem(code="SALESPERSON_FIXED", params={"code": code})
    moved = [change for change in changes if change.verb is not RecordVerb.DELETED and {"manager_id", "agency_id", "kind"} & change.fields]
    if not any(
        vars(change.record).get("manager_id") or vars(change.record).get("agency_id") or "kind" in change.changes for change in moved
    ):
        return
    people = _people_after(session, moved)
    for change in moved:
        person = _person(change.record)
        if person is not None:
            yield from _check_place(person, people)


def _check_place(person: Person, people: dict[int, Person]) -> Iterator[Problem]:
    manager = people.get(person.manager_id or 0)
    agency = people.get(person.agency_id or 0)
    if manager is not None and manager.code in _NULLS:
        yield Problem(code="SALESPERSON_FIXED", params={"code": manager.code})
    if agency is not None and agency.kind != SalespersonKind.AGENCY:
        yield Problem(code="SALESPERSON_KIND", params={"code": agency.code, "kind": agency.kind, "expected": SalespersonKind.AGENCY.value})
    seen = {person.id}
    while manager is not None:
        if manager.id in seen:
            yield Problem(code="MANAGER_CYCLE", params={"code": person.code})
            return
        seen.add(manager.id)
        manager = people.get(manager.manager_id or 0)


def _people_after(session: Session, changes: Iterable[Change]) -> dict[int, Person]:
    """Return everybody as they will be after this flush; nobody new can be a manager before being written."""
    row = Salesperson.__table__.c
    columns = (row.id, row.code, row.kind, row.manager_id, row.agency_id, row.disabled_from)
    found = {each.id: Person(*each) for each in session.execute(select(*columns))}
    pending = (_person(change.record) for change in changes)
    return found | {person.id: person for person in pending if person is not None and person.id in found}


def _person(record: object) -> Person | None:
    if not isinstance(record, Salesperson):
        return None
    key = vars(record).get("id") or 0
    return Person(key, record.code, record.kind, record.manager_id, record.agency_id, record.disabled_from)


def find_people(session: Session, keys: Iterable[int]) -> dict[int, Person]:
    """Return some of the sales force, as they are stored."""
    row = Salesperson.__table__.c
    columns = (row.id, row.code, row.kind, row.manager_id, row.agency_id, row.disabled_from)
    found: dict[int, Person] = {}
    for some in batches(sorted(set(keys))):
        found |= {each.id: Person(*each) for each in session.execute(select(*columns).where(row.id.in_(some)))}
    return found


def check_sellers(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse an account that is given to somebody who left, or who does not sell; a manual seller is somebody."""
    given = [
        change.record
        for change in changes
        if isinstance(change.record, Account) and change.verb is not RecordVerb.DELETED and {"seller_id", "seller_source"} & change.fields
    ]
    wanted = {account.seller_id for account in given if account.seller_id is not None}
    people = find_people(session, wanted) if wanted else {}
    day = session.today()
    for account in given:
        if account.seller_id is None and account.seller_source == SellerSource.MANUAL:
            yield Problem(code="VALUE_MISSING", params={"entity": "account", "field": "seller_id"})
        person = people.get(account.seller_id or 0)
        if person is not None:
            yield from check_receives(person, day)


def check_receives(person: Person, day: date) -> Iterator[Problem]:
    """Refuse what is new from a day on for somebody who left by then (I-22), or who does not sell."""
    if person.kind not in SELLING:
        yield Problem(code="SALESPERSON_KIND", params={"code": person.code, "kind": person.kind, "expected": SalespersonKind.AGENT.value})
    if person.disabled_from is not None and person.disabled_from <= day:
        yield Problem(code="SELLER_DISABLED", params={"code": person.code, "day": person.disabled_from})
