"""Fault: a rule reaches for the inside of Python.

Expected: KIT_SCRIPT_REFUSED __class__
Found by: scripts
"""

from crmcore import CharacteristicDef, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="reaching_rule")


@hookimpl
def crm_characteristics():
    return [CharacteristicDef(key="reaching_rule_size", label=Label("Misura", "Size"), validate="value.__class__ is not None")]
