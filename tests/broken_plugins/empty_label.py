"""Fault: a label has no Italian text.

Expected: KIT_TEXT empty_label_size
Found by: texts
"""

from crmcore import CharacteristicDef, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="empty_label")


@hookimpl
def crm_characteristics():
    return [CharacteristicDef(key="empty_label_size", label=Label("", "Size"))]
