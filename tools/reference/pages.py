"""Which pages are generated, and what is undocumented in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tools.reference.contents import errors_page, events_page, tables_page, undocumented_events, undocumented_tables
from tools.reference.deployment import commands_page, configuration_page, undocumented_commands, undocumented_keys
from tools.reference.plugin_api import (
    conformance_page,
    declarations_page,
    hooks_page,
    undocumented_checks,
    undocumented_declarations,
    undocumented_hooks,
)

FOLDER: Final = "reference"

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    f"{FOLDER}/hooks.md": hooks_page,
    f"{FOLDER}/declarations.md": declarations_page,
    f"{FOLDER}/conformance.md": conformance_page,
    f"{FOLDER}/configuration.md": configuration_page,
    f"{FOLDER}/commands.md": commands_page,
    f"{FOLDER}/errors.md": errors_page,
    f"{FOLDER}/events.md": events_page,
    f"{FOLDER}/tables.md": tables_page,
}
"""Path below `docs/` → what writes it."""

UNDOCUMENTED: Final[Mapping[str, Callable[[], list[str]]]] = {
    "hooks": undocumented_hooks,
    "declarations": undocumented_declarations,
    "checks of the kit": undocumented_checks,
    "configuration keys": undocumented_keys,
    "commands": undocumented_commands,
    "events and jobs": undocumented_events,
    "entities": undocumented_tables,
}
"""Kind → what of it nobody has documented; error codes are checked with their languages."""
