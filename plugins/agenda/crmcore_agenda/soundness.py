"""A look at the rules alone: which could set each other off, or themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def effects_of(rule: Mapping[str, Any]) -> frozenset[str]:
    """Return the types of the events that follow at once when a rule fires."""
    found: set[str] = set()
    if rule["lead"]:
        found.add("agenda.lead.created")
    if rule["actions"] or rule["template"]:
        found.add("agenda.action.created")
    if rule["template"]:
        found.add("agenda.run.created")
    return frozenset(found)


def cycles_of(rules: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the circles in which active rules trigger each other, each once, beginning with its first rule by code.

    A condition may keep a circle from ever closing: this is a warning, and the core stops what goes round all the same.
    """
    active = {code: rule for code, rule in rules.items() if rule["active"] and not rule["obsolete"]}
    follows = {code: [other for other in sorted(active) if active[other]["event"] in effects_of(rule)] for code, rule in active.items()}
    found: list[tuple[str, ...]] = []

    def walk(first: str, path: tuple[str, ...]) -> None:
        for following in follows[path[-1]]:
            if following == first:
                found.append(path)
            elif following > first and following not in path:
                walk(first, (*path, following))

    for code in sorted(follows):
        walk(code, (code,))
    return found
