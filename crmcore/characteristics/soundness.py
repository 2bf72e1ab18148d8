"""Whether a definition makes sense: asked of plugins at start, and of every row before it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final

from crmcore.characteristics.definitions import bind
from crmcore.characteristics.expressions import is_key
from crmcore.characteristics.rulebook import dependencies
from crmcore.characteristics.types import BUILTIN_TYPES
from crmcore.hooks import CharacteristicDef, FieldType
from crmcore.labels import Label

_UNITS: Final = 10


def definition_reasons(
    spec: CharacteristicDef,
    types: Mapping[str, FieldType],
    entities: Collection[str],
    siblings: Collection[str],
) -> Iterator[Label]:
    """Yield what is wrong with a definition; ``types`` are those of plugins, ``siblings`` the keys of its entity."""
    known = {*BUILTIN_TYPES, *types}
    if spec.entity not in entities:
        names = ", ".join(sorted(entities))
        yield Label(f"l'entità {spec.entity!r} non esiste; ci sono {names}", f"entity {spec.entity!r} does not exist; there are {names}")
    if spec.type not in known:
        names = ", ".join(sorted(known))
        yield Label(f"il tipo {spec.type!r} non esiste; ci sono {names}", f"type {spec.type!r} is not known; there are {names}")
    if not is_key(spec.key):
        yield Label(
            "la chiave è fatta di minuscole, cifre e trattini bassi, al massimo 60",
            "a key is made of lower-case letters, digits and underscores, at most 60",
        )
    yield from _needs_of_type(spec, entities)
    unknown = ", ".join(key for key in spec.depends_on if key not in siblings)
    if unknown:
        yield Label(f"dipende da {unknown}, che nessuno definisce", f"it depends on {unknown}, which nobody defines")
    if spec.depends_on and not spec.compute:
        yield Label("dipende da altre ma non calcola nulla", "it depends on others but computes nothing")
    if spec.business_unit is not None and not 1 <= spec.business_unit <= _UNITS:
        yield Label("le unità di business vanno da 1 a 10", "business units go from 1 to 10")
    if spec.default is not None and spec.type in known:
        yield from _default_reasons(spec, types)


def _needs_of_type(spec: CharacteristicDef, entities: Collection[str]) -> Iterator[Label]:
    if spec.type in {"choice", "choices"} and not spec.choices:
        yield Label("una scelta ha bisogno di scelte", "a choice needs choices")
    repeated = ", ".join(code for code, times in Counter(choice.code for choice in spec.choices).items() if times > 1)
    if repeated:
        yield Label(f"la scelta {repeated} compare due volte", f"choice {repeated} is there twice")
    if spec.type == "reference" and spec.target not in entities:
        yield Label(
            f"un riferimento ha bisogno di un'entità, e non {spec.target!r}", f"a reference needs a target entity, got {spec.target!r}"
        )
    if spec.type == "lookup" and not spec.target:
        yield Label("serve il codice della tabella a 3 livelli", "a three-level value needs the code of its table as target")
    if spec.type == "choices" and spec.indexed:
        yield Label("un elenco non si può indicizzare", "a list cannot be indexed")


def _default_reasons(spec: CharacteristicDef, types: Mapping[str, FieldType]) -> Iterator[Label]:
    try:
        bind(spec, types, owner="").normalise(spec.default)
    except ValueError as error:
        expected = error.args[0] if error.args and isinstance(error.args[0], Label) else Label(str(error), str(error))
        yield Label(
            f"il valore predefinito {spec.default!r} non va bene: serve {expected.it}",
            f"default {spec.default!r} does not fit: expected {expected.en}",
        )


def find_cycle(definitions: Mapping[str, CharacteristicDef]) -> list[str]:
    """Return the keys of a circle of computed characteristics, in the order of computation; none when there is none (I-14)."""
    graph = {key: dependencies(spec, definitions) for key, spec in definitions.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []
