"""`crm privacy`: erase people, hand out what is stored about them, and see what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

if TYPE_CHECKING:
    from crmcore.model import Account, Person
    from crmcore.privacy import TableReport
    from crmcore.session import Session

_ACTOR: Final = "cli"
_ENTITY = click.argument("entity", type=click.Choice(["account", "person"]))
_KEY = click.argument("key", type=int, metavar="ID")


@click.group(cls=SectionedGroup, short_help="Erase and export people.")
def privacy() -> None:
    """Erase people, hand out what is stored about them, ask the suppression list, and see what was done (GDPR art. 15, 17, 20)."""


def _subject(session: Session, entity: str, key: int) -> Account | Person:
    from crmcore.model import Account, Person  # noqa: PLC0415 - only needed once a command runs

    return session.require(Account, key) if entity == "account" else session.require(Person, key)


def _keep(given: Sequence[str]) -> dict[str, str]:
    found = dict(each.partition("=")[::2] for each in given)
    if not all(found.values()):
        raise click.BadParameter("ENTITY=REASON", param_hint="--keep")
    return found


@privacy.command(short_help="Show what erasing somebody would do.")
@_ENTITY
@_KEY
@click.option("--keep", metavar="ENTITY=REASON", multiple=True, help="Leave the rows of an entity whole, and say why; may be given again.")
@pass_state
def preview(state: CliState, *, entity: str, key: int, keep: tuple[str, ...]) -> None:
    """Show by table what erasing somebody would empty, and what stays, by which law; nothing is changed."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR)) as session:
        found = session.privacy.preview_erasure(_subject(session, entity, key), keep=_keep(keep))
    about = {"entity": entity, "id": found.id, "merged_ids": list(found.merged_ids), "suppressed": found.suppressed}
    _show(state, found.tables, {**about, "token": found.token})
    state.output.say(state.text("privacy.suppressed", count=found.suppressed))
    kept = "".join(f" --keep '{each}'" for each in keep)
    state.output.say(state.text("privacy.confirm", entity=entity, id=key, token=found.token, keep=kept))


@privacy.command(short_help="Erase somebody for good.")
@_ENTITY
@_KEY
@click.option("--reason", required=True, help="Who asked for it, and when; the privacy log keeps it.")
@click.option("--keep", metavar="ENTITY=REASON", multiple=True, help="As for the preview.")
@click.option(
    "--confirm",
    "token",
    metavar="TOKEN",
    required=True,
    help="The token of the preview: when something has changed since, nothing is done.",
)
@pass_state
def erase(state: CliState, *, entity: str, key: int, reason: str, keep: tuple[str, ...], token: str) -> None:
    """Erase somebody as the preview with this token says, and clean the files of the database."""
    from crmcore.privacy import scrub as scrub_files  # noqa: PLC0415 - as above
    from crmcore.session import Actor  # noqa: PLC0415

    crm = state.crm()
    with crm.session(Actor.system(_ACTOR), source="cli") as session:
        done = session.privacy.erase(_subject(session, entity, key), reason=reason, keep=_keep(keep), token=token)
        session.commit()
    cleaned = scrub_files(crm)
    due = done.due.isoformat() if done.due else None
    _show(
        state, done.tables, {"id": done.id, "redacted": done.redacted, "suppressed": done.suppressed, "due": due, "scrubbed": cleaned.done}
    )
    state.output.say(state.text("privacy.erased", entity=entity, id=key, number=done.id))
    if due:
        state.output.say(state.text("privacy.due", day=due))
    if not cleaned.done:
        state.output.note(state.text("privacy.unclean"))


