"""For whoever writes rules: which there are, what they read, what they say of samples, and what another text would have said lately.

How to use it::

    rules = session.characteristics.rules
    rules.faults()                                     # every rule that does not run, with its error
    rules.references("consumo_kwh")                    # which rules read it, and where
    rules.run("account.classe.compute", {"consumo_specifico": "45.00"}).value        # "A"
    rules.rehearse("account.superficie_mq.validate", "value < 500").differing        # what it would have refused of the last changes
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import select

from crmcore.characteristics.rulebook import KINDS, UNREADABLE, Rule, RuleBook, book_of, read_rule
from crmcore.characteristics.ruling import Context, Ruled, Ruling, Scope
from crmcore.characteristics.state import state_of
from crmcore.characteristics.values import same
from crmcore.errors import UsageError
from crmcore.labels import Label
from crmcore.model import CharacteristicChange, Entity
from crmcore.scripting import Kind, NotPlain, ScriptError
from crmcore.scripting.grammar import Program
from crmcore.scripting.names import is_function_name
from crmcore.scripting.reading import column_of
from crmcore.states.guards import guard_inputs
from crmcore.states.tables import tables_of

if TYPE_CHECKING:
    from crmcore.session import Session

LAST_CHANGES: Final = 1_000
_NO_VALUE: Final = Label("manca un dato che serve", "something that it needs is missing")


@attrs.frozen
class Reference:
    """One place of a rule that reads a field."""

    rule: str
    line: int
    column: int


@attrs.frozen
class Fault:
    """A rule that does not run, and why."""

    rule: str
    error: ScriptError


@attrs.frozen
class Tried:
    """What a rule made of some values: a value, or why not."""

    verdict: str
    """``value``, ``rejected``, ``failed``, or ``skipped`` where something that it needs is not known."""
    value: Any = None
    reason: Label = attrs.field(default=Label("", ""))
    line: int = 0
    column: int = 0
    warnings: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    proposals: Mapping[str, Any] = attrs.field(factory=dict)
    steps: int = 0

    @property
    def accepted(self) -> bool:
        """Whether a change would go on with it."""
        return self.verdict in {"value", "skipped"} and self.value is not False


@attrs.frozen
class Compared:
    """One change of the past: what the rule says of it as it is, and as it would be."""

    kind: str
    record_id: int
    change_id: int
    present: Tried
    proposed: Tried

    @property
    def differs(self) -> bool:
        """Whether the two say different things."""
        one, other = self.present, self.proposed
        if self.kind == "validate":
            # Whether it lets pass is all that it says.
            return one.accepted is not other.accepted
        return (one.verdict, one.value, one.proposals) != (other.verdict, other.value, other.proposals)


@attrs.frozen
class Rehearsal:
    """A changed rule on changes of the past; nothing was written."""

    compared: tuple[Compared, ...]

    @property
    def differing(self) -> tuple[Compared, ...]:
        """The changes of which the two rules say different things."""
        return tuple(each for each in self.compared if each.differs)


@attrs.frozen
class Recomputed:
    """What computing anew did to some records: how many were looked at, how many changed, which failed, and where to go on."""

    seen: int
    changed: int
    failed: tuple[int, ...]
    last: int


class RulesApi:
    """Rules of characteristics and of steps between states; see the module."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def texts(self) -> Iterator[tuple[str, str, Program | None, ScriptError | None]]:
        """Yield id, text, and what checking gave, of every rule: of characteristics, and guards as ``table source → target``."""
        for rule in self._all():
            yield rule.id, rule.source, rule.program, rule.error
        host, registry = self._session.crm.rules, self._session.registry
        for name, table in tables_of(self._session).items():
            cls = registry.entities.get(table.definition.entity)
            for step in table.definition.transitions:
                if step.guard is None or step.guard in registry.script_functions or is_function_name(step.guard) or cls is None:
                    continue
                program, error = None, None
                try:
                    program = host.check(step.guard, guard_inputs(self._session, cls))
                except ScriptError as found:
                    error = found
                yield f"{name} {step.source} → {step.target}", step.guard, program, error

    def faults(self) -> list[Fault]:
        """Return the rules that do not run: their plugin is off, or what they read is gone."""
        return [Fault(name, error) for name, _, _, error in self.texts() if error is not None]

    def references(self, name: str) -> list[Reference]:
        """Return the places where rules read a characteristic or a field, in order."""
        found = []
        for rule, source, program, _ in self.texts():
            if program is not None:
                found += [Reference(rule, line, column) for line, column in _places(source, program, name)]
        return sorted(found, key=lambda each: (each.rule, each.line, each.column))

    def find(self, rule_id: str) -> Rule:
        """Return the rule of a characteristic.

        Raises:
            UsageError: ``RULE_UNKNOWN``.
        """
        found = next((rule for rule in self._all() if rule.id == rule_id), None)
        if found is None:
            raise UsageError("RULE_UNKNOWN", rule=rule_id, known=", ".join(sorted(rule.id for rule in self._all())) or "-")
        return found

    def check(self, rule_id: str, text: str) -> None:
        """Check a text as it would be in the place of a rule.

        Raises:
            UsageError: ``RULE_UNKNOWN``.
            ScriptError: when the text is refused.
        """
        self._with_text(self.find(rule_id), text)

    def run(self, rule_id: str, sample: Mapping[str, object], *, text: str | None = None) -> Tried:
        """Run a rule, or another text in its place, on sample values by key.

        ``value`` may stand for that of its own characteristic, and ``record`` for a map of the record's other fields.

        Raises:
            UsageError: ``RULE_UNKNOWN``.
            ScriptError: when the text is refused.
            ValueError: when a sample value does not have the type of its definition.
        """
        rule = self._with_text(self.find(rule_id), text)
        definitions = state_of(self._session).of(rule.definition.spec.entity)
        stored: dict[str, Any] = {}
        given = sample.get("record")
        for name, value in sample.items():
            if name == "record" and name not in definitions:
                continue
            key = rule.key if name == "value" and name not in definitions else name
            stored[key] = definitions[key].normalise_type(value) if key in definitions and value is not None else value
        cls = self._session.registry.entities[rule.definition.spec.entity]
        typed = {key: definitions[key].read(value) if key in definitions else value for key, value in stored.items()}
        view = {**typed, **(given if isinstance(given, Mapping) else {})}
        # A record that is nothing yet: all that is read of it is in the view.
        return self._try(rule, cls.__new__(cls), stored, {}, view)

    def rehearse(self, rule_id: str, text: str, last: int = LAST_CHANGES) -> Rehearsal:
        """Compare a rule with another text on the last changes of what it reads, each with the values of then; nothing is written.

        Raises:
            UsageError: ``RULE_UNKNOWN``.
            ScriptError: when the text is refused.
        """
        rule = self.find(rule_id)
        other = self._with_text(rule, text)
        entity = rule.definition.spec.entity
        cls = self._session.registry.entities[entity]
        keys = {*rule.reads, *rule.needs, *other.reads} | (set() if rule.kind == "compute" else {rule.key})
        found = []
        for change, record, before, after in self._history(entity, cls, keys, last):
            one, two = (self._try(each, record, after, before) for each in (rule, other))
            found.append(Compared(rule.kind, record.id, change, one, two))
        return Rehearsal(tuple(found))

    def recompute(self, rule_id: str, *, after: int = 0, limit: int = LAST_CHANGES) -> Recomputed:
        """Compute the values of a rule anew, on records with ids above ``after``: for one that was changed after it had computed them.

        The values are in the unit of work, like those of any rule; records on which the rule fails keep what they have.

        Raises:
            UsageError: ``RULE_UNKNOWN``, also for a rule that computes nothing.
        """
        rule = self.find(rule_id)
        if rule.kind != "compute":
            raise UsageError(
                "RULE_UNKNOWN", rule=rule_id, known=", ".join(each.id for each in self._all() if each.kind == "compute") or "-"
            )
        cls = self._session.registry.entities[rule.definition.spec.entity]
        records = self._session.scalars(select(cls).where(cls.id > after).order_by(cls.id).limit(limit)).all()
        changed, failed = 0, []
        for record in records:
            stored: Mapping[str, Any] = getattr(record, "characteristics")  # noqa: B009 - not every entity has them
            inside = Scope(self._session, record, (rule.definition,), None).holds(rule.definition, ())
            tried = self._try(rule, record, stored, stored) if inside else Tried("skipped")
            if tried.verdict in {"rejected", "failed"}:
                failed.append(record.id)
                continue
            value = None if tried.value is None else rule.definition.normalise(tried.value)
            if not same(stored.get(rule.key), value):
                self._session.characteristics.set_automatic(record, rule.key, value, f"rule:{rule.id}")
                changed += 1
        return Recomputed(len(records), changed, tuple(failed), records[-1].id if records else after)

    def _history(
        self, entity: str, cls: type[Entity], keys: set[str], last: int
    ) -> Iterator[tuple[int, Entity, dict[str, Any], dict[str, Any]]]:
        """Yield change, record, and its values before and after, from the newest change; what came later is taken back."""
        change = CharacteristicChange
        wanted = list(
            self._session.scalars(
                select(change).where(change.entity == entity, change.key.in_(sorted(keys))).order_by(change.id.desc()).limit(last)
            )
        )
        if not wanted:
            return
        chosen = {each.id for each in wanted}
        records = sorted({each.record_id for each in wanted})
        since = select(change).where(change.entity == entity, change.id >= min(chosen)).order_by(change.id.desc())
        present: dict[int, dict[str, Any]] = {}
        entities = {record_id: self._session.get(cls, record_id) for record_id in records}
        for each in self._session.scalars(since):
            record = entities.get(each.record_id)
            if record is None:
                continue
            values = present.setdefault(each.record_id, dict(getattr(record, "characteristics")))  # noqa: B009 - not every entity has them
            after = dict(values)
            if each.old is None:
                values.pop(each.key, None)
            else:
                values[each.key] = each.old
            if each.id in chosen:
                yield each.id, record, dict(values), after

    def _try(
        self,
        rule: Rule,
        record: Entity,
        stored: Mapping[str, Any],
        previous: Mapping[str, Any],
        view: Mapping[str, object] | None = None,
    ) -> Tried:
        session, state = self._session, state_of(self._session)
        needed = rule.needs if rule.kind == "compute" else {rule.key} if rule.kind == "validate" else set()
        if any(stored.get(key) is None for key in needed):
            return Tried("skipped", reason=_NO_VALUE)
        if rule.error is not None:
            return _refused("failed", rule.error)
        ruling = Ruling(
            session=session,
            state=state,
            book=RuleBook(rule.definition.spec.entity, {}, (), {}, frozenset()),
            record=record,
            definitions=state.of(rule.definition.spec.entity),
            previous=previous,
            scope=Scope(session, record, (), None),
            result=Ruled(dict(stored), set()),
            view=view,
        )
        try:
            answer = session.crm.rules.run(rule.source, Context(ruling, rule), rule.inputs, effects=rule.kind == "on_change")
        except ScriptError as error:
            return _refused("rejected" if error.kind is Kind.REJECTED else "failed", error)
        except NotPlain:
            return Tried(
                "failed",
                reason=UNREADABLE,
            )
        return Tried(
            "value",
            answer.value,
            warnings=answer.warnings,
            logs=answer.logs,
            proposals=answer.proposals,
            steps=answer.steps,
        )

    def _with_text(self, rule: Rule, text: str | None) -> Rule:
        if text is None:
            return rule
        siblings = state_of(self._session).of(rule.definition.spec.entity)
        made = read_rule(self._session.crm.rules, rule.definition, rule.kind, text, siblings)
        if made.error is not None:
            raise made.error
        return made

    def _all(self) -> Sequence[Rule]:
        definitions = state_of(self._session).definitions
        host = self._session.crm.rules
        return [rule for entity in definitions.by_entity for rule in book_of(host, definitions, entity).rules()]


