"""Fault: it requires a plugin that nobody has.

Expected: PLUGIN_REQUIREMENT_MISSING nowhere
Found by: starts_alone
"""

from crmcore import PluginInfo

PLUGIN = PluginInfo(name="lonely", requires=('nowhere>=1',))