@privacy.command(short_help="Hand out what is stored about somebody.")
@_ENTITY
@_KEY
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--reason", default="", help="Who asked for it, and when; the privacy log keeps it.")
@pass_state
def export(state: CliState, *, entity: str, key: int, path: Path, reason: str) -> None:
    """Write all that is stored about somebody into PATH: a ZIP with JSON and CSV, or JSON alone when it ends in `.json`."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR)) as session:
        found = session.privacy.export_subject(_subject(session, entity, key), reason=reason)
    if path.suffix == ".json":
        path.write_text(found.json(), encoding="utf-8")
    else:
        found.write_zip(path)
    rows = sum(map(len, found.tables.values()))
    state.output.say(state.text("privacy.exported", path=path, rows=rows, tables=len(found.tables)))
    if state.as_json:
        state.output.json({"path": str(path), "tables": {name: len(each) for name, each in found.tables.items()}})


@privacy.command(short_help="Ask whether somebody was erased.")
@click.option("--phone", "phones", metavar="NUMBER", multiple=True, help="A phone number; may be given again.")
@click.option("--email", "emails", metavar="ADDRESS", multiple=True, help="An e-mail address.")
@click.option("--code", "codes", metavar="CODE", multiple=True, help="A VAT or fiscal code.")
@pass_state
def suppression(state: CliState, *, phones: tuple[str, ...], emails: tuple[str, ...], codes: tuple[str, ...]) -> None:
    """Say which of these values belonged to somebody who was erased; the list itself cannot be read."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR)) as session:
        found = session.privacy.suppressed(phones=phones, emails=emails, codes=codes)
    listed = found.phones | found.emails | found.codes
    rows = [(value, value in listed) for value in (*phones, *emails, *codes)]
    columns = ("value", "suppressed") if state.as_json else (state.text("col.value"), state.text("col.suppressed"))
    shown = rows if state.as_json else [(value, state.text(f"privacy.{'yes' if there else 'no'}")) for value, there in rows]
    state.output.rows(columns, shown, empty="")


@privacy.command(short_help="List consents and revocations.")
@_ENTITY
@_KEY
@pass_state
def consents(state: CliState, *, entity: str, key: int) -> None:
    """List every consent and revocation of somebody, oldest first, with its source and proof."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR)) as session:
        found = session.consents.history(_subject(session, entity, key))
        names = ("at", "purpose", "channel", "given", "source", "text_version", "proof")
        rows = [tuple(getattr(each, name) for name in names) for each in found]
    columns = names if state.as_json else tuple(state.text(f"col.{name}") for name in names)
    state.output.rows(columns, rows, empty=state.text("privacy.no_consents"))


@privacy.command(short_help="Show the privacy log.")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only erasures that can be completed by this day.")
@pass_state
def log(state: CliState, *, due: datetime | None) -> None:
    """Show who erased, exported or let back whom, when and why, and which erasures can be completed because the time of the law is over."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR)) as session:
        found = session.privacy.log(due=due.date() if due else None)
    names = ("id", "kind", "at", "actor", "entity", "record_id", "reason", "due", "scrubbed_at")
    rows = [tuple(getattr(each, name) for name in names) for each in found]
    columns = names if state.as_json else tuple(state.text(f"col.{name}") for name in names)
    state.output.rows(columns, rows, empty=state.text("privacy.no_log"))


@privacy.command(short_help="Clean the files of the database.")
@click.option("--full", is_flag=True, help="PostgreSQL: write the tables anew, under exclusive locks.")
@pass_state
def scrub(state: CliState, *, full: bool) -> None:
    """Write the database without what was erased; `crm privacy erase` does it too."""
    from crmcore.privacy import scrub as scrub_files  # noqa: PLC0415 - as above

    done = scrub_files(state.crm(), full=full)
    state.output.say(state.text("privacy.clean" if done.done else "privacy.unclean"))
    if state.as_json:
        state.output.json({"done": done.done, "erasures": done.erasures})


def _show(state: CliState, tables: Sequence[TableReport], about: dict[str, Any]) -> None:
    if state.as_json:
        state.output.json({**about, "tables": [table.data() for table in tables]})
        return
    columns = [state.text(f"col.{name}") for name in ("entity", "emptied", "columns", "kept", "keeps", "law", "until")]
    rows = [(each.entity, each.emptied, each.columns, each.kept or None, each.keeps, _why(each, state.lang), each.until) for each in tables]
    state.output.table(columns, rows, empty="")


def _why(table: TableReport, lang: str) -> str | None:
    return f"{table.law}: {table.why.text(lang)}" if table.law else None
