"""What this part of the plugin declares."""

from __future__ import annotations

from typing import Final

from crmcore import Command, Configurable, Configured, Event, Handler, Job, Permission, Phase, Template
from crmcore_offers.archive.happenings import DocumentRevised
from crmcore_offers.printing import configuration, later

EVENTS: Final[tuple[type[Event], ...]] = ()
CONFIGURABLES: Final[tuple[Configurable, ...]] = (configuration.TEMPLATES,)
CONFIGURED: Final[tuple[Configured, ...]] = (configuration.BROUGHT,)
COMMANDS: Final[tuple[Command, ...]] = (
    Command(name="print", target="crmcore_offers.printing.commands:print_document", help="Print a document into a file."),
    Command(
        name="check-template", target="crmcore_offers.printing.commands:check_template", help="Say what is wrong with a print template."
    ),
)
HANDLERS: Final[tuple[Handler, ...]] = (
    Handler(event=DocumentRevised, fn=later.follow_revision, name="after_revised", phase=Phase.IN_TRANSACTION),
)
JOBS: Final[tuple[Job, ...]] = (
    Job(name=later.PRINT_REVISION, fn=later.print_revision, help="Keeps the PDF of a revision, as the revision was."),
)
PERMISSIONS: Final[tuple[Permission, ...]] = ()
TEMPLATES: Final[tuple[Template, ...]] = (
    Template(name="offers.page.offer", package="crmcore_offers", path="templates/offer.html"),
    Template(name="offers.page.contract", package="crmcore_offers", path="templates/contract.html"),
    Template(name="offers.page.sheet", package="crmcore_offers", path="templates/sheet.html"),
)
