"""The rules of an entity's characteristics, read once: what each reads, and in which order values are computed (I-14)."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final

import attrs

from crmcore.hooks import CharacteristicDef
from crmcore.labels import Label

if TYPE_CHECKING:
    from crmcore.characteristics.definitions import Definition, DefinitionSet
    from crmcore.scripting import Program, ScriptError
    from crmcore.scripting.host import RuleHost

KINDS: Final = ("validate", "compute", "on_change")
"""The rules of a definition, by the names of its attributes."""
UNREADABLE: Final = Label(
    "un dato è troppo grande, o di un tipo che le regole non leggono", "some value is too large, or of a type that rules do not read"
)
"""Why a rule cannot be given what it asks for; the fault of the data, or of a type."""
_GIVEN: Final[Mapping[str, frozenset[str]]] = {
    "validate": frozenset({"value", "old", "record", "today"}),
    # A computed value is a function of what it depends on: it is not calculated anew when a day begins.
    "compute": frozenset({"record"}),
    "on_change": frozenset({"value", "old", "record", "today"}),
}
_WORD: Final = re.compile(r"[a-z][a-z0-9_]*")


@attrs.frozen
class Rule:
    """One rule of a definition, checked; one that cannot be run any more (its plugin is off) says why, and lets nothing pass."""

    id: str
    """``account.classe.compute``: what messages and the audit name."""
    kind: str
    definition: Definition
    source: str
    inputs: frozenset[str]
    program: Program | None
    error: ScriptError | None
    reads: frozenset[str]
    """Keys of characteristics that it reads."""
    fields: frozenset[str]
    """Fields of the record that it reads."""

    @property
    def key(self) -> str:
        """The key of its characteristic."""
        return self.definition.key

    @property
    def needs(self) -> frozenset[str]:
        """What has to be known for a value to be computed: what the definition names, otherwise all that the rule reads."""
        return frozenset(self.definition.spec.depends_on) or self.reads


@attrs.frozen
class RuleBook:
    """The rules of one entity."""

    entity: str
    validating: Mapping[str, Rule]
    computing: tuple[Rule, ...]
    """In an order in which each finds what it reads already computed."""
    changing: Mapping[str, Rule]
    fields: frozenset[str]
    """Fields of records that some rule reads, and that are no characteristics."""

    @property
    def empty(self) -> bool:
        """Whether there are no rules at all."""
        return not (self.validating or self.computing or self.changing)

    def concerns(self, names: Collection[str]) -> bool:
        """Return whether some rule runs when these characteristics or fields of a record change."""
        changed = frozenset(names)
        own = {rule.key for rule in self.rules() if rule.kind != "compute"}
        return not changed.isdisjoint(own | self.fields | {key for rule in self.rules() for key in rule.reads | rule.needs})

    def rules(self) -> Iterable[Rule]:
        """Yield every rule."""
        yield from self.validating.values()
        yield from self.computing
        yield from self.changing.values()


def inputs_of(kind: str, siblings: Collection[str]) -> frozenset[str]:
    """Return the names that a rule of a definition may read: the keys of the entity, and what its kind is given."""
    return _GIVEN[kind] | frozenset(siblings)


def book_of(host: RuleHost, definitions: DefinitionSet, entity: str) -> RuleBook:
    """Return the rules of an entity; read once for a set of definitions."""
    token = ("rules", entity)
    found: RuleBook | None = definitions.prepared.get(token)
    if found is None:
        found = definitions.prepared[token] = _book(host, definitions.of(entity), entity)
    return found


def _book(host: RuleHost, definitions: Mapping[str, Definition], entity: str) -> RuleBook:
    found: dict[str, dict[str, Rule]] = {kind: {} for kind in KINDS}
    for key, definition in definitions.items():
        for kind in KINDS:
            text = getattr(definition.spec, kind)
            if isinstance(text, str) and not definition.obsolete:
                found[kind][key] = read_rule(host, definition, kind, text, definitions)
    computing = found["compute"]
    graph = {key: dependencies(rule.definition.spec, definitions) for key, rule in computing.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError:
        # A plugin and a person made one while neither saw the other: nothing of it is computed.
        order = list(computing)
        computing = {key: attrs.evolve(rule, program=None, error=_circular()) for key, rule in computing.items()}
    every = [rule for rules in found.values() for rule in rules.values()]
    return RuleBook(
        entity=entity,
        validating=found["validate"],
        computing=tuple(computing[key] for key in order if key in computing),
        changing=found["on_change"],
        fields=frozenset(field for rule in every for field in rule.fields if field not in definitions),
    )


def read_rule(host: RuleHost, definition: Definition, kind: str, text: str, siblings: Collection[str]) -> Rule:
    """Check the text of a rule against what it may read."""
    from crmcore.scripting import ScriptError  # noqa: PLC0415 - deployments without rules need no engine

    inputs = inputs_of(kind, siblings)
    program, error = None, None
    try:
        program = host.check(text, inputs, effects=kind == "on_change")
    except ScriptError as found:
        error = found
    # What cannot be read still says by its words on what it hangs.
    names = program.inputs if program is not None else frozenset(_WORD.findall(text)) & inputs
    paths = program.paths if program is not None else frozenset[tuple[str, ...]]()
    fields = frozenset(path[1] for path in paths if path[0] == "record" and len(path) > 1)
    keys = frozenset(siblings) - _GIVEN[kind]
    return Rule(
        id=rule_id(definition.spec, kind),
        kind=kind,
        definition=definition,
        source=text,
        inputs=inputs,
        program=program,
        error=error,
        reads=(names & keys) | (fields & keys),
        fields=fields,
    )


def _circular() -> ScriptError:
    from crmcore.scripting import Kind, ScriptError  # noqa: PLC0415 - as above

    text = Label("le caratteristiche dipendono l'una dall'altra in cerchio", "the characteristics depend on each other in a circle")
    return ScriptError(Kind.FORBIDDEN, text, 1, 1)


def rule_id(spec: CharacteristicDef, kind: str) -> str:
    """Return what messages and the audit call a rule."""
    return f"{spec.entity}.{spec.key}.{kind}"


def dependencies(spec: CharacteristicDef, keys: Collection[str]) -> set[str]:
    """Return which of some keys have to be known before a definition is computed: what it names, and what its rule reads."""
    return {*spec.depends_on, *(names_in(spec.compute) & frozenset(keys) if spec.compute else ())}


def names_in(text: str) -> frozenset[str]:
    """Return the names in a rule, and the fields that it reads of ``record``; nothing when it cannot be read."""
    from crmcore.scripting.errors import ScriptError  # noqa: PLC0415 - as above
    from crmcore.scripting.reading import read  # noqa: PLC0415 - as above

    try:
        nodes = list(ast.walk(read(text)))
    except ScriptError:
        return frozenset()
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    fields = {
        node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "record"
    }
    return frozenset(names | fields)
