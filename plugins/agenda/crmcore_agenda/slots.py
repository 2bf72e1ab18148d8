"""Who takes part in an action, and when that takes up their time; resources are taken by one appointment at a time (I-54, I-55)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import select

from crmcore import Change, Problem, Session
from crmcore_agenda.codes import problem
from crmcore_agenda.lookups import flag_of
from crmcore_agenda.model import Action, Resource, Slot

ASSIGNEE: Final = "assignee"
PARTICIPANT: Final = "participant"
RESOURCE: Final = "resource"
_PREFIX: Final = "resource:"


def resource_name(code: str) -> str:
    """Return what a resource is called where logins stand, which have no colon."""
    return f"{_PREFIX}{code}"


def set_times(session: Session, action: Action) -> None:
    """Bring the slots of an action into accord with its times and its assignee."""
    slots: Sequence[Slot] = session.scalars(select(Slot).where(Slot.action_id == action.id)).all()
    for slot in slots:
        slot.starts_at, slot.ends_at = action.starts_at, action.ends_at
        if slot.role == ASSIGNEE:
            slot.who = action.assignee
        elif slot.role == RESOURCE:
            resource = session.scalar(select(Resource).where(Resource.code == slot.who.removeprefix(_PREFIX)))
            if resource is not None:
                resource.bookings += 1


def follow(session: Session, action: Action) -> None:
    """Follow a change of an action: one that is cancelled takes up nobody's time, and another assignee takes part."""
    for slot in session.scalars(select(Slot).where(Slot.action_id == action.id)):
        if slot.role == ASSIGNEE and slot.who != action.assignee:
            slot.who = action.assignee
        cancelled = action.closed and not flag_of(session, "agenda.actions", action.state, "done")
        if cancelled or (action.done_at is not None and slot.starts_at is not None and slot.starts_at > action.done_at):
            # Cancelled, or done before it began: the time is free again.
            slot.starts_at = slot.ends_at = None


def problems_of_slots(session: Session, changes: Iterable[Change]) -> Iterator[Problem]:
    """Yield the resources that are taken twice, in the database or by this commit."""
    wanted = [
        change.record
        for change in changes
        if isinstance(change.record, Slot) and change.verb != "deleted" and change.record.role == RESOURCE and change.record.starts_at
    ]
    if not wanted:
        return
    names = {slot.who.removeprefix(_PREFIX) for slot in wanted}
    free = set(session.scalars(select(Resource.code).where(Resource.code.in_(names), Resource.allow_overlap.is_(True))))
    for number, slot in enumerate(wanted):
        code = slot.who.removeprefix(_PREFIX)
        if code in free:
            continue
        others = [*_taken(session, slot, wanted), *(each for each in wanted[:number] if each.who == slot.who)]
        for other in others:
            if overlap(slot, other):
                zone = session.crm.zone
                start, end = (f"{moment.astimezone(zone):%d/%m/%Y %H:%M}" for moment in (other.starts_at, other.ends_at) if moment)
                yield problem("AGENDA_RESOURCE_BUSY", code, resource=code, start=start, end=end)
                break


def _taken(session: Session, slot: Slot, changed: Sequence[Slot]) -> list[Slot]:
    """Return what takes the same resource at the same time in the database, save what this commit changes."""
    there = select(Slot).where(Slot.who == slot.who, Slot.starts_at < slot.ends_at, Slot.ends_at > slot.starts_at)
    return [other for other in session.scalars(there) if other not in changed]


def overlap(one: Slot, other: Slot) -> bool:
    """Return whether two slots take up the same time; one that ends when the other begins does not."""
    if one.starts_at is None or one.ends_at is None or other.starts_at is None or other.ends_at is None:
        return False
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at