def readers(session: Session, entity: str, key: str) -> list[str]:
    """Return the ids of the rules of other definitions of an entity that read a characteristic, or name it as what they need."""
    definitions = state_of(session).definitions
    found = []
    for each in definitions.of(entity).values():
        for kind in KINDS:
            text = getattr(each.spec, kind)
            if isinstance(text, str) and each.key != key:
                rule = read_rule(session.crm.rules, each, kind, text, {*definitions.of(entity), key})
                if key in rule.reads or (kind == "compute" and key in each.spec.depends_on):
                    found.append(rule.id)
    return found


def _refused(verdict: str, error: ScriptError) -> Tried:
    return Tried(verdict, reason=error.text, line=error.line, column=error.column)


def _places(source: str, program: Program, name: str) -> Iterator[tuple[int, int]]:
    for node in ast.walk(program.tree):
        named = isinstance(node, ast.Name) and node.id == name and name in program.inputs
        field = isinstance(node, ast.Attribute) and node.attr == name and _is_record(node.value)
        key = isinstance(node, ast.Constant) and node.value == name and type(node.value) is str
        if named or field or key:
            line, offset = node.lineno, node.col_offset  # type: ignore[attr-defined] # these three have a place
            yield line, column_of(source, line, offset)


def _is_record(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "record"
