"""Fault: importing it starts a thread.

Expected: KIT_IMPORT_EFFECT thread
Found by: quiet_import
"""

import threading

from crmcore import PluginInfo

PLUGIN = PluginInfo(name="busy_import")


THREAD = threading.Thread(target=str)
THREAD.start()
THREAD.join()
