"""The events of the plugin, beside those of its records."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import attrs

from crmcore import Event


@attrs.frozen(kw_only=True)
class ActionDelegated(Event):
    """An action was given to somebody else."""

    TYPE: ClassVar[str] = "agenda.action_delegated"
    action_id: int
    assignee: str
    delegator: str
    due: date


@attrs.frozen(kw_only=True)
class DelegationRefused(Event):
    """Somebody did not take a delegated action: it is its owner's again."""

    TYPE: ClassVar[str] = "agenda.delegation_refused"
    action_id: int
    refused_by: str
    returned_to: str
    reason: str


@attrs.frozen(kw_only=True)
class ActionDueSoon(Event):
    """It is time for the reminder of an action (E09)."""

    TYPE: ClassVar[str] = "agenda.action_due_soon"
    action_id: int
    assignee: str
    channels: tuple[str, ...]


@attrs.frozen(kw_only=True)
class ActionOverdue(Event):
    """An action was not done when it was due; told once, on the first working day after (F08)."""

    TYPE: ClassVar[str] = "agenda.action_overdue"
    action_id: int
    assignee: str
    owner: str
    due: date


@attrs.frozen(kw_only=True)
class ActionDone(Event):
    """An action was done, with this outcome."""

    TYPE: ClassVar[str] = "agenda.action_done"
    action_id: int
    outcome: str
    late_days: int


@attrs.frozen(kw_only=True)
class ActionCancelled(Event):
    """An action is not needed any more."""

    TYPE: ClassVar[str] = "agenda.action_cancelled"
    action_id: int
    reason: str


@attrs.frozen(kw_only=True)
class LeadStalled(Event):
    """An open lead has neither an open action nor a reminder that is still to come (I-46)."""

    TYPE: ClassVar[str] = "agenda.lead_stalled"
    lead_id: int
    owner: str


@attrs.frozen(kw_only=True)
class LeadClosed(Event):
    """A negotiation was won or lost."""

    TYPE: ClassVar[str] = "agenda.lead_closed"
    lead_id: int
    won: bool


EVENTS = (ActionDelegated, DelegationRefused, ActionDueSoon, ActionOverdue, ActionDone, ActionCancelled, LeadStalled, LeadClosed)
