"""Fault: importing it adds an attribute to a class of the core.

Expected: CORE_CLASS_CHANGED Account.colour
Found by: starts_alone
"""

from crmcore import Account, PluginInfo

PLUGIN = PluginInfo(name="painted_core")


Account.colour = "red"


def undo():
    del Account.colour
