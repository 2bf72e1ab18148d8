"""Fault: the default of a setting breaks its own rule.

Expected: CONFIG_SCHEMA days
Found by: starts_alone
"""

from crmcore import ConfigSchema, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="impossible_default")


@hookimpl
def crm_configuration():
    return ConfigSchema({"days": {"type": "integer", "min": 10, "default": 3, "label": Label("Giorni", "Days"), "help": "Days."}})
