"""Fault: a requirement cannot be read.

Expected: PLUGIN_REQUIREMENT_INVALID offers>>2
Found by: starts_alone
"""

from crmcore import PluginInfo

PLUGIN = PluginInfo(name="mumbling", requires=('offers>>2',))
