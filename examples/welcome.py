"""A plugin in one file: every new account gets a welcome call, three working days later.

It has no table, so it needs no migration: a handler in the transaction of the new account sets a timer, and the timer's job publishes
an event.
"""

from __future__ import annotations

from datetime import time
from typing import ClassVar

import attrs

from crmcore import Account, Envelope, Event, Handler, Job, JobRun, Label, Phase, PluginInfo, Problem, Session, hookimpl
from crmcore.errors import ErrorCode

PLUGIN = PluginInfo(name="welcome", label=Label("Benvenuto", "Welcome"), summary="A call to every new account after three working days.")


@attrs.frozen(kw_only=True)
class CallDue(Event):
    """Somebody should call an account today."""

    TYPE: ClassVar[str] = "welcome.call_due"

    account_id: int
    name: str
    phone: str


def set_timer(session: Session, event: Envelope) -> None:
    """Set the timer of a new account; it is moved, not doubled, when the handler runs again."""
    today = session.now().astimezone(session.crm.zone).date()
    session.timers.set_after_working_days(f"welcome:{event.id}", today, 3, "welcome.call", {"account": event.id}, at=time(9, 0))


def call(session: Session, run: JobRun) -> None:
    """Publish that the call is due, unless the account is gone."""
    account = session.get(Account, run.args["account"])
    if account is not None:
        session.publish(CallDue(account_id=account.id, name=account.name, phone=account.phone1 or ""))


@hookimpl
def crm_validate(changes):  # noqa: ANN001, ANN201 - as short as a plugin may be
    """Refuse an account that nobody could call."""
    return [
        Problem(code="WELCOME_NO_PHONE", params={"name": c.record.name}) for c in changes if c.entity == "account" and not c.record.phone1
    ]


@hookimpl
def crm_error_codes() -> list[ErrorCode]:
    """Declare the code of the refusal, in both languages."""
    return [ErrorCode("WELCOME_NO_PHONE", "{name} has no phone", "{name} non ha un telefono", "Give a phone number.")]


@hookimpl
def crm_events() -> list[type[Event]]:
    """Declare the event."""
    return [CallDue]


@hookimpl
def crm_handlers() -> list[Handler]:
    """Listen to new accounts."""
    return [Handler(event="account.created", fn=set_timer, phase=Phase.IN_TRANSACTION)]


@hookimpl
def crm_jobs() -> list[Job]:
    """Declare the job of the timer."""
    return [Job(name="welcome.call", fn=call, help="Publishes that a welcome call is due.")]
