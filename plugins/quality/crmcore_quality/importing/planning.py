"""What becomes of each row of a batch: found out once, for previews and for runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import select

from crmcore import Problem
from crmcore.accounts import AccountData, KeyRef
from crmcore_quality.importing.casting import Values
from crmcore_quality.importing.finding import State, find_accounts, read_states
from crmcore_quality.importing.model import ImportKey
from crmcore_quality.importing.resembling import similar
from crmcore_quality.importing.values import Outcome, Policy, Replace, Structure, problem

if TYPE_CHECKING:
    from crmcore import Session

_CODE_BITS: Final = 8


@attrs.define
class Plan:
    """One row: what it says, and what becomes of it.

    ``changes`` are fields of the account with their old and new values: ``name``, ``c.kwh``, ``portfolio.1``, ``site.7.street``;
    ``phones``, ``keys`` and ``site`` are added to it.
    """

    values: Values
    outcome: Outcome = Outcome.CREATED
    account_id: int | None = None
    first_line: int | None = None
    problem: Problem | None = None
    digests: tuple[int, ...] = ()
    changes: dict[str, tuple[Any, Any]] = attrs.field(factory=dict)
    phones: tuple[str, ...] = ()
    keys: tuple[KeyRef, ...] = ()
    site: Mapping[str, str] | None = None
    made: list[tuple[str, int]] = attrs.field(factory=list)

    @property
    def line(self) -> int:
        """The number of the row's line."""
        return self.values.line

    @property
    def idle(self) -> bool:
        """Whether an account that is there already has all that the row says."""
        return not (self.changes or self.phones or self.keys or self.site)

    def end(self, outcome: Outcome, found: Problem | None = None, account_id: int | None = None) -> None:
        """Decide what becomes of the row."""
        self.outcome, self.problem, self.account_id = outcome, found, account_id


@attrs.frozen
class Decision:
    """What a person says of a row that waited: update this account, make a new one, or skip it."""

    outcome: Outcome
    account_id: int | None = None


def plan_rows(
    session: Session, structure: Structure, import_id: int | None, rows: Sequence[Values], decision: Decision | None = None
) -> list[Plan]:
    """Return what becomes of rows, in their order; nothing is written."""
    fields = structure.keys
    if session.settings("core")["unique_tax_codes"] == "error":
        # The second of two rows with one code would be refused, once the first is written: a preview says so, too.
        fields = tuple(dict.fromkeys([*fields, "vat_code", "fiscal_code"]))
    plans = [Plan(values, digests=_digests(fields, values)) for values in rows]
    _reject_keyless(structure, plans)
    if decision is None:
        _find_repeated(session, import_id, plans)
    open_plans = [plan for plan in plans if plan.outcome is Outcome.CREATED]
    if decision is not None:
        for plan in open_plans:
            plan.end(decision.outcome, account_id=decision.account_id)
    elif structure.policy is not Policy.NEW:
        _match(session, structure, open_plans)
    matched = [plan for plan in open_plans if plan.outcome is Outcome.UPDATED]
    states = read_states(session, structure, (plan.account_id for plan in matched if plan.account_id is not None))
    for plan in matched:
        if plan.account_id is not None:
            compare(structure, plan, states[plan.account_id])
    return plans


def _digests(fields: Sequence[str], values: Values) -> tuple[int, ...]:
    """Return the keys of a row as numbers: what is kept of them to find repeated rows."""
    texts = dict.fromkeys(f"{field}\0{value}" for field in fields for value in values.key(field))
    return tuple(int.from_bytes(hashlib.sha256(text.encode()).digest()[:_CODE_BITS], "big", signed=True) for text in texts)


def _reject_keyless(structure: Structure, plans: Sequence[Plan]) -> None:
    if structure.policy is Policy.NEW or not structure.keys:
        return
    for plan in plans:
        if not any(plan.values.key(field) for field in structure.keys):
            # A cell that should have been the key says it better than that there is none.
            plan.end(Outcome.REJECTED, problem("QUALITY_IMPORT_ROW_KEYLESS", keys=", ".join(structure.keys)))


def _find_repeated(session: Session, import_id: int | None, plans: Sequence[Plan]) -> None:
    """Find rows that repeat a key of an earlier row of the same file."""
    wanted = sorted({digest for plan in plans for digest in plan.digests})
    first: dict[int, int] = {}
    if wanted and import_id is not None:
        mine = (ImportKey.import_id == import_id, ImportKey.digest.in_(wanted))
        first = {row[0]: row[1] for row in session.execute(select(ImportKey.digest, ImportKey.line).where(*mine))}
    for plan in plans:
        lines = [first[digest] for digest in plan.digests if digest in first]
        if lines:
            plan.first_line = min(lines)
            plan.end(Outcome.DUPLICATE, problem("QUALITY_IMPORT_ROW_REPEATED", line=plan.line, first=plan.first_line))
            plan.digests = ()
        else:
            first |= dict.fromkeys(plan.digests, plan.line)


