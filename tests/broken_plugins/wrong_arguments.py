"""Fault: a hook wants an argument that there is not.

Expected: HOOK_SIGNATURE request
Found by: starts_alone
"""

from crmcore import PluginInfo, hookimpl

PLUGIN = PluginInfo(name="wrong_arguments")


@hookimpl
def crm_validate(session, request):
    return []
