"""Fault: a setting has neither label nor help.

Expected: CONFIG_SCHEMA days
Found by: starts_alone
"""

from crmcore import ConfigSchema, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="unexplained_setting")


@hookimpl
def crm_configuration():
    return ConfigSchema({"days": {"type": "integer", "default": 3}})
