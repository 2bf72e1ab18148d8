"""Fault: it and another plugin require each other.

Expected: PLUGIN_CYCLE circle_one
Found by: starts_alone
"""

from types import ModuleType

from crmcore import PluginInfo

PLUGIN = PluginInfo(name="circle_one", requires=('circle_two',))

COMPANIONS = [ModuleType("circle_two")]
COMPANIONS[0].PLUGIN = PluginInfo(name="circle_two", requires=("circle_one",))
