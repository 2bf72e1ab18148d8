"""Make a plan: read the files, compare them with the database, and say what would be done and what that means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import attrs

from crmcore.errors import ConfigurationError, Problem
from crmcore.hooks import DEPLOYMENT, Configurable, Effect, Item, Key, Scene, Step, StepKind
from crmcore.labels import Label
from crmcore.planning.catalogue import collections_of
from crmcore.planning.checking import check_scene
from crmcore.planning.desired import Desired, layers_of, want
from crmcore.planning.diffing import difference
from crmcore.planning.plan import Plan
from crmcore.planning.pruning import Pruned, prune_items
from crmcore.planning.reading import Files, read_files
from crmcore.session import Actor

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.deployment import Deployment
    from crmcore.session import Session

ACTOR: Final = Actor.system(DEPLOYMENT)
"""On whose behalf a deployment is applied; events and history name it."""

_NAMES: Final[Mapping[str, Label]] = {
    "account": Label("anagrafiche", "accounts"),
    "account_portfolio": Label("anagrafiche", "accounts"),
    "site": Label("sedi", "sites"),
    "person": Label("persone", "people"),
    "interaction": Label("contatti", "interactions"),
    "relation": Label("relazioni", "relations"),
}


@attrs.frozen
class Wanted:
    """The files of a deployment, read and checked item by item, before any database is asked."""

    collections: Mapping[str, Configurable]
    files: Files
    desired: Desired


def make_plan(crm: Crm, deployment: Deployment, *, prune: bool = False) -> Plan:
    """Return what would make the database what the files of a deployment say; nothing is written.

    With ``prune``, what the files do not mention goes: it vanishes, or becomes obsolete when something uses it.

    Raises:
        ConfigurationError: with every problem of every file.
    """
    wanted = read_wanted(crm, deployment)
    with crm.session(ACTOR, source=DEPLOYMENT) as session:
        return plan_in(session, deployment, wanted, prune=prune)


def read_wanted(crm: Crm, deployment: Deployment) -> Wanted:
    """Read the files, and check each item by itself."""
    collections = collections_of(crm.registry)
    files = read_files(deployment, collections, crm.registry)
    return Wanted(collections, files, want(collections, files, layers_of(collections, crm.registry)))


def plan_in(session: Session, deployment: Deployment, wanted: Wanted, *, prune: bool) -> Plan:
    """Make a plan in the transaction of a session."""
    collections, desired = wanted.collections, wanted.desired
    current = {name: each.store.read(session) for name, each in collections.items()}
    steps: list[Step] = []
    unmentioned: dict[str, dict[Key, Item]] = {}
    for name, collection in collections.items():
        broken = desired.broken.get(name, set())
        found = difference(collection, current[name], desired.files[name], desired.layers[name], broken, prune=prune)
        steps += found.steps
        unmentioned[name] = found.unmentioned
    pruned = _prune(session, collections, current, steps, unmentioned, prune=prune)
    steps += pruned.steps
    scene = _scene(session, current, steps, desired)
    problems = [*wanted.files.problems, *desired.problems]
    problems += check_scene(session, collections, wanted.files, scene, desired.broken)
    if problems:
        raise ConfigurationError("CONFIG_REFUSED", sorted(problems, key=_place), place=deployment.source.name)
    order = {name: number for number, name in enumerate(collections)}
    steps.sort(key=lambda step: order[step.collection])
    effects = [*pruned.effects, *_effects(session, collections, steps, scene)]
    return Plan(steps=tuple(steps), effects=tuple(effects), kept=tuple(pruned.kept), prune=prune)


def _place(problem: Problem) -> tuple[str, int, int]:
    """Sort by file, line and column."""
    name, _, rest = str(problem.params.get("place", "")).partition(":")
    numbers = [int(part) for part in rest.split(":") if part.isdigit()]
    return (name, *[*numbers, 0, 0][:2])  # type: ignore[return-value] # two of them


def _prune(
    session: Session,
    collections: Mapping[str, Configurable],
    current: Mapping[str, Mapping[Key, Item]],
    steps: list[Step],
    unmentioned: Mapping[str, Mapping[Key, Item]],
    *,
    prune: bool,
) -> Pruned:
    if not prune:
        return Pruned(kept=[(name, key) for name, items in unmentioned.items() for key in items])
    after = _after(current, steps)
    staying = {name: {key: item for key, item in items.items() if key not in unmentioned[name]} for name, items in after.items()}
    return prune_items(session, collections, unmentioned, staying)


def _after(current: Mapping[str, Mapping[Key, Item]], steps: list[Step]) -> dict[str, dict[Key, Item]]:
    after = {name: dict(items) for name, items in current.items()}
    for step in steps:
        if step.after is None:
            after[step.collection].pop(step.key, None)
        else:
            after[step.collection][step.key] = step.after
    return after


def _scene(session: Session, current: Mapping[str, Mapping[Key, Item]], steps: list[Step], desired: Desired) -> Scene:
    given = {name: frozenset(items) for name, items in desired.files.items()}
    return Scene(current, _after(current, steps), session.registry, given)


def _effects(session: Session, collections: Mapping[str, Configurable], steps: list[Step], scene: Scene) -> Iterator[Effect]:
    for name, collection in collections.items():
        mine = [step for step in steps if step.collection == name]
        yield from _used(session, collection, mine)
        if collection.effects is not None:
            yield from collection.effects(session, steps if collection.watches_all else mine, scene)


def _used(session: Session, collection: Configurable, steps: list[Step]) -> Iterator[Effect]:
    """Yield how many records use what changes."""
    touched = [
        step
        for step in steps
        if step.kind in {StepKind.OBSOLETE, StepKind.REVERT}
        or (step.kind is StepKind.CHANGE and (collection.store.counts_changes or "obsolete" in step.changes))
    ]
    counts = collection.store.used(session, [step.key for step in touched]) if touched else {}
    for step in touched:
        for entity, count in counts.get(step.key, {}).items():
            label = _NAMES.get(entity, Label(entity, entity))
            text = Label(f"in uso: {count} {label.it}", f"used by {count} {label.en}")
            yield Effect(collection=collection.name, key=step.key, text=text, count=count)
