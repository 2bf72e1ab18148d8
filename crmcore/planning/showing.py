"""A plan as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from crmcore.deployment.reference import flow
from crmcore.hooks import Effect, Key, Step, StepKind
from crmcore.labels import Label
from crmcore.planning.plan import Plan

_SIGNS: Final[Mapping[StepKind, str]] = {
    StepKind.ADD: "+",
    StepKind.CHANGE: "~",
    StepKind.REVERT: "<",
    StepKind.OBSOLETE: "x",
    StepKind.REMOVE: "-",
}
_WORDS: Final[Mapping[StepKind, Label]] = {
    StepKind.ADD: Label("nuovo", "new"),
    StepKind.CHANGE: Label("cambia", "changes"),
    StepKind.REVERT: Label("torna come dal livello sotto", "falls back to the layer below"),
    StepKind.OBSOLETE: Label("diventa obsoleto", "becomes obsolete"),
    StepKind.REMOVE: Label("eliminato", "removed"),
}
_EFFECTS: Final = Label("Effetti", "Effects")
_LONGEST: Final = 70


def plan_lines(plan: Plan, lang: str = "it") -> Iterator[str]:
    """Yield the lines that show a plan: its steps by collection, each with what it means for records."""
    by_place: dict[tuple[str, Key], list[Effect]] = {}
    for effect in plan.effects:
        by_place.setdefault((effect.collection, effect.key), []).append(effect)
    collection = ""
    for step in plan.steps:
        if step.collection != collection:
            collection = step.collection
            yield f"{collection}:"
        yield from _step_lines(step, by_place.pop((step.collection, step.key), []), lang)
    left = [effect for effects in by_place.values() for effect in effects]
    if left:
        yield f"{_EFFECTS.text(lang)}:"
        for effect in left:
            name = "/".join(effect.key)
            yield f"  ! {effect.collection}{' ' + name if name else ''}: {effect.text.text(lang)}"


def _step_lines(step: Step, effects: list[Effect], lang: str) -> Iterator[str]:
    yield f"  {_SIGNS[step.kind]} {'/'.join(step.key)} ({_WORDS[step.kind].text(lang)})"
    if step.kind in {StepKind.CHANGE, StepKind.REVERT}:
        for name, (old, new) in step.changes.items():
            yield f"      {name}: {value_text(old)} → {value_text(new)}"
        if step.before and step.after and step.before.owner != step.after.owner:
            yield f"      ({step.before.owner} → {step.after.owner})"
    for effect in effects:
        yield f"      ! {effect.text.text(lang)}"


def value_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value on one line, short; nothing is a dash."""
    if value is None:
        return "-"
    text = flow(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
