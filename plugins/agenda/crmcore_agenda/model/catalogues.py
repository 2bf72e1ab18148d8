"""What a deployment configures: kinds of action, groups, bands, roles, resources, templates, rules, recurring activities."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Visibility
from crmcore.model import Json
from crmcore_agenda.model.base import AgendaEntity


class ActivityGroup(AgendaEntity):
    """A group of kinds of action, by which sales activity is analysed (E19)."""

    __tablename__ = "agenda_group"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Kind(AgendaEntity):
    """A kind of action (E06). ``interaction`` is the kind of contact that closing one writes into the history; empty for none."""

    __tablename__ = "agenda_kind"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    interaction: Mapped[str] = mapped_column(String(40), default="")
    minutes: Mapped[int] = mapped_column(default=60)
    """How long an appointment of this kind lasts, unless something else is said."""
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")
    group_id: Mapped[int | None] = mapped_column(ForeignKey("agenda_group.id"), index=True, default=None)


class Band(AgendaEntity):
    """The colour of actions that are at least so many working days late (E16)."""

    __tablename__ = "agenda_band"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    from_days: Mapped[int]
    colour: Mapped[str] = mapped_column(String(20))
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Role(AgendaEntity):
    """A role that steps of templates are for, and the login of who has it."""

    __tablename__ = "agenda_role"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    assignee: Mapped[str] = mapped_column(String(100))
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Sharing(AgendaEntity):
    """Whether a user shares the own agenda, where that is not as the setting ``share_agendas`` says (E14)."""

    __tablename__ = "agenda_sharing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    who: Mapped[str] = mapped_column(String(100), unique=True)
    shared: Mapped[bool]


class Resource(AgendaEntity):
    """A room, a car, a device: at most one appointment at a time, unless overlaps are allowed (I-55)."""

    __tablename__ = "agenda_resource"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    allow_overlap: Mapped[bool] = mapped_column(default=False)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")
    bookings: Mapped[int] = mapped_column(default=0)
    """Rises with every booking: of two people who book at once, the second finds another version, and neither overlaps."""


class ActionTemplate(AgendaEntity):
    """A sequence of actions (F01); its ``version`` is that which running sequences remember (I-51)."""

    __tablename__ = "agenda_template"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    steps: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class TriggerRule(AgendaEntity):
    """What follows from an event: a lead, delayed actions, or a template (F06)."""

    __tablename__ = "agenda_rule"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    event: Mapped[str] = mapped_column(String(100))
    """The type of the event."""
    condition: Mapped[str] = mapped_column(String(2000), default="")
    record: Mapped[str] = mapped_column(String(60), default="")
    account: Mapped[str] = mapped_column(String(60), default="account_id")
    once: Mapped[str] = mapped_column(String(10), default="record")
    debounce_minutes: Mapped[int] = mapped_column(default=0)
    lead: Mapped[dict[str, Any]] = mapped_column(Json, default_factory=dict)
    actions: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    template: Mapped[str] = mapped_column(String(40), default="")
    active: Mapped[bool] = mapped_column(default=True)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Recurring(AgendaEntity):
    """A recurring activity: who was not contacted for so long, or what a feed of another plugin says is due (F04, F05)."""

    __tablename__ = "agenda_recurring"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    feed: Mapped[str] = mapped_column(String(60), default="")
    months: Mapped[int] = mapped_column(default=3)
    interactions: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    accounts: Mapped[dict[str, Any]] = mapped_column(Json, default_factory=dict)
    minimum: Mapped[str] = mapped_column(String(20), default="0")
    steps: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    active: Mapped[bool] = mapped_column(default=True)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")
