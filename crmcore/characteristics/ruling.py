"""Running the rules of a record whose values change: on-change, validation of what was given, computation, validation of that (C06, I-16).

Nothing is written here: the new values go on into the same flush as those of the person, and any rule that says no, or fails, refuses the
whole of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore.characteristics.rulebook import UNREADABLE, Rule, RuleBook
from crmcore.characteristics.scope import Places, account_of, read_places
from crmcore.characteristics.values import same, unknown
from crmcore.errors import Problem
from crmcore.labels import Label
from crmcore.session.fields import plan_of

if TYPE_CHECKING:
    from crmcore.characteristics.definitions import Definition
    from crmcore.characteristics.state import UnitState
    from crmcore.model import Entity
    from crmcore.scripting import ScriptError
    from crmcore.session import Session

_MOST_ROUNDS: Final = 5
"""How often on-change rules may set off each other."""
REFUSED: Final = "RULE_REJECTED"
FAILED: Final = "RULE_FAILED"
_NO: Final = Label("il valore non è ammesso", "the value is not allowed")
_CIRCLES: Final = Label("le regole si richiamano l'una con l'altra", "the rules set off each other again and again")


@attrs.define
class Ruled:
    """What the rules make of a record: values as they are stored, which of them changed, what is wrong, what is doubtful."""

    stored: dict[str, Any]
    changed: set[str]
    problems: list[Problem] = attrs.field(factory=list)
    warnings: list[Label] = attrs.field(factory=list)


@attrs.define
class Scope:
    """Whether definitions exist for one record (I-15); where it is is read when a definition is bound, and then once."""

    session: Session
    record: Entity
    bound: Collection[Definition]
    new: Places | None
    """Where accounts will be that are not written yet."""
    _places: Places | None = None

    def holds(self, definition: Definition, like: Collection[Definition]) -> bool:
        """Return whether a definition exists for the record; ``like`` are definitions of which that is told elsewhere."""
        if not definition.bound or any(_bounds(each) == _bounds(definition) for each in like):
            return True
        account = account_of(self.record)
        if account is None:
            return self.new is not None and self.new.contain(definition, id(self.record))
        if self._places is None:
            self._places = read_places(self.session, self.bound, {account})
        return self._places.contain(definition, account)


def _bounds(definition: Definition) -> tuple[str | None, int | None]:
    return definition.spec.portfolio, definition.spec.business_unit


@attrs.define
class Ruling:
    """One run of the rules of one record."""

    session: Session
    state: UnitState
    book: RuleBook
    record: Entity
    definitions: Mapping[str, Definition]
    previous: Mapping[str, Any]
    """Values before the change, as they are stored."""
    scope: Scope
    result: Ruled
    created: bool = False
    view: Mapping[str, object] | None = None
    """What rules see as ``record``, where it is not the record."""

    def run(self, fields: Collection[str] = ()) -> Ruled:
        """Run what has to run when the values of ``result`` changed, and with them ``fields`` of the record."""
        result = self.result
        touched = {_field(each) for each in fields}
        computed = {rule.key for rule in self.book.computing}
        early = [rule for rule in self.book.validating.values() if computed.isdisjoint({rule.key, *rule.reads})]
        late = [rule for rule in self.book.validating.values() if not computed.isdisjoint({rule.key, *rule.reads})]
        # What people gave is looked at before anything is calculated from it: a surface of 0 is refused, and nothing is divided by it.
        for phase in (lambda _: self._follow(set(result.changed)), self._validating(early), self._compute, self._validating(late)):
            if not result.problems:
                phase({*result.changed, *touched})
        return result

    def _follow(self, pending: set[str]) -> None:
        """Run on-change rules, and those of what they change, until nothing changes any more."""
        for _ in range(_MOST_ROUNDS):
            rules = [rule for key, rule in self.book.changing.items() if key in pending]
            if not rules:
                return
            pending = set()
            for rule in rules:
                answer = self._ask(rule)
                if answer is not None:
                    pending |= {key for key, value in answer.proposals.items() if self._set(rule, key, value)}
            if self.result.problems:
                return
        if any(key in pending for key in self.book.changing):
            rule = next(rule for key, rule in self.book.changing.items() if key in pending)
            self._tell(rule, FAILED, _CIRCLES, 0, 0)

    def _compute(self, changed: set[str]) -> None:
        """Compute what depends on what changed, and what depends on that; what lacks something that it needs has no value."""
        for rule in self.book.computing:
            if not self._concerned(rule, changed) or not self.scope.holds(rule.definition, self._like(rule, changed)):
                continue
            value = None
            if rule.error is not None or all(self.result.stored.get(key) is not None for key in rule.needs):
                answer = self._ask(rule)
                if answer is None:
                    return
                value = answer.value
            if self._set(rule, rule.key, value):
                changed.add(rule.key)

    def _validating(self, rules: Sequence[Rule]) -> Callable[[set[str]], None]:
        return lambda changed: self._validate(rules, changed)

    def _validate(self, rules: Sequence[Rule], changed: set[str]) -> None:
        for rule in rules:
            known = self.result.stored.get(rule.key) is not None
            # A value that is written outside its scope is refused at the commit, whatever its rule says.
            if known and (rule.key in changed or (self._concerned(rule, changed) and self.scope.holds(rule.definition, ()))):
                answer = self._ask(rule)
                if answer is not None and answer.value is False:
                    self._tell(rule, REFUSED, _NO, 0, 0)

    def _concerned(self, rule: Rule, changed: Collection[str]) -> bool:
        if rule.kind == "compute" and not rule.needs and not rule.fields:
            # What hangs on nothing is computed once.
            return self.created
        return any(key in changed for key in rule.reads | rule.needs) or any(_field(each) in changed for each in rule.fields)

    def _like(self, rule: Rule, changed: Collection[str]) -> list[Definition]:
        """Return what changed among the needs of a rule: where those may be written, it may be computed."""
        return [self.definitions[key] for key in rule.needs if key in changed and key in self.definitions]

    def _set(self, rule: Rule, key: str, value: object) -> bool:
        """Put a value of a rule among those of the record, and return whether that changes something."""
        definition = self.definitions.get(key)
        if definition is None:
            self.result.problems.append(unknown(self.book.entity, key, self.definitions))
            return False
        if definition.spec.compute is not None and rule.kind != "compute":
            self.result.problems.append(Problem(code="CHARACTERISTIC_COMPUTED", params={"entity": self.book.entity, "key": key}))
            return False
        stored = None
        if value is not None:
            try:
                stored = definition.normalise(_given(value))
            except ValueError as error:
                expected = error.args[0] if error.args and isinstance(error.args[0], Label) else Label(str(error), str(error))
                text = Label(f"{key}: serve {expected.it}", f"{key}: expected {expected.en}")
                self._tell(rule, FAILED, text, 0, 0)
                return False
        held = self.result.stored
        if same(held.get(key), stored):
            return False
        self.state.automatic[self.record, key] = (f"rule:{rule.id}", stored)
        if stored is None:
            held.pop(key, None)
        else:
            held[key] = stored
        if same(self.previous.get(key), stored):
            self.result.changed.discard(key)
        else:
            self.result.changed.add(key)
        return True

    # What came out of a rule, or None.
    def _ask(self, rule: Rule) -> Any:  # noqa: ANN401
        """Run one rule; what goes wrong is told with its place."""
        from crmcore.scripting import Kind, NotPlain, ScriptError  # noqa: PLC0415 - deployments without rules need no engine

        if rule.error is not None:
            self._fail(rule, rule.error)
            return None
        try:
            answer = self.session.crm.rules.run(rule.source, Context(self, rule), rule.inputs, effects=rule.kind == "on_change")
        except ScriptError as error:
            if error.kind is Kind.REJECTED:
                self._tell(rule, REFUSED, error.text, error.line, error.column)
            else:
                self._fail(rule, error)
            return None
        except NotPlain:
            self._tell(
                rule,
                FAILED,
                UNREADABLE,
                0,
                0,
            )
            return None
        self.result.warnings += [Label(text, text) for text in answer.warnings]
        return answer

    def _fail(self, rule: Rule, error: ScriptError) -> None:
        self._tell(rule, FAILED, error.text, error.line, error.column)

    def _tell(self, rule: Rule, code: str, reason: Label, line: int, column: int) -> None:
        params = {
            "entity": self.book.entity,
            "id": self.record.__dict__.get("id"),
            "key": rule.key,
            "label": rule.definition.spec.label,
            "rule": rule.id,
            "line": line or 1,
            "column": column or 1,
            "reason": reason,
        }
        self.result.problems.append(Problem(code=code, params=params))

    def typed(self, key: str, stored: object) -> object:
        """Return the value that a rule sees for what is stored."""
        definition = self.definitions.get(key)
        return definition.read(stored) if definition is not None else stored


@attrs.frozen
class Context(Mapping[str, object]):
    """What a rule is given, each value made when it is asked for."""

    ruling: Ruling
    rule: Rule

    def __getitem__(self, name: str) -> object:
        ruling, key = self.ruling, self.rule.key
        if name not in self.rule.inputs:
            raise KeyError(name)
        if self.rule.kind != "compute":
            if name == "value":
                return ruling.typed(key, ruling.result.stored.get(key))
            if name == "old":
                return ruling.typed(key, ruling.previous.get(key))
            if name == "today":
                return ruling.session.today()
        if name == "record":
            return ruling.view if ruling.view is not None else RecordView(ruling)
        return ruling.typed(name, ruling.result.stored.get(name))

    def __contains__(self, name: object) -> bool:
        return name in self.rule.inputs

    def __iter__(self) -> Iterator[str]:
        return iter(self.rule.inputs)

    def __len__(self) -> int:
        return len(self.rule.inputs)


@attrs.frozen
class RecordView(Mapping[str, object]):
    """The fields of a record and its characteristics, as plain values."""

    ruling: Ruling

    def __getitem__(self, name: str) -> object:
        record, definitions = self.ruling.record, self.ruling.definitions
        if name in definitions:
            return self.ruling.typed(name, self.ruling.result.stored.get(name))
        if name not in plan_of(type(record)).fields or name == "characteristics":
            raise KeyError(name)
        value = getattr(record, name)
        return value.astimezone(self.ruling.session.crm.zone) if isinstance(value, datetime) else value

    def __contains__(self, name: object) -> bool:
        return name in self.ruling.definitions or (name in plan_of(type(self.ruling.record)).fields and name != "characteristics")

    def __iter__(self) -> Iterator[str]:
        yield from self.ruling.definitions
        yield from (name for name in plan_of(type(self.ruling.record)).fields if name in self and name not in self.ruling.definitions)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _field(name: str) -> str:
    """Return what stands for a changed field of a record among keys."""
    return f"record.{name}"


def _given(value: object) -> object:
    """Return a value of a rule as types take it: a number with a fraction by its digits."""
    return Decimal(repr(value)) if type(value) is float else value
