"""`crm monitoring`: who feeds the CRM, and who does not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

if TYPE_CHECKING:
    from crmcore.monitoring import Contributions

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(cls=SectionedGroup, short_help="Show who feeds the CRM, and who does not.")
def monitoring() -> None:
    """Show what people contribute, against what is expected of them."""


@monitoring.command(short_help="Count contributions by user.")
@click.option(
    "--from", "first", type=_DAY, metavar="DATE", help="The first day; by default so long ago as the setting `monitoring.days` says."
)
@click.option("--to", "last", type=_DAY, metavar="DATE", help="The last day, included; today by default.")
@click.option("--chart", is_flag=True, help="Bars instead of a table.")
@click.option("--svg", "picture", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Also write the bars as a picture.")
@pass_state
def contributions(state: CliState, *, first: datetime | None, last: datetime | None, chart: bool, picture: Path | None) -> None:
    """Count the contributions of each user by kind, and the own accounts that the user touched; what machines write does not count."""
    from crmcore.monitoring import Diligence, bars, svg  # noqa: PLC0415 - only needed once a command runs
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system("cli")) as session:
        found = session.monitoring.contributions(first.date() if first else None, last.date() if last else None)
    if picture is not None:
        picture.write_text(svg(found), encoding="utf-8")
    if chart and not state.as_json:
        for line in bars(found):
            state.output.say(line)
    else:
        _table(state, found)
    counts = {each.value: found.count(each) for each in Diligence}
    state.output.say("\n" + state.text("monitoring.summary", **counts))


def _table(state: CliState, found: Contributions) -> None:
    kinds = [kind for kind in found.kinds if any(kind in row.kinds for row in found.rows)]
    names = ("login", "contributions", "expected", "status", "touched", "assigned", "share", "last")
    labels = state.crm().registry.contributions
    rows = [
        (
            row.login,
            row.total,
            row.expected,
            row.diligence.value if state.as_json else state.text(f"monitoring.{row.diligence}"),
            row.touched,
            row.assigned,
            row.share,
            row.last_at.astimezone(state.crm().zone).date() if row.last_at else None,
            *(row.kinds.get(kind, 0) for kind in kinds),
        )
        for row in found.rows
    ]
    shown = names if state.as_json else tuple(state.text(f"col.{name}") for name in names)
    columns = (*shown, *(kind if state.as_json else labels[kind].label.text(state.lang) for kind in kinds))
    state.output.rows(columns, rows, empty=state.text("monitoring.none"))
