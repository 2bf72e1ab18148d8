"""What is refused of documents and rows; all problems of a commit come together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crmcore import Change, Problem, Session
from crmcore_offers.archive import check_headers, check_rows, locks
from crmcore_offers.model import Document, Row


def problems_of(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the changes of a commit."""
    documents = [change for change in changes if isinstance(change.record, Document)]
    rows = [change for change in changes if isinstance(change.record, Row)]
    if not documents and not rows:
        return []
    return [
        *check_headers.problems_of(session, documents),
        *check_rows.problems_of(session, rows),
        *locks.problems_of(session, documents, rows),
    ]
