"""Where sources run: in this process, or in locked worker processes."""

from crmcore.scripting.locked.bounds import REQUIRED
from crmcore.scripting.locked.engine import Context, Engine, Options, Path, Prepared
from crmcore.scripting.locked.frames import BadFrame
from crmcore.scripting.worker.isolated import Isolated
from crmcore.scripting.worker.levels import ENGINES, open_runner
from crmcore.scripting.worker.pool import NoWorkerFree, WorkerPool
from crmcore.scripting.worker.process import Loss, WorkerGone, WorkerPlan, WorkerStale, WorkerUnavailable
from crmcore.scripting.worker.runner import InProcess, Runner

__all__ = [
    "ENGINES",
    "REQUIRED",
    "BadFrame",
    "Context",
    "Engine",
    "InProcess",
    "Isolated",
    "Loss",
    "NoWorkerFree",
    "Options",
    "Path",
    "Prepared",
    "Runner",
    "WorkerGone",
    "WorkerPlan",
    "WorkerPool",
    "WorkerStale",
    "WorkerUnavailable",
    "open_runner",
]
