"""The plugin API: markers, what plugins declare, and the hook specifications by subject."""

from crmcore.hooks.declarations import (
    CharacteristicDef,
    Choice,
    Command,
    ConfigSchema,
    FieldType,
    Handler,
    Job,
    Migrations,
    Permission,
    Phase,
    ScriptFunction,
    State,
    StateTable,
    Template,
    Transition,
    TransitionMode,
)
from crmcore.hooks.markers import (
    API_VERSION,
    PluginInfo,
    hookimpl,
    hookspec,
    single_slot,
)
from crmcore.labels import Label

__all__ = [
    "API_VERSION",
    "CharacteristicDef",
    "Choice",
    "Command",
    "ConfigSchema",
    "FieldType",
    "Handler",
    "Job",
    "Label",
    "Migrations",
    "Permission",
    "Phase",
    "PluginInfo",
    "ScriptFunction",
    "State",
    "StateTable",
    "Template",
    "Transition",
    "TransitionMode",
    "hookimpl",
    "hookspec",
    "single_slot",
]
