"""Codes of the catalogues, read once for a piece of work; and the states that flags mean."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select

from crmcore import Label, Session
from crmcore_agenda.codes import refuse
from crmcore_agenda.model import ActionTemplate, ActivityGroup, Kind, Recurring, Resource, TriggerRule

Coded = TypeVar("Coded", Kind, Resource, ActionTemplate, ActivityGroup, TriggerRule, Recurring)
_NAMES = {
    Kind: Label("tipo di azione", "kind of action"),
    Resource: Label("risorsa", "resource"),
    ActionTemplate: Label("template", "template"),
    ActivityGroup: Label("gruppo di attività", "activity group"),
    TriggerRule: Label("regola", "rule"),
    Recurring: Label("attività ricorrente", "recurring activity"),
}


def by_code(session: Session, cls: type[Coded], code: str) -> Coded:
    """Return the row of a catalogue with this code.

    Raises:
        ValidationFailed: ``AGENDA_CODE_UNKNOWN``.
    """
    found: Coded | None = session.scalar(select(cls).where(cls.code == code))
    if found is None:
        raise refuse("AGENDA_CODE_UNKNOWN", code, what=_NAMES[cls], code=code)
    return found


def kind_of(session: Session, code: str) -> Kind:
    """Return a kind of action; a session asks for each once, however many actions it makes.

    Raises:
        ValidationFailed: ``AGENDA_CODE_UNKNOWN``.
    """
    # By strong reference: what nobody else holds, a session would read again.
    known: dict[str, Kind] = session.orm.info.setdefault("agenda.kinds", {})
    found = known.get(code)
    if found is None or found not in session.orm:
        found = known[code] = by_code(session, Kind, code)
    return found


def state_meaning(session: Session, table: str, **flags: bool) -> str:
    """Return the code of the first state in use whose flags are these; a flag that is not set is False."""
    states = session.states.table(table).definition.states
    return next(
        state.code for state in states if not state.obsolete and all(bool(state.flags.get(name)) is value for name, value in flags.items())
    )


def flag_of(session: Session, table: str, state: str | None, flag: str) -> bool:
    """Return whether a state of a table has a flag."""
    found = session.states.table(table).states.get(state or "")
    return bool(found is not None and found.flags.get(flag))
