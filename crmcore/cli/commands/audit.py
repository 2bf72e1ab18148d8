"""`crm audit`: what was changed, read and refused, and whether it is still what was written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

if TYPE_CHECKING:
    from crmcore.audit import AuditApi
    from crmcore.session import Session

_ACTOR = "cli"
_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
_FORMATS = ("jsonl", "csv")


@click.group(cls=SectionedGroup, short_help="Show who changed what, and verify that nobody changed that.")
def audit() -> None:
    """Show who changed, read or was refused what; verify, seal and export it."""


def _filters(command: Any) -> Any:  # noqa: ANN401 - click's decorators
    """Add the options by which entries are chosen."""
    options = (
        click.option("--record", metavar="ENTITY[:ID]", help="Of an entity, or of one record: account:5."),
        click.option("--user", "actor", metavar="LOGIN", help="Of one user; machines are called system:<what>."),
        click.option("--since", type=_DAY, metavar="DATE", help="From this day or instant on, in the time zone of the deployment."),
        click.option("--before", type=_DAY, metavar="DATE", help="Before this day or instant."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@audit.command("list", short_help="List entries, newest first.")
@_filters
@click.option("--verb", "verbs", multiple=True, help="created, updated, deleted, read, refused, redacted or expired; may be repeated.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many.")
@click.option("--after", type=int, metavar="ID", help="Older than this entry.")
@pass_state
def list_(state: CliState, /, *, verbs: tuple[str, ...], limit: int, after: int | None, **filters: Any) -> None:  # noqa: ANN401 - see `_filters`
    """List what was changed, read and refused."""
    with _audit(state) as (_, api):
        found = api.list(verbs=verbs, limit=limit, after=after, **_chosen(state, **filters))
    names = ("id", "at", "actor", "device", "source", "entity", "entity_id", "verb", "fields")
    rows = [
        (entry.id, entry.at, entry.actor, entry.device, entry.source, entry.entity, entry.entity_id, entry.verb, ", ".join(entry.changes))
        for entry in found
    ]
    columns = names if state.as_json else tuple(state.text(f"col.audit_{name}") for name in names)
    state.output.rows(columns, rows, empty=state.text("audit.none"))


@audit.command(short_help="Show one entry.")
@click.argument("key", type=int, metavar="ID")
@pass_state
def show(state: CliState, *, key: int) -> None:
    """Show one entry with its old and new values, and the hash by which the chain knows it."""
    with _audit(state) as (_, api):
        entry = api.get(key)
    if state.as_json:
        state.output.json(entry)
        return
    sealed = state.text("audit.block", block=entry.block, stream=entry.stream) if entry.block else state.text("audit.unsealed")
    state.output.say(f"{entry.at.isoformat()}  {entry.actor}  {entry.verb}  {entry.entity} {entry.entity_id}  ({sealed}, {entry.hash})")
    columns = tuple(state.text(f"col.{name}") for name in ("field", "audit_old", "audit_new"))
    state.output.rows(columns, [(name, *pair) for name, pair in entry.changes.items()])


@audit.command(short_help="Write entries as JSON lines or CSV.")
@_filters
@click.option("--format", "form", type=click.Choice(_FORMATS), default="jsonl", show_default=True, help="JSON lines, or CSV.")
@click.option(
    "--output", type=click.File("w", encoding="utf-8", lazy=True), default="-", metavar="FILE", help="Where to; the terminal by default."
)
@pass_state
def export(state: CliState, /, *, form: str, output: Any, **filters: Any) -> None:  # noqa: ANN401 - a file, and see `_filters`
    """Write all entries that fit, oldest first, each with its hash."""
    with _audit(state) as (_, api):
        for line in api.export(form, **_chosen(state, **filters)):
            output.write(line)


@audit.command(short_help="Chain new entries.")
@pass_state
def seal(state: CliState) -> None:
    """Chain the entries that are new, as the job core.audit_seal does, and print the heads."""
    with _audit(state) as (session, api):
        while True:
            done = api.seal()
            session.commit()
            if not done.more or not done.rows:
                break
        found = api.heads()
    if done.more:
        state.output.note(state.text("audit.waiting"))
    _print_heads(state, found)


@audit.command(short_help="Print the newest block of each chain.")
@pass_state
def head(state: CliState) -> None:
    """Print the newest block of each chain: keep the lines where nobody who can change the database can change them."""
    with _audit(state) as (_, api):
        found = api.heads()
    _print_heads(state, found)


@audit.command(short_help="Check that nothing was changed.")
@click.option("--head", "known", multiple=True, metavar="HEAD", help="A line that `crm audit head` printed before; may be repeated.")
@pass_state
def verify(state: CliState, *, known: tuple[str, ...]) -> None:
    """Check every entry and every block; the first finding is the first thing that was changed, removed or inserted."""
    from crmcore.errors import ValidationFailed  # noqa: PLC0415 - only needed once a command runs

    with _audit(state) as (_, api):
        found = api.verify(known)
    if not found.sound:
        raise ValidationFailed("AUDIT_BROKEN", found.findings)
    counts = {name: getattr(found, name) for name in ("blocks", "rows", "redacted", "dropped", "unsealed")}
    if state.as_json:
        state.output.json({**counts, "heads": [str(each) for each in found.heads]})
        return
    state.output.say(state.text("audit.sound", **counts))
    _print_heads(state, found.heads)


@contextmanager
def _audit(state: CliState) -> Iterator[tuple[Session, AuditApi]]:
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR), source="cli") as session:
        yield session, session.audit


def _chosen(state: CliState, *, record: str | None, actor: str | None, since: datetime | None, before: datetime | None) -> dict[str, Any]:
    entity, _, key = (record or "").partition(":")
    if key and not key.isdecimal():
        raise click.BadParameter(key, param_hint="--record")
    zone = state.crm().zone
    moments = {name: day.replace(tzinfo=zone).astimezone(UTC) for name, day in (("since", since), ("before", before)) if day is not None}
    return {"entity": entity or None, "id": int(key) if key else None, "actor": actor, **moments}


def _print_heads(state: CliState, found: Any) -> None:  # noqa: ANN401 - heads
    if state.as_json:
        state.output.json([str(each) for each in found])
    for each in found:
        state.output.say(str(each))
