"""Commands under `crm agenda`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import attrs
import click
from sqlalchemy import select

from crmcore import Actor, Crm
from crmcore.cli import current_output, pass_crm
from crmcore_agenda.analysis import By, sales_activity
from crmcore_agenda.dashboard import Dashboard
from crmcore_agenda.model import Recurring
from crmcore_agenda.planning import View, What, plan, to_html
from crmcore_agenda.recurring import Feeder
from crmcore_agenda.rules import Rules
from crmcore_agenda.sharing import share

_DAY = click.DateTime(["%Y-%m-%d"])


def _empty(it: str, en: str) -> str:
    return it if current_output().lang() == "it" else en


def _date(given: datetime | None, otherwise: date) -> date:
    return given.date() if given is not None else otherwise


@click.command("dashboard")
@click.argument("login")
@click.option("--delegated", is_flag=True, help="What this user has given to others.")
@click.option("--people", is_flag=True, help="What those below this user do.")
@click.option("--text", default="", help="Only titles that contain this.")
@pass_crm
def dashboard(crm: Crm, login: str, *, delegated: bool, people: bool, text: str) -> None:
    """Show what somebody has to do, what is late first; with what this user may see."""
    with crm.session(login) as session:
        board = Dashboard(session)
        show = board.delegated if delegated else board.of_people if people else board.mine
        rows = [
            (row.id, row.due, row.late, row.kind, row.title, row.account, row.assignee, row.state) for row in show(text=text, page=500).rows
        ]
    columns = ("id", "due", "late", "kind", "title", "account", "assignee", "state")
    current_output().rows(columns, rows, empty=_empty("Nulla da fare.", "Nothing to do."))


@click.command("share")
@click.argument("login")
@click.argument("whether", type=click.Choice(["on", "off"]))
@pass_crm
def share_agenda(crm: Crm, login: str, whether: str) -> None:
    """Share the agenda of a user with colleagues, or stop that; open actions follow, private ones stay private."""
    with crm.session(Actor.system("cli")) as session:
        changed = share(session, login, shared=whether == "on")
        session.commit()
    out = current_output()
    if out.as_json:
        out.json({"login": login, "shared": whether == "on", "actions": changed})
    else:
        out.say(_empty(f"{changed} azioni aperte cambiate.", f"{changed} open actions changed."))


@click.command("planning")
@click.argument("login")
@click.option("--on", type=_DAY, default=None, help="A day of the page; today otherwise.")
@click.option("--view", type=click.Choice([each.value for each in View]), default=View.WEEK.value, help="How much time.")
@click.option("--what", type=click.Choice([each.value for each in What]), default=What.BOTH.value, help="What is shown.")
@click.option("--band", type=click.Choice(["6-24", "8-20"]), default="6-24", help="Which hours.")
@click.option("--user", "users", multiple=True, help="Whose agenda, instead of one's own; may be repeated.")
@click.option("--group", "groups", multiple=True, help="A group of users; may be repeated.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write a page to print into this file.")
@pass_crm
def planning(  # noqa: PLR0913, PLR0917 - the options of the command
    crm: Crm,
    login: str,
    on: datetime | None,
    view: str,
    what: str,
    band: str,
    users: tuple[str, ...],
    groups: tuple[str, ...],
    html: Path | None,
) -> None:
    """Show the planning of a day, a week or a month, with what this user may see."""
    first, last = (int(hour) for hour in band.split("-"))
    with crm.session(login) as session:
        day = _date(on, session.today())
        page = plan(session, day, View(view), band=(first, last), what=What(what), users=users, groups=groups)
    if html is not None:
        html.write_text(to_html(page, current_output().lang()), "utf-8")
    rows = [(item.start and f"{item.start:%Y-%m-%d %H:%M}", item.who, item.title) for item in page.appointments]
    rows += [(f"{item.due:%Y-%m-%d}", item.who, item.title) for item in page.todos]
    current_output().rows(("when", "who", "title"), rows, empty=_empty("Nessun impegno.", "Nothing planned."))


@click.command("activity")
@click.option("--from", "first", type=_DAY, required=True, help="First day.")
@click.option("--to", "last", type=_DAY, required=True, help="Last day, included.")
@click.option("--by", type=click.Choice([each.value for each in By]), default=By.USER.value, help="Kind of analysis.")
@click.option("--user", "users", multiple=True, help="Only these users; may be repeated.")
@click.option("--group", default=None, help="Only this activity group.")
@pass_crm
def activity(crm: Crm, first: datetime, last: datetime, by: str, users: tuple[str, ...], group: str | None) -> None:
    """Show who did what in a period, of the whole company."""
    with crm.session(Actor.system("cli")) as session:
        lines = sales_activity(session, first.date(), last.date(), By(by), users=users, group=group)
    columns = ("key", "planned", "done", "cancelled", "late", "late_days", "mark")
    current_output().rows(columns, [attrs.astuple(line) for line in lines], empty=_empty("Nessuna attività.", "No activity."))


@click.command("feed")
@click.argument("code", required=False)
@pass_crm
def feed(crm: Crm, code: str | None) -> None:
    """Run recurring activities now, one of them or all."""
    rows = []
    with crm.session(Actor.system("cli")) as session:
        wanted = select(Recurring).where(Recurring.active.is_(True), Recurring.obsolete.is_(False)).order_by(Recurring.code)
        for rule in session.scalars(wanted if code is None else wanted.where(Recurring.code == code)).all():
            done = Feeder(session).run(rule)
            session.commit()
            rows.append((rule.code, done.created, done.cancelled, len(done.problems)))
    empty = _empty("Nessuna attività ricorrente.", "No recurring activity.")
    current_output().rows(("rule", "created", "cancelled", "without_assignee"), rows, empty=empty)


@click.group("rules")
def rules() -> None:
    """Ask why an action exists, and what a rule would do."""


@rules.command("trace")
@click.argument("action", type=int)
@pass_crm
def trace(crm: Crm, action: int) -> None:
    """Tell why an action exists."""
    with crm.session(Actor.system("cli")) as session:
        found = attrs.asdict(Rules(session).trace(action))
    current_output().rows(("what", "value"), [(name, value) for name, value in found.items() if value not in ("", None)], empty="")


@rules.command("dry-run")
@click.argument("code")
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="How far back.")
@pass_crm
def dry_run(crm: Crm, code: str, days: int) -> None:
    """Show what a rule would have made of past events; nothing is written."""
    with crm.session(Actor.system("cli")) as session:
        tried = Rules(session).dry_run(code, days=days)
    rows = [(each.at, each.record, each.why, each.account_id, ", ".join(map(str, each.due))) for each in tried]
    current_output().rows(("at", "record", "why", "account", "due"), rows, empty=_empty("Nessun evento.", "No events."))


@rules.command("check")
@pass_crm
def check(crm: Crm) -> None:
    """Warn of rules that set each other off."""
    with crm.session(Actor.system("cli")) as session:
        rows = [(" → ".join((*circle, circle[0])),) for circle in Rules(session).circles()]
    current_output().rows(("circle",), rows, empty=_empty("Nessun circolo.", "No circles."))
