"""Fault: it claims a slot that a plugin it requires has claimed.

Expected: SLOT_CLAIMED_TWICE first_claim
Found by: starts_alone
"""

from types import ModuleType

from crmcore import PluginInfo, hookimpl

PLUGIN = PluginInfo(name="second_claim", requires=('first_claim',))


FIRST = ModuleType("first_claim")
FIRST.PLUGIN = PluginInfo(name="first_claim")
COMPANIONS = [FIRST]


@hookimpl
def crm_working_calendar(settings):
    return None


FIRST.crm_working_calendar = crm_working_calendar
