"""Fault: it prints.

Expected: KIT_SOURCE print
Found by: source
"""

from crmcore import PluginInfo, hookimpl

PLUGIN = PluginInfo(name="printing")


@hookimpl
def crm_validate(session, changes):
    print(changes)
