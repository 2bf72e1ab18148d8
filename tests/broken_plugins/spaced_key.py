"""Fault: the key of a characteristic has a space.

Expected: NAME_INVALID spaced_key main class
Found by: starts_alone
"""

from crmcore import CharacteristicDef, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="spaced_key")


@hookimpl
def crm_characteristics():
    return [CharacteristicDef(key="spaced_key main class", label=Label("Classe", "Class"))]
