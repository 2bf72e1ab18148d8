"""The plugin ``quality``: the quality of data: lists are imported, and duplicates found, explained and merged.

See `crmcore_quality.importing`, `crmcore_quality.matching`, and the engine `crmcore_quality.duplicates`.
"""

from collections.abc import Sequence

from sqlalchemy import Table

from crmcore import Command, Configurable, Entity, ErrorCode, Job, Label, Migrations, Permission, PluginInfo, Watcher, hookimpl
from crmcore_quality import importing, matching
from crmcore_quality.importing.configuring import MAPPINGS

__all__ = [
    "PLUGIN",
    "crm_commands",
    "crm_configurables",
    "crm_derived_tables",
    "crm_error_codes",
    "crm_jobs",
    "crm_migrations",
    "crm_permissions",
    "crm_tables",
    "crm_watchers",
]

PLUGIN = PluginInfo(
    name="quality",
    api=">=0.1,<0.2",
    requires=("italy",),
    label=Label("Qualità dei dati", "Data quality"),
    summary="Imports lists, finds records that are one and the same, and says why.",
    capabilities=("unguarded",),
)


@hookimpl
def crm_tables() -> Sequence[type[Entity]]:
    """Declare the tables."""
    return (importing.ImportMapping, importing.Import, importing.ImportRow, importing.ImportKey, *matching.TABLES)


@hookimpl
def crm_derived_tables() -> Sequence[Table]:
    """Declare the match keys."""
    return (matching.MATCH_KEY,)


@hookimpl
def crm_migrations() -> Migrations:
    """Say where the revisions are."""
    return Migrations("crmcore_quality.migrations", "versions")


@hookimpl
def crm_watchers() -> Sequence[Watcher]:
    """Keep the match keys."""
    return matching.WATCHERS


@hookimpl
def crm_jobs() -> Sequence[Job]:
    """Declare the making of keys."""
    return matching.JOBS


@hookimpl
def crm_configurables() -> Sequence[Configurable]:
    """Declare the saved mappings and the customer's key sets, which deployments write in their files."""
    return (MAPPINGS, matching.KEY_SETS)


@hookimpl
def crm_permissions() -> Sequence[Permission]:
    """Declare what a profile may grant."""
    return (
        Permission(name=importing.PERMISSION, label=Label("Importa elenchi", "Import lists")),
        Permission(name=matching.PERMISSION, label=Label("Decide sui doppioni", "Decides about duplicates")),
    )


@hookimpl
def crm_error_codes() -> Sequence[ErrorCode]:
    """Declare what is refused, and what imports warn of."""
    return (*importing.CODES, *matching.CODES)


@hookimpl
def crm_commands() -> Sequence[Command]:
    """Declare the commands."""
    return (
        Command(name="detect", target="crmcore_quality.importing.commands:detect", help="Propose a mapping for a list."),
        Command(name="import", target="crmcore_quality.importing.commands:import_group", help="Import lists, and look at imports."),
        Command(name="duplicates", target="crmcore_quality.matching.commands:duplicates", help="Find and work off duplicates."),
    )
