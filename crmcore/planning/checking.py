"""Whether wanted items make sense together: what they refer to is there, trees have no cycles, and collections find nothing wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from crmcore.deployment.explain import nearest, shown
from crmcore.deployment.messages import config_problem
from crmcore.errors import Problem
from crmcore.hooks import Configurable, Finding, Key, Scene
from crmcore.planning.catalogue import ENTITY
from crmcore.planning.pruning import target_key
from crmcore.planning.reading import Files

if TYPE_CHECKING:
    from crmcore.session import Session


def check_scene(
    session: Session, collections: Mapping[str, Configurable], files: Files, scene: Scene, broken: Mapping[str, set[Key]]
) -> list[Problem]:
    """Return what is wrong with the items of the files in the light of all others."""
    problems: list[Problem] = []
    circles: set[str] = set()
    for name, collection in collections.items():
        problems += _groups(collection, files, scene, broken)
        problems += _references(collections, collection, files, scene, broken)
        found = list(_circles(collections, collection, files, scene))
        circles |= {name} if found else set()
        problems += found
    wrong = (
        {name for name, keys in broken.items() if keys}
        | circles
        | files.faulty
        | {str(problem.params["collection"]) for problem in problems}
    )
    for name, collection in collections.items():
        # Faults that are told already would only come back as others.
        if collection.check is not None and not wrong & _around(collections, name):
            problems += [_placed(collections, files, collection, finding) for finding in collection.check(session, scene)]
    return problems


def _around(collections: Mapping[str, Configurable], name: str) -> set[str]:
    """Return a collection with those inside it, and all that they build on."""
    found: set[str] = set()
    waiting = [name, *(each.name for each in collections.values() if each.inside == name)]
    while waiting:
        here = waiting.pop()
        if here in found or here not in collections:
            continue
        found.add(here)
        collection = collections[here]
        waiting += [*collection.references.values(), *collection.after, *(each for each in (collection.inside, collection.group) if each)]
    return found


def _groups(collection: Configurable, files: Files, scene: Scene, broken: Mapping[str, set[Key]]) -> Iterator[Problem]:
    group = collection.group
    if group is None or group == ENTITY:
        return
    known = {key[0] for key in scene.after[group]} | {key[0] for key in broken.get(group, ())}
    for key, given in files.items.get(collection.name, {}).items():
        if key[0] not in known:
            yield _problem(collection, "unknown_group", given.source.place((), key=True), given.source.dotted(()), key[0], group, known)


def _problem(collection: Configurable, reason: str, place: str, path: str, value: str, expected: str, known: Iterable[str]) -> Problem:
    params = {"value": shown(value), "expected": expected, "collection": collection.name, **nearest(value, sorted(known))}
    return config_problem(reason, place=place, path=path, **params)


def _references(
    collections: Mapping[str, Configurable], collection: Configurable, files: Files, scene: Scene, broken: Mapping[str, set[Key]]
) -> Iterator[Problem]:
    for field, target in collection.references.items():
        known = scene.after[target].keys() | broken.get(target, set())
        for key in scene.given.get(collection.name, ()):
            value = scene.after[collection.name][key].values.get(field)
            given = files.items[collection.name][key]
            for code in [value] if isinstance(value, str) else value or ():
                wanted = target_key(collections, collection.name, key, target, code)
                if wanted not in known:
                    place = given.source.place((field,) if field in given.values else ())
                    codes = [other[-1] for other in known if other[:-1] == wanted[:-1]]
                    yield _problem(collection, "unknown_item", place, f"{given.source.dotted(())}.{field}", code, target, codes)


def _circles(collections: Mapping[str, Configurable], collection: Configurable, files: Files, scene: Scene) -> Iterator[Problem]:
    for field, target in collection.references.items():
        if target != collection.name:
            continue
        items = scene.after[target]
        done: set[Key] = set()
        for start in sorted(items):
            chain: list[Key] = []
            here: Key | None = start
            while here is not None and here in items and here not in done and here not in chain:
                chain.append(here)
                above = items[here].values.get(field)
                here = target_key(collections, target, here, target, above) if isinstance(above, str) else None
            done |= {*chain}
            if here in chain:
                circle = chain[chain.index(here) :]
                guilty = next((key for key in circle if key in files.items.get(target, {})), None)
                if guilty is not None:
                    given = files.items[target][guilty]
                    shape = " → ".join(key[-1] for key in (*circle, circle[0]))
                    params = {"value": shape, "collection": target}
                    yield config_problem("cycle", place=given.source.place((field,)), path=f"{given.source.dotted(())}.{field}", **params)


def _placed(collections: Mapping[str, Configurable], files: Files, collection: Configurable, finding: Finding) -> Problem:
    """Lay a finding to the line of its item, or of the nearest thing around it that the files mention."""
    own = [each for each in collections.values() if collection.name in {each.name, each.inside}]
    for length in range(len(finding.key), 0, -1):
        for each in own:
            given = files.items.get(each.name, {}).get(finding.key[:length])
            if given is not None:
                field = finding.field if finding.field in given.values and length == len(finding.key) else None
                place = given.source.place((field,) if field else (), key=field is None)
                path = given.source.dotted((finding.field,) if finding.field else ())
                return config_problem("custom", place=place, path=path, error=finding.reason, value="", collection=collection.name)
    path = "/".join((collection.name, *finding.key))
    return config_problem("custom", place=collection.name, path=path, error=finding.reason, value="", collection=collection.name)
