"""What this part of the plugin declares."""

from __future__ import annotations

from typing import Final

from crmcore import Command, Configurable, Configured, ErrorCode, Event, Handler, Job, Permission, Template
from crmcore_offers.reports.codes import CODES as _CODES
from crmcore_offers.reports.configuration import CONFIGURABLES as _CONFIGURABLES

CODES: Final[tuple[ErrorCode, ...]] = _CODES
EVENTS: Final[tuple[type[Event], ...]] = ()
CONFIGURABLES: Final[tuple[Configurable, ...]] = _CONFIGURABLES
CONFIGURED: Final[tuple[Configured, ...]] = ()
COMMANDS: Final[tuple[Command, ...]] = ()
HANDLERS: Final[tuple[Handler, ...]] = ()
JOBS: Final[tuple[Job, ...]] = ()
PERMISSIONS: Final[tuple[Permission, ...]] = ()
TEMPLATES: Final[tuple[Template, ...]] = ()
