"""What is wrong with a state table: the same for those of plugins at the start, and for those in the database at each change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator

import attrs

from crmcore.errors import Problem
from crmcore.hooks import State, StateTable, Transition, TransitionMode
from crmcore.scripting.names import is_function_name


@attrs.frozen(kw_only=True)
class Known:
    """What a state table may name."""

    entities: Collection[str]
    functions: Collection[str]
    jobs: Collection[str]
    fields: Collection[str] | None = None
    """Columns and characteristics of its entity; None where they are not checked."""
    check_rule: Callable[[str], Problem | None] = attrs.field(default=lambda _: None)
    """Returns what is wrong with a guard that is a rule; rules of plugins are checked where all their texts are."""


def check_table(table: StateTable, known: Known) -> Iterator[Problem]:
    """Yield the problems of a table: ``STATE_TABLE_INVALID`` with a reason, ``GUARD_UNSUPPORTED``, ``SCRIPT_INVALID``."""
    reasons = list(_reasons(table, known))
    for reason in reasons:
        yield Problem(code="STATE_TABLE_INVALID", object=table.name, params={"table": table.name, "reason": reason})
    for step in table.transitions:
        if step.guard is None or step.guard in known.functions:
            continue
        place = f"{table.name} {step.source} → {step.target}"
        if not is_function_name(step.guard):
            problem = known.check_rule(step.guard)
            if problem is not None:
                yield attrs.evolve(problem, object=place)
        else:
            yield Problem(code="GUARD_UNSUPPORTED", object=place, params={"table": table.name, "step": _name(step), "guard": step.guard})


def _reasons(table: StateTable, known: Known) -> Iterator[str]:
    if table.entity not in known.entities:
        yield f"entity {table.entity!r} does not exist"
    if not table.states:
        yield "it has no states"
        return
    codes = Counter(state.code for state in table.states)
    repeated = [code for code, times in codes.items() if times > 1]
    if repeated:
        yield f"state {', '.join(repeated)} is there twice"
    defaults = [state for state in table.states if state.default]
    if len(defaults) != 1:
        yield f"it needs exactly one default state, got {', '.join(state.code for state in defaults) or 'none'}"
    elif defaults[0].obsolete:
        yield f"its default state {defaults[0].code} is obsolete"
    yield from _mode_reasons(table)
    yield from _step_reasons(table, known)
    if table.mode is not TransitionMode.FREE and len(defaults) == 1:
        lost = sorted({state.code for state in table.states if not state.obsolete} - _reachable(table, defaults[0]))
        if lost:
            yield f"state {', '.join(lost)} cannot be reached from {defaults[0].code}"


def _mode_reasons(table: StateTable) -> Iterator[str]:
    given = {step.variant for step in table.transitions}
    bound = {variant for variant, mode in table.modes.items() if mode is not TransitionMode.FREE}
    for variant in sorted(given):
        # A step for all variants is for those that are not free.
        free = not bound and table.mode is TransitionMode.FREE if variant == "" else table.mode_of(variant) is TransitionMode.FREE
        if free:
            yield "mode free takes no transitions" + (f", as {variant} has them" if variant else "")
    for variant in sorted(bound):
        if given.isdisjoint({variant, ""}):
            yield f"mode {table.modes[variant].value} of {variant} needs transitions"


def _step_reasons(table: StateTable, known: Known) -> Iterator[str]:
    order = {state.code: state.order for state in table.states}
    terminal = {state.code for state in table.states if state.terminal}
    for step in table.transitions:
        missing = [code for code in (step.source, step.target) if code not in order]
        if missing:
            yield f"transition {_name(step)} names {', '.join(missing)}, which does not exist"
        elif table.mode_of(step.variant) is TransitionMode.FORWARD_ONLY and order[step.target] <= order[step.source]:
            yield f"transition {_name(step)} does not go forward"
        elif step.source in terminal:
            yield f"transition {_name(step)} leaves a terminal state"
        jobs = sorted(set(step.effects) - set(known.jobs))
        if jobs:
            yield f"transition {_name(step)} has the effect {', '.join(jobs)}, which is no job"
        if known.fields is not None:
            fields = sorted({*step.required_fields, *step.ordered_dates} - set(known.fields))
            if fields:
                yield f"transition {_name(step)} names the field {', '.join(fields)}, which {table.entity} does not have"


def _reachable(table: StateTable, start: State) -> set[str]:
    found = {start.code} | {state.code for state in table.states if state.flags.get("initial")}
    waiting = sorted(found)
    while waiting:
        here = waiting.pop()
        new = {step.target for step in table.transitions if step.source == here} - found
        found |= new
        waiting += new
    return found


def _name(step: Transition) -> str:
    return f"{step.source} → {step.target}"
