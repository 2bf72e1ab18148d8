"""Fault: a rule reaches for the inside of Python.

Expected: SCRIPT_INVALID reaching_rule_size
Found by: starts_alone
"""

from crmcore import CharacteristicDef, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="reaching_rule")


@hookimpl
def crm_characteristics():
    return [CharacteristicDef(key="reaching_rule_size", label=Label("Misura", "Size"), validate="value.__class__ is not None")]
