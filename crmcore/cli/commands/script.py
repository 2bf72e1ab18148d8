"""`crm script`: list, check and try rules, and see what another text would have said of the last changes."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup
from crmcore.errors import Problem, UsageError, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmcore.characteristics.authoring import RulesApi, Tried
    from crmcore.scripting import ScriptError
    from crmcore.session import Session

_ACTOR = "cli"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)


@click.group(cls=SectionedGroup, short_help="List, check and try rules.")
def script() -> None:
    """List the rules of the deployment, check them, and try them on samples and on the changes of the past. Only `recompute` writes."""


@script.command("list", short_help="List rules.")
@pass_state
def list_rules(state: CliState) -> None:
    """List every rule, with what it reads."""
    with _session(state) as session:
        found = [
            (name, "" if error is None else _sentence(state, error), " ".join(sorted(program.inputs)) if program is not None else "", text)
            for name, text, program, error in session.characteristics.rules.texts()
        ]
    names = ("rule", "problem", "reads", "text")
    columns = names if state.as_json else tuple(state.text(f"col.{name}") for name in names)
    rows = found if state.as_json else [(name, problem, reads, text.strip().splitlines()[0]) for name, problem, reads, text in found]
    state.output.rows(columns, rows, empty=state.text("script.none"))


@script.command(short_help="Check all rules, or a new text for one.")
@click.argument("rule", required=False)
@click.argument("file", type=_FILE, required=False)
@pass_state
def check(state: CliState, *, rule: str | None, file: Path | None) -> None:
    """Check every rule of the deployment, or the text in FILE as it would be for RULE; the exit code is 1 when one does not run."""
    if (rule is None) is not (file is None):
        message = "give a rule and a file, or neither"
        raise click.UsageError(message)
    with _session(state) as session:
        rules = session.characteristics.rules
        if rule is not None and file is not None:
            with _told(file):
                rules.check(rule, _text(file))
            count = 1
        else:
            problems = [_problem(fault.rule, fault.error) for fault in rules.faults()]
            if problems:
                raise ValidationFailed("VALIDATION_FAILED", problems)
            count = len(list(rules.texts()))
    state.output.say(state.text("script.checked", count=count))
    if state.as_json:
        state.output.json({"checked": count})


@script.command(short_help="Run a rule on sample values.")
@click.argument("rule")
@click.option("--sample", "-s", default="{}", metavar="JSON", help="Values by key, as JSON, or @FILE.")
@click.option("--with", "file", type=_FILE, metavar="FILE", help="Run the text of FILE instead of the rule's own.")
@pass_state
def run(state: CliState, *, rule: str, sample: str, file: Path | None) -> None:
    """Run RULE on sample values, and show what it gives, or why not."""
    values = _json(Path(sample[1:]).read_text("utf-8") if sample.startswith("@") else sample, "--sample")
    if not isinstance(values, dict):
        raise UsageError("SCRIPT_SAMPLE", place="--sample", reason="{…}")
    with _session(state) as session:
        tried = _try(session.characteristics.rules, rule, values, file)
    found = _plain(tried, state.lang)
    if state.as_json:
        state.output.json(found)
        return
    for name, value in found.items():
        if value not in ("", [], {}, None):
            state.output.say(f"{name:10} {value}")


@script.command(short_help="Run tests of rules: samples with what is expected.")
@click.argument("file", type=_FILE)
@pass_state
def test(state: CliState, *, file: Path) -> None:
    """Run the tests in FILE; the exit code is 1 when one fails.

    FILE is a JSON list; each test has `rule`, `given` (values by key), and `expect` (the value) or `refused` (true, or a part of the
    sentence).
    """
    cases = _json(_text(file), str(file))
    if not isinstance(cases, list) or not all(isinstance(each, dict) and {"rule", "given"} <= each.keys() for each in cases):
        raise UsageError("SCRIPT_SAMPLE", place=str(file), reason='[{"rule": …, "given": {…}, "expect": …}]')
    rows = []
    with _session(state) as session:
        for number, case in enumerate(cases, 1):
            tried = _try(session.characteristics.rules, case["rule"], case["given"], None)
            rows.append((number, case["rule"], _passes(case, tried), _short(tried, state.lang)))
    names = ("test", "rule", "passed", "result")
    state.output.rows(names if state.as_json else tuple(state.text(f"col.{name}") for name in names), rows)
    failed = sum(not passed for _, _, passed, _ in rows)
    if failed:
        raise UsageError("SCRIPT_TESTS_FAILED", failed=failed, count=len(rows))
    state.output.say(state.text("script.tested", count=len(rows)))


@script.command(short_help="See what another text would have said of the last changes.")
@click.argument("rule")
@click.argument("file", type=_FILE)
@click.option("--last", default=1_000, show_default=True, type=click.IntRange(1, 100_000), help="How many changes to go back.")
@pass_state
def rehearse(state: CliState, *, rule: str, file: Path, last: int) -> None:
    """Compare RULE with the text of FILE on the last changes of what it reads, with the values of then; nothing is written."""
    with _session(state) as session, _told(file):
        rehearsal = session.characteristics.rules.rehearse(rule, _text(file), last)
    names = ("change", "record", "present", "proposed")
    rows = [
        (each.change_id, each.record_id, _short(each.present, state.lang), _short(each.proposed, state.lang))
        for each in rehearsal.differing
    ]
    count, differing = len(rehearsal.compared), len(rehearsal.differing)
    state.output.rows(names if state.as_json else tuple(state.text(f"col.{name}") for name in names), rows)
    state.output.say(state.text("script.rehearsed", count=count, differing=differing))


@script.command(short_help="Compute the values of a changed rule anew.")
@click.argument("rule")
@pass_state
def recompute(state: CliState, *, rule: str) -> None:
    """Compute the values of RULE anew on every record, a thousand at a time; needed when a rule changed after it had computed values."""
    seen, changed, last = 0, 0, 0
    failed: list[int] = []
    while True:
        with _session(state) as session:
            found = session.characteristics.rules.recompute(rule, after=last)
            session.commit()
        seen, changed, last = seen + found.seen, changed + found.changed, found.last
        failed += found.failed
        if not found.seen:
            break
    state.output.say(state.text("script.recomputed", seen=seen, changed=changed, failed=len(failed)))
    if state.as_json:
        state.output.json({"seen": seen, "changed": changed, "failed": failed})


@script.command(short_help="List the rules that read a field.")
@click.argument("name")
@pass_state
def references(state: CliState, *, name: str) -> None:
    """List where rules read the characteristic or field NAME."""
    with _session(state) as session:
        rows = [(each.rule, each.line, each.column) for each in session.characteristics.rules.references(name)]
    names = ("rule", "line", "column")
    columns = names if state.as_json else tuple(state.text(f"col.{each}") for each in names)
    state.output.rows(columns, rows, empty=state.text("script.unread", name=name))


def _session(state: CliState) -> Session:
    from crmcore.session import Actor  # noqa: PLC0415 - only needed once a command runs

    return state.crm().session(Actor.system(_ACTOR))


def _text(file: Path) -> str:
    return sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")


# Any JSON value; numbers keep their digits.
def _json(text: str, place: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise UsageError("SCRIPT_SAMPLE", place=place, reason=str(error)) from error


class _told:  # noqa: N801 - reads as a statement
    """Turn what is wrong with a text into an error that names its file."""

    def __init__(self, file: Path | None) -> None:
        self._place = str(file) if file is not None else "-"

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        from crmcore.scripting import ScriptError  # noqa: PLC0415 - only needed once a command runs

        if isinstance(error, ScriptError):
            raise UsageError("SCRIPT_REFUSED", place=self._place, line=error.line, column=error.column, reason=error.text) from None


def _try(rules: RulesApi, rule: str, values: Mapping[str, object], file: Path | None) -> Tried:
    with _told(file):
        try:
            return rules.run(rule, values, text=_text(file) if file is not None else None)
        except ValueError as error:
            raise UsageError("SCRIPT_SAMPLE", place=rule, reason=error.args[0] if error.args else str(error)) from error


def _problem(rule: str, error: ScriptError) -> Problem:
    return Problem(code="SCRIPT_REFUSED", params={"place": rule, "line": error.line, "column": error.column, "reason": error.text})


def _sentence(state: CliState, error: ScriptError) -> str:
    return f"{error.text.text(state.lang)} ({error.line}:{error.column})"


def _passes(case: Mapping[str, Any], tried: Tried) -> bool:
    if "refused" in case:
        refused = not tried.accepted
        wanted = case["refused"]
        return refused and (wanted is True or str(wanted) in tried.reason.it or str(wanted) in tried.reason.en)
    # Text is compared as text: JSON has no decimals and no dates of its own.
    return tried.accepted and (tried.value == case.get("expect") or str(tried.value) == str(case.get("expect")))


def _plain(tried: Tried, lang: str) -> dict[str, object]:
    return {
        "verdict": tried.verdict,
        "value": tried.value,
        "reason": tried.reason.text(lang),
        "line": tried.line or None,
        "column": tried.column or None,
        "warnings": list(tried.warnings),
        "logs": list(tried.logs),
        "proposals": dict(tried.proposals),
        "steps": tried.steps,
    }


def _short(tried: Tried, lang: str) -> str:
    return f"{tried.verdict}: {tried.value if tried.verdict == 'value' else tried.reason.text(lang)}"
