"""Fault: a rule is not Python.

Expected: SCRIPT_INVALID unreadable_rule_size
Found by: starts_alone
"""

from crmcore import CharacteristicDef, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="unreadable_rule")


@hookimpl
def crm_characteristics():
    return [CharacteristicDef(key="unreadable_rule_size", label=Label("Misura", "Size"), validate="value > > 3")]
