"""A plugin whose every change can be counted afterwards: what the tests of crashes and of concurrency write with."""

from __future__ import annotations

from crm_ledger.behaviour import HANDLERS, JOBS, count_commit
from crm_ledger.model import Counter, Echo, Effect, Entry, Posted, Tally
from crmcore import ConfigSchema, Label, Migrations, PluginInfo, hookimpl

__all__ = ["PLUGIN", "Counter", "Echo", "Effect", "Entry", "Posted", "Tally"]

PLUGIN = PluginInfo(name="ledger", version="1.0")


@hookimpl
def crm_tables():
    return [Entry, Echo, Counter, Tally, Effect]


@hookimpl
def crm_migrations():
    return Migrations("crm_ledger")


@hookimpl
def crm_configuration():
    return ConfigSchema(
        {
            "file": {
                "type": "string",
                "default": "",
                "label": Label("File", "File"),
                "help": "Where effects outside the database are appended.",
            },
            "pause": {"type": "integer", "default": 0, "label": Label("Pausa", "Pause"), "help": "Milliseconds that a job takes."},
        }
    )


@hookimpl
def crm_events():
    return [Posted]


@hookimpl
def crm_handlers():
    return HANDLERS


@hookimpl
def crm_jobs():
    return JOBS


@hookimpl
def crm_before_commit(session, changes):
    count_commit(session, changes)
