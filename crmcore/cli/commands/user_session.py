"""`crm session`: who is signed in."""

from __future__ import annotations

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

_ACTOR = "cli"


@click.group(cls=SectionedGroup, short_help="List who is signed in, and end sessions.")
def session() -> None:
    """List who is signed in and from where, and end sessions."""


@session.command("list", short_help="List sessions.")
@click.option("--user", "login", metavar="LOGIN", help="Only sessions of this user.")
@click.option("--ended", is_flag=True, help="Also those that have ended.")
@pass_state
def list_sessions(state: CliState, *, login: str | None, ended: bool) -> None:
    """List sessions, the latest first."""
    from crmcore.session import Actor  # noqa: PLC0415 - only needed once a command runs

    crm = state.crm()
    with crm.session(Actor.system(_ACTOR)) as reading:
        found = reading.signin.sessions(login, ended=ended)
    if state.as_json:
        state.output.json(found)
        return
    columns = [state.text(f"col.{name}") for name in ("uid", "login", "device", "opened", "last_used", "expires", "ended")]
    rows = [
        (
            each.uid,
            each.login,
            each.device,
            *(moment.astimezone(crm.zone).strftime("%Y-%m-%d %H:%M") for moment in (each.opened_at, each.last_used_at, each.expires_at)),
            each.ended.label.text(state.lang) if each.ended is not None else None,
        )
        for each in found
    ]
    state.output.table(columns, rows, empty=state.text("session.none"))


@session.command(short_help="End a session.")
@click.argument("uid", metavar="SESSION")
@pass_state
def revoke(state: CliState, *, uid: str) -> None:
    """End a session: its next request is refused."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR), source="cli") as writing:
        writing.signin.revoke_session(uid)
        writing.commit()
    state.output.say(state.text("session.revoked", uid=uid))
    if state.as_json:
        state.output.json({"uid": uid, "revoked": True})
