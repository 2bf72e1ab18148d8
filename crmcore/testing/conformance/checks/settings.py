"""Configuration: the sample that is written for users is valid, and what nobody declared is refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from crmcore.deployment import resolve, sample
from crmcore.deployment.yamlfile import parse
from crmcore.errors import CrmError, Problem
from crmcore.testing.conformance.subject import Subject

_UNKNOWN: Final = "kit_unknown_key"
_HOOK: Final = "crm_configuration"


def configuration(subject: Subject) -> Iterator[Problem]:
    """Accept the sample that is generated from the schema, in both languages, and refuse an unknown key at every level."""
    schema = subject.registry.config.get(subject.name)
    if schema is None:
        return
    values: object = {}
    for lang in ("it", "en"):
        try:
            values = parse(sample(schema, lang), "sample").data or {}
        except CrmError as error:
            yield subject.problem("KIT_CONFIG_SAMPLE", lang, hook=_HOOK, reason=str(error))
            continue
        _, problems = resolve(schema, values if isinstance(values, Mapping) else {}, "sample")
        for problem in problems:
            # A secret of the sample stands for something that only a deployment has.
            if problem.code != "SECRET_MISSING":
                yield subject.problem("KIT_CONFIG_SAMPLE", str(problem.params.get("path")), hook=_HOOK, reason=problem.text())
    for path in _mappings(schema.schema):
        document = _with_key(values, path)
        _, problems = resolve(schema, document, "settings")
        if not any(_UNKNOWN in str(problem.params.get("path")) or _UNKNOWN in problem.text() for problem in problems):
            name = ".".join(path) or "the whole"
            yield subject.problem("KIT_CONFIG_OPEN", name, hook=_HOOK, path=name)


def _mappings(rules: Mapping[str, Mapping[str, Any]], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every mapping whose keys the schema lists."""
    yield path
    for name, rule in rules.items():
        inner = rule.get("schema")
        if rule.get("type") == "dict" and isinstance(inner, Mapping):
            yield from _mappings(inner, (*path, name))


def _with_key(values: object, path: tuple[str, ...]) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(dict(values)) if isinstance(values, Mapping) else {}
    place = document
    for part in path:
        inner = place.get(part)
        place[part] = inner if isinstance(inner, dict) else {}
        place = place[part]
    place[_UNKNOWN] = 1
    return document
