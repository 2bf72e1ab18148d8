"""Fault: a normaliser trips over what is not text.

Expected: KIT_FIELD_TYPE brittle_type.code
Found by: field_types
"""

from crmcore import FieldType, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="brittle_type")


def normalise(value):
    return value.strip()


@hookimpl
def crm_field_types():
    return [FieldType(name="brittle_type.code", label=Label("Codice", "Code"), normalise=normalise)]
