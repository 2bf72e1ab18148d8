"""`crm states`: list state tables, and draw them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

if TYPE_CHECKING:
    from crmcore.hooks import StateTable
    from crmcore.states.tables import Table

_ACTOR = "cli"


@click.group(cls=SectionedGroup, short_help="List state tables, and draw them.")
def states() -> None:
    """List the state tables of the deployment, its plugins' and its own, and draw them."""


@states.command("list", short_help="List state tables.")
@pass_state
def list_tables(state: CliState) -> None:
    """List every state table, with how many states and steps it has."""
    from crmcore.session import Actor  # noqa: PLC0415 - only needed once a command runs

    with state.crm().session(Actor.system(_ACTOR)) as session:
        tables = session.states.tables()
    names = ("name", "entity", "label", "mode", "states", "steps", "owner")
    rows = [
        (
            table.definition.name,
            table.definition.entity,
            table.definition.label.text(state.lang),
            _modes(table.definition),
            len(table.definition.states),
            len(table.definition.transitions),
            table.owner,
        )
        for table in tables
    ]
    columns = names if state.as_json else tuple(state.text(f"col.{name}") for name in names)
    state.output.rows(columns, rows, empty=state.text("states.none"))


@states.command(short_help="Draw a state table as Mermaid or SVG.")
@click.argument("name", metavar="TABLE")
@click.option(
    "--svg",
    "target",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Write SVG to FILE (-: print it).",
)
@click.option("--mermaid", "as_mermaid", is_flag=True, help="Print Mermaid text; this is the default.")
@pass_state
def graph(state: CliState, *, name: str, target: Path | None, as_mermaid: bool) -> None:
    """Draw a state table: Mermaid text on the standard output, or SVG into a file."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    if target is not None and as_mermaid:
        message = "give --svg or --mermaid, not both"
        raise click.UsageError(message)
    with state.crm().session(Actor.system(_ACTOR)) as session:
        table = session.states.table(name)
        picture = session.states.mermaid(name, state.lang) if target is None else session.states.svg(name, state.lang)
    if target is not None and str(target) != "-":
        target.write_text(picture, encoding="utf-8")
        state.output.say(state.text("states.written", table=name, path=target))
        if state.as_json:
            state.output.json({"table": name, "path": str(target)})
    elif state.as_json:
        state.output.json(_as_json(table, picture))
    else:
        click.echo(picture, nl=False)


def _modes(table: StateTable) -> str:
    return ", ".join([table.mode.value, *(f"{variant}: {mode.value}" for variant, mode in table.modes.items())])


def _as_json(table: Table, picture: str) -> dict[str, Any]:
    found = table.definition
    return {
        "name": found.name,
        "entity": found.entity,
        "mode": found.mode.value,
        "modes": {variant: mode.value for variant, mode in found.modes.items()},
        "states": [{"code": each.code, "order": each.order, "default": each.default, "flags": dict(each.flags)} for each in found.states],
        "transitions": [{"source": each.source, "target": each.target, "groups": list(each.groups)} for each in found.transitions],
        "graph": picture,
    }
