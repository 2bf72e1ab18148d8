"""`crm work`: run the queue."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from crmcore.cli.context import CliState, pass_state

if TYPE_CHECKING:
    from crmcore.work import Worker


@click.command(short_help="Run jobs, timers and deliveries of events.")
@click.option("--once", is_flag=True, help="Run one batch of what is due, then end.")
@click.option("--until-idle", is_flag=True, help="Run what is due and what that leads to, then end.")
@click.option("--name", metavar="NAME", help="Name of the worker, shown with the jobs that it holds. By default host and process.")
@pass_state
def work(state: CliState, *, once: bool, until_idle: bool, name: str | None) -> None:
    """Run jobs, timers and deliveries of events, until interrupted.

    Several workers may run on one database. SIGTERM and Ctrl-C let the running job end first; a second Ctrl-C does not wait.
    """
    if once and until_idle:
        message = "--once and --until-idle exclude each other"
        raise click.UsageError(message)
    worker = state.crm().worker(name=name)
    with _stopping(state, worker):
        if once:
            count = worker.run_once()
        elif until_idle:
            count = worker.run_until_idle()
        else:
            state.output.note(state.text("work.started", name=worker.name))
            count = worker.run()
    state.output.say(state.text("work.done", count=count))
    if state.as_json:
        state.output.json({"worker": worker.name, "jobs": count})


@contextmanager
def _stopping(state: CliState, worker: Worker) -> Iterator[None]:
    """Let signals stop the worker after its job, and put back what was there before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, _frame: FrameType | None) -> None:
        # The next signal acts at once: a job that hangs must not hold the process.
        signal.signal(number, before[signal.Signals(number)] or signal.SIG_DFL)
        state.output.note(state.text("work.stopping"))
        worker.stop()

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
