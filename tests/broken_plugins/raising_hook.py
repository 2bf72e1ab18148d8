"""Fault: a declaration raises.

Expected: HOOK_FAILED crm_events
Found by: starts_alone
"""

from crmcore import PluginInfo, hookimpl

PLUGIN = PluginInfo(name="raising_hook")


@hookimpl
def crm_events():
    raise KeyError("events")
