"""Fault: two jobs have one name.

Expected: NAME_DUPLICATE named_twice.sweep
Found by: starts_alone
"""

from crmcore import Job, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="named_twice")


def sweep(session, run):
    return None


@hookimpl
def crm_jobs():
    return [Job(name="named_twice.sweep", fn=sweep), Job(name="named_twice.sweep", fn=sweep)]
