"""Fault: a hook lacks its marker, and would never be called.

Expected: HOOK_NOT_MARKED crm_jobs
Found by: starts_alone
"""

from crmcore import PluginInfo

PLUGIN = PluginInfo(name="unmarked_hook")


def crm_jobs():
    return []
