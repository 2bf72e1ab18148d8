"""What is printed later: the PDF of each revision, as the revision kept it."""

from __future__ import annotations

from typing import Final

from crmcore import Envelope, JobRun, Session
from crmcore_offers.model import Document, Revision
from crmcore_offers.printing.prints import Prints
from crmcore_offers.settings import setting

PRINT_REVISION: Final = "offers.print_revision"


def print_revision(session: Session, run: JobRun) -> None:
    """Keep the PDF of a revision, given by ``revision_id``, unless the deployment wants none; doing it twice keeps it once."""
    revision = session.get(Revision, int(run.args["revision_id"]))
    if revision is not None and setting(session, "print_revisions"):
        Prints(session).keep(session.require(Document, revision.document_id), revision.number)


def follow_revision(session: Session, event: Envelope) -> None:
    """Queue the PDF of a revision that was made, as an event with its ``revision_id`` tells."""
    if setting(session, "print_revisions"):
        queue_revision(session, int(event.payload["revision_id"]))


def queue_revision(session: Session, revision_id: int) -> None:
    """Queue the PDF of a revision; however often this is called while it waits, it is printed once."""
    session.jobs.enqueue(PRINT_REVISION, {"revision_id": revision_id}, key=f"{PRINT_REVISION}:{revision_id}")
