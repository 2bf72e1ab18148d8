"""Fault: it imports a plugin that it does not require.

Expected: KIT_IMPORT_FOREIGN italy
Found by: quiet_import
"""

import crmcore_italy

from crmcore import PluginInfo

PLUGIN = PluginInfo(name="nosy_import")


LENDER = crmcore_italy
