"""Whether definitions make sense together, and what changing them does to values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from crmcore.characteristics.definitions import OPTIONS
from crmcore.characteristics.rulebook import KINDS, inputs_of
from crmcore.characteristics.soundness import definition_reasons, find_cycle
from crmcore.errors import UsageError, ValidationFailed
from crmcore.hooks import CharacteristicDef, Effect, Finding, Item, Key, Scene, Step, StepKind
from crmcore.labels import Label
from crmcore.planning.core.characteristics_store import all_specs, spec_from, takes_choices
from crmcore.scripting import ScriptError

if TYPE_CHECKING:
    from crmcore.session import Session

_NAME = "characteristics"
_CHOICES = "characteristics.choices"


def check(session: Session, scene: Scene) -> Iterable[Finding]:
    """Yield what is wrong with the definitions of the files."""
    given = {key[:2] for name in (_NAME, _CHOICES) for key in scene.given.get(name, ())}
    if not given:
        return
    specs = all_specs(scene.after.get(_NAME, {}), scene.after.get(_CHOICES, {}))
    by_entity: dict[str, dict[str, CharacteristicDef]] = {}
    for spec in specs.values():
        by_entity.setdefault(spec.entity, {})[spec.key] = spec
    registry = session.registry
    for key in sorted(given & specs.keys()):
        spec = specs[key]
        for reason in definition_reasons(spec, registry.field_types, registry.entities, by_entity[key[0]]):
            yield Finding(key=key, reason=reason)
        yield from _own_reasons(scene, key, spec)
        yield from _rule_reasons(session, key, spec, by_entity[key[0]])
    for entity, group in by_entity.items():
        cycle = find_cycle(group)
        if cycle:
            text = " → ".join(cycle)
            yield Finding(
                key=(entity, cycle[0]), field="depends_on", reason=Label(f"si calcola da sé: {text}", f"it is computed from itself: {text}")
            )


def _own_reasons(scene: Scene, key: Key, spec: CharacteristicDef) -> Iterator[Finding]:
    cls = scene.registry.entities.get(spec.entity)
    if cls is not None and "characteristics" not in cls.__table__.columns:
        yield Finding(key=key, reason=Label(f"{spec.entity} non ha caratteristiche", f"{spec.entity} has no characteristics"))
    declared = scene.registry.characteristics.get(spec.entity, {}).get(spec.key)
    if declared is not None and declared.type != spec.type:
        reason = Label(f"il tipo è quello del plugin, {declared.type}", f"its type is that of the plugin, {declared.type}")
        yield Finding(key=key, field="type", reason=reason)
    if spec.portfolio is not None and not any(code == spec.portfolio for _, code in scene.after.get("portfolios", {})):
        reason = Label(f"il portafoglio {spec.portfolio!r} non esiste", f"portfolio {spec.portfolio!r} does not exist")
        yield Finding(key=key, field="portfolio", reason=reason)
    if spec.type == "lookup" and spec.target and (spec.target,) not in scene.after.get("lookup_tables", {}):
        reason = Label(f"la tabella {spec.target!r} non esiste", f"lookup table {spec.target!r} does not exist")
        yield Finding(key=key, field="target", reason=reason)
    if not takes_choices(spec.type) and any(other[:2] == key for other in scene.given.get(_CHOICES, ())):
        yield Finding(key=key, field="type", reason=Label(f"il tipo {spec.type} non ha scelte", f"type {spec.type} has no choices"))


def _rule_reasons(session: Session, key: Key, spec: CharacteristicDef, siblings: Collection[str]) -> Iterator[Finding]:
    """Check the rules of a definition as they will be checked when it is written."""
    for kind in KINDS:
        rule = getattr(spec, kind)
        if rule is None:
            continue
        try:
            session.crm.rules.check(rule, inputs_of(kind, siblings), effects=kind == "on_change")
        except ScriptError as error:
            place = (f"regola, riga {error.line}, colonna {error.column}", f"rule, line {error.line}, column {error.column}")
            reason = Label(f"{place[0]}: {error.text.it}", f"{place[1]}: {error.text.en}")
            yield Finding(key=key, field=kind, reason=reason)


def effects(session: Session, steps: Sequence[Step], scene: Scene) -> Iterable[Effect]:
    """Yield how many values a change of type converts, and how many do not fit: those keep the plan from being applied."""
    for step in steps:
        if step.collection != _NAME or step.kind is StepKind.ADD or "type" not in step.changes or step.after is None:
            continue
        if not any(key == step.key for key in scene.after.get(_NAME, {})):
            continue
        yield from _type_effects(session, step, step.after, scene.after.get(_CHOICES, {}))


def _type_effects(session: Session, step: Step, after: Item, choices: Mapping[Key, Item]) -> Iterator[Effect]:
    mine = [(key[2], item.values) for key, item in choices.items() if key[:2] == step.key]
    spec = spec_from(step.key, after.values, mine)
    changes = {name: getattr(spec, name) for name in OPTIONS}
    try:
        planned = session.characteristics.plan_type_change(step.key[1], spec.type, step.key[0], **changes)
    except (UsageError, ValidationFailed):
        return  # a definition that the session does not have yet has no values
    if planned.refused:
        examples = ", ".join(str(problem.params["id"]) for problem in planned.failures[:5])
        text = Label(
            f"{planned.refused} valori non si convertono in {spec.type} (schede {examples}…)",
            f"{planned.refused} values do not fit type {spec.type} (records {examples}…)",
        )
        yield Effect(collection=_NAME, key=step.key, text=text, count=planned.refused, blocking=True)
    if planned.converted:
        text = Label(f"{planned.converted} valori diventano {spec.type}", f"{planned.converted} values become {spec.type}")
        yield Effect(collection=_NAME, key=step.key, text=text, count=planned.converted)
