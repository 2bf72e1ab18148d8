"""Fault: a job reads past what its user may see, and past the session, without saying so.

Expected: KIT_SOURCE guard.lifted
Found by: source
"""

from crmcore import Job, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="past_the_guard")


def look(session, run):
    with session.guard.lifted():
        session.crm.engine.connect().close()


@hookimpl
def crm_jobs():
    return [Job(name="past_the_guard.look", fn=look)]
