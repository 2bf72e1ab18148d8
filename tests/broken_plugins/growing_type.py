"""Fault: normalising a value twice gives another one.

Expected: KIT_FIELD_TYPE growing_type.code
Found by: field_types
"""

from crmcore import FieldType, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="growing_type")


def normalise(value):
    if not isinstance(value, str):
        raise ValueError("a text")
    return f"IT-{value}"


@hookimpl
def crm_field_types():
    return [FieldType(name="growing_type.code", label=Label("Codice", "Code"), normalise=normalise)]
