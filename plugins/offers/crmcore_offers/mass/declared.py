"""What this part of the plugin declares."""

from __future__ import annotations

from typing import Final

from crmcore import Command, Configurable, Configured, Event, Handler, Job, Label, Permission, Template
from crmcore.changesets import Kind
from crmcore_offers.mass import exporting, happenings, kinds

EVENTS: Final[tuple[type[Event], ...]] = (happenings.OrdersExported,)
CONFIGURABLES: Final[tuple[Configurable, ...]] = ()
CONFIGURED: Final[tuple[Configured, ...]] = ()
COMMANDS: Final[tuple[Command, ...]] = (
    Command(name="mass", target="crmcore_offers.mass.commands:mass", help="Maintain documents and rows in mass."),
    Command(name="export-orders", target="crmcore_offers.mass.commands:export_orders", help="Write the order list into a file."),
    Command(name="exports", target="crmcore_offers.mass.commands:exports", help="List the order lists that were exported."),
)
HANDLERS: Final[tuple[Handler, ...]] = ()
JOBS: Final[tuple[Job, ...]] = ()
PERMISSIONS: Final[tuple[Permission, ...]] = (
    Permission(name=kinds.PERMISSION, label=Label("Manutenzione massiva di documenti e righe", "Mass maintenance of documents and rows")),
    Permission(name=exporting.PERMISSION, label=Label("Esporta la distinta ordini", "Export order lists")),
)
TEMPLATES: Final[tuple[Template, ...]] = ()
CHANGE_KINDS: Final[tuple[Kind, ...]] = kinds.KINDS
