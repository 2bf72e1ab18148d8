"""`crm migrate`: bring the database to the schema of the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmcore.cli.codes import ExitCode
from crmcore.cli.context import CliState, pass_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmcore.migrate import SchemaState, Step


@click.command(short_help="Bring the database to the schema of the code.")
@click.option("--status", "only_status", is_flag=True, help="Only show where each plugin is; exit code 4 when there is something to do.")
@pass_state
def migrate(state: CliState, *, only_status: bool) -> None:
    """Bring the tables of the core and of every enabled plugin to the schema of the installed code.

    Everything happens in one transaction: when a migration fails, nothing is changed.
    """
    from crmcore import Crm  # noqa: PLC0415 - only commands that open a database pay for this

    with Crm.open(state.deployment(), check_schema=False) as crm:
        if only_status:
            _show(state, crm.schema())
            return
        steps: list[Step] = []
        with state.output.progress(state.text("migrate.running")) as show:

            def progress(step: Step) -> None:
                steps.append(step)
                show(step.number, step.total, f"{step.plugin} {step.revision} {step.message}".rstrip())

            count = crm.migrate(progress=progress)
    state.output.say(state.text("migrate.done", count=count) if count else state.text("migrate.nothing"))
    if state.as_json:
        state.output.json([{"plugin": step.plugin, "revision": step.revision, "message": step.message} for step in steps])


def _show(state: CliState, schema: Sequence[SchemaState]) -> None:
    rows = [(each.plugin, each.current, each.head, schema_word(each)) for each in schema]
    columns = [state.text(f"col.{name}") for name in ("plugin", "current", "head", "state")]
    state.output.table(columns, [(plugin, current, head, state.text(f"migrate.{word}")) for plugin, current, head, word in rows])
    if state.as_json:
        state.output.json([dict(zip(("plugin", "current", "head", "state"), row, strict=True)) for row in rows])
    if any(word != "current" for *_, word in rows):
        click.get_current_context().exit(ExitCode.SCHEMA)


def schema_word(schema: SchemaState) -> str:
    """Return ``current``, ``behind`` or ``ahead``."""
    if schema.is_current:
        return "current"
    return "ahead" if schema.is_ahead else "behind"
