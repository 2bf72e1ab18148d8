"""Warranties of the products that customers bought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crmcore import (
    Change,
    CharacteristicDef,
    Command,
    ConfigSchema,
    Entity,
    ErrorCode,
    Event,
    Handler,
    Job,
    Label,
    Migrations,
    Permission,
    PluginInfo,
    Problem,
    Session,
    Template,
    hookimpl,
)

from crmcore_warranty.model import Letter, Warranty
from crmcore_warranty.reminders import EVERY_MORNING, Expiring, announce, write_letter
from crmcore_warranty.rules import CODES, problems_of
from crmcore_warranty.settings import CHARACTERISTICS, SCHEMA

PLUGIN = PluginInfo(
    name="warranty",
    api=">=0.1,<0.2",
    label=Label("Garanzie", "Warranties"),
    summary="Warranties of the products that customers bought.",
)


@hookimpl
def crm_tables() -> Sequence[type[Entity]]:
    """Declare the tables."""
    return [Warranty, Letter]


@hookimpl
def crm_migrations() -> Migrations:
    """Say where the revisions are."""
    return Migrations("crmcore_warranty")


@hookimpl
def crm_configuration() -> ConfigSchema:
    """Declare the settings."""
    return SCHEMA


@hookimpl
def crm_characteristics() -> Sequence[CharacteristicDef]:
    """Add a characteristic to accounts."""
    return CHARACTERISTICS


@hookimpl
def crm_permissions() -> Sequence[Permission]:
    """Declare what a profile may grant."""
    return [Permission(name="warranty.extend", label=Label("Prolunga garanzie", "Extend warranties"))]


@hookimpl
def crm_templates() -> Sequence[Template]:
    """Declare the letter."""
    return [Template(name="warranty.letter", package="crmcore_warranty", path="templates/letter.txt")]


@hookimpl
def crm_events() -> Sequence[type[Event]]:
    """Declare the event."""
    return [Expiring]


@hookimpl
def crm_handlers() -> Sequence[Handler]:
    """Write a letter for each warranty that ends."""
    return [Handler(event=Expiring, fn=write_letter)]


@hookimpl
def crm_jobs() -> Sequence[Job]:
    """Look every morning for warranties that end."""
    return [Job(name="warranty.announce", fn=announce, every=EVERY_MORNING, help="Publishes the warranties that end soon.")]


@hookimpl
def crm_commands() -> Sequence[Command]:
    """Add `crm warranty list`."""
    return [Command(name="list", target="crmcore_warranty.commands:list_all", help="List warranties, those that end first at the top.")]


@hookimpl
def crm_error_codes() -> Sequence[ErrorCode]:
    """Declare what the plugin refuses."""
    return CODES


@hookimpl
def crm_validate(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Refuse warranties that cannot be."""
    return [problem for change in changes if isinstance(change.record, Warranty) for problem in problems_of(session, change.record, change)]
