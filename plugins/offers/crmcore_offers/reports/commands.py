"""Commands of reports under `crm offers`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from crmcore import Actor, Crm
from crmcore.cli import current_output, pass_crm
from crmcore_offers.reports.api import Reports
from crmcore_offers.reports.charts import bars_of, svg_chart, text_chart
from crmcore_offers.reports.conversion import WinBy
from crmcore_offers.reports.dimensions import By
from crmcore_offers.reports.efficacy import EfficacyPage
from crmcore_offers.reports.periods import Period, Unit
from crmcore_offers.reports.sheets import Sheet, people_sheet, sheet_of, wins_sheet

_DAY = click.DateTime(["%Y-%m-%d"])
_LARGE = 500
_csv = click.option("--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the table into this file as well.")
_as = click.option("--as", "login", default=None, help="Count what this user sees; everything otherwise.")
_agent = click.option("--agent", default=None, help="Only documents of this agent, by code.")
_types = click.option("--type", "types", multiple=True, help="Only documents of this type; may be repeated.")
_period = click.option("--period", default=None, help="A year, a quarter or a month: 2026, 2026-Q3, 2026-09.")
_from = click.option("--from", "first", type=_DAY, default=None, help="First day, instead of a period.")
_to = click.option("--to", "last", type=_DAY, default=None, help="Last day, included.")
_chart = click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into this file.")


def _choice(values: Any, default: str) -> Any:  # noqa: ANN401 - an enumeration, and an option
    return {"type": click.Choice([each.value for each in values]), "default": default, "show_default": True}


@contextmanager
def _reports(crm: Crm, login: str | None) -> Iterator[Reports]:
    with crm.session(Actor.system("cli") if login is None else login) as session:
        yield Reports(session)


def _days(crm: Crm, period: str | None, first: datetime | None, last: datetime | None) -> tuple[date, date]:
    """Return the days that were asked for: a period, or from one to another; by default this year up to now."""
    if period is not None:
        asked = Period.parse(period)
        return asked.first, asked.last
    today = crm.clock.now().astimezone(crm.zone).date()
    return (first.date() if first is not None else date(today.year, 1, 1)), (last.date() if last is not None else today)


def _show(sheet: Sheet, file: Path | None) -> None:
    output = current_output()
    lang = output.lang()
    if file is not None:
        file.write_bytes(sheet.csv(lang))
    if output.as_json:
        output.rows([column.name for column in sheet.columns], sheet.cells(lang))
    else:
        output.say(sheet.text(lang))


@click.command("pipeline")
@click.option("--by", **_choice([by for by in By if not by.of_rows], By.STAGE.value), help="What the lines are.")
@click.option("--unit", type=click.Choice([each.value for each in Unit]), default=None, help="Put shorter periods together.")
@_period
@_agent
@_types
@_as
@_csv
@_chart
@pass_crm
def pipeline(  # noqa: PLR0913, PLR0917 - the options of the command
    crm: Crm,
    by: str,
    unit: str | None,
    period: str | None,
    agent: str | None,
    types: tuple[str, ...],
    login: str | None,
    file: Path | None,
    svg: Path | None,
) -> None:
    """Show what is offered and not yet decided, by its probability."""
    with _reports(crm, login) as reports:
        found = reports.pipeline(By(by), period=period, unit=Unit(unit) if unit else None, agent=agent, types=types)
    _show(sheet_of(found), file)
    _draw(found, svg)


def _draw(found: Any, svg: Path | None) -> None:  # noqa: ANN401 - a report that has bars
    output = current_output()
    bars = bars_of(found, output.lang())
    output.say("\n" + "\n".join(text_chart(bars)))
    if svg is not None:
        svg.write_text(svg_chart(bars), "utf-8")


@click.command("forecast")
@click.option("--period", required=True, help="A year, a quarter or a month: 2026, 2026-Q3, 2026-09.")
@click.option("--unit", **_choice(Unit, Unit.MONTH.value), help="How long the lines are.")
@click.option("--by-agent", is_flag=True, help="A line for each agent.")
@_agent
@_types
@_as
@_csv
@_chart
@pass_crm
def forecast(  # noqa: PLR0913 - the options of the command
    crm: Crm,
    period: str,
    unit: str,
    *,
    by_agent: bool,
    agent: str | None,
    types: tuple[str, ...],
    login: str | None,
    file: Path | None,
    svg: Path | None,
) -> None:
    """Show what is won and expected against targets."""
    with _reports(crm, login) as reports:
        found = reports.forecast(period, Unit(unit), by_agent=by_agent, agent=agent, types=types)
    _show(sheet_of(found), file)
    _draw(found, svg)


@click.command("conversion")
@click.option("--by", **_choice(WinBy, WinBy.AGENT.value), help="By what wins are counted.")
@click.option("--wins", is_flag=True, help="Show what was decided, instead of the stages.")
@_period
@_from
@_to
@_agent
@_types
@_as
@_csv
@pass_crm
def conversion(  # noqa: PLR0913 - the options of the command
    crm: Crm,
    by: str,
    *,
    wins: bool,
    period: str | None,
    first: datetime | None,
    last: datetime | None,
    agent: str | None,
    types: tuple[str, ...],
    login: str | None,
    file: Path | None,
) -> None:
    """Show how documents went through the stages, and how long it took."""
    days = _days(crm, period, first, last)
    with _reports(crm, login) as reports:
        found = reports.conversion(*days, WinBy(by), agent=agent, types=types)
    _show(wins_sheet(found) if wins else sheet_of(found), file)


@click.command("efficacy")
@click.option("--by", **_choice(By, By.AGENT.value), help="What the lines are.")
@click.option("--documents", is_flag=True, help="Document by document, instead of sums.")
@_period
@_from
@_to
@_agent
@_types
@_as
@_csv
@pass_crm
def efficacy(  # noqa: PLR0913 - the options of the command
    crm: Crm,
    by: str,
    *,
    documents: bool,
    period: str | None,
    first: datetime | None,
    last: datetime | None,
    agent: str | None,
    types: tuple[str, ...],
    login: str | None,
    file: Path | None,
) -> None:
    """Show what of what was presented was won, and the margin of it."""
    days = _days(crm, period, first, last)
    with _reports(crm, login) as reports:
        if not documents:
            sheet = sheet_of(reports.efficacy(*days, By(by), agent=agent, types=types))
        else:
            pages = [page := reports.efficacy_documents(*days, page=_LARGE, agent=agent, types=types)]
            while page.next is not None:
                pages.append(page := reports.efficacy_documents(*days, after=page.next, page=_LARGE, agent=agent, types=types))
            sheet = sheet_of(EfficacyPage(rows=tuple(row for each in pages for row in each.rows), next=None))
    _show(sheet, file)


@click.command("commissions")
@click.option("--rows", is_flag=True, help="Row by row with the rule that decided, instead of what each person gets.")
@_period
@_from
@_to
@_agent
@_types
@_as
@_csv
@pass_crm
def commissions(  # noqa: PLR0913 - the options of the command
    crm: Crm,
    *,
    rows: bool,
    period: str | None,
    first: datetime | None,
    last: datetime | None,
    agent: str | None,
    types: tuple[str, ...],
    login: str | None,
    file: Path | None,
) -> None:
    """Show what who sells gets of what was confirmed."""
    days = _days(crm, period, first, last)
    with _reports(crm, login) as reports:
        found = reports.commissions(*days, agent=agent, types=types)
    _show(sheet_of(found) if rows else people_sheet(found), file)
    output = current_output()
    if found.without_rule:
        count = len(found.without_rule)
        output.note(
            f"Righe senza regola o senza beneficiario: {count}" if output.lang() == "it" else f"Rows without a rule or anybody: {count}"
        )
