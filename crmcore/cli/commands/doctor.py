"""`crm doctor`: how a deployment is put together, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import click

from crmcore.cli.codes import ExitCode
from crmcore.cli.context import CliState, pass_state
from crmcore.cli.output import problem_as_json

if TYPE_CHECKING:
    from crmcore.cli.commands.survey import Survey


@click.command(short_help="Show how the deployment is put together, and what is wrong.")
@click.option("--brief", is_flag=True, help="Only show problems.")
@pass_state
def doctor(state: CliState, *, brief: bool) -> None:
    """Show every extension point with who uses it and in what order, plugins, tables, events, jobs, the database and the queue.

    It looks at everything that can be looked at, also when the CRM does not start, and ends with what is wrong: exit code 1 when there is
    something. Jobs that failed for good count as a problem.
    """
    from crmcore.cli.commands.survey import survey  # noqa: PLC0415 - SQLAlchemy and the plugins are only needed here

    found = survey(state.deployment)
    if state.as_json:
        problems = [problem_as_json(problem, state.lang) for problem in found.problems]
        state.output.json(attrs.asdict(found, recurse=False) | {"problems": problems, "dead": found.dead})
    else:
        if not brief and found.deployment:
            _show(state, found)
        _show_problems(state, found)
    if found.problems or found.dead:
        click.get_current_context().exit(ExitCode.REFUSED)


def _show(state: CliState, found: Survey) -> None:
    out, text = state.output, state.text
    out.say(str(found.deployment["path"]))
    if found.database:
        out.heading(f"{text('doctor.database')}: {found.database['kind']} {found.database['version']}")
        rows = [(row["plugin"], row["current"], row["head"], text(f"migrate.{row['state']}")) for row in found.database["schema"]]
        out.table([text("col.plugin"), text("col.current"), text("col.head"), text("col.state")], rows)
    out.heading(text("doctor.plugins"))
    out.table(
        [text("col.name"), text("col.version"), text("col.requires"), text("col.capabilities"), text("col.distribution")],
        [(row["name"], row["version"], row["requires"], row["capabilities"], row["distribution"] or None) for row in found.plugins],
        empty="-",
    )
    out.heading(text("doctor.points"))
    out.table(
        [text("col.point"), text("col.owner"), text("col.kind"), text("col.users")],
        [(row["name"], row["owner"], row["kind"] + (", deprecated" if row["deprecated"] else ""), row["plugins"]) for row in found.points],
    )
    out.heading(text("doctor.tables"))
    out.table([text("col.table"), text("col.owner")], [(row["table"], row["owner"]) for row in found.tables])
    out.heading(text("doctor.events"))
    out.table(
        [text("col.event"), text("col.owner"), text("col.handlers")],
        [(row["type"], row["owner"], [f"{each['name']} ({each['phase']})" for each in row["handlers"]]) for row in found.events],
    )
    _show_work(state, found)


def _show_work(state: CliState, found: Survey) -> None:
    out, text = state.output, state.text
    zone = state.deployment().zone
    out.heading(text("doctor.jobs"))
    out.table(
        [text("col.job"), text("col.plugin"), text("col.schedule"), text("col.next")],
        [
            (row["name"], row["plugin"], row["schedule"], row["next"] and f"{row['next'].astimezone(zone):%Y-%m-%d %H:%M:%S}")
            for row in found.jobs
        ],
        empty="-",
    )
    out.heading(text("doctor.queue"))
    out.table([text("col.state"), text("col.count")], list(found.queue.items()), empty="-")
    if found.scripts:
        out.heading(f"{text('doctor.scripts')}: {found.scripts['isolation']}")
        rows = [(wall, missing or "ok") for wall, missing in found.scripts["walls"].items()]
        out.table([text("col.wall"), text("col.state")], rows, empty="-")


def _show_problems(state: CliState, found: Survey) -> None:
    if found.dead:
        state.output.say(f"\n{state.text('doctor.dead', count=found.dead)}")
    if not found.problems:
        state.output.say(f"\n{state.text('doctor.well')}" if not found.dead else "")
        return
    state.output.heading(state.text("doctor.problems", count=len(found.problems)))
    for problem in found.problems:
        state.output.say(f"  - {problem.line(state.lang)}")
