"""`crm device`: the registry of devices, and a client that has its key in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

if TYPE_CHECKING:
    from datetime import datetime

_ACTOR = "cli"
_KEY = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=SectionedGroup, short_help="Register the devices from which people sign in.")
def device() -> None:
    """Register the PCs and phones from which people sign in: a device asks, an administrator compares its fingerprint and approves."""


@device.command(short_help="Ask for this device to be registered.")
@click.argument("key", metavar="KEYFILE", type=_KEY)
@click.option("--name", required=True, help="What people call the device.")
@click.option("--kind", type=click.Choice(["pc", "phone"]), default="pc", show_default=True, help="What it is.")
@click.option("--algorithm", type=click.Choice(["Ed25519", "ES256"]), default="Ed25519", show_default=True, help="Of a new key.")
@pass_state
def enroll(state: CliState, *, key: Path, name: str, kind: str, algorithm: str) -> None:
    """Ask for this device to be registered, with the key in KEYFILE; one is made there when the file is missing.

    The key is as safe as the file. A browser keeps its key where nobody can copy it.
    """
    from crmcore.access.signin import DeviceKey  # noqa: PLC0415 - only needed once a command runs

    crm = state.crm()
    if key.exists():
        own = DeviceKey.load(key)
    else:
        own = DeviceKey.generate(algorithm)
        own.save(key)
        state.output.say(state.text("device.key", path=key))
    challenge = crm.signin.begin_enrolment()
    made = crm.signin.enroll(name, own.public.text, challenge.nonce, own.sign(challenge.text), kind=kind)
    state.output.say(state.text("device.enrolled", uid=made.uid, fingerprint=made.fingerprint))
    if state.as_json:
        state.output.json(made)


@device.command("list", short_help="List devices.")
@click.option("--status", "wanted", type=click.Choice(["pending", "active", "revoked"]), help="Only devices in this state.")
@pass_state
def list_devices(state: CliState, *, wanted: str | None) -> None:
    """List devices, the latest first."""
    from crmcore.model import DeviceStatus  # noqa: PLC0415 - as above
    from crmcore.session import Actor  # noqa: PLC0415

    crm = state.crm()
    with crm.session(Actor.system(_ACTOR)) as session:
        found = session.signin.devices(DeviceStatus(wanted) if wanted else None)
    if state.as_json:
        state.output.json(found)
        return

    def local(moment: datetime | None) -> str | None:
        return moment.astimezone(crm.zone).strftime("%Y-%m-%d %H:%M") if moment is not None else None

    columns = [state.text(f"col.{name}") for name in ("uid", "name", "kind", "status", "for", "last_seen", "fingerprint")]
    rows = [(each.uid, each.name, each.kind, each.status, each.users, local(each.last_seen_at), each.fingerprint) for each in found]
    state.output.table(columns, rows, empty=state.text("device.none"))


@device.command(short_help="Let people sign in from a device.")
@click.argument("uid", metavar="DEVICE")
@click.option("--user", "users", metavar="LOGIN", multiple=True, help="Only for this user; may be given again. Without it, for everybody.")
@pass_state
def approve(state: CliState, *, uid: str, users: tuple[str, ...]) -> None:
    """Let people sign in from a device that asked for it; compare its fingerprint with what the device shows first."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR), source="cli") as session:
        session.signin.approve_device(uid, users)
        session.commit()
    _done(state, "device.approved", uid, "active")


@device.command(short_help="Let nobody sign in from a device any more.")
@click.argument("uid", metavar="DEVICE")
@pass_state
def revoke(state: CliState, *, uid: str) -> None:
    """Let nobody sign in from a device any more; its sessions and tokens end. It cannot come back: it is enrolled with a new key."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR), source="cli") as session:
        session.signin.revoke_device(uid)
        session.commit()
    _done(state, "device.revoked", uid, "revoked")


@device.command(short_help="Prove that this device has its key.")
@click.argument("uid", metavar="DEVICE")
@click.argument("key", metavar="KEYFILE", type=_KEY)
@click.option("--challenge", metavar="FILE", type=click.File(encoding="utf-8"), help="Sign this challenge (-: standard input).")
@pass_state
def prove(state: CliState, *, uid: str, key: Path, challenge: TextIO | None) -> None:
    """Prove that this device has the key in KEYFILE; with --challenge, print the signature over a challenge that a server gave.

    Without --challenge, a challenge is asked for, signed and verified. Nobody is signed in by that.
    """
    from crmcore.access.signin import DeviceKey  # noqa: PLC0415 - as above

    own = DeviceKey.load(key)
    if challenge is not None:
        signature = own.sign(challenge.read())
        if state.as_json:
            state.output.json({"device": uid, "signature": signature})
        else:
            click.echo(signature)
        return
    signin = state.crm().signin
    signin.check_device(own.answer(uid, signin.begin(uid)))
    _done(state, "device.proved", uid, "active")


def _done(state: CliState, text: str, uid: str, status: str) -> None:
    state.output.say(state.text(text, uid=uid))
    if state.as_json:
        state.output.json({"uid": uid, "status": status})
