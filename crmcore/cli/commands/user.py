"""`crm user`: passwords of users."""

from __future__ import annotations

import sys

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

_ACTOR = "cli"


@click.group(cls=SectionedGroup, short_help="Give users passwords.")
def user() -> None:
    """Give users the passwords with which they sign in; `crm access users` lists the users."""


@user.command(short_help="Give a user a password.")
@click.argument("login")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password as one line from the standard input, without asking.")
@pass_state
def passwd(state: CliState, *, login: str, from_stdin: bool) -> None:
    """Give a user a password, asked for twice and never shown; the user's open sessions end."""
    from crmcore.session import Actor  # noqa: PLC0415 - only needed once a command runs

    crm = state.crm()
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        again = state.text("user.password_again")
        password = click.prompt(state.text("user.password", login=login), hide_input=True, confirmation_prompt=again, err=True)
    with crm.session(Actor.system(_ACTOR), source="cli") as session:
        session.signin.set_password(login, password)
        session.commit()
    state.output.say(state.text("user.password_set", login=login))
    if state.as_json:
        state.output.json({"login": login, "changed": True})
