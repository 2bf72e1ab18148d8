"""What is refused, whoever writes: by the API, by a mass change, or record by record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import select

from crmcore import Change, Problem, Session
from crmcore.model import User, UserStatus
from crmcore_agenda.codes import problem
from crmcore_agenda.lookups import flag_of
from crmcore_agenda.model import Action, Lead
from crmcore_agenda.slots import problems_of_slots

_PERIOD: Final = re.compile(r"|\d{4}(-(0[1-9]|1[0-2]|Q[1-4]))?")
_AFTERWARDS: Final = frozenset({"account_id", "shared", "overdue_told", "updated_at", "updated_by", "version"})
"""What may change of a closed action: whose account it is after a merge, and what machines note."""


def problems_of(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the changes of a commit."""
    found: list[Problem] = []
    for change in changes:
        if change.verb == "deleted":
            continue
        if isinstance(change.record, Action):
            found += _of_action(session, change, change.record)
        elif isinstance(change.record, Lead):
            found += _of_lead(session, change.record)
    found += _unknown_people(session, changes)
    found += problems_of_slots(session, changes)
    return found


def _of_action(session: Session, change: Change, action: Action) -> Iterator[Problem]:
    was_closed = change.changes["closed"][0] if "closed" in change.changes else action.closed
    if change.verb == "updated" and was_closed:
        fields = sorted(change.fields - _AFTERWARDS)
        if fields:
            yield problem("AGENDA_ACTION_CLOSED", action.title, id=action.id, fields=", ".join(fields))
        return
    if flag_of(session, "agenda.actions", action.state, "closed") is not action.closed:
        yield problem("AGENDA_STATE_MISMATCH", action.title, entity="agenda.action", id=change.id, state=action.state)
    elif action.closed and not action.outcome.strip():
        yield problem("AGENDA_OUTCOME_MISSING", action.title, title=action.title)
    if (action.starts_at is None) is not (action.ends_at is None) or (
        action.starts_at is not None and action.ends_at is not None and action.ends_at <= action.starts_at
    ):
        yield problem("AGENDA_TIMES", action.title, title=action.title)


def _of_lead(session: Session, lead: Lead) -> Iterator[Problem]:
    if not _PERIOD.fullmatch(lead.close_period):
        yield problem("AGENDA_PERIOD", lead.title, value=lead.close_period)
    if flag_of(session, "agenda.leads", lead.state, "closed") is not lead.closed:
        yield problem("AGENDA_STATE_MISMATCH", lead.title, entity="agenda.lead", id=lead.id, state=lead.state)


def _unknown_people(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Yield a problem for each login that nobody has, or that is blocked; where there are no users, any login will do."""
    given: dict[str, str] = {}
    for change in changes:
        if isinstance(change.record, Action) and "assignee" in change.fields and not change.record.closed:
            given.setdefault(change.record.assignee, change.record.title)
    if not given:
        return
    active = set(session.scalars(select(User.login).where(User.login.in_(given), User.status == UserStatus.ACTIVE.value)))
    missing = [login for login in given if login not in active]
    if missing and session.scalar(select(User.id).limit(1)) is not None:
        for login in missing:
            yield problem("AGENDA_USER_UNKNOWN", given[login], login=login, title=given[login])
