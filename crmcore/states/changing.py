"""The one function that changes a state: it decides, writes state and history in one transaction, and audits what it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import inspect

from crmcore.access.functions import WORKFLOW_OVERRIDE
from crmcore.errors import Problem, RecordNotFound, StaleVersion, TransitionRefused, UsageError
from crmcore.hooks import State, Transition, TransitionMode
from crmcore.model import Entity, StateChange
from crmcore.registry.dispatch import failure
from crmcore.session.fields import plan_of, to_plain
from crmcore.session.refusals import Refusal, audit_refused
from crmcore.states.guards import rule_problems
from crmcore.states.tables import Table, tables_of

if TYPE_CHECKING:
    from crmcore.session import Session

OVERRIDE: Final = WORKFLOW_OVERRIDE
"""The permission to take a step that the table does not allow."""

_MOVES: Final = "states.moves"


@attrs.frozen
class Decision:
    """What a table says of one step: the problems of the path, which an override may pass, and those of the data, which it may not."""

    path: tuple[Problem, ...]
    data: tuple[Problem, ...]
    step: Transition | None


def table_of(session: Session, cls: type[Entity]) -> Table:
    """Return the table of an entity's states.

    Raises:
        UsageError: ``STATE_TABLE_UNKNOWN`` when the entity has none, or it is not in the database.
    """
    name = cls.__state_table__
    found = tables_of(session).get(name) if name else None
    if found is None:
        raise UsageError("STATE_TABLE_UNKNOWN", name=name or "-", entity=cls.entity_name())
    return found


def change_state(session: Session, record: Entity, to: str, *, reason: str, override: bool, version: int | None) -> StateChange:
    """Move a record to another state, or refuse; see `States.change`."""
    table = table_of(session, type(record))
    source = current_state(session, record)
    if to not in table.states:
        raise UsageError("STATE_UNKNOWN", table=table.definition.name, code=to)
    found = vars(record)["version"]
    if version is not None and version != found:
        error = StaleVersion("STALE_VERSION", entity=record.entity_name(), id=record.id, expected=version, found=found)
        _refuse(session, record, source, to, [Problem(code=error.code, params=error.params)], error)
    decision = decide(session, table, record, source, to)
    problems = [*decision.path, *decision.data]
    needed = bool(decision.path) and override
    if needed:
        problems = [*_override_problems(session, reason), *decision.data]
    if problems:
        first = problems[0]
        _refuse(session, record, source, to, problems, TransitionRefused(first.code, problems, **first.params))
    return _move(session, table, record, source, to, reason=reason, override=needed, step=decision.step)


def current_state(session: Session, record: Entity) -> str | None:
    """Return the state that a record really has; new records are written first, and so get their default."""
    state = inspect(record)
    if state.session is not session.orm:
        raise RecordNotFound("NOT_FOUND", entity=record.entity_name(), id=vars(record).get("id"))
    if state.pending:
        session.flush()
    history = state.attrs["state"].history
    if history.has_changes() and moved_to(session, record) != record.__dict__.get("state"):
        raise UsageError("STATE_ASSIGNED", entity=record.entity_name(), id=record.id)
    value: str | None = getattr(record, "state")  # noqa: B009 - only entities with a state table have it
    return value


def allow_move(session: Session, record: Entity, to: str) -> None:
    """Let the rule of the core pass the assignment of this state, and no other."""
    session.unit.memo.setdefault(_MOVES, {})[id(record)] = (record, to)


def moved_to(session: Session, record: Entity) -> str | None:
    """Return the state to which this unit of work moved a record by the function, or None."""
    found = session.unit.memo.get(_MOVES, {}).get(id(record))
    return found[1] if found is not None and found[0] is record else None


def assigned_since(session: Session, told: Iterable[StateChange]) -> list[Entity]:
    """Return the records whose history is about to tell of a change that an assignment has taken back."""
    about = {(each.entity, each.record_id) for each in told}
    moves: Iterable[tuple[Entity, str]] = session.unit.memo.get(_MOVES, {}).values()
    return [
        record for record, to in moves if vars(record).get("state", to) != to and (record.entity_name(), vars(record).get("id")) in about
    ]


def decide(session: Session, table: Table, record: Entity, source: str | None, to: str) -> Decision:
    """Return what speaks against a step; nothing is written."""
    variant = variant_of(record)
    step = table.step(source, to, variant) if source is not None else None
    path = tuple(path_problems(session, table, source, to, step, variant))
    data = tuple(data_problems(session, record, step)) if step is not None else ()
    return Decision(path, data, step)


def variant_of(record: Entity) -> str:
    """Return the variant of a record, such as its order type; empty where its entity has none."""
    column = type(record).__state_variant__
    return str(getattr(record, column) or "") if column else ""


def path_problems(session: Session, table: Table, source: str | None, to: str, step: Transition | None, variant: str) -> list[Problem]:
    """Return what the table says against a step of records of a variant, whatever the record."""
    definition, here, there = table.definition, table.states.get(source or ""), table.states[to]
    mode = definition.mode_of(variant)
    params: Mapping[str, object] = {"table": definition.name, "source": source or "-", "target": to}
    code = None
    if here is not None and here.flags.get("blocking"):
        code = "DOCUMENT_LOCKED"
    elif there.obsolete:
        code = "STATE_OBSOLETE"
    elif mode is TransitionMode.FREE:
        code = "TRANSITION_NOT_DEFINED" if source == to else None
    elif mode is TransitionMode.FORWARD_ONLY and here is not None and there.order <= here.order:
        code = "BACKWARD_TRANSITION"
    elif step is None:
        # A record from before there were states, or whose state is gone, may begin where new ones begin.
        code = None if here is None and is_initial(there) else "TRANSITION_NOT_DEFINED"
    elif step.groups and not session.groups().intersection(step.groups):
        code = "GROUP_NOT_ALLOWED"
        params = {**params, "group": ", ".join(step.groups)}
    return [Problem(code=code, params=params)] if code else []


def is_initial(state: State) -> bool:
    """Return whether a new record may be in a state."""
    return not state.obsolete and bool(state.default or state.flags.get("initial"))


def data_problems(session: Session, record: Entity, step: Transition) -> list[Problem]:
    """Return what a step finds wrong with a record: fields that are missing, dates in the wrong order, the guard."""
    entity = record.entity_name()
    problems = [
        Problem(code="MISSING_FIELD", params={"entity": entity, "field": field})
        for field in step.required_fields
        if _value(record, field) in (None, "")
    ]
    dates = [(field, day) for field in step.ordered_dates if (day := _day(session, _value(record, field))) is not None]
    problems += [
        Problem(code="INVALID_DATE_ORDER", params={"entity": entity, "earlier": earlier, "later": later, "order": f"{later}<{earlier}"})
        for (earlier, first), (later, second) in pairwise(dates)
        if second < first
    ]
    if step.guard is not None:
        problems += _guard_problems(session, record, step.guard)
    return problems


def _guard_problems(session: Session, record: Entity, guard: str) -> list[Problem]:
    function = session.registry.script_functions.get(guard)
    if function is None:
        return rule_problems(session, record, guard)
    try:
        passed = bool(function.fn(plain_fields(record)))
    except Exception as error:  # foreign code: whatever it raises is reported with the name of its plugin
        raise failure(guard.partition(".")[0], None, f"guard {guard}", error) from error
    return [] if passed else [Problem(code="GUARD_FAILED", params={"entity": record.entity_name(), "rule": guard})]


def plain_fields(record: Entity) -> Mapping[str, object]:
    """Return the fields of a record as plain values, with its characteristics by key."""
    values = {key: to_plain(getattr(record, key)) for key in plan_of(type(record)).fields}
    characteristics = values.pop("characteristics", None) or {}
    return {**characteristics, **values}


def _value(record: Entity, field: str) -> Any:  # noqa: ANN401 - any column or characteristic
    plan = plan_of(type(record))
    if field in plan.fields:
        return getattr(record, field)
    return getattr(record, "characteristics", {}).get(field) if plan.has_characteristics else None


def _day(session: Session, value: object) -> date | None:
    if isinstance(value, datetime):
        return value.astimezone(session.crm.zone).date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None


def _override_problems(session: Session, reason: str) -> list[Problem]:
    problems = [] if session.may(OVERRIDE) else [Problem(code="OVERRIDE_FORBIDDEN", params={"permission": OVERRIDE})]
    return problems if reason.strip() else [*problems, Problem(code="OVERRIDE_WITHOUT_REASON")]


def _move(
    session: Session, table: Table, record: Entity, source: str | None, to: str, *, reason: str, override: bool, step: Transition | None
) -> StateChange:
    allow_move(session, record, to)
    setattr(record, "state", to)  # noqa: B010 - only entities with a state table have it
    change = session.add(
        StateChange(
            entity=record.entity_name(),
            record_id=record.id,
            table_name=table.definition.name,
            old=source,
            new=to,
            at=session.now(),
            actor=session.actor.name,
            reason=reason.strip(),
            override=override,
        )
    )
    for effect in step.effects if step is not None else ():
        session.jobs.enqueue(effect, {"entity": record.entity_name(), "id": record.id, "old": source, "new": to})
    _audit_a_lost_race(session, record, source, to)
    return change


def _audit_a_lost_race(session: Session, record: Entity, source: str | None, to: str) -> None:
    """Audit the refusal that only the commit can find out: somebody else changed the record meanwhile."""
    entity, key = record.entity_name(), record.id

    def mourn(error: BaseException) -> None:
        if isinstance(error, StaleVersion) and (error.params.get("entity"), error.params.get("id")) == (entity, key):
            _audit(session, entity, key, source, to, [Problem(code=error.code, params=error.params)])

    session.unit.mourners.append(mourn)


def _refuse(
    session: Session, record: Entity, source: str | None, to: str, problems: Sequence[Problem], error: TransitionRefused | StaleVersion
) -> None:
    """Undo the unit of work, audit the refusal in a transaction of its own, and raise."""
    entity, key = record.entity_name(), record.id
    session.rollback()
    _audit(session, entity, key, source, to, problems)
    raise error


def _audit(session: Session, entity: str, key: int, source: str | None, to: str, problems: Sequence[Problem]) -> None:
    changes = {"state": [source, to], "refusal": [None, [problem.code for problem in problems]]}
    audit_refused(session, [Refusal(entity, key, changes)])
