"""Decide a row that waits: by the same way as the rows of a run, with the decision in the place of the search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import select

from crmcore import ValidationFailed
from crmcore_quality.importing.casting import Caster
from crmcore_quality.importing.model import Import, ImportRow
from crmcore_quality.importing.planning import Decision, Plan, plan_rows
from crmcore_quality.importing.running import add_counts
from crmcore_quality.importing.values import Line, Outcome, Policy, refusal
from crmcore_quality.importing.writing import described, write_plans

if TYPE_CHECKING:
    from crmcore_quality.importing.running import Runner

_OUTCOMES: Final = {"update": Outcome.UPDATED, "new": Outcome.CREATED, "skip": Outcome.SKIPPED}


def decide(runner: Runner, line: int, decision: str, account_id: int | None) -> str:
    """Do with a waiting row what a person says, and return its outcome.

    Raises:
        ImportRefused: ``QUALITY_IMPORT_STATE``.
        ValidationFailed: when the account is refused.
    """
    with runner.session() as session:
        row = session.scalar(select(ImportRow).where(ImportRow.import_id == runner.import_id, ImportRow.line == line))
        if row is None or row.outcome != Outcome.REVIEW.value or decision not in _OUTCOMES:
            state = "-" if row is None else row.outcome
            raise refusal("QUALITY_IMPORT_STATE", id=f"{runner.import_id}:{line}", state=state, expected="review: update, new, skip")
        chosen = account_id if account_id is not None else row.account_id
        if decision == "update" and chosen is None:
            raise refusal("QUALITY_IMPORT_STATE", id=f"{runner.import_id}:{line}", state=row.outcome, expected="account")
        structure = attrs.evolve(runner.structure, policy=Policy.UPDATE)
        values = Caster(session, structure, runner.columns).cast(Line(line, list(row.cells)))
        made = Decision(_OUTCOMES[decision], chosen if decision == "update" else None)
        plan = plan_rows(session, structure, None, [values], made)[0]
        write_plans(session, structure, [plan])
        if plan.problem is not None:
            raise ValidationFailed("VALIDATION_FAILED", [plan.problem])
        _keep(row, plan)
        record = session.require(Import, runner.import_id)
        counts = add_counts(record.counts, [plan], structure)
        counts["rows"]["review"] -= 1
        record.counts = counts
        session.commit()
        return plan.outcome.value


def _keep(row: ImportRow, plan: Plan) -> None:
    row.outcome = plan.outcome.value
    row.account_id = plan.account_id
    row.fields = len(plan.changes) + len(plan.phones) + len(plan.keys) + bool(plan.site)
    row.before = {name: old for name, (old, _) in plan.changes.items()}
    row.after = {name: new for name, (_, new) in plan.changes.items()}
    row.made = [list(pair) for pair in plan.made]
    row.problems = described(plan)
