"""Whether the sales force and its territory make sense together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from crmcore.hooks import Finding, Item, Key, Scene
from crmcore.labels import Label
from crmcore.model import NULL_CODES
from crmcore.planning.core.zones_store import rules_of

if TYPE_CHECKING:
    from crmcore.session import Session

_NULLS: Final = frozenset(NULL_CODES.values())
_SELLING: Final = frozenset({"agent", "agency"})
_FOREVER: Final = date.max.isoformat()


def check_people(session: Session, scene: Scene) -> Iterable[Finding]:
    """Yield who stands for nobody, or belongs to an agency that is none."""
    del session
    people = scene.after.get("salespersons", {})
    for key in scene.given.get("salespersons", ()):
        if key[0] in _NULLS:
            reason = Label("questo codice significa nessuno, e c'è sempre", "this code stands for nobody, and is always there")
            yield Finding(key=key, reason=reason)
        agency = people[key].values["agency"]
        if agency is not None and (agency,) in people and people[agency,].values["kind"] != "agency":
            yield Finding(key=key, field="agency", reason=Label(f"{agency} non è un'agenzia", f"{agency} is no agency"))


def check_zones(session: Session, scene: Scene) -> Iterable[Finding]:
    """Yield member rules of the same precision that fit the same address, each laid to a zone of the files."""
    del session
    given = scene.given.get("zones", frozenset())
    if not given:
        return
    by_kind: dict[str, list[tuple[str, str, Key]]] = defaultdict(list)
    for key, item in scene.after.get("zones", {}).items():
        for kind, first, last in rules_of(item.values):
            by_kind[kind].append((first, last or first, key))
    for rules in by_kind.values():
        yield from _overlaps(rules, given)


def _overlaps(rules: list[tuple[str, str, Key]], given: frozenset[Key]) -> Iterator[Finding]:
    widest: tuple[str, str, Key] | None = None
    for rule in sorted(rules):
        if widest is not None and rule[0] <= widest[1]:
            mine, other = (rule, widest) if rule[2] in given else (widest, rule)
            shown = [each[0] if each[0] == each[1] else f"{each[0]}-{each[1]}" for each in (mine, other)]
            reason = Label(
                f"{shown[0]} vale già per la zona {other[2][0]} ({shown[1]})",
                f"{shown[0]} belongs to zone {other[2][0]} already ({shown[1]})",
            )
            field = {2: "provinces", 5: "postcodes", 6: "municipalities"}[len(mine[0])]
            yield Finding(key=mine[2], field=field, reason=reason)
        if widest is None or rule[1] > widest[1]:
            widest = rule


def check_sellers(session: Session, scene: Scene) -> Iterable[Finding]:
    """Yield assignments that overlap, and those to people who do not sell there on that day (I-22, I-23)."""
    del session
    given = scene.given.get("zones.sellers", frozenset())
    units = {key[0] for key in scene.after.get("business_units", {})}
    rows: dict[tuple[str, str], list[tuple[str, str, Key]]] = defaultdict(list)
    for key, item in scene.after.get("zones.sellers", {}).items():
        start, _, unit = key[1].partition(" ")
        if key in given:
            found = list(_one(scene, key, item, start))
            yield from found
            if unit and unit not in units:
                reason = Label(f"l'unità di business {unit!r} non esiste", f"business unit {unit!r} does not exist")
                yield Finding(key=key, reason=reason)
            if found:
                continue
        rows[key[0], unit].append((start, item.values["until"] or _FOREVER, key))
    for some in rows.values():
        for one, two in pairwise(sorted(some)):
            if two[0] <= one[1] and (one[2] in given or two[2] in given):
                mine, other = (two, one) if two[2] in given else (one, two)
                reason = Label(f"la zona è già assegnata dal {other[0]}", f"the zone is assigned already from {other[0]}")
                yield Finding(key=mine[2], reason=reason)


def _one(scene: Scene, key: Key, item: Item, start: str) -> Iterator[Finding]:
    try:
        date.fromisoformat(start)
    except ValueError:
        yield Finding(key=key, reason=Label(f"{start} non è una data", f"{start} is no date"))
        return
    until = item.values["until"]
    if until is not None and until < start:
        yield Finding(key=key, field="until", reason=Label("finisce prima di cominciare", "it ends before it begins"))
    person = scene.after.get("salespersons", {}).get((item.values["seller"],))
    before = scene.before.get("zones.sellers", {}).get(key)
    if person is None or (before is not None and before.values["seller"] == item.values["seller"]):
        return
    if person.values["kind"] not in _SELLING:
        reason = Label(f"{item.values['seller']} non vende", f"{item.values['seller']} does not sell")
        yield Finding(key=key, field="seller", reason=reason)
    left = person.values["disabled_from"]
    if left is not None and left <= start:
        yield Finding(key=key, field="seller", reason=Label(f"è disabilitato dal {left}", f"left on {left}"))
    zone = scene.after.get("zones", {}).get(key[:1])
    if before is None and zone is not None and zone.values["obsolete"]:
        yield Finding(key=key, reason=Label("la zona è obsoleta", "the zone is obsolete"))
