"""Which documents are read-only (I-34): asked once for thousands of records, and said in the words of the workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from crmcore import Entity, Problem, Session
from crmcore_offers.model import Document, Row
from crmcore_offers.states import DOCUMENTS

if TYPE_CHECKING:
    from crmcore.changesets import Seen


def locked(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> Mapping[int, Problem]:
    """Return the refusal of each wish, by position, whose document is in a blocking state."""
    blocking = {state.code for state in session.states.table(DOCUMENTS).definition.states if state.flags.get("blocking")}
    states = _states(session, cls, {wish.record_id for wish in wishes}) if blocking else {}
    found: dict[int, Problem] = {}
    for number, wish in enumerate(wishes):
        state = states.get(wish.record_id)
        if state in blocking:
            target = str(wish.new) if wish.field == "state" else wish.field
            found[number] = Problem(code="DOCUMENT_LOCKED", params={"table": DOCUMENTS, "source": state, "target": target})
    return found


def _states(session: Session, cls: type[Entity], keys: Iterable[int]) -> dict[int, str | None]:
    if cls is Row:
        query = select(Row.id, Document.state).join(Document, Document.id == Row.document_id).where(Row.id.in_(sorted(keys)))
    else:
        query = select(Document.id, Document.state).where(Document.id.in_(sorted(keys)))
    return {row[0]: row[1] for row in session.execute(query)}
