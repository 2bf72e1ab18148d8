"""Who may change what of a document that is locked (I-34), or that belongs to another system (I-41)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from crmcore import Change, Problem, Session
from crmcore.events import RecordVerb
from crmcore.query import batches
from crmcore_offers.archive.catalogue import has_flag
from crmcore_offers.codes import problem
from crmcore_offers.model import Document, Row

OVERRIDE_LOCK: Final = "offers.override_lock"
"""The permission to change a locked document."""

DERIVED: Final = frozenset({"taxable", "vat_amount", "total", "confirmation", "confirmed_taxable"})
"""What follows from the rows."""

_OF_STATE: Final = frozenset({"state", "probability", "effective_confirmation", "cancellation"})
"""What a change of state writes: the state table decides about that, and not the lock."""

_NOTED: Final = frozenset({"export_id"})
"""What machines note of rows, also of locked ones: with which order list they left."""

_OURS: Final = frozenset(
    {
        *_OF_STATE,
        "competitors",
        "needs",
        "close_period",
        "outcome",
        "customer_feedback",
        "agent_feedback",
        "owner",
        "priority",
        "campaign",
        "origin",
        "origin_id",
        "predecessor_id",
        "portfolio_id",
        "characteristics",
        "override_reason",
    }
)
"""What of a mirrored document the CRM knows, and nobody else: what follows, what people note, and what it is linked to."""

_OUR_ROWS: Final = frozenset({"state", "commission", "export_id"})
_MEMO: Final = "offers.freed"


class Freed:
    """The documents that this unit of work may change past a lock or a mirror; it ends with the commit."""

    def __init__(self) -> None:
        self.unlocked: dict[int, str] = {}
        """Key of a document → why its lock is overridden."""
        self.published: set[int] = set()
        """Keys of the mirrored documents that their own system publishes now."""
        self._settled: dict[int, tuple[Document, Mapping[str, object]]] = {}

    def may_change(self, key: int) -> bool:
        """Return whether a lock does not count: somebody overrides it, or the document's own system speaks."""
        return key in self.unlocked or key in self.published

    def settle(self, document: Document, values: Mapping[str, object]) -> None:
        """Note what the rows of a document, which were let through, come to."""
        self._settled[id(document)] = (document, values)

    def is_settled(self, document: Document) -> bool:
        """Return whether the header says what its rows came to in this unit of work."""
        _, values = self._settled.get(id(document), (document, None))
        return values is not None and all(getattr(document, field) == value for field, value in values.items())


def freed(session: Session) -> Freed:
    """Return what this unit of work may change past locks and mirrors."""
    found: Freed = session.unit.memo.setdefault(_MEMO, Freed())
    return found


def problems_of(session: Session, documents: Sequence[Change], rows: Sequence[Change]) -> Iterator[Problem]:
    """Yield what is refused because a document is locked, or not ours."""
    free = freed(session)
    for change in documents:
        if change.verb is not RecordVerb.CREATED:
            yield from _of_document(session, free, change)
    heads = _heads(session, rows)
    for change in rows:
        for key in _documents_of(change):
            head = heads.get(key)
            if head is not None:
                yield from _of_row(session, free, change, head)


def _of_document(session: Session, free: Freed, change: Change) -> Iterator[Problem]:
    document = change.record
    assert isinstance(document, Document)  # noqa: S101 - what the caller chose
    fields = change.fields - (DERIVED if free.is_settled(document) else frozenset())
    deleted = change.verb is RecordVerb.DELETED
    was = change.changes["state"][0] if "state" in change.changes else document.state
    allowed = _OF_STATE if "state" in change.changes and not deleted else frozenset()
    if has_flag(session, document, was, "blocking") and not free.may_change(document.id):
        refused = sorted(fields - allowed)
        if refused or deleted:
            yield locked(document.id, was, refused if not deleted else ["-"])
    # Whose a document is does not change; what it was before may not be known, after a rollback.
    if (document.mirrored or ("mirrored" in change.changes and not deleted)) and document.id not in free.published:
        refused = sorted(fields - _OURS)
        if refused:
            yield problem("OFFERS_MIRRORED", document.id, id=document.id, source=document.source, fields=", ".join(refused))


def _of_row(session: Session, free: Freed, change: Change, head: Any) -> Iterator[Problem]:  # noqa: ANN401 - a row of a query
    whole = change.verb is not RecordVerb.UPDATED
    blocked = session.states.table(Document.__state_table__ or "").states.get(head.state or "")
    if blocked is not None and blocked.flags.get("blocking") and not free.may_change(head.id):
        refused = sorted(change.fields - _NOTED)
        if refused or whole:
            yield locked(head.id, head.state, [f"offers.row.{name}" for name in refused])
    if head.mirrored and head.id not in free.published:
        refused = sorted(change.fields - _OUR_ROWS)
        if refused or whole:
            fields = ", ".join(f"offers.row.{name}" for name in refused)
            yield problem("OFFERS_MIRRORED", head.id, id=head.id, source=head.source, fields=fields)


def locked(key: int, state: str | None, refused: Sequence[str]) -> Problem:
    """Return the refusal of a change of a locked document."""
    params = {"entity": Document.entity_name(), "id": key, "source": state or "-", "target": ", ".join(refused)}
    return Problem(code="DOCUMENT_LOCKED", object=f"{Document.entity_name()} {key}", params=params)


def _documents_of(change: Change) -> set[int]:
    """Return the documents that a change of a row touches: of one that moves, both."""
    row = change.record
    assert isinstance(row, Row)  # noqa: S101 - what the caller chose
    found = {row.document_id, *change.changes.get("document_id", ())}
    return {key for key in found if key is not None}


def _heads(session: Session, rows: Sequence[Change]) -> Mapping[int, Any]:
    """Return the heads of the documents of rows as they are stored, and keep others from changing them until this transaction ends.

    Whoever locks a document meanwhile waits for these rows, or these rows find it locked. It also makes the totals right that two
    transactions would otherwise sum up past each other.
    """
    # A document that is new has no lock yet, and a key only when it was written.
    keys = sorted({key for change in rows for key in _documents_of(change)})
    columns = (Document.id, Document.state, Document.mirrored, Document.source)
    wanted = [select(*columns).where(Document.id.in_(some)).order_by(Document.id).with_for_update() for some in batches(keys)]
    if not wanted:
        return {}
    # Past the guard, because a limited role only reads; the rows of others are refused by the platform anyway.
    with session.unguarded("offers"):
        return {head.id: head for each in wanted for head in session.execute(each)}
