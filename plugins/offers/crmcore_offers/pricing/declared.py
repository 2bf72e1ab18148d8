"""What this part of the plugin declares."""

from __future__ import annotations

from typing import Final

from crmcore import CharacteristicDef, Command, Configurable, Configured, Event, Handler, Job, Label, Permission, Template
from crmcore_offers.pricing import brought, configuration
from crmcore_offers.pricing.lists import CUSTOMER_LIST

EVENTS: Final[tuple[type[Event], ...]] = ()
CONFIGURABLES: Final[tuple[Configurable, ...]] = configuration.CONFIGURABLES
CONFIGURED: Final[tuple[Configured, ...]] = brought.BROUGHT
COMMANDS: Final[tuple[Command, ...]] = ()
HANDLERS: Final[tuple[Handler, ...]] = ()
JOBS: Final[tuple[Job, ...]] = ()
PERMISSIONS: Final[tuple[Permission, ...]] = ()
TEMPLATES: Final[tuple[Template, ...]] = ()
CHARACTERISTICS: Final[tuple[CharacteristicDef, ...]] = (
    CharacteristicDef(key=CUSTOMER_LIST, label=Label("Listino", "Price list"), help="Code of the price list of this customer."),
)
