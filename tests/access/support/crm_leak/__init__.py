"""A plugin with an entity of each kind of visibility."""

from crm_leak.model import LeakCall, LeakHand, LeakItem, LeakMemo, LeakNotice, LeakPart, LeakQueue, LeakTask
from crmcore import Label, Migrations, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="leak", label=Label("Perdite", "Leaks"), summary="Rows that somebody may see and somebody may not.")


@hookimpl
def crm_tables():
    return [LeakItem, LeakPart, LeakMemo, LeakNotice, LeakQueue, LeakTask, LeakHand, LeakCall]


@hookimpl
def crm_migrations():
    return Migrations("crm_leak")
