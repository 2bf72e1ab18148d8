"""Fault: a recurring job has no next time.

Expected: JOB_INVALID never_due.sweep
Found by: starts_alone
"""

from crmcore import Job, PluginInfo, Rule, hookimpl

PLUGIN = PluginInfo(name="never_due")


def sweep(session, run):
    return None


@hookimpl
def crm_jobs():
    return [Job(name="never_due.sweep", fn=sweep, every=Rule("FREQ=DAILY;UNTIL=20010101T000000"))]
