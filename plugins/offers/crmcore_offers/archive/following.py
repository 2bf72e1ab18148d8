"""What follows from changes of documents and rows, whoever made them: totals of headers, and events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import func, select

from crmcore import Change, Event, Session
from crmcore.events import RecordVerb
from crmcore.query import batches
from crmcore_offers.archive import happenings
from crmcore_offers.archive.catalogue import by_codes, has_flag, probability_of, state_of
from crmcore_offers.archive.locks import DERIVED, freed
from crmcore_offers.model import Document, OrderType, Row
from crmcore_offers.money import totals_of

_COUNTS: Final = frozenset({"document_id", "net", "vat_rate", "state"})
"""What of a row its header depends on."""


@attrs.frozen
class Part:
    """Rows of a document that have rate and state in common."""

    rate: Decimal
    state: str | None
    net: Decimal


def follow(session: Session, changes: Sequence[Change]) -> None:
    """Bring the headers up to date with their rows, and publish what happened; also of what handlers of these events change in turn."""
    if not any(isinstance(change.record, Document | Row) for change in changes):
        return
    done = 0
    while len(changes) > done:
        fresh, done = changes[done:], len(changes)
        _settle(session, fresh)
        for event in _events(session, fresh):
            session.publish(event)
        session.unit.settle()
        changes = session.unit.changes


# Totals


def _settle(session: Session, changes: Sequence[Change]) -> None:
    rows = [(change, change.record) for change in changes if isinstance(change.record, Row)]
    headers = [(change, change.record) for change in changes if isinstance(change.record, Document)]
    gone = {document.id for change, document in headers if change.verb is RecordVerb.DELETED}
    moved = {key for change, row in rows if _counts(change) for key in (row.document_id, *change.changes.get("document_id", ())) if key}
    made = {document.id: document for change, document in headers if change.verb is RecordVerb.CREATED and document.id not in gone}
    # All rows of what this commit made are among its changes: nothing has to be read.
    new = _parts_of_new(rows, made.keys())
    for key, document in made.items():
        _write(session, document, new.get(key, ()), had_rows=key in moved)
    settled = freed(session)
    written = {document.id for change, document in headers if not change.fields.isdisjoint(DERIVED) and not settled.is_settled(document)}
    for document, parts in _stored(session, sorted((moved | written) - made.keys() - gone)):
        _write(session, document, parts, had_rows=document.id in moved)


def _counts(change: Change) -> bool:
    return change.verb is not RecordVerb.UPDATED or not change.fields.isdisjoint(_COUNTS)


def _parts_of_new(rows: Iterable[tuple[Change, Row]], made: Collection[int]) -> Mapping[int, list[Part]]:
    """Return what the rows of new documents are now; one that was made and then changed is in two changes."""
    left: dict[int, Row] = {}
    for change, row in rows:
        if change.verb is RecordVerb.DELETED:
            left.pop(id(row), None)
        elif row.document_id in made:
            left[id(row)] = row
    found: dict[int, list[Part]] = defaultdict(list)
    for row in left.values():
        found[row.document_id].append(Part(row.vat_rate, row.state, row.net))
    return found


def _stored(session: Session, keys: Sequence[int]) -> Iterator[tuple[Document, list[Part]]]:
    """Yield documents with the sums of their rows as they are written now: two statements for thousands of documents."""
    for some in batches(keys):
        # The headers first: who changed rows of one since is noticed by its version.
        documents = session.scalars(select(Document).where(Document.id.in_(some)).order_by(Document.id)).all()
        parts: dict[int, list[Part]] = defaultdict(list)
        columns = (Row.document_id, Row.vat_rate, Row.state, func.sum(Row.net).label("net"))
        for row in session.execute(select(*columns).where(Row.document_id.in_(some)).group_by(*columns[:3])):
            parts[row.document_id].append(Part(row.vat_rate, row.state, row.net))
        for document in documents:
            yield document, parts[document.id]


def _write(session: Session, document: Document, parts: Sequence[Part], *, had_rows: bool) -> None:
    """Write what the rows come to; a document that never had any keeps what was estimated."""
    if not parts and not had_rows:
        return
    values = derived(session, parts)
    freed(session).settle(document, values)
    for field, value in values.items():
        if getattr(document, field) != value:
            setattr(document, field, value)


def derived(session: Session, parts: Sequence[Part]) -> dict[str, Any]:
    """Return what a header says of its rows, by field: amounts, and how far it is confirmed."""
    table = session.states.table(Row.__state_table__ or "").states
    flags: Mapping[str, Mapping[str, object]] = {code: state.flags for code, state in table.items()}
    # A row that was cancelled is as if it were not there.
    valid = [part for part in parts if not flags.get(part.state or "", {}).get("cancelled")]
    sure = [part for part in valid if flags.get(part.state or "", {}).get("confirmed")]
    totals = totals_of((part.net, part.rate) for part in valid)
    return {
        "taxable": totals.taxable,
        "vat_amount": totals.vat_amount,
        "total": totals.total,
        "confirmation": "none" if not sure else "total" if len(sure) == len(valid) else "partial",
        "confirmed_taxable": sum((part.net for part in sure), Decimal("0.00")),
    }


# Events


def _events(session: Session, changes: Sequence[Change]) -> Iterator[Event]:
    made = [change.record for change in changes if isinstance(change.record, Document) and change.verb is RecordVerb.CREATED]
    types = by_codes(session, OrderType, {document.type for document in made})
    for document in made:
        yield happenings.DocumentCreated(
            document_id=document.id,
            account_id=document.account_id,
            type=document.type,
            meaning=types[document.type].meaning,
            taxable=document.taxable,
            probability=probability_of(session, document),
            agent_id=document.agent_id,
            owner=document.owner,
            source=document.source,
        )
    for change in changes:
        if change.verb is RecordVerb.UPDATED and "state" in change.changes:
            if isinstance(change.record, Document):
                yield from _of_document(session, change.record, *change.changes["state"])
            elif isinstance(change.record, Row):
                yield _of_row(session, change.record, *change.changes["state"])


def _of_document(session: Session, document: Document, old: str | None, new: str) -> Iterator[Event]:
    found = state_of(session, document, new)
    flags = found.flags if found is not None else {}
    yield happenings.DocumentStateChanged(
        document_id=document.id,
        account_id=document.account_id,
        type=document.type,
        old=old,
        new=new,
        confirmed=bool(flags.get("confirmed")),
        negative=bool(flags.get("negative")),
        actor=session.actor.name,
    )
    if flags.get("blocking") and not has_flag(session, document, old, "blocking"):
        yield happenings.DocumentLocked(document_id=document.id, account_id=document.account_id, type=document.type, state=new)


def _of_row(session: Session, row: Row, old: str | None, new: str) -> Event:
    return happenings.RowStateChanged(
        row_id=row.id,
        document_id=row.document_id,
        old=old,
        new=new,
        confirmed=has_flag(session, row, new, "confirmed"),
        cancelled=has_flag(session, row, new, "cancelled"),
        returned=has_flag(session, row, new, "returned"),
        actor=session.actor.name,
    )
