"""`crm token`: tokens with which programs work as a user."""

from __future__ import annotations

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

_ACTOR = "cli"


@click.group(cls=SectionedGroup, short_help="Make and revoke tokens for programs.")
def token() -> None:
    """Make and revoke the tokens with which programs work as a user."""


@token.command(short_help="Make a token.")
@click.argument("login")
@click.option("--name", required=True, help="What the token is for.")
@click.option(
    "--function", "functions", metavar="NAME", multiple=True, required=True, help="What it may do, also `part.*`; may be given again."
)
@click.option("--days", type=click.IntRange(1), default=90, show_default=True, help="How long it is good.")
@click.option("--device", metavar="DEVICE", help="The registered device that uses it; the token ends with the device.")
@pass_state
def create(state: CliState, *, login: str, name: str, functions: tuple[str, ...], days: int, device: str | None) -> None:
    """Make a token with which a program works as LOGIN; it is printed once, and kept nowhere.

    `crm access functions` lists what it may be for.
    """
    from crmcore.session import Actor  # noqa: PLC0415 - only needed once a command runs

    crm = state.crm()
    with crm.session(Actor.system(_ACTOR), source="cli") as session:
        made = session.signin.create_token(login, name, functions, days=days, device=device)
        session.commit()
    if state.as_json:
        state.output.json({"uid": made.info.uid, "token": made.token, "expires_at": made.info.expires_at})
        return
    until = made.info.expires_at.astimezone(crm.zone).strftime("%Y-%m-%d %H:%M")
    # Beside the result, so that `TOKEN=$(crm token create …)` is the token and nothing else.
    state.output.note(state.text("token.created", uid=made.info.uid, until=until))
    click.echo(made.token)


@token.command("list", short_help="List tokens.")
@click.option("--user", "login", metavar="LOGIN", help="Only tokens of this user.")
@pass_state
def list_tokens(state: CliState, *, login: str | None) -> None:
    """List tokens, the latest first; what they are made of is not kept."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    crm = state.crm()
    with crm.session(Actor.system(_ACTOR)) as session:
        found = session.signin.tokens(login)
    if state.as_json:
        state.output.json(found)
        return
    columns = [state.text(f"col.{name}") for name in ("uid", "name", "login", "functions", "device", "expires", "ended")]
    rows = [
        (
            each.uid,
            each.name,
            each.login,
            each.functions,
            each.device,
            each.expires_at.astimezone(crm.zone).strftime("%Y-%m-%d %H:%M"),
            each.ended.label.text(state.lang) if each.ended is not None else None,
        )
        for each in found
    ]
    state.output.table(columns, rows, empty=state.text("token.none"))


@token.command(short_help="Revoke a token.")
@click.argument("uid", metavar="TOKEN")
@pass_state
def revoke(state: CliState, *, uid: str) -> None:
    """Revoke a token, by the id that `crm token list` shows: its next use is refused."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR), source="cli") as session:
        session.signin.revoke_token(uid)
        session.commit()
    state.output.say(state.text("token.revoked", uid=uid))
    if state.as_json:
        state.output.json({"uid": uid, "revoked": True})
