"""Commands under `crm italy`."""

from __future__ import annotations

from pathlib import Path

import click

from crmcore import Crm
from crmcore.cli import current_output, pass_crm
from crmcore_italy.gazetteer import Municipality
from crmcore_italy.lists import gazetteer_of, read_istat, shipped

_COLUMNS = ("change", "istat", "belfiore", "municipality")


@click.command("municipalities")
@click.option(
    "--compare",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A newer list of ISTAT, to see what it changes.",
)
@click.option("--name", default="", help="Only those with this name.")
@pass_crm
def municipalities(crm: Crm, compare: Path | None, name: str) -> None:
    """Show which municipalities a name means, or what a newer list of ISTAT would change."""
    empty = "Nessun comune." if current_output().lang() == "it" else "No municipality."
    if compare is not None:
        current_output().rows(_COLUMNS, _changes(compare), empty=empty)
        return
    gazetteer = gazetteer_of(crm.settings("italy"))
    found = gazetteer.named(name) if name else gazetteer.municipalities
    rows = [("ceased" if each.ceased else "", each.istat, each.belfiore, each.text()) for each in found]
    rows += [
        (f"until {each.until}", "", each.belfiore, f"{each.name} ({each.province})")
        for each in (gazetteer.once_named(name) if name else ())
    ]
    current_output().rows(_COLUMNS, rows, empty=empty)


def _changes(path: Path) -> list[tuple[str, str, str, str]]:
    """Return what a list has that the shipped one has not, and the other way round, by the code of the land registry."""
    try:
        newer = {each.belfiore: each for each in read_istat(path)}
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--compare") from error
    older = {each.belfiore: each for each in shipped().municipalities}
    rows = [("new", *_cells(newer[code])) for code in sorted(newer.keys() - older.keys())]
    rows += [("gone", *_cells(older[code])) for code in sorted(older.keys() - newer.keys())]
    rows += [
        ("changed", *_cells(newer[code]))
        for code in sorted(newer.keys() & older.keys())
        if (newer[code].istat, newer[code].name, newer[code].province) != (older[code].istat, older[code].name, older[code].province)
    ]
    return rows


def _cells(municipality: Municipality) -> tuple[str, str, str]:
    return municipality.istat, municipality.belfiore, municipality.text()
