"""Real processes, forked because each costs milliseconds rather than a second of imports."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import NoReturn


def fork(work: Callable[[], None]) -> int:
    """Run ``work`` in a child and return its process id; the child ends with 0, or with 1 and its traceback on stderr."""
    with warnings.catch_warnings():
        # Pytest's own threads never hold a lock that the child needs.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _run(work)
    return pid


def _run(work: Callable[[], None]) -> NoReturn:
    status = 1
    try:
        work()
        status = 0
    # Isolation border: nothing may get back into the copy of pytest that this process is.
    except BaseException:  # noqa: BLE001
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


def wait_for(pid: int) -> int:
    """Wait for a child and return its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
