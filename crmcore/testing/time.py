"""Let time pass in a test: every timer and recurring job runs at its own moment, thirty days in a second."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmcore.events import FrozenClock

if TYPE_CHECKING:
    from crmcore.app import Crm


def advance(crm: Crm, by: timedelta) -> int:
    """Move the frozen clock of a Crm forward, run what falls due at the instant it is due, and return how many jobs ran."""
    return advance_to(crm, crm.clock.now() + by)


def advance_to(crm: Crm, until: datetime) -> int:
    """Move the frozen clock of a Crm forward to an aware instant, running what falls due on the way.

    Raises:
        TypeError: when the Crm was not opened with a `FrozenClock`.
    """
    clock = crm.clock
    if not isinstance(clock, FrozenClock):
        message = "time can only be moved on a Crm that was opened with a FrozenClock"
        raise TypeError(message)
    worker = crm.worker(name="time")
    done = worker.run_until_idle()
    while (due := worker.next_due()) is not None and due <= until:
        clock.freeze(max(due, clock.now()))
        ran = worker.run_until_idle()
        done += ran
        if not ran and worker.next_due() == due:
            # Held by another worker, or due within the second: nothing more can happen at this instant.
            break
    clock.freeze(max(until, clock.now()))
    return done + worker.run_until_idle()
