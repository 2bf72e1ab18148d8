"""A plugin with one recurring job; apart from the ledger, whose other tests would be disturbed by it."""

from __future__ import annotations

from crm_ledger.behaviour import RECURRING

from crmcore import PluginInfo, hookimpl

PLUGIN = PluginInfo(name="clockwork", version="1.0", requires=("ledger",))


@hookimpl
def crm_jobs():
    return [RECURRING]
