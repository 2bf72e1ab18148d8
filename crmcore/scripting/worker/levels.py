"""The two levels at which sources run, and the engines that there are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crmcore.scripting.worker.isolated import Isolated
from crmcore.scripting.worker.pool import WorkerPool
from crmcore.scripting.worker.process import WorkerPlan
from crmcore.scripting.worker.runner import InProcess, Runner

ENGINES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rule": "crmcore.scripting.rules:ENGINE",
        "template": "crmcore.scripting.texts.engine:TEMPLATES",
        "template.fields": "crmcore.scripting.texts.engine:FIELDS",
    }
)
"""Kind → engine."""

IN_PROCESS: Final = "process"
IN_WORKER: Final = "worker"


def open_runner(isolation: str, *, workers: int = 4) -> Runner:
    """Return the runner of a level: "process" for a deployment's own scripts, "worker" for those of people who are not trusted.

    Nothing is started yet; `Runner.check` does.
    """
    if isolation == IN_WORKER:
        return Isolated(WorkerPool(WorkerPlan(engines=ENGINES), size=workers))
    return InProcess(ENGINES)
