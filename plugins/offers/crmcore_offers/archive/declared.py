"""What this part of the plugin declares."""

from __future__ import annotations

from typing import Final

from crmcore import Command, Configurable, Configured, Event, Handler, Job, Label, Normaliser, Permission, Template
from crmcore_offers.archive import configuration, happenings, normal
from crmcore_offers.archive.locks import OVERRIDE_LOCK

EVENTS: Final[tuple[type[Event], ...]] = happenings.EVENTS
CONFIGURABLES: Final[tuple[Configurable, ...]] = (configuration.TYPES,)
CONFIGURED: Final[tuple[Configured, ...]] = (configuration.BROUGHT,)
COMMANDS: Final[tuple[Command, ...]] = (
    Command(name="show", target="crmcore_offers.archive.commands:show", help="Show a document with its rows."),
    Command(name="list", target="crmcore_offers.archive.commands:list_documents", help="List documents, the last first."),
    Command(name="create", target="crmcore_offers.archive.commands:create", help="Make a document for an account."),
    Command(name="state", target="crmcore_offers.archive.commands:change_state", help="Move a document to another state."),
    Command(name="convert", target="crmcore_offers.archive.commands:convert", help="Make the successor of a document, of another type."),
)
HANDLERS: Final[tuple[Handler, ...]] = ()
JOBS: Final[tuple[Job, ...]] = ()
PERMISSIONS: Final[tuple[Permission, ...]] = (
    Permission(name=OVERRIDE_LOCK, label=Label("Modificare documenti bloccati", "Change locked documents")),
)
TEMPLATES: Final[tuple[Template, ...]] = ()
NORMALISERS: Final[tuple[Normaliser, ...]] = normal.NORMALISERS
