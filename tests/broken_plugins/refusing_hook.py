"""Fault: a hook raises on every commit.

Expected: KIT_RECORD account
Found by: records
"""

from crmcore import PluginInfo, hookimpl

PLUGIN = PluginInfo(name="refusing_hook")


@hookimpl
def crm_validate(session, changes):
    raise RuntimeError("no")
