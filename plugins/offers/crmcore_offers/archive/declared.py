"""What this part of the plugin declares."""

from __future__ import annotations

from typing import Final

from crmcore import Command, Configurable, Configured, ErrorCode, Event, Handler, Job, Label, Normaliser, Permission, Template
from crmcore_offers.archive import codes, configuration, happenings, normal
from crmcore_offers.archive.locks import OVERRIDE_LOCK

CODES: Final[tuple[ErrorCode, ...]] = codes.CODES
EVENTS: Final[tuple[type[Event], ...]] = happenings.EVENTS
CONFIGURABLES: Final[tuple[Configurable, ...]] = (configuration.TYPES,)
CONFIGURED: Final[tuple[Configured, ...]] = (configuration.BROUGHT,)
COMMANDS: Final[tuple[Command, ...]] = ()
HANDLERS: Final[tuple[Handler, ...]] = ()
JOBS: Final[tuple[Job, ...]] = ()
PERMISSIONS: Final[tuple[Permission, ...]] = (
    Permission(name=OVERRIDE_LOCK, label=Label("Modificare documenti bloccati", "Change locked documents")),
)
TEMPLATES: Final[tuple[Template, ...]] = ()
NORMALISERS: Final[tuple[Normaliser, ...]] = normal.NORMALISERS