def _match(session: Session, structure: Structure, plans: Sequence[Plan]) -> None:
    holders: Sequence[int]
    found = find_accounts(session, structure, [plan.values for plan in plans])
    new = [plan for plan, holders in zip(plans, found, strict=True) if not holders]
    for plan, holders in zip(plans, found, strict=True):
        if holders:
            _decide(structure, plan, holders)
    if structure.policy is Policy.REVIEW:
        for place, holders in similar(session, [plan.values for plan in new]).items():
            ids = ", ".join(map(str, holders))
            new[place].end(Outcome.REVIEW, problem("QUALITY_IMPORT_MATCH", ids=ids), holders[0])


def _decide(structure: Structure, plan: Plan, holders: Sequence[int]) -> None:
    ids = ", ".join(map(str, holders))
    if structure.policy is Policy.SKIP:
        plan.end(Outcome.SKIPPED, problem("QUALITY_IMPORT_MATCH", ids=ids), holders[0])
    elif len(holders) > 1:
        plan.end(Outcome.REVIEW, problem("QUALITY_IMPORT_MATCH_AMBIGUOUS", ids=ids))
    elif structure.policy is Policy.REVIEW:
        plan.end(Outcome.REVIEW, problem("QUALITY_IMPORT_MATCH", ids=ids), holders[0])
    else:
        plan.end(Outcome.UPDATED, account_id=holders[0])


def compare(structure: Structure, plan: Plan, state: State) -> None:
    """Find what a row changes of an account: cells that are empty, or as the account has it already, change nothing."""
    values, given = plan.values, plan.values.given
    rules = {target.field: target.replace for target in structure.columns}
    for name, field, old, new in _pairs(values, state, rules):
        if field in given or name.startswith("site."):
            rule = rules.get(field, Replace.ALWAYS)
            kept = rule is Replace.NEVER or (rule is Replace.EMPTY and old is not None and old != "")
            if not kept and not (old == new and type(old) is type(new)):
                plan.changes[name] = (old, new)
    plan.keys = tuple(KeyRef(source, key) for source, key in values.keys.items() if (source, key) not in state.keys)
    fresh = [number for number in values.phones if number not in state.phones] if "phone" in given else []
    if fresh and state.account.get("phone1") is None:
        plan.changes["phone1"] = (None, fresh.pop(0))
    plan.phones = tuple(fresh)
    if state.site is None:
        plan.site = site_of(values, only_given=True)


def _pairs(values: Values, state: State, rules: Mapping[str, Replace]) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield what the row and the account both have a place for: its name, the field of the mapping, the old and the new value."""
    for field, new in values.account.items():
        yield field, field, state.account.get(field), new
    for key, new in values.characteristics.items():
        yield f"c.{key}", f"c.{key}", state.characteristics.get(key), new
    for number, code in values.portfolios.items():
        field = "portfolio" if number == 1 and "portfolio" in rules else f"portfolio.{number}"
        yield f"portfolio.{number}", field, state.portfolios.get(number), code
    if state.site is not None:
        for part, new in site_of(values, only_given=True).items():
            yield f"site.{state.site['id']}.{part}", part if part in rules else "address", state.site.get(part), new


def site_of(values: Values, *, only_given: bool = False) -> dict[str, str]:
    """Return the site that a row tells of, with its address in one line."""
    parts = values.site
    if only_given:
        parts = {key: value for key, value in parts.items() if key in values.given or "address" in values.given}
    if not parts:
        return {}
    raw = parts.get("raw", "")
    # What other cells say of the town belongs to the address as it was given, unless it says so itself.
    province = f"({parts['province']})" if parts.get("province") else ""
    town = " ".join(part for part in (parts.get("postcode"), parts.get("municipality"), province) if part)
    if raw and town and town not in raw:
        raw = f"{raw}, {town}"
    return {**parts, "raw": raw} if raw else dict(parts)


def new_account(structure: Structure, values: Values) -> AccountData:
    """Return the account that a row makes."""
    site = site_of(values)
    # The keys of both maps are those of `ACCOUNT` and `SITE`, which are fields of accounts and sites.
    data: Any = {"name": "", "kind": structure.kind, **values.account}
    if values.phones:
        data["phone1"] = values.phones[0]
    data["portfolio"] = {int(number): code for number, code in structure.portfolio.items()} | values.portfolios
    data["sites"] = [{"kind": structure.site, **site}] if site else []
    data["contact_points"] = [{"kind": "phone", "value": number, "position": n} for n, number in enumerate(values.phones[1:], 2)]
    data["external_keys"] = [KeyRef(source, key) for source, key in values.keys.items()]
    data["characteristics"] = values.characteristics
    made: AccountData = data
    return made
