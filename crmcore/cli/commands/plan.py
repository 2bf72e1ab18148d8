"""`crm plan`, `crm apply`, `crm diff` and `crm export-config`: the configuration of a deployment and its database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmcore.cli.codes import ExitCode
from crmcore.cli.context import CliState, pass_state

if TYPE_CHECKING:
    from crmcore.planning import Plan

_PRUNE = click.option("--prune", is_flag=True, help="Also take away what the files do not mention; what is in use becomes obsolete.")


@click.command(short_help="Show what applying the files would change.")
@_PRUNE
@pass_state
def plan(state: CliState, *, prune: bool) -> None:
    """Compare the files of the deployment with the database, and show what applying them would do, with its effect on records.

    Exit code 0: there is nothing to do. 6: there is; the last line names the plan, for `crm apply`. 1: something keeps it from being
    applied.
    """
    from crmcore.planning import make_plan  # noqa: PLC0415 - only commands that open a database pay for this

    found = make_plan(state.crm(), state.deployment(), prune=prune)
    _show(state, found)
    if found.is_blocked:
        click.get_current_context().exit(ExitCode.REFUSED)
    if not found.is_empty:
        if not state.as_json:
            option = " --prune" if prune else ""
            state.output.say(state.text("plan.apply", hash=found.hash, option=option))
        click.get_current_context().exit(ExitCode.CHANGES)


@click.command(short_help="Do what a plan says.")
@click.option("--plan", "expected", required=True, metavar="HASH", help="The plan that `crm plan` showed; another one is refused.")
@_PRUNE
@pass_state
def apply(state: CliState, *, expected: str, prune: bool) -> None:
    """Do exactly what a plan says, in one transaction; when files or database changed since, nothing is done."""
    from crmcore.planning import apply_plan  # noqa: PLC0415 - as above

    done = apply_plan(state.crm(), state.deployment(), expected, prune=prune)
    if state.as_json:
        state.output.json(done.as_json(state.lang))
    state.output.say(state.text("plan.done", count=len(done.steps)) if done.steps else state.text("plan.nothing"))


@click.command(short_help="Show what the deployment overrides.")
@pass_state
def diff(state: CliState) -> None:
    """Show the fields on which the three layers do not agree: what core or plugin says, what the files say, what the database has."""
    from crmcore.planning import three_ways  # noqa: PLC0415 - as above
    from crmcore.planning.showing import value_text  # noqa: PLC0415 - as above

    found = three_ways(state.crm(), state.deployment())
    names = ("item", "field", "owner", "layer", "files", "database")
    rows = [
        (
            " ".join((each.collection, "/".join(each.key))),
            each.field,
            each.owner,
            *((each.layer, each.files, each.database) if state.as_json else map(value_text, (each.layer, each.files, each.database))),
        )
        for each in found
    ]
    columns = names if state.as_json else tuple(state.text(f"col.{name}") for name in names)
    state.output.rows(columns, rows, empty=state.text("diff.none"))


@click.command("export-config", short_help="Write the configuration of the database into a folder.")
@click.argument("folder", type=click.Path(path_type=Path))
@pass_state
def export_config(state: CliState, *, folder: Path) -> None:
    """Write the configuration that the database has into a new folder, which is a deployment whose plan is empty.

    Secrets are written as references to the environment.
    """
    from crmcore.planning import export_configuration  # noqa: PLC0415 - as above

    written = export_configuration(state.crm(), state.deployment(), folder)
    if state.as_json:
        state.output.json([str(path) for path in written])
    for path in written:
        state.output.say(state.text("export.written", path=path))


def _show(state: CliState, found: Plan) -> None:
    from crmcore.planning.showing import plan_lines  # noqa: PLC0415 - as above

    if state.as_json:
        state.output.json(found.as_json(state.lang))
        return
    for line in plan_lines(found, state.lang):
        state.output.say(line)
    if found.is_empty:
        state.output.say(state.text("plan.nothing"))
    if found.kept:
        state.output.say(state.text("plan.kept_in_use" if found.prune else "plan.kept", count=len(found.kept)))
