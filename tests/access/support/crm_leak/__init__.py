"""A plugin with an entity of each kind of visibility."""

from crm_leak.model import LeakItem, LeakMemo, LeakNotice, LeakPart, LeakQueue
from crmcore import Label, Migrations, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="leak", label=Label("Perdite", "Leaks"), summary="Rows that somebody may see and somebody may not.")


@hookimpl
def crm_tables():
    return [LeakItem, LeakPart, LeakMemo, LeakNotice, LeakQueue]


@hookimpl
def crm_migrations():
    return Migrations("crm_leak")
