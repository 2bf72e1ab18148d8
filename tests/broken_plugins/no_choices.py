"""Fault: a choice has nothing to choose from.

Expected: CHARACTERISTIC_INVALID no_choices_class
Found by: starts_alone
"""

from crmcore import CharacteristicDef, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="no_choices")


@hookimpl
def crm_characteristics():
    return [CharacteristicDef(key="no_choices_class", label=Label("Classe", "Class"), type="choice")]
