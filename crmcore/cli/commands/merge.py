"""`crm merge`: preview merges, do them, and take them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

if TYPE_CHECKING:
    from crmcore.merge import FieldDecision, MergePreview, MergeRecord, UndoResult

_ACTOR = "cli"
_RULE = click.option("--rule", metavar="RULE", help="newest, survivor, longest or verified; without it, that of the settings.")


@click.group(cls=SectionedGroup, short_help="Merge accounts, and take it back.")
def merge() -> None:
    """Merge accounts into one with everything that belongs to them, and take merges back."""


@merge.command(short_help="What a merge would do.")
@click.argument("survivor", type=int)
@click.argument("others", type=int, nargs=-1, required=True)
@_RULE
@pass_state
def preview(state: CliState, *, survivor: int, others: tuple[int, ...], rule: str | None) -> None:
    """Show what merging OTHERS into SURVIVOR would do, or why it may not be done; nothing is written."""
    from crmcore.session import Actor  # noqa: PLC0415 - only needed once a command runs

    with state.crm().session(Actor.system(_ACTOR)) as session:
        found = session.merges.preview(survivor, others, rule)
    if state.as_json:
        state.output.json(_preview(found, state.lang))
        return
    for problem in found.refusals:
        state.output.say(problem.line(state.lang))
    _show_decisions(state, found.decisions)
    _show_counts(state, found.relinked, found.archived)


@merge.command(short_help="Merge accounts.")
@click.argument("survivor", type=int)
@click.argument("others", type=int, nargs=-1, required=True)
@_RULE
@click.option("--reason", default="", help="Why, for the history.")
@pass_state
def run(state: CliState, *, survivor: int, others: tuple[int, ...], rule: str | None, reason: str) -> None:
    """Merge OTHERS into SURVIVOR. Look at `crm merge preview` first; `crm merge undo` takes it back."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR), source="cli") as session:
        result = session.merges.merge(survivor, others, rule=rule, reason=reason)
        session.commit()
    if state.as_json:
        about = {"id": result.id, "survivor_id": result.survivor_id, "merged_ids": list(result.merged_ids)}
        counts = {"relinked": dict(result.relinked), "archived": dict(result.archived)}
        state.output.json({**about, **counts, "decisions": [_plain(each) for each in result.decisions]})
        return
    state.output.say(state.text("merge.done", id=result.id, survivor=survivor, others=", ".join(map(str, others))))
    _show_decisions(state, result.decisions)
    _show_counts(state, result.relinked, result.archived)


@merge.command(short_help="Take a merge back.")
@click.argument("merge_id", type=int, metavar="MERGE")
@click.option("--choose", "choices", multiple=True, metavar="KEY=keep|restore", help="Answer a question; give it once for each.")
@pass_state
def undo(state: CliState, *, merge_id: int, choices: tuple[str, ...]) -> None:
    """Take MERGE back. Where somebody changed since what it had changed, nothing is done and the choices that it takes are listed."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    chosen = dict(_choice(text) for text in choices)
    with state.crm().session(Actor.system(_ACTOR), source="cli") as session:
        result = session.merges.undo(merge_id, chosen)
        session.commit()
    if state.as_json:
        state.output.json(_undone(result))
    elif result.done:
        state.output.say(state.text("merge.undone", id=merge_id))
        _show_counts(state, result.restored, {})
    else:
        state.output.say(state.text("merge.questions", id=merge_id))
        names = ("key", "old", "merged", "now")
        rows = [(each.key, each.old, each.merged, each.now) for each in result.questions]
        state.output.rows([state.text(f"col.{name}") for name in names], rows)
    if not result.done:
        raise click.exceptions.Exit(1)


@merge.command("list", short_help="List merges.")
@click.option("--account", type=int, metavar="ID", help="Only those of one account.")
@pass_state
def list_merges(state: CliState, *, account: int | None) -> None:
    """List the last merges, the newest first."""
    from crmcore.session import Actor  # noqa: PLC0415 - as above

    with state.crm().session(Actor.system(_ACTOR)) as session:
        found = session.merges.recent() if account is None else session.merges.history(account)
    if state.as_json:
        state.output.json([_record(each) for each in found])
        return
    names = ("id", "survivor", "merged", "at", "actor", "rule", "undone")
    rows = [
        (each.id, each.survivor_id, ", ".join(map(str, each.merged_ids)), each.at, each.actor, each.rule, each.undone_at or "")
        for each in found
    ]
    state.output.rows([state.text(f"col.{name}") for name in names], rows, empty=state.text("merge.none"))


def _choice(text: str) -> tuple[str, str]:
    key, equals, choice = text.rpartition("=")
    if not equals:
        message = f"{text!r} is not KEY=keep or KEY=restore"
        raise click.UsageError(message)
    return key, choice


def _show_decisions(state: CliState, decisions: tuple[FieldDecision, ...]) -> None:
    if decisions:
        names = ("field", "rule", "old", "new", "account")
        rows = [(each.field, each.rule, each.old, each.new, each.account_id) for each in decisions]
        state.output.rows([state.text(f"col.{name}") for name in names], rows)


def _show_counts(state: CliState, relinked: Any, archived: Any) -> None:  # noqa: ANN401 - counts by table
    if relinked or archived:
        names = ("table", "relinked", "archived")
        rows = [(name, relinked.get(name, 0), archived.get(name, 0)) for name in sorted({*relinked, *archived})]
        state.output.rows([state.text(f"col.{name}") for name in names], rows)


def _plain(decision: FieldDecision) -> dict[str, Any]:
    return attrs.asdict(decision, recurse=False) | {"values": {str(key): value for key, value in decision.values.items()}}


def _preview(found: MergePreview, lang: str) -> dict[str, Any]:
    return {
        "survivor_id": found.survivor_id,
        "merged_ids": list(found.merged_ids),
        "rule": found.rule,
        "decisions": [_plain(each) for each in found.decisions],
        "relinked": dict(found.relinked),
        "archived": dict(found.archived),
        "clashes": [{"table": table, "kept": list(kept), "archived": list(map(list, gone))} for table, kept, gone in found.clashes],
        "refusals": [{"code": each.code, "text": each.text(lang)} for each in found.refusals],
    }


def _undone(result: UndoResult) -> dict[str, Any]:
    counts = {name: dict(getattr(result, name)) for name in ("restored", "kept", "gone")}
    questions = [attrs.asdict(each, recurse=False) for each in result.questions]
    about = {"id": result.id, "survivor_id": result.survivor_id, "merged_ids": list(result.merged_ids), "done": result.done}
    return {**about, **counts, "questions": questions}


def _record(record: MergeRecord) -> dict[str, Any]:
    return attrs.asdict(record, recurse=False) | {"merged_ids": list(record.merged_ids), "decisions": list(record.decisions)}
