"""Do what a batch of plans says, in the transaction of the session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from crmcore import Account, Entity, ValidationFailed
from crmcore.model import Site
from crmcore_quality.importing.model import ImportKey, ImportRow
from crmcore_quality.importing.planning import Plan, new_account
from crmcore_quality.importing.values import Outcome, Structure

if TYPE_CHECKING:
    from crmcore import Problem, Session

_NOTHING: Final[Mapping[str, Any]] = {}
"""One for all rows: it is encoded once."""
FATAL: Final = frozenset({"FUNCTION_NOT_GRANTED", "FIELD_NOT_GRANTED"})
"""What is refused of one row is refused of all."""
_ROW = (
    "import_id",
    "line",
    "outcome",
    "account_id",
    "first_line",
    "fields",
    "before",
    "after",
    "made",
    "problems",
    "cells",
    "undone",
)


def write_plans(session: Session, structure: Structure, plans: Sequence[Plan]) -> None:
    """Make and change accounts; a new account that is refused becomes a rejected row.

    Raises:
        ValidationFailed, AccessDenied: when what is there already may not be changed so; nothing stays of the batch.
    """
    new = [plan for plan in plans if plan.outcome is Outcome.CREATED]
    made = session.accounts.create_many(new_account(structure, plan.values) for plan in new)
    for place, plan in enumerate(new):
        if place in made.refused:
            if any(each.code in FATAL for each in made.refused[place]):
                raise ValidationFailed("VALIDATION_FAILED", made.refused[place])
            plan.end(Outcome.REJECTED, made.refused[place][0])
        else:
            plan.account_id, plan.made = made.ids[place], list(made.made[place])
    _change(session, structure, [plan for plan in plans if plan.outcome is Outcome.UPDATED and not plan.idle])


def _change(session: Session, structure: Structure, plans: Sequence[Plan]) -> None:
    if not plans:
        return
    accounts = {account.id: account for account in session.scalars(select(Account).where(Account.id.in_({p.account_id for p in plans})))}
    sites = {int(name.split(".")[1]) for plan in plans for name in plan.changes if name.startswith("site.")}
    found = {site.id: site for site in session.scalars(select(Site).where(Site.id.in_(sites)))} if sites else {}
    added: list[tuple[Plan, Entity]] = []
    for plan in plans:
        account = accounts[plan.account_id or 0]
        set_fields(session, account, found, {name: new for name, (_, new) in plan.changes.items()})
        if plan.site:
            added.append((plan, session.accounts.add_site(account, kind=structure.site, **plan.site)))  # type: ignore[arg-type] # parts of a site
        added += [(plan, session.accounts.add_contact_point(account, kind="phone", value=number)) for number in plan.phones]
        added += [(plan, session.accounts.link(account, ref.source, ref.key)) for ref in plan.keys]
    session.flush()
    for plan, record in added:
        plan.made.append((record.entity_name(), record.id))


def set_fields(session: Session, account: Account, sites: Mapping[int, Site], values: Mapping[str, Any]) -> None:
    """Set fields by the names that plans give them."""
    characteristics: dict[str, Any] = {}
    for name, value in values.items():
        kind, _, rest = name.partition(".")
        if kind == "c":
            characteristics[rest] = value
        elif kind == "portfolio":
            session.accounts.set_portfolio(account, int(rest), value)
        elif kind == "site":
            number, _, part = rest.partition(".")
            setattr(sites[int(number)], part, value)
        else:
            setattr(account, name, value)
    if characteristics:
        session.accounts.update(account, characteristics=characteristics)


def write_rows(session: Session, import_id: int, plans: Sequence[Plan], *, real: bool) -> None:
    """Write down what became of rows; of a rehearsal, without the records that did not stay."""
    session.insert(ImportRow, _ROW, [_row(import_id, plan, real=real) for plan in plans])
    keys = [(import_id, digest, plan.line) for plan in plans for digest in plan.digests]
    session.insert(ImportKey, ("import_id", "digest", "line"), keys)


def _row(import_id: int, plan: Plan, *, real: bool) -> tuple[Any, ...]:
    problems = described(plan)
    there = plan.account_id if real or plan.outcome is not Outcome.CREATED else None
    kept = bool(problems) or plan.outcome not in {Outcome.CREATED, Outcome.UPDATED}
    return (
        import_id,
        plan.line,
        plan.outcome.value,
        there,
        plan.first_line,
        len(plan.changes) + len(plan.phones) + len(plan.keys) + bool(plan.site) if plan.outcome is Outcome.UPDATED else 0,
        {name: old for name, (old, _) in plan.changes.items()} if plan.changes else _NOTHING,
        {name: new for name, (_, new) in plan.changes.items()} if plan.changes else _NOTHING,
        [list(pair) for pair in plan.made] if real else [],
        problems,
        list(plan.values.cells) if kept else [],
        "",
    )


def described(plan: Plan) -> list[dict[str, str]]:
    """Return the problems of a row and of its cells, as they are kept: with their texts, because codes and labels may change."""
    found = [_described(plan.problem)] if plan.problem is not None else []
    return found + [_described(each, column, value) for column, value, each in plan.values.problems]


def _described(problem: Problem, column: str = "", value: str = "") -> dict[str, str]:
    return {"code": problem.code, "column": column, "value": str(value), "it": problem.text("it"), "en": problem.text("en")}
