"""Fault: a job takes a connection and keeps it.

Expected: KIT_CONNECTION_LEFT greedy_job.sweep
Found by: jobs_run
"""

from crmcore import Job, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="greedy_job")


def sweep(session, run, taken=[]):
    taken.append(session.crm.engine.connect())


def undo():
    for connection in sweep.__defaults__[0]:
        connection.close()
    sweep.__defaults__[0].clear()


@hookimpl
def crm_jobs():
    return [Job(name="greedy_job.sweep", fn=sweep)]
