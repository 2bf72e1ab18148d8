"""The plugin ``quality``: the quality of data: the engine that finds duplicates (`crmcore_quality.duplicates`), and the import of lists."""

from collections.abc import Sequence

from crmcore import Command, Configurable, Entity, ErrorCode, Label, Migrations, Permission, PluginInfo, hookimpl
from crmcore_quality import importing
from crmcore_quality.importing.configuring import MAPPINGS

__all__ = [
    "PLUGIN",
    "crm_commands",
    "crm_configurables",
    "crm_error_codes",
    "crm_migrations",
    "crm_permissions",
    "crm_tables",
]

PLUGIN = PluginInfo(
    name="quality",
    api=">=0.1,<0.2",
    requires=("italy",),
    label=Label("Qualità dei dati", "Data quality"),
    summary="Imports lists of accounts, and finds records that are one and the same, and says why.",
)


@hookimpl
def crm_tables() -> Sequence[type[Entity]]:
    """Declare the tables."""
    return (importing.ImportMapping, importing.Import, importing.ImportRow, importing.ImportKey)


@hookimpl
def crm_migrations() -> Migrations:
    """Say where the revisions are."""
    return Migrations("crmcore_quality.migrations", "versions")


@hookimpl
def crm_configurables() -> Sequence[Configurable]:
    """Declare the saved mappings, which deployments write in their files."""
    return (MAPPINGS,)


@hookimpl
def crm_permissions() -> Sequence[Permission]:
    """Declare what a profile may grant."""
    return (Permission(name=importing.PERMISSION, label=Label("Importa elenchi", "Import lists")),)


@hookimpl
def crm_commands() -> Sequence[Command]:
    """Declare the commands."""
    return (
        Command(name="detect", target="crmcore_quality.importing.commands:detect", help="Propose a mapping for a list."),
        Command(name="import", target="crmcore_quality.importing.commands:import_group", help="Import lists, and look at imports."),
    )


@hookimpl
def crm_error_codes() -> Sequence[ErrorCode]:
    """Declare what imports refuse and warn of."""
    return importing.CODES
