"""Collections that a deployment configures, and what plugins bring to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import attrs

from crmcore.errors import Problem
from crmcore.hooks import ConfigSchema, Configurable, Configured
from crmcore.registry.collect import Declarations


def check_configurables(declarations: Declarations, entities: Collection[str]) -> list[Problem]:
    """Return what is wrong with declared collections, and with the items that plugins bring."""
    from crmcore.planning.catalogue import arrange  # noqa: PLC0415 - planning builds on the registry
    from crmcore.planning.layers import read_configured  # noqa: PLC0415 - as above

    declared = declarations.of("crm_configurables")
    problems = [
        attrs.evolve(problem, plugin=item.plugin, hook="crm_configurables")
        for item in declared
        for problem in _faults(item.plugin, item.value)
    ]
    collections, unsound = arrange(item.value for item in declared)
    problems += [attrs.evolve(problem, hook="crm_configurables") for problem in unsound]
    if problems:
        return problems
    brought: dict[str, list[Configured]] = {}
    for item in declarations.of("crm_configured"):
        brought.setdefault(item.plugin, []).append(item.value)
    for plugin, items in brought.items():
        _, wrong = read_configured(plugin, items, collections, entities)
        for problem in wrong:
            params = {"name": problem.params["path"], "reason": problem.params.get("reason", problem.text())}
            problems.append(
                Problem(code="CONFIGURED_INVALID", plugin=plugin, hook="crm_configured", object=str(problem.params["path"]), params=params)
            )
    return problems


def _faults(plugin: str, collection: Configurable) -> Iterator[Problem]:
    from crmcore.deployment import check_schema  # noqa: PLC0415 - it brings in Cerberus, which not every CRM needs
    from crmcore.deployment.rules import walk_rules  # noqa: PLC0415 - as above

    def problem(reason: str) -> Problem:
        return Problem(code="CONFIGURABLE_INVALID", object=collection.name, params={"name": collection.name, "reason": reason})

    for each in check_schema(plugin, ConfigSchema(collection.fields)):
        yield problem(str(each.params.get("reason", each.text())))
    secret = [str(path[0]) for path, rules in walk_rules(collection.fields) if rules.get("secret")]
    if secret:
        yield problem(f"{', '.join(secret)} is a secret, which belongs into the settings: items are kept in the database, and exported")
    named = {*collection.references, *collection.texts, *([collection.short] if collection.short else [])}
    lost = sorted(named - set(collection.fields))
    if lost:
        yield problem(f"it names the fields {', '.join(lost)}, which it does not have")
    if collection.inside is not None and not collection.name.startswith(f"{collection.inside}."):
        yield problem(f"what is inside {collection.inside} is named {collection.inside}.…")
