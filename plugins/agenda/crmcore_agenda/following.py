"""What follows from a change: reminders, free times, the next step of a template, cancelled actions, stalled leads.

What needs more than the actor may see runs after the commit, as the system; each looks first whether it is done already.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from crmcore import Account, Envelope, JobRun, OpenWork, Rule, Session
from crmcore.model import Interaction
from crmcore_agenda import happenings
from crmcore_agenda.actions import Actions, write_report
from crmcore_agenda.model import Action, Kind, Lead
from crmcore_agenda.recency import refresh_accounts
from crmcore_agenda.settings import setting
from crmcore_agenda.slots import follow
from crmcore_agenda.templates import Templates
from crmcore_agenda.timing import lateness_of

EVERY_MORNING = Rule("FREQ=DAILY;BYHOUR=5;BYMINUTE=0;BYSECOND=0")


def keep_reminder(session: Session, event: Envelope) -> None:
    """Set, move or cancel the timer of an action, and follow its slots, in the transaction of its change."""
    if event.id is None:
        return
    key = f"agenda.remind:{event.id}"
    if event.changes.get("closed", (None, False))[1]:
        session.timers.cancel(key)
    elif "remind_at" in event.changes:
        moment = event.changes["remind_at"][1]
        if moment is None:
            session.timers.cancel(key)
        elif (at := datetime.fromisoformat(moment)) >= session.now():
            session.timers.set(key, at, "agenda.remind", {"action": event.id, "at": moment})
    if event.type.endswith(".updated") and {"assignee", "closed"} & set(event.changes):
        action = session.get(Action, event.id)
        if action is not None:
            follow(session, action)


def remind(session: Session, run: JobRun) -> None:
    """Tell that it is time for the reminder of an action, unless it was closed or moved meanwhile (E09)."""
    action = session.get(Action, int(run.args["action"]))
    if action is None or action.closed or action.remind_at != datetime.fromisoformat(run.args["at"]):
        return
    channels = tuple(str(each) for each in action.notify.get("channels", ()))
    session.publish(happenings.ActionDueSoon(action_id=action.id, assignee=action.assignee, channels=channels))


def announce_overdue(session: Session, run: JobRun) -> None:
    """Tell of each action, once, that it became late (F08); it costs what became late since it last ran."""
    del run
    day = session.today()
    latest = lateness_of(session).latest_late(day)
    late = (
        select(Action)
        .where(Action.closed.is_(False), Action.overdue_told.is_(False), Action.due <= latest)
        .order_by(Action.due, Action.id)
        .limit(int(setting(session, "overdue_batch")))
    )
    found = session.scalars(late).all()
    for action in found:
        action.overdue_told = True
        session.publish(happenings.ActionOverdue(action_id=action.id, assignee=action.assignee, owner=action.owner, due=action.due))
    if len(found) == int(setting(session, "overdue_batch")):
        session.jobs.enqueue("agenda.overdue", key="agenda.overdue:more")


def write_history(session: Session, run: JobRun) -> None:
    """Write the report of an action into the history of an account that who closed it does not see."""
    action = session.get(Action, int(run.args["action"]))
    account = session.get(Account, action.account_id) if action is not None and action.account_id is not None else None
    if action is None or account is None:
        return
    kind = session.require(Kind, action.kind_id)
    there = select(Interaction.id).where(
        Interaction.account_id == account.id, Interaction.at == action.done_at, Interaction.subject == action.title
    )
    if kind.interaction and session.scalar(there.limit(1)) is None:
        write_report(session, account, action, kind.interaction)


def after_closing(session: Session, event: Envelope) -> None:
    """Begin the next step of a template, and look whether the lead is left without anything to do."""
    action = session.get(Action, int(event.payload["action_id"]))
    if action is None:
        return
    Templates(session).proceed(action)
    if action.recurring_id is not None and action.account_id is not None:
        refresh_accounts(session, [action.account_id])
    if action.lead_id is not None:
        session.flush()
        look_at_lead(session, action.lead_id)


def after_lead(session: Session, event: Envelope) -> None:
    """Look whether a new lead, or one that was opened again, has something to do."""
    if event.id is not None:
        look_at_lead(session, event.id)


def look_at_lead(session: Session, key: int) -> None:
    """Tell that a lead is stalled, once, or note that it is not any more (I-46)."""
    lead = session.get(Lead, key)
    if lead is None or lead.closed:
        return
    opened = session.scalar(select(Action.id).where(Action.lead_id == key, Action.closed.is_(False)).limit(1))
    stalled = opened is None and (lead.remind_on is None or lead.remind_on <= session.today())
    if stalled and not lead.stalled:
        session.publish(happenings.LeadStalled(lead_id=lead.id, owner=lead.owner))
    if lead.stalled is not stalled:
        lead.stalled = stalled


def after_lead_closed(session: Session, event: Envelope) -> None:
    """Cancel what is still open of a lead that was won or lost."""
    lead = session.get(Lead, int(event.payload["lead_id"]))
    if lead is None or not lead.closed or not setting(session, "cancel_with_lead"):
        return
    actions = Actions(session)
    state = session.states.of(lead)
    reason = f"Trattativa {state.label.it.lower() if state is not None else 'chiusa'}"
    for action in session.scalars(select(Action).where(Action.lead_id == lead.id, Action.closed.is_(False))).all():
        actions.cancel(action, reason, automatic=True)


def open_work(session: Session, login: str) -> Iterator[OpenWork]:
    """Yield what a user still has to do (S15)."""
    mine = select(Action).where(Action.assignee == login, Action.closed.is_(False)).order_by(Action.due, Action.id)
    for action in session.scalars(mine):
        yield OpenWork(entity="agenda.action", id=action.id, label=action.title, due=action.due)
