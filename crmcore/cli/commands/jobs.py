"""`crm jobs`: look at the queue, and retry what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup
from crmcore.errors import RecordNotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmcore.app import Crm

_STATES = ("queued", "running", "done", "dead", "cancelled")
_LISTED = ("id", "kind", "name", "state", "run_at", "attempts", "max_attempts", "last_error")


@click.group(cls=SectionedGroup, short_help="Look at the queue, and retry what failed.")
def jobs() -> None:
    """Look at the queue: jobs, timers and deliveries of events, and retry what failed."""


@jobs.command("list", short_help="List jobs, the latest first.")
@click.option("--state", "wanted", type=click.Choice(_STATES), help="Only jobs in this state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
@pass_state
def list_jobs(state: CliState, *, wanted: str | None, limit: int) -> None:
    """List jobs, the latest first."""
    rows = _rows(state.crm(), wanted, limit)
    if state.as_json:
        state.output.json(rows)
        return
    columns = ("id", *(state.text(f"col.{name}") for name in ("kind", "name", "state", "due", "attempts", "error")))
    zone = state.crm().zone
    state.output.table(
        columns,
        [
            (
                row["id"],
                row["kind"],
                row["name"],
                row["state"],
                row["run_at"].astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
                f"{row['attempts']}/{row['max_attempts']}",
                (row["last_error"] or "").strip().rpartition("\n")[2][:80] or None,
            )
            for row in rows
        ],
        empty=state.text("jobs.none"),
    )


@jobs.command(short_help="Show everything about one job.")
@click.argument("job_id", metavar="ID", type=int)
@pass_state
def show(state: CliState, *, job_id: int) -> None:
    """Show everything about one job, with its last error."""
    row = _require(state.crm(), job_id)
    if state.as_json:
        state.output.json(row)
        return
    for name, value in row.items():
        if name != "last_error":
            state.output.say(f"{name:15} {value if value is not None else '-'}")
    if row["last_error"]:
        state.output.say(f"last_error\n{row['last_error']}")


@jobs.command(short_help="Queue dead jobs again, with fresh attempts.")
@click.argument("job_ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every dead job.")
@pass_state
def retry(state: CliState, *, job_ids: tuple[int, ...], everything: bool) -> None:
    """Queue dead jobs again, with fresh attempts: those with the given IDs, or all of them."""
    if bool(job_ids) == everything:
        message = "give the IDs of jobs, or --all"
        raise click.UsageError(message)
    crm = state.crm()
    if everything:
        job_ids = tuple(row["id"] for row in _rows(crm, "dead", None))
    else:
        _refuse_living(crm, job_ids)
    count = _retry(crm, job_ids)
    state.output.say(state.text("jobs.retried", count=count))
    if state.as_json:
        state.output.json({"retried": count, "ids": job_ids})


def _refuse_living(crm: Crm, ids: Sequence[int]) -> None:
    for job_id in ids:
        found = _require(crm, job_id)["state"]
        if found != "dead":
            raise UsageError("JOB_NOT_DEAD", id=job_id, state=found)


def _retry(crm: Crm, ids: Sequence[int]) -> int:
    from crmcore.storage import write_transaction  # noqa: PLC0415 - only this command needs it
    from crmcore.work import queue  # noqa: PLC0415

    with write_transaction(crm.engine) as connection:
        return queue.retry(connection, ids, crm.clock.now())


def _require(crm: Crm, job_id: int) -> Mapping[str, Any]:
    from sqlalchemy import select  # noqa: PLC0415 - only commands that read the database pay for this

    from crmcore.model import JOB  # noqa: PLC0415
    from crmcore.storage import translate_errors  # noqa: PLC0415

    with translate_errors(), crm.engine.connect() as connection:
        row = connection.execute(select(JOB).where(JOB.c.id == job_id)).mappings().first()
    if row is None:
        raise RecordNotFound("NOT_FOUND", entity="job", id=job_id)
    return dict(row)


def _rows(crm: Crm, wanted: str | None, limit: int | None) -> list[dict[str, Any]]:
    from sqlalchemy import select  # noqa: PLC0415 - only commands that read the database pay for this

    from crmcore.model import JOB  # noqa: PLC0415
    from crmcore.storage import translate_errors  # noqa: PLC0415

    query = select(*(JOB.c[name] for name in _LISTED)).order_by(JOB.c.id.desc()).limit(limit)
    if wanted:
        query = query.where(JOB.c.state == wanted)
    with translate_errors(), crm.engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
