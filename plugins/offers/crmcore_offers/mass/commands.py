"""Commands under `crm offers`: mass maintenance and order lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click

from crmcore import Actor, Crm, Session
from crmcore.changesets import Result
from crmcore.cli import current_output, pass_crm
from crmcore_offers.mass.api import MassMaintenance, MassPreview
from crmcore_offers.mass.exporting import OrderList
from crmcore_offers.mass.fields import is_text

_ENTITIES: Final = {"documents": "offers.document", "rows": "offers.row"}
_user = click.option("--user", "login", metavar="LOGIN", help="Work as this user: only what that one sees exists.")


def _session(crm: Crm, login: str | None) -> Session:
    return crm.session(login if login is not None else Actor.system("cli"), source="cli")


def _say(italian: str, english: str, **values: object) -> None:
    current_output().say((italian if current_output().lang() == "it" else english).format(**values))


class _Json(click.ParamType[Any]):
    name = "JSON"

    # Whatever the JSON says.
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            self.fail(f"{value!r} is not JSON: {error}", param, ctx)


class _Setting(click.ParamType[tuple[str, str]]):
    name = "FIELD=VALUE"

    # Whatever the caller gave.
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:  # noqa: ANN401
        field, sign, text = str(value).partition("=")
        if not sign or not field:
            self.fail(f"{value!r} is not FIELD=VALUE", param, ctx)
        return field, text


def _value(entity: str, field: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Read a value: of a text it is the text itself, otherwise JSON, such as ``60``, ``true`` and ``null``, or text that is none."""
    if is_text(entity, field):
        return text
    try:
        # Numbers stay text: a price is no float.
        return json.loads(text, parse_float=str)
    except json.JSONDecodeError:
        return text


@click.group()
def mass() -> None:
    """Maintain documents and rows in mass: preview, confirm, undo."""


@mass.command("preview")
@click.argument("what", type=click.Choice(list(_ENTITIES)))
@click.option("--filter", "condition", type=_Json(), default=None, help="Which ones, as a filter of the search; all otherwise.")
@click.option("--set", "values", type=_Setting(), multiple=True, required=True, help="What becomes of a field; may be repeated.")
@click.option("--note", default="", help="What it is for; the history of states keeps it.")
@_user
@pass_crm
def preview(crm: Crm, what: str, condition: Any, values: tuple[tuple[str, str], ...], note: str, login: str | None) -> None:  # noqa: ANN401 - any JSON
    """Say what would change and what would be refused; nothing is changed before it is confirmed."""
    with _session(crm, login) as session:
        entity = _ENTITIES[what]
        wanted = {field: _value(entity, field, text) for field, text in values}
        made = MassMaintenance(session).preview(entity, condition, wanted, note)
        session.commit()
    _show_preview(made)


def _show_preview(made: MassPreview) -> None:
    out = current_output()
    if out.as_json:
        out.json(
            {
                "id": made.id,
                "token": made.token,
                "matched": made.matched,
                "will_change": made.will_change,
                "unchanged": made.unchanged,
                "refused": made.refused,
                "codes": dict(made.codes),
                "samples": [{"id": each.record_id, "field": each.field, "old": each.old, "new": each.new} for each in made.samples],
                "refusals": [{"id": each.record_id, "name": each.name, "code": each.code} for each in made.refusals],
            }
        )
        return
    _say(
        "Trovati {matched}, da modificare {will_change}, invariati {unchanged}, rifiutati {refused}.",
        "Found {matched}, to change {will_change}, unchanged {unchanged}, refused {refused}.",
        matched=made.matched,
        will_change=made.will_change,
        unchanged=made.unchanged,
        refused=made.refused,
    )
    samples = [(each.record_id, each.field, str(each.old), str(each.new)) for each in made.samples]
    out.rows(("id", "field", "old", "new"), samples, empty="")
    lang = out.lang()
    out.rows(("refused", "code", "reason"), [(each.name, each.code, each.refusal.problem.text(lang)) for each in made.refusals], empty="")
    _say("Per confermare: crm offers mass confirm {token}", "To confirm: crm offers mass confirm {token}", token=made.token)


@mass.command("confirm")
@click.argument("token")
@_user
@pass_crm
def confirm(crm: Crm, token: str, login: str | None) -> None:
    """Apply a preview: what changed since is left out."""
    with _session(crm, login) as session:
        result = MassMaintenance(session).confirm(token)
        session.commit()
    _show_result(result)


@mass.command("undo")
@click.argument("number", type=int)
@_user
@pass_crm
def undo(crm: Crm, number: int, login: str | None) -> None:
    """Put back what a mass change wrote, where nobody touched it since."""
    with _session(crm, login) as session:
        result = MassMaintenance(session).undo(number)
        session.commit()
    _show_result(result)


def _show_result(result: Result) -> None:
    _say("Modifica massiva {id}: {records} schede.", "Mass change {id}: {records} records.", id=result.id, records=result.records)
    current_output().rows(("outcome", "count"), sorted(result.counts.items()), empty="")


@click.command("export-orders")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--summary", is_flag=True, help="One line for each document rather than for each row.")
@click.option("--again", is_flag=True, help="Also what was exported before.")
@click.option("--export", "number", type=int, default=None, help="Write the file of this export once more, to the byte.")
@_user
@pass_crm
def export_orders(crm: Crm, file: Path, *, summary: bool, again: bool, number: int | None, login: str | None) -> None:
    """Write confirmed orders into a file for another system, each once."""
    with _session(crm, login) as session:
        orders = OrderList(session)
        made = orders.again(number) if number is not None else orders.export(detailed=not summary, again=again)
        # Marked first: a file that is lost can be written again by its number, and one that arrives twice is booked twice.
        session.commit()
    _write(file, made.text)
    _say(
        "Esportazione {id}: {lines} righe, {total}.", "Export {id}: {lines} lines, {total}.", id=made.id, lines=made.lines, total=made.total
    )


def _write(file: Path, text: str) -> None:
    """Write a file so that whoever waits for it finds all of it, or none."""
    part = file.with_name(f".{file.name}.part")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(file)


@click.command("exports")
@_user
@pass_crm
def exports(crm: Crm, login: str | None) -> None:
    """List the last order lists."""
    with _session(crm, login) as session:
        found = [session.shown(each) for each in OrderList(session).exports()]
        rows = [(each.id, each.at, each.owner, each.lines, each.total) for each in found]
    empty = "Nessuna esportazione." if current_output().lang() == "it" else "No exports."
    current_output().rows(("id", "at", "owner", "lines", "total"), rows, empty=empty)
