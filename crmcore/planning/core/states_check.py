"""Whether state tables are sound, and which records a change of a state touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import inspect

from crmcore.errors import Problem
from crmcore.hooks import Effect, Finding, Item, Key, Scene, StateTable, Step, StepKind, Values
from crmcore.labels import Label
from crmcore.planning.core.states_store import NAME, STATES, TRANSITIONS, ends, table_from
from crmcore.scripting import ScriptError
from crmcore.scripting.host import script_problem
from crmcore.session.fields import plan_of

if TYPE_CHECKING:
    from crmcore.registry.checks.states import Known
    from crmcore.session import Session


def check(session: Session, scene: Scene) -> Iterable[Finding]:
    """Yield what is wrong with the tables that the files mention."""
    from crmcore.registry.checks.states import check_table  # noqa: PLC0415 - the registry is still being built when this is first needed

    given = {key[0] for name in (NAME, STATES, TRANSITIONS) for key in scene.given.get(name, ())}
    states, steps = _grouped(scene.after.get(STATES, {})), _grouped(scene.after.get(TRANSITIONS, {}))
    tables = scene.after.get(NAME, {})
    for name in sorted(given):
        item = tables.get((name,))
        if item is None:
            continue
        lost = list(_lost_ends(name, states[name], steps[name]))
        yield from lost
        before = scene.before.get(NAME, {}).get((name,))
        if before is not None and before.values["entity"] != item.values["entity"]:
            yield Finding(
                key=(name,), field="entity", reason=Label("l'entità di una tabella non cambia", "the entity of a table never changes")
            )
        if not lost:
            table = table_from((name,), item.values, states[name], steps[name])
            for problem in check_table(table, _known(session, scene, table)):
                if problem.code == "SCRIPT_INVALID":
                    yield _placed(table, str(problem.object), Label(problem.text("it"), problem.text("en")))
                else:
                    reason = str(problem.params.get("reason") or problem.text("en"))
                    yield _placed(table, reason, Label(reason, reason))


def _grouped(items: Mapping[Key, Item]) -> defaultdict[str, dict[str, Values]]:
    found: defaultdict[str, dict[str, Values]] = defaultdict(dict)
    for key, item in items.items():
        found[key[0]][key[1]] = item.values
    return found


def _lost_ends(name: str, states: Mapping[str, Values], steps: Mapping[str, Values]) -> Iterator[Finding]:
    for step in steps:
        for code in ends(step)[:2]:
            if code not in states:
                yield Finding(key=(name, step), reason=Label(f"lo stato {code!r} non esiste", f"state {code!r} does not exist"))


def _known(session: Session, scene: Scene, table: StateTable) -> Known:
    from crmcore.registry.checks.states import Known  # noqa: PLC0415 - as above

    registry = scene.registry
    cls = registry.entities.get(table.entity)
    keys = {key for entity, key in scene.after.get("characteristics", {}) if entity == table.entity}
    fields = {*inspect(cls).columns.keys(), *keys} if cls is not None else None
    inputs = frozenset({"record", "today", *(plan_of(cls).fields if cls is not None else ()), *keys} - {"characteristics"})

    def check_rule(text: str) -> Problem | None:
        try:
            session.crm.rules.check(text, inputs)
        except ScriptError as error:
            return script_problem("guard", table.name, error)
        return None

    return Known(entities=registry.entities, functions=registry.script_functions, jobs=registry.jobs, fields=fields, check_rule=check_rule)


def _placed(table: StateTable, reason: str, label: Label) -> Finding:
    """Lay a reason, which names steps and states in words, to the step or state that it is about, or to the table."""
    for step in table.transitions:
        if f" {step.source} → {step.target} " in f"{reason} ":
            name = f"{step.source} -> {step.target}" + (f" @{step.variant}" if step.variant else "")
            return Finding(key=(table.name, name), reason=label)
    for state in table.states:
        if reason.startswith((f"state {state.code} ", f"its default state {state.code} ")):
            return Finding(key=(table.name, state.code), reason=label)
    return Finding(key=(table.name,), reason=label)


def state_effects(session: Session, steps: Sequence[Step], scene: Scene) -> Iterable[Effect]:
    """Say how many records begin otherwise: nothing here, because what uses a state is counted for every collection."""
    del session, scene
    for step in steps:
        if step.kind is StepKind.CHANGE and "flags" in step.changes and step.after is not None:
            names = ", ".join(sorted(_differing(*step.changes["flags"])))
            text = Label(f"cambia il significato dello stato: {names}", f"the state means something else: {names}")
            yield Effect(collection=STATES, key=step.key, text=text, count=0)


def _differing(old: Mapping[str, object], new: Mapping[str, object]) -> set[str]:
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}
