"""Fault: the name has capitals and a hyphen.

Expected: PLUGIN_NAME_INVALID Loud-Name
Found by: starts_alone
"""

from crmcore import PluginInfo

PLUGIN = PluginInfo(name="Loud-Name")
