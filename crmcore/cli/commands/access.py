"""`crm access`: who may see what, and why."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

_ACTOR = "cli"


@click.group(cls=SectionedGroup, short_help="Show who may see what, and why.")
def access() -> None:
    """Show users and functions, who may see a record, and why somebody does or does not."""


@access.command(short_help="Why somebody may see a record, or not.")
@click.argument("login")
@click.argument("entity")
@click.argument("key", type=int, metavar="ID")
@click.option("--verb", default="read", show_default=True, help="read, create, update or delete.")
@click.option("--at", "at", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="As of a day: zones and sellers have dates.")
@pass_state
def explain(state: CliState, *, login: str, entity: str, key: int, verb: str, at: datetime | None) -> None:
    """Show every rule that is asked when LOGIN wants to see a record, and the one that decides."""
    from crmcore.session import Actor  # noqa: PLC0415 - only needed once a command runs

    with state.crm().session(Actor.system(_ACTOR)) as session:
        found = session.access.explain(login, entity, key, verb, _day(at))
    if not state.as_json:
        click.echo(found.text(state.lang))
        return
    steps: list[dict[str, Any]] = [
        {"rule": step.rule, "answer": step.answer.value, "text": step.text.text(state.lang), "deciding": step.deciding}
        for step in found.steps
    ]
    about = {"login": found.login, "entity": found.entity, "id": found.id, "verb": found.verb, "day": found.day.isoformat()}
    state.output.json({**about, "granted": found.granted, "steps": steps})


@access.command(short_help="Who sees a record.")
@click.argument("entity")
@click.argument("key", type=int, metavar="ID")
@click.option("--at", "at", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="As of a day.")
@pass_state
def who(state: CliState, *, entity: str, key: int, at: datetime | None) -> None:
    """List the users for whom a record exists."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR)) as session:
        logins = session.access.who_can_see(entity, key, _day(at))
    columns = ("login",) if state.as_json else (state.text("col.login"),)
    state.output.rows(columns, [(login,) for login in logins], empty=state.text("access.nobody"))


@access.command(short_help="List users.")
@pass_state
def users(state: CliState) -> None:
    """List users with their profiles and what their scopes come to."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR)) as session:
        found = session.access.users()
    names = ("login", "name", "profile", "status", "scopes", "groups")
    rows = [
        (user.login, user.name, user.profile or "—", user.status, ", ".join(map(str, user.scopes)), ", ".join(sorted(user.groups)))
        for user in found
    ]
    columns = names if state.as_json else tuple(state.text(f"col.{name}") for name in names)
    state.output.rows(columns, rows, empty=state.text("access.open"))


@access.command(short_help="List functions.")
@pass_state
def functions(state: CliState) -> None:
    """List every function that a profile may grant."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR)) as session:
        found = session.access.functions()
    columns = ("function",) if state.as_json else (state.text("col.function"),)
    state.output.rows(columns, [(function,) for function in found], empty="")


@access.command(short_help="Block a user.")
@click.argument("login")
@pass_state
def block(state: CliState, *, login: str) -> None:
    """Block a user: every transaction is refused from now on, also in open sessions. What is open is listed, for others to take over."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR)) as session:
        open_work = session.access.open_work(login)
    _set(state, login, blocked=True)
    if open_work or state.as_json:
        state.output.say(state.text("access.open_work", login=login))
        columns = ("entity", "id", "label", "due")
        shown = columns if state.as_json else tuple(state.text(f"col.{name}") for name in columns)
        state.output.rows(shown, [(work.entity, work.id, work.label, work.due) for work in open_work])


@access.command(short_help="Let a blocked user work again.")
@click.argument("login")
@pass_state
def unblock(state: CliState, *, login: str) -> None:
    """Let a blocked user work again."""
    _set(state, login, blocked=False)


def _set(state: CliState, login: str, *, blocked: bool) -> None:
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR), source="cli") as session:
        (session.access.block if blocked else session.access.unblock)(login)
        session.commit()
    state.output.say(state.text("access.blocked" if blocked else "access.unblocked", login=login))


def _day(at: datetime | None) -> date | None:
    return at.date() if at is not None else None
