"""Fault: a hook returns text where permissions are expected.

Expected: HOOK_RESULT_TYPE crm_permissions
Found by: starts_alone
"""

from crmcore import PluginInfo, hookimpl

PLUGIN = PluginInfo(name="wrong_result")


@hookimpl
def crm_permissions():
    return ["wrong_result.write"]
