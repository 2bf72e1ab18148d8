"""What is refused for the sake of people who were erased: bringing them back, and writing about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert

from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.labels import Label
from crmcore.model import PRIVACY_LOG, Account, ContactPoint, Person
from crmcore.privacy.suppression import CODE, EMAIL, KIND_OF, PHONE, Identifier, find, identifier

if TYPE_CHECKING:
    from crmcore.session import Change, Session

OVERRIDE: Final = "privacy.override"
"""Key of the memo under which a unit of work says why it may bring people back."""
_FIELDS: Final[Mapping[str, str]] = {"phone1": PHONE, "email": EMAIL, "pec": EMAIL, "vat_code": CODE, "fiscal_code": CODE}
_LABELS: Final = {PHONE: Label("il telefono", "phone"), EMAIL: Label("l'e-mail", "e-mail"), CODE: Label("il codice", "code")}


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the changes of one flush."""
    problems = [
        Problem(code="RECORD_ERASED", params={"entity": change.entity, "id": change.id})
        for change in changes
        if isinstance(change.record, Account | Person) and change.verb is not RecordVerb.DELETED and _revives(change)
    ]
    if session.unit.tells:
        problems += _suppressed(session, changes)
    return problems


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Find nothing wrong: what is written to erased accounts is found together with merged ones."""
    del session, changes
    return ()


def _revives(change: Change) -> bool:
    """Return whether somebody who was erased would get data again; erasing itself is no change of a record."""
    record, fields = change.record, change.fields
    if "erased_at" in fields:
        return True
    return record.__dict__.get("erased_at") is not None and not fields.isdisjoint(type(record).__personal__)


def _suppressed(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    given = [(change, each) for change in changes for each in _identifiers(change)]
    if not given:
        return
    listed = find(session, {each for _, each in given})
    found = [(change, each) for change, each in given if each in listed]
    reason = session.unit.memo.get(OVERRIDE)
    if found and reason is not None:
        session.unit.finishers.append(lambda connection: _note(session, connection, [change for change, _ in found], reason))
        return
    for change, (kind, _) in found:
        # The value itself is not told: what is shown ends up in logs and reports of imports.
        yield Problem(code="ERASED_SUBJECT", params={"entity": change.entity, "what": _LABELS[kind]})


def _identifiers(change: Change) -> Iterator[Identifier]:
    record, state = change.record, change.record.__dict__
    if change.verb is RecordVerb.DELETED:
        return
    pairs: list[tuple[str, str | None]] = []
    if isinstance(record, Account):
        pairs = [(kind, state.get(name)) for name, kind in _FIELDS.items() if name in change.changes]
    elif isinstance(record, ContactPoint) and "value" in change.changes and record.kind in KIND_OF:
        pairs = [(KIND_OF[record.kind], state.get("value"))]
    for kind, value in pairs:
        # What is no text is refused elsewhere.
        found = identifier(kind, value) if isinstance(value, str) else None
        if found is not None:
            yield found


def _note(session: Session, connection: Connection, changes: Sequence[Change], reason: str) -> None:
    told = sorted({(change.entity, change.id or 0) for change in changes})
    about = {"kind": "override", "at": session.now(), "actor": session.actor.name, "reason": reason, "report": []}
    connection.execute(insert(PRIVACY_LOG), [{**about, "entity": entity, "entity_id": key} for entity, key in told])
