"""Fault: it wants a plugin API that is long gone.

Expected: PLUGIN_API_REFUSED <0.1
Found by: starts_alone
"""

from crmcore import PluginInfo

PLUGIN = PluginInfo(name="old_api", api="<0.1")
