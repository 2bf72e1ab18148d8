"""Fault: a hook is a wrapper, which could hide what others say.

Expected: HOOK_WRAPPER_REFUSED crm_validate
Found by: starts_alone
"""

from crmcore import PluginInfo, hookimpl

PLUGIN = PluginInfo(name="wrapping")


@hookimpl(wrapper=True)
def crm_validate(session, changes):
    yield
    return []
