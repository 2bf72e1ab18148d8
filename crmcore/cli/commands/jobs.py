"""`crm jobs`: look at the queue, and retry what failed."""

from __future__ import annotations

import attrs
import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

_STATES = ("queued", "running", "done", "dead", "cancelled")


@click.group(cls=SectionedGroup, short_help="Look at the queue, and retry what failed.")
def jobs() -> None:
    """Look at the queue: jobs, timers and deliveries of events, and retry what failed."""


@jobs.command("list", short_help="List jobs, the latest first.")
@click.option("--state", "wanted", type=click.Choice(_STATES), help="Only jobs in this state.")
@click.option("--plugin", metavar="NAME", help="Only jobs of this plugin.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
@pass_state
def list_jobs(state: CliState, *, wanted: str | None, plugin: str | None, limit: int) -> None:
    """List jobs, the latest first."""
    crm = state.crm()
    found = crm.jobs.find(state=wanted, plugin=plugin, limit=limit)
    if state.as_json:
        state.output.json([attrs.asdict(each) for each in found])
        return
    state.output.table(
        ("id", *(state.text(f"col.{name}") for name in ("kind", "name", "state", "due", "attempts", "error"))),
        [
            (
                each.id,
                each.kind,
                each.name,
                each.state,
                each.run_at.astimezone(crm.zone).strftime("%Y-%m-%d %H:%M:%S"),
                f"{each.attempts}/{each.max_attempts}",
                _last_line(each.last_error),
            )
            for each in found
        ],
        empty=state.text("jobs.none"),
    )


def _last_line(error: str | None) -> str | None:
    """Return what a traceback ends with, for a table."""
    return (error or "").strip().rpartition("\n")[2][:80] or None


@jobs.command(short_help="Show everything about one job.")
@click.argument("job_id", metavar="ID", type=int)
@pass_state
def show(state: CliState, *, job_id: int) -> None:
    """Show everything about one job, with its last error."""
    found = attrs.asdict(state.crm().jobs.get(job_id))
    if state.as_json:
        state.output.json(found)
        return
    error = found.pop("last_error")
    for name, value in found.items():
        state.output.say(f"{name:15} {value if value is not None else '-'}")
    if error:
        state.output.say(f"last_error\n{error}")


@jobs.command(short_help="Queue dead jobs again, with fresh attempts.")
@click.argument("job_ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every dead job of the enabled plugins.")
@pass_state
def retry(state: CliState, *, job_ids: tuple[int, ...], everything: bool) -> None:
    """Queue dead jobs again, with fresh attempts: those with the given IDs, or all of them."""
    if bool(job_ids) == everything:
        message = "give the IDs of jobs, or --all"
        raise click.UsageError(message)
    admin = state.crm().jobs
    count = admin.retry_all() if everything else admin.retry(job_ids)
    state.output.say(state.text("jobs.retried", count=count))
    if state.as_json:
        state.output.json({"retried": count})
