"""Fault: a permission does not carry the name of the plugin.

Expected: NAME_PREFIX offers.write
Found by: starts_alone
"""

from crmcore import Label, Permission, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="unprefixed_permission")


@hookimpl
def crm_permissions():
    return [Permission(name="offers.write", label=Label("Scrive", "Writes"))]
