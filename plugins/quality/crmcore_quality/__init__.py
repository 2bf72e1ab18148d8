"""The plugin ``quality``: the quality of data: duplicates in the registry, found and explained; see `crmcore_quality.matching`."""

from collections.abc import Sequence

from sqlalchemy import Table

from crmcore import Command, Configurable, Entity, ErrorCode, Job, Label, Migrations, Permission, PluginInfo, Watcher, hookimpl
from crmcore_quality.matching import CODES, JOBS, KEY_SETS, MATCH_KEY, PERMISSION, TABLES, WATCHERS

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
    summary="Finds records that are one and the same, and says why.",
)


@hookimpl
def crm_tables() -> Sequence[type[Entity]]:
    """Declare the tables."""
    return TABLES


@hookimpl
def crm_derived_tables() -> Sequence[Table]:
    """Declare the match keys."""
    return (MATCH_KEY,)


@hookimpl
def crm_migrations() -> Migrations:
    """Say where the revisions are."""
    return Migrations("crmcore_quality.migrations", "versions")


@hookimpl
def crm_watchers() -> Sequence[Watcher]:
    """Keep the match keys."""
    return WATCHERS


@hookimpl
def crm_jobs() -> Sequence[Job]:
    """Declare the making of keys."""
    return JOBS


@hookimpl
def crm_configurables() -> Sequence[Configurable]:
    """Declare the customer's key sets."""
    return (KEY_SETS,)


@hookimpl
def crm_permissions() -> Sequence[Permission]:
    """Declare who may decide."""
    return (Permission(name=PERMISSION, label=Label("Decide sui doppioni", "Decides about duplicates")),)


@hookimpl
def crm_error_codes() -> Sequence[ErrorCode]:
    """Declare what is refused."""
    return CODES


@hookimpl
def crm_commands() -> Sequence[Command]:
    """Declare the commands."""
    return (Command(name="duplicates", target="crmcore_quality.matching.commands:duplicates", help="Find and work off duplicates."),)
