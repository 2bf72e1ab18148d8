"""Fault: two computed values need each other.

Expected: CHARACTERISTIC_CYCLE computed_circle_a
Found by: starts_alone
"""

from crmcore import CharacteristicDef, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="computed_circle")


@hookimpl
def crm_characteristics():
    return [
        CharacteristicDef(key="computed_circle_a", label=Label("A", "A"), compute="computed_circle_b", depends_on=("computed_circle_b",)),
        CharacteristicDef(key="computed_circle_b", label=Label("B", "B"), compute="computed_circle_a", depends_on=("computed_circle_a",)),
    ]
