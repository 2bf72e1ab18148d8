"""Fault: it looks at the clock on the wall, under another name.

Expected: KIT_SOURCE datetime.datetime.now
Found by: source
"""

from datetime import UTC
from datetime import datetime as moment

from crmcore import Job, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="wall_clock")


def sweep(session, run):
    return moment.now(UTC)


@hookimpl
def crm_jobs():
    return [Job(name="wall_clock.sweep", fn=sweep)]
