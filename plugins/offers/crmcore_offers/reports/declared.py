"""What this part of the plugin declares."""

from __future__ import annotations

from typing import Final

from crmcore import Command, Configurable, Configured, Event, Handler, Job, Permission, Template
from crmcore_offers.reports.configuration import CONFIGURABLES as _CONFIGURABLES

EVENTS: Final[tuple[type[Event], ...]] = ()
CONFIGURABLES: Final[tuple[Configurable, ...]] = _CONFIGURABLES
CONFIGURED: Final[tuple[Configured, ...]] = ()
COMMANDS: Final[tuple[Command, ...]] = (
    Command(name="pipeline", target="crmcore_offers.reports.commands:pipeline", help="Show what is offered and not yet decided."),
    Command(name="forecast", target="crmcore_offers.reports.commands:forecast", help="Show what is won and expected against targets."),
    Command(name="conversion", target="crmcore_offers.reports.commands:conversion", help="Show how documents went through the stages."),
    Command(name="efficacy", target="crmcore_offers.reports.commands:efficacy", help="Show what of what was presented was won."),
    Command(name="commissions", target="crmcore_offers.reports.commands:commissions", help="Show what who sells gets."),
)
HANDLERS: Final[tuple[Handler, ...]] = ()
JOBS: Final[tuple[Job, ...]] = ()
PERMISSIONS: Final[tuple[Permission, ...]] = ()
TEMPLATES: Final[tuple[Template, ...]] = ()
