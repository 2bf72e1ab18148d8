from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from sound.events import Checked
from sound.model import Note, Tag, Tally


def tag_account(session, event):
    known = select(Tag.id).where(Tag.account_id == event.id, Tag.word == "new")
    if session.scalar(known) is None:
        session.add(Tag(account_id=event.id, word="new"))


def count_notes(session, event):
    account = next(value for pair in [event.changes["account_id"]] for value in pair if value is not None)
    tally = session.scalar(select(Tally).where(Tally.account_id == account))
    if tally is None:
        tally = session.add(Tally(account_id=account))
    tally.notes = session.scalar(select(func.count()).select_from(Note).where(Note.account_id == account))


def remember_check(session, event):
    checked = event.read(Checked)
    note = session.get(Note, checked.note_id)
    if note is not None:
        note.priority = 2


def sweep(session, run):
    for note in session.scalars(select(Note).where(Note.state == "open", Note.due < session.now().date())):
        note.state = "done"


def normalise_code(value):
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a code of letters")
    return value.strip().upper()


def words(text: str) -> int:
    return len(text.split())


def has_priority(fields: Mapping[str, object]) -> bool:
    return bool(fields.get("priority"))
