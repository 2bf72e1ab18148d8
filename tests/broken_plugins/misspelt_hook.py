"""Fault: a hook is misspelt.

Expected: HOOK_UNKNOWN crm_tabels
Found by: starts_alone
"""

from crmcore import PluginInfo, hookimpl

PLUGIN = PluginInfo(name="misspelt_hook")


@hookimpl
def crm_tabels():
    return []
