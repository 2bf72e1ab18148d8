"""Work that outlives a commit: the queue, schedules, and the worker that runs them."""

from crmcore.work.admin import JobInfo, JobsAdmin
from crmcore.work.queue import STATES, Claimed, NewJob
from crmcore.work.worker import JobRun, LeaseLost, Worker

__all__ = ["STATES", "Claimed", "JobInfo", "JobRun", "JobsAdmin", "LeaseLost", "NewJob", "Worker"]
