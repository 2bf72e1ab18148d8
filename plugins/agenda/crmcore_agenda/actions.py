"""Actions: made, moved, delegated, done, cancelled (E05 to E10, I-48 to I-50)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypedDict, Unpack

import attrs
from sqlalchemy import select

from crmcore import Account, Entity, Session
from crmcore_agenda import happenings
from crmcore_agenda.codes import refuse
from crmcore_agenda.lookups import by_code, kind_of, state_meaning
from crmcore_agenda.model import Action, ActionLink, Kind, Lead, Project, Resource, Slot
from crmcore_agenda.settings import setting
from crmcore_agenda.sharing import is_shared
from crmcore_agenda.slots import ASSIGNEE, PARTICIPANT, RESOURCE, resource_name, set_times
from crmcore_agenda.timing import instant, lateness_of

TABLE: Final = "agenda.actions"
MANUAL: Final = "manual"
AUTOMATIC: Final = "system:agenda"
"""Who closes what nobody decided about."""


class ActionFields(TypedDict, total=False):
    """What an action says beside kind, title and due date; see `Actions.add`."""

    at: time | None
    minutes: int | None
    assignee: str | None
    owner: str | None
    account: Account | int | None
    lead: Lead | None
    project: Project | None
    priority: int
    participants: Iterable[str]
    resources: Iterable[str]
    links: Iterable[Entity]
    remind_at: datetime | None
    notify: Mapping[str, Any]
    private: bool
    shared: bool | None
    text: str
    mandatory: bool
    origin: str
    open_key: str | None


@attrs.frozen
class Related:
    """A record that an action leads to in one step (E17): its entity, its id, and what it is to the action."""

    entity: str
    id: int
    role: str


class Actions:
    """The actions of a session; nothing here commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, kind: str, title: str, due: date, **fields: Unpack[ActionFields]) -> Action:
        """Add an action that is due on a day; with ``at``, a local time, it is an appointment of so many ``minutes``, otherwise a to-do.

        ``owner`` is the actor unless another one is named, ``assignee`` the owner; an action that one person makes for another counts as
        delegated by the first. ``participants`` are logins, ``resources`` codes, ``links`` any records. ``remind_at`` is an aware instant;
        appointments have a reminder of their own by the settings. ``notify`` says how: ``{"channels": ["email"]}``.

        Raises:
            ValidationFailed: ``AGENDA_CODE_UNKNOWN`` for kind or resource; at the commit also ``AGENDA_USER_UNKNOWN``,
                ``AGENDA_RESOURCE_BUSY``, ``AGENDA_TIMES``.
        """
        row = kind_of(self._session, kind)
        lead, project = fields.get("lead"), fields.get("project")
        owner = fields.get("owner") or (lead.owner if lead is not None else self._login())
        assignee = fields.get("assignee") or owner
        shared = fields.get("shared")
        action = Action(
            title=title,
            kind_id=row.id,
            owner=owner,
            assignee=assignee,
            due=due,
            delegator=owner if assignee != owner and "origin" not in fields else None,
            priority=fields.get("priority", 0),
            notify=fields.get("notify") or {},
            text=fields.get("text", ""),
            private=fields.get("private", False),
            shared=is_shared(self._session, assignee) if shared is None else shared,
            mandatory=fields.get("mandatory", True),
            account_id=self._account(fields.get("account"), lead, project),
            project_id=project.id if project is not None else None,
            origin=fields.get("origin", MANUAL),
            open_key=fields.get("open_key"),
        )
        action.lead = lead
        self._session.add(action)
        self._set_times(action, due, fields.get("at"), fields.get("minutes") or row.minutes)
        if "remind_at" in fields:
            action.remind_at = fields["remind_at"]
        self._take_part(action, fields.get("participants", ()), fields.get("resources", ()))
        for record in fields.get("links", ()):
            self.link(action, record)
        return action

    def link(self, action: Action, record: Entity, role: str = "about") -> ActionLink:
        """Let an action lead to a record, which has its key already; once is enough."""
        if action.id is not None:
            same = (ActionLink.action_id == action.id, ActionLink.entity == record.entity_name(), ActionLink.record_id == record.id)
            there: ActionLink | None = self._session.scalar(select(ActionLink).where(*same).limit(1))
            if there is not None:
                return there
        made = ActionLink(action_id=action.id, entity=record.entity_name(), record_id=record.id, role=role)
        made.action = action
        return self._session.add(made)

    def related(self, action: Action) -> list[Related]:
        """Return everything that an action leads to in one step: account, lead, project, and the records that are linked to it."""
        own = [("account", action.account_id), ("agenda.lead", action.lead_id), ("agenda.project", action.project_id)]
        found = [Related(entity, key, entity.rpartition(".")[2]) for entity, key in own if key is not None]
        rows = self._session.scalars(select(ActionLink).where(ActionLink.action_id == action.id).order_by(ActionLink.id))
        return found + [Related(row.entity, row.record_id, row.role) for row in rows]

    def move(self, action: Action, due: date, at: time | None = None, minutes: int | None = None) -> None:
        """Give an action another day, and a time or none."""
        before = int((action.ends_at - action.starts_at).total_seconds() // 60) if action.starts_at and action.ends_at else None
        action.due = due
        self._set_times(action, due, at, minutes or before or self._session.require(Kind, action.kind_id).minutes)
        action.overdue_told = False

    def begin(self, action: Action) -> None:
        """Say that an action is being worked on."""
        self._session.states.change(action, state_meaning(self._session, TABLE, closed=False, delegated=False, working=True))

    # Delegation

    def delegate(self, action: Action, to: str, due: date, at: time | None = None) -> None:
        """Give an action to somebody else, to be done by a day; its owner goes on seeing it, and there is no copy (I-50).

        Raises:
            ValidationFailed: at the commit, ``AGENDA_USER_UNKNOWN``; ``AGENDA_ACTION_CLOSED`` for one that is closed.
        """
        self._require_open(action)
        code = state_meaning(self._session, TABLE, delegated=True, closed=False)
        if action.state != code:
            self._session.states.change(action, code)
            action.due_before = action.due
        action.delegator, action.assignee, action.refused_by = self._login(), to, None
        self.move(action, due, at or self._local_time(action))
        happened = happenings.ActionDelegated(action_id=action.id, assignee=to, delegator=action.delegator, due=due)
        self._session.publish(happened)

    def refuse(self, action: Action, reason: str = "") -> None:
        """Give a delegated action back: it is the delegator's again, due when it was due before.

        Raises:
            ValidationFailed: ``AGENDA_NOT_DELEGATED`` when it is not delegated to the actor, or closed.
        """
        login = self._login()
        back = action.delegator
        if action.closed or back is None or action.assignee != login:
            raise refuse("AGENDA_NOT_DELEGATED", action.title, id=action.id, login=login)
        code = state_meaning(self._session, TABLE, delegated=False, closed=False)
        if action.state != code:
            self._session.states.change(action, code, reason=reason)
        due, clock = action.due_before or action.due, self._local_time(action)
        action.assignee, action.delegator, action.due_before, action.refused_by = back, None, None, login
        self.move(action, due, clock)
        self._session.publish(happenings.DelegationRefused(action_id=action.id, refused_by=login, returned_to=back, reason=reason))

    # Closing

    def done(self, action: Action, outcome: str, report: str = "", *, mark: int | None = None) -> None:
        """Close an action with an outcome; the report goes into the contact history, with a satisfaction from 1 to 5 if there is one.

        How late it is, is frozen (I-48). What follows from it, the next step of its template or a stalled lead, follows after the commit.

        Raises:
            ValidationFailed: ``AGENDA_ACTION_CLOSED``; ``AGENDA_OUTCOME_MISSING`` (I-49).
        """
        if not outcome.strip():
            raise refuse("AGENDA_OUTCOME_MISSING", action.title, title=action.title)
        self._close(action, state_meaning(self._session, TABLE, done=True), outcome)
        action.report, action.mark = report, mark
        self._write_history(action)
        happened = happenings.ActionDone(action_id=action.id, outcome=outcome, late_days=action.late_days or 0)
        self._session.publish(happened)

    def cancel(self, action: Action, reason: str, *, automatic: bool = False) -> None:
        """Close an action that is not needed any more, with the reason; ``automatic`` when nobody decided that.

        Raises:
            ValidationFailed: ``AGENDA_ACTION_CLOSED``; ``AGENDA_OUTCOME_MISSING`` without a reason.
        """
        if not reason.strip():
            raise refuse("AGENDA_OUTCOME_MISSING", action.title, title=action.title)
        self._close(action, state_meaning(self._session, TABLE, closed=True, done=False), reason)
        if automatic:
            action.done_by = AUTOMATIC
        self._session.publish(happenings.ActionCancelled(action_id=action.id, reason=reason))

    def late_days(self, action: Action, on: date | None = None) -> int:
        """Return by how many working days an action is late on a day, today unless named; for a closed one, what was frozen."""
        if action.closed:
            return action.late_days or 0
        return lateness_of(self._session)(action.due, on or self._session.today())

    def reassign(self, owner: str, to: str, *, account: Account | None = None) -> int:
        """Give the open actions of somebody to somebody else, all or those about an account, and return how many (S15)."""
        mine = select(Action).where(Action.assignee == owner, Action.closed.is_(False))
        found: Sequence[Action] = self._session.scalars(mine if account is None else mine.where(Action.account_id == account.id)).all()
        for action in found:
            action.assignee = to
            if action.owner == owner:
                action.owner = to
        return len(found)

    def _close(self, action: Action, code: str, outcome: str) -> None:
        self._require_open(action)
        session = self._session
        session.states.change(action, code, reason=outcome[:500])
        day = session.today()
        action.closed, action.outcome, action.open_key = True, outcome[:200], None
        action.done_at, action.done_on, action.done_by = session.now(), day, self._login()
        action.late_days = lateness_of(session)(action.due, day)

    def _require_open(self, action: Action) -> None:
        if action.closed:
            raise refuse("AGENDA_ACTION_CLOSED", action.title, id=action.id, fields="state")

    def _write_history(self, action: Action) -> None:
        """Write the report into the history of the account; where the actor does not see that, the system does it after the commit."""
        kind = self._session.require(Kind, action.kind_id)
        if not kind.interaction or action.account_id is None:
            return
        account = self._session.get(Account, action.account_id)
        if account is None:
            self._session.jobs.enqueue("agenda.history", {"action": action.id}, key=f"agenda.history:{action.id}")
            return
        write_report(self._session, account, action, kind.interaction)

    def _set_times(self, action: Action, due: date, at: time | None, minutes: int) -> None:
        """Derive the instants from day and local time: across a change of clocks an appointment keeps its length."""
        action.starts_at = None if at is None else instant(self._session, due, at)
        action.ends_at = None if action.starts_at is None else action.starts_at + timedelta(minutes=minutes)
        notice = int(setting(self._session, "reminder_minutes"))
        action.remind_at = action.starts_at - timedelta(minutes=notice) if action.starts_at is not None and notice else None
        if action.id is not None:
            set_times(self._session, action)

    def _take_part(self, action: Action, participants: Iterable[str], resources: Iterable[str]) -> None:
        taking = [(action.assignee, ASSIGNEE), *((login, PARTICIPANT) for login in participants)]
        for code in resources:
            resource = by_code(self._session, Resource, code)
            resource.bookings += 1
            taking.append((resource_name(code), RESOURCE))
        for who, role in taking:
            slot = Slot(action_id=action.id, who=who, role=role, starts_at=action.starts_at, ends_at=action.ends_at)
            slot.action = action
            self._session.add(slot)

    def _local_time(self, action: Action) -> time | None:
        return None if action.starts_at is None else action.starts_at.astimezone(self._session.crm.zone).time()

    def _login(self) -> str:
        return self._session.actor.person or self._session.actor.name

    @staticmethod
    def _account(account: Account | int | None, lead: Lead | None, project: Project | None) -> int | None:
        if account is None:
            return lead.account_id if lead is not None else (project.account_id if project is not None else None)
        return account if isinstance(account, int) else account.id


def write_report(session: Session, account: Account, action: Action, interaction: str) -> None:
    """Add the report of a closed action to the contact history, in the name of who closed it."""
    at = action.done_at or session.now()
    author = action.done_by or session.actor.name
    text = action.report or action.outcome
    session.interactions.add(account, interaction, subject=action.title, text=text, mark=action.mark, at=at, author=author)
