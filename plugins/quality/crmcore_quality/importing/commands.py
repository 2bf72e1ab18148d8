"""Commands under `crm quality`: detect, and import preview, run, resume, cancel, undo, report, decide and list."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from crmcore.cli import current_output, pass_crm
from crmcore_quality.importing.api import Detected, Imports
from crmcore_quality.importing.reporting import COLUMNS, cells_of
from crmcore_quality.importing.values import Dialect, Outcome, Structure, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmcore import Crm
    from crmcore_quality.importing.running import Progress

_FILE: Final = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_ID: Final = click.argument("import_id", metavar="ID", type=int)
_USER: Final = click.option(
    "--user", metavar="LOGIN", help="Import as this user, into what the user may see and write; left out: as the system."
)
_MAPPING: Final = click.option(
    "--mapping", "-m", required=True, metavar="CODE", help="A saved mapping, or a file that `detect --save-as` wrote."
)
_TEXTS: Final = {
    "read": ("righe lette", "rows read"),
    "created": ("create", "created"),
    "updated": ("aggiornate", "updated"),
    "skipped": ("saltate", "skipped"),
    "duplicate": ("ripetute nel file", "repeated in the file"),
    "rejected": ("scartate", "rejected"),
    "review": ("da decidere", "to be decided"),
    "fields": ("campi cambiati", "fields changed"),
    "warnings": ("celle tralasciate", "cells left out"),
    "values": ("valori di caratteristiche", "characteristic values"),
    "none": ("Nessuna importazione.", "No imports."),
    "nothing": ("Nulla da segnalare.", "Nothing to report."),
    "written": ("{count} righe in {path}", "{count} lines in {path}"),
    "saved": ("Struttura salvata: {name}", "Mapping saved: {name}"),
    "confirm": (
        "È una proposta: controllarla, poi salvarla con --save, o con --save-as in un file.",
        "This is a proposal: look at it, then keep it with --save, or in a file with --save-as.",
    ),
}


def _say(key: str, **params: object) -> str:
    return _TEXTS[key][current_output().lang() != "it"].format(**params)


@click.command("detect")
@_FILE
@click.option("--format", "format_", default="", help="Read it as this, whatever it is called.")
@click.option("--encoding", default="", help="As cp1252 or utf-8.")
@click.option("--delimiter", default="", help="What separates the cells.")
@click.option("--sheet", default="", help="The sheet of a workbook, or the table of a database.")
@click.option("--save", "code", metavar="CODE", help="Keep the proposal as a saved mapping.")
@click.option("--save-as", type=click.Path(path_type=Path), help="Write the proposal as YAML for the files of the deployment.")
@pass_crm
def detect(crm: Crm, file: Path, format_: str, encoding: str, delimiter: str, sheet: str, code: str | None, save_as: Path | None) -> None:
    """Propose a mapping for a list: what each column becomes, and how the file is written."""
    output, imports = current_output(), Imports(crm)
    found = imports.detect(file, Dialect(format=format_, encoding=encoding, delimiter=delimiter, sheet=sheet))
    _show_detected(found)
    structure = found.structure
    if save_as is not None:
        _write_yaml(structure, code or file.stem, save_as)
    if code is not None:
        imports.save(Structure.of(code, structure.data()))
        output.say(_say("saved", name=code))
    elif save_as is None:
        output.say(_say("confirm"))


def _show_detected(found: Detected) -> None:
    output, structure = current_output(), found.structure
    if output.as_json:
        output.json({"mapping": structure.data(), "columns": found.columns, "sheets": found.sheets, "samples": found.samples})
        return
    first = dict(zip(found.columns, found.samples[0], strict=True))
    types = {f"c.{key}": each.get("type", "text") for key, each in structure.characteristics.items()}
    rows = [(each.column, each.field, types.get(each.field, ""), first[each.column]) for each in structure.columns]
    output.table(("column", "field", "type", "first"), rows)
    dialect = structure.dialect
    parts = (dialect.format, dialect.encoding, repr(dialect.delimiter) if dialect.delimiter else "", dialect.sheet)
    output.say(", ".join(part for part in parts if part))
    output.say(f"decimal {dialect.decimal}  dates {dialect.dates}  keys {', '.join(structure.keys)}")


def _write_yaml(structure: Structure, name: str, path: Path) -> None:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only who writes one pays for it

    yaml = YAML()
    yaml.default_flow_style = False
    data = structure.data()
    data["columns"] = {column: each["field"] for column, each in data["columns"].items()}
    with path.open("w", encoding="utf-8") as file:
        yaml.dump({"quality.imports": {name: data}}, file)


@click.group("import")
def import_group() -> None:
    """Import lists, and look at imports."""


@import_group.command("preview")
@_FILE
@_MAPPING
@_USER
@pass_crm
def preview(crm: Crm, file: Path, mapping: str, user: str | None) -> None:
    """Show exactly what a run would do; of it, only the report is kept."""
    with _progress() as progress:
        found = Imports(crm, user).preview(file, mapping, progress)
    _show(found)


@import_group.command("run")
@_FILE
@_MAPPING
@_USER
@pass_crm
def run(crm: Crm, file: Path, mapping: str, user: str | None) -> None:
    """Import a list; Ctrl-C stops it between two batches, and `resume` goes on."""
    with _progress() as progress:
        found = Imports(crm, user).run(file, mapping, progress)
    _show(found)


@import_group.command("resume")
@_ID
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Where the file is now, if it was moved.")
@_USER
@pass_crm
def resume(crm: Crm, import_id: int, file: Path | None, user: str | None) -> None:
    """Go on with an import that was cancelled or killed."""
    with _progress() as progress:
        found = Imports(crm, user).resume(import_id, file, progress)
    _show(found)


@import_group.command("cancel")
@_ID
@_USER
@pass_crm
def cancel(crm: Crm, import_id: int, user: str | None) -> None:
    """Stop an import after the batch that it is at."""
    _show(Imports(crm, user).cancel(import_id))


@import_group.command("undo")
@_ID
@click.option("--conflicts", type=click.Choice(["keep", "restore"]), default="keep", help="What to do with fields that were edited since.")
@_USER
@pass_crm
def undo(crm: Crm, import_id: int, conflicts: str, user: str | None) -> None:
    """Delete what an import made, and put back what it changed."""
    imports = Imports(crm, user)
    found = imports.undo(import_id, conflicts=conflicts)
    _show(found)
    kept = [cells_of(row) for row in imports.report(import_id, lang=current_output().lang()) if "kept" in row.outcome and row.message]
    if not current_output().as_json and kept:
        current_output().table(COLUMNS, kept)


@import_group.command("report")
@_ID
@click.option("--outcome", "outcomes", multiple=True, type=click.Choice([each.value for each in Outcome]), help="Only these rows.")
@click.option("--all", "everything", is_flag=True, help="Also the rows that went well.")
@click.option("--output", "path", type=click.Path(path_type=Path, dir_okay=False), help="Write CSV, or XLSX when the file is called so.")
@_USER
@pass_crm
def report(crm: Crm, import_id: int, outcomes: tuple[str, ...], path: Path | None, user: str | None, *, everything: bool) -> None:
    """Show what became of each row and cell, with the numbers of their lines."""
    imports, output = Imports(crm, user), current_output()
    if path is not None:
        count = imports.write_report(import_id, path, lang=current_output().lang(), outcomes=outcomes)
        output.rows(("path", "lines"), [(str(path), count)]) if output.as_json else output.say(_say("written", count=count, path=path))
        return
    found = imports.report(import_id, lang=current_output().lang(), outcomes=outcomes)
    rows = [cells_of(row) for row in found if everything or outcomes or row.code]
    output.rows(COLUMNS, rows, empty=_say("nothing"))


@import_group.command("decide")
@_ID
@click.argument("line", type=int)
@click.argument("decision", type=click.Choice(["update", "new", "skip"]))
@click.option("--account", "account_id", type=int, metavar="ID", help="The account to update, where the row does not know it.")
@_USER
@pass_crm
def decide(crm: Crm, import_id: int, line: int, decision: str, account_id: int | None, user: str | None) -> None:
    """Decide a row that waits: update an account, make a new one, or skip it."""
    outcome = Imports(crm, user).decide(import_id, line, decision, account_id)
    current_output().rows(("line", "outcome"), [(line, outcome)])


@import_group.command("list")
@_USER
@pass_crm
def list_imports(crm: Crm, user: str | None) -> None:
    """List the imports, the last one first."""
    columns = ("id", "file", "state", "read", *(each.value for each in Outcome))
    rows = [
        (each.id, each.file, each.state, each.read, *(each.counts.get(name.value, 0) for name in Outcome))
        for each in Imports(crm, user).list()
    ]
    current_output().rows(columns, rows, empty=_say("none"))


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show how many rows were read: how many there are is known at the end only."""
    what = _say("read")
    with current_output().progress(what) as show:
        yield lambda done: show(done, done, what)


def _show(found: Summary) -> None:
    output = current_output()
    if output.as_json:
        output.json(found)
        return
    rows: list[tuple[Any, ...]] = [(_say("read"), found.read)]
    rows += [(_say(outcome.value), found.counts[outcome.value]) for outcome in Outcome if found.counts.get(outcome.value)]
    rows += [(_say("fields"), found.fields), (_say("warnings"), found.warnings)]
    rows += [(_say("values"), ", ".join(f"{key} {count}" for key, count in sorted(found.values.items())))] if found.values else []
    output.say(f"{found.id}: {found.file}, {found.state}")
    output.table(("che cosa" if current_output().lang() == "it" else "what", "#"), rows)
