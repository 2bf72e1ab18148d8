"""Fault: a job needs arguments, and none are given.

Expected: KIT_JOB_FAILED hungry_job.remind
Found by: jobs_run
"""

from crmcore import Job, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="hungry_job")


def remind(session, run):
    return run.args["account_id"]


@hookimpl
def crm_jobs():
    return [Job(name="hungry_job.remind", fn=remind)]
