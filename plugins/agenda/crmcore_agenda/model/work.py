"""Leads, actions, projects, and what belongs to them (`domain.md` §4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmcore import Visibility
from crmcore.model import BigId, JsonMap, Members, Money, UtcDateTime
from crmcore_agenda.model.base import AgendaEntity


class Project(AgendaEntity):
    """A container of any number of activities (K01)."""

    __tablename__ = "agenda_project"
    __visibility__ = Visibility.among("owner", via="account_id", shared="shared", private="private")
    __personal__ = ("notes",)

    title: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(100), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True, default=None)
    starts_on: Mapped[date | None] = mapped_column(default=None)
    ends_on: Mapped[date | None] = mapped_column(default=None)
    shared: Mapped[bool] = mapped_column(default=True)
    private: Mapped[bool] = mapped_column(default=False)
    closed: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[str] = mapped_column(Text, default="")


class Lead(AgendaEntity):
    """A negotiation with a customer or supplier, kept as a diary of past and next actions (E18, glossary 41).

    ``close_period`` is a year, a quarter or a month: ``2026``, ``2026-Q3``, ``2026-09``. ``source_key`` names rule and record of an
    automatic lead, of which there is one (I-47).
    """

    __tablename__ = "agenda_lead"
    __visibility__ = Visibility.among("owner", via="account_id", private="private")
    __personal__ = ("title", "notes")
    __state_table__ = "agenda.leads"
    __table_args__ = (
        CheckConstraint("party IN ('customer', 'supplier')", name="party"),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
        Index(None, "state"),
        Index(None, "owner", "closed", "id"),
    )

    title: Mapped[str] = mapped_column(String(200))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    owner: Mapped[str] = mapped_column(String(100))
    party: Mapped[str] = mapped_column(String(10), default="customer")
    state: Mapped[str | None] = mapped_column(String(40), init=False)
    closed: Mapped[bool] = mapped_column(default=False)
    value: Mapped[Decimal | None] = mapped_column(Money, default=None)
    probability: Mapped[int | None] = mapped_column(default=None)
    close_period: Mapped[str] = mapped_column(String(7), default="")
    origin: Mapped[str] = mapped_column(String(100), default="manual")
    source_key: Mapped[str | None] = mapped_column(String(160), unique=True, default=None)
    private: Mapped[bool] = mapped_column(default=False)
    stalled: Mapped[bool] = mapped_column(default=False)
    remind_on: Mapped[date | None] = mapped_column(default=None)
    closed_on: Mapped[date | None] = mapped_column(default=None)
    notes: Mapped[str] = mapped_column(Text, default="")


class TemplateRun(AgendaEntity):
    """A template at work on an account: the steps as they were when it began, whatever becomes of the template (I-51)."""

    __tablename__ = "agenda_run"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("agenda_template.id"), index=True)
    template_version: Mapped[int] = mapped_column(default=1)
    definition: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    starter: Mapped[str] = mapped_column(String(100), default="")
    start: Mapped[date | None] = mapped_column(default=None)
    batch: Mapped[str | None] = mapped_column(String(100), index=True, default=None)
    unique_key: Mapped[str | None] = mapped_column(String(160), unique=True, default=None)


class Action(AgendaEntity):
    """Work that somebody has to do by a date: an appointment when it has a time, otherwise a to-do (E05, E10, I-48 to I-50, I-54).

    ``owner`` is accountable and goes on seeing it; ``assignee`` does it; ``delegator`` gave it away. ``late_days`` is frozen when it is
    closed. ``open_key`` is what there may be one open action of (I-53).
    """

    __tablename__ = "agenda_action"
    __visibility__ = Visibility.among(
        "assignee",
        "owner",
        "delegator",
        "refused_by",
        via="account_id",
        shared="shared",
        private="private",
        members=Members("agenda_slot", "action_id", "who"),
    )
    __personal__ = ("title", "text", "outcome", "report")
    __state_table__ = "agenda.actions"
    __table_args__ = (
        CheckConstraint("mark BETWEEN 1 AND 5", name="mark"),
        # The dashboard of one operator, and the monitor: in the order of due dates.
        Index(None, "assignee", "closed", "due", "id"),
        # What I gave to others, and what I answer for.
        Index(None, "delegator", "closed", "due", "id"),
        Index(None, "owner", "closed", "due", "id"),
        # What became late since yesterday.
        Index(None, "closed", "overdue_told", "due"),
        Index(None, "account_id", "closed", "due"),
        Index(None, "lead_id", "closed"),
        Index(None, "project_id", "due"),
        Index(None, "recurring_id", "source_key"),
        Index(None, "run_id", "step"),
        Index(None, "done_on", "assignee"),
        Index(None, "state"),
    )

    title: Mapped[str] = mapped_column(String(200))
    kind_id: Mapped[int] = mapped_column(ForeignKey("agenda_kind.id"), index=True)
    owner: Mapped[str] = mapped_column(String(100))
    assignee: Mapped[str] = mapped_column(String(100))
    due: Mapped[date]
    delegator: Mapped[str | None] = mapped_column(String(100), default=None)
    refused_by: Mapped[str | None] = mapped_column(String(100), default=None)
    """Who gave it back last, and so still sees what becomes of it."""
    due_before: Mapped[date | None] = mapped_column(default=None)
    """The due date before the delegation, to which a refused one returns."""
    state: Mapped[str | None] = mapped_column(String(40), init=False)
    closed: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[int] = mapped_column(default=0)
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    notify: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    text: Mapped[str] = mapped_column(Text, default="")
    text_missing: Mapped[bool] = mapped_column(default=False)
    """Whether its script could not be written, because something in it has no value."""
    private: Mapped[bool] = mapped_column(default=False)
    shared: Mapped[bool] = mapped_column(default=True)
    mandatory: Mapped[bool] = mapped_column(default=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), default=None)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("agenda_lead.id"), default=None)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("agenda_project.id"), default=None)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("agenda_run.id"), default=None)
    step: Mapped[int | None] = mapped_column(default=None)
    recurring_id: Mapped[int | None] = mapped_column(ForeignKey("agenda_recurring.id"), default=None)
    source_key: Mapped[str] = mapped_column(String(160), default="")
    open_key: Mapped[str | None] = mapped_column(String(160), unique=True, default=None)
    origin: Mapped[str] = mapped_column(String(100), default="manual")
    outcome: Mapped[str] = mapped_column(String(200), default="")
    report: Mapped[str] = mapped_column(Text, default="")
    mark: Mapped[int | None] = mapped_column(default=None)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    done_on: Mapped[date | None] = mapped_column(default=None)
    done_by: Mapped[str | None] = mapped_column(String(100), default=None)
    late_days: Mapped[int | None] = mapped_column(default=None)
    overdue_told: Mapped[bool] = mapped_column(default=False)

    lead: Mapped[Lead | None] = relationship(init=False)
    run: Mapped[TemplateRun | None] = relationship(init=False)


class Slot(AgendaEntity):
    """Who or what takes part in an action, and when that is taken up by it: without a time, never (I-54).

    It says no more than that, and everybody may read it: so a colleague sees «occupato» where the action itself is not theirs to see.
    """

    __tablename__ = "agenda_slot"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __audited__ = False
    __table_args__ = (
        CheckConstraint("role IN ('assignee', 'participant', 'resource')", name="role"),
        Index(None, "action_id", "who"),
        Index(None, "who", "starts_at"),
    )

    action_id: Mapped[int] = mapped_column(BigId, ForeignKey("agenda_action.id", ondelete="CASCADE"))
    who: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(12), default="assignee")
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    action: Mapped[Action] = relationship(init=False)


class ActionLink(AgendaEntity):
    """A record that an action is about: an offer, a document, a person, a ticket (E05, E17)."""

    __tablename__ = "agenda_link"
    __visibility__ = Visibility.via("action_id")
    __personal__ = ()
    # Who sees an action sees that it leads somewhere; whether what is there exists for that user is asked where it is.
    __about__ = ("action_id",)
    __references__ = {"record_id": "entity"}  # noqa: RUF012 - a declaration, read once at start
    __table_args__ = (Index(None, "action_id"), Index(None, "entity", "record_id"))

    action_id: Mapped[int] = mapped_column(BigId, ForeignKey("agenda_action.id", ondelete="CASCADE"))
    entity: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int] = mapped_column(BigId)
    role: Mapped[str] = mapped_column(String(40), default="about")

    action: Mapped[Action] = relationship(init=False)


class Firing(AgendaEntity):
    """A rule that fired: once for each rule, record and event; why an action exists (`agenda.rules.trace`)."""

    __tablename__ = "agenda_firing"
    # Whoever may see an action asks `rules.trace`; the rows themselves tell of records that one may not see.
    __visibility__ = Visibility.system()
    __personal__ = ()
    __audited__ = False
    __references__ = {"record_id": "entity"}  # noqa: RUF012 - a declaration, read once at start
    __table_args__ = (Index(None, "rule_id", "entity", "record_id", "at"),)

    rule_id: Mapped[int] = mapped_column(ForeignKey("agenda_rule.id"))
    rule_version: Mapped[int] = mapped_column(default=1)
    unique_key: Mapped[str] = mapped_column(String(200), unique=True)
    event_uuid: Mapped[str] = mapped_column(String(36))
    entity: Mapped[str] = mapped_column(String(60), default="")
    record_id: Mapped[int | None] = mapped_column(BigId, default=None)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("agenda_lead.id", ondelete="SET NULL"), index=True, default=None)
    explanation: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)


class RecencyClock(AgendaEntity):
    """When an account is next due under a recency rule; kept up by what happens, so that each day costs what falls due on it."""

    __tablename__ = "agenda_clock"
    __visibility__ = Visibility.system()
    __personal__ = ()
    __audited__ = False
    __table_args__ = (Index(None, "recurring_id", "account_id", unique=True), Index(None, "recurring_id", "next_on", "account_id"))

    recurring_id: Mapped[int] = mapped_column(ForeignKey("agenda_recurring.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    due_on: Mapped[date]
    next_on: Mapped[date | None] = mapped_column(default=None)
    """When something has to happen next: the first step, or the one after that of the open action; never after the last one."""
