"""Fault: an extension point does not carry the name of the plugin.

Expected: HOOK_SPEC_INVALID anything
Found by: starts_alone
"""

from types import ModuleType

from crmcore import PluginInfo, hookimpl, hookspec

PLUGIN = PluginInfo(name="nameless_point")


POINTS = ModuleType("nameless_point.points")


@hookspec
def anything(value):
    '''Say something about a value.'''


POINTS.anything = anything


@hookimpl
def crm_extension_points():
    return [POINTS]
