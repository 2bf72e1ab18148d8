"""Filters as data: checked with all their problems at once, and compiled into one SQL condition.

A filter is JSON::

    {"and": [
        {"field": "c.consumo_kwh", "op": "ge", "value": "1200.50"},
        {"or": [{"field": "site.province", "op": "in", "value": ["VI", "PD"]}, {"field": "portfolio", "op": "within", "value": "RESID"}]},
        {"not": {"some": "interaction", "where": {"field": "at", "op": "ge", "value": {"days": -90}}}},
        {"text": "bellini 0424"},
        {"saved": "grandi"}
    ]}

Every condition is true or false, never unknown: a comparison with what is not there is false, and ``not`` turns that around.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NoReturn

import attrs
from sqlalchemy import ColumnElement, Text, and_, bindparam, exists, not_, or_, select, true
from sqlalchemy import false as sql_false

from crmcore.errors import Problem, UsageError
from crmcore.labels import Label
from crmcore.model import Entity, Scaled
from crmcore.query.conditions import Argument, arguments_of, condition_of, is_range
from crmcore.query.fields import Field, Source, alias_of, field_names, find_field, unknown_field
from crmcore.query.fulltext import ids_argument, listed_ids, matching_ids, text_query
from crmcore.query.kinds import OPERATORS, Today, read_value
from crmcore.query.masked import found_ids
from crmcore.query.naming import written_out
from crmcore.query.relations import Relation, find_relation, full_name, relation_names
from crmcore.query.shapes import leaves_of
from crmcore.query.visible import visible

if TYPE_CHECKING:
    from crmcore.session import Session

MOST: Final = 500
DEEPEST: Final = 20
LONGEST_LIST: Final = 5_000
VALUES: Final = 20_000
"""In all lists together: databases take so many parameters and no more."""
_SHAPES: Final = Label(
    "un campo con operatore e valore, and, or, not, some, text o saved",
    "a field with operator and value, and, or, not, some, text or saved",
)
_SARGABLE: Final = frozenset({"eq", "in", "lt", "le", "gt", "ge", "between", "within"})


@attrs.frozen
class Leaf:
    """A comparison that was compiled: a field with its operator, or full text when there is none."""

    field: Field | None = None
    op: str = "text"


@attrs.frozen
class Compiled:
    """The SQL of a filter, over named parameters.

    ``served`` says whether an index narrows it down, ``unserved`` lists the fields that have none.
    """

    condition: ColumnElement[bool]
    served: bool
    unserved: tuple[Field, ...] = ()
    scoped: frozenset[str] = frozenset()
    """Bound characteristics that are inside their scope in every row that is found."""
    equal: frozenset[str] = frozenset()
    """Fields of the entity itself that have one value in every row that is found."""


@attrs.define
class Compiler:
    """Compiles filters of one session, and collects what is wrong with them."""

    session: Session
    today: Today
    problems: list[Problem] = attrs.field(factory=list)
    leaves: list[Leaf] = attrs.field(factory=list)
    arguments: dict[str, Any] = attrs.field(factory=dict)
    """Name of a parameter → its value."""
    count: int = 0
    values: int = 0

    @property
    def dialect(self) -> str:
        """The name of the database."""
        return self.session.crm.engine.dialect.name

    def compile(self, source: Source, cls: type[Entity], node: object, depth: int = 0) -> Compiled:
        """Compile one node; after a problem the result is of no use."""
        self.count += 1
        if depth > DEEPEST or self.count > MOST:
            self._too_large()
        if isinstance(node, Mapping):
            keys = frozenset(node)
            if keys in ({"and"}, {"or"}) and _is_list(node[next(iter(keys))]):
                return self._several(source, cls, node, depth)
            if keys == {"not"}:
                inner = self.compile(source, cls, node["not"], depth + 1)
                return Compiled(not_(_certain(inner.condition)), served=False, unserved=inner.unserved)
            if keys in ({"some"}, {"some", "where"}):
                return self._some(source, cls, node, depth)
            if keys == {"text"}:
                return self._text(source, cls, node["text"])
            if keys in ({"field", "op", "value"}, {"field", "op"}):
                return self._leaf(source, cls, node, depth)
        shown = str(node)[:120]
        self.problems.append(Problem(code="QUERY_MALFORMED", params={"value": shown, "expected": _SHAPES}))
        return _NOTHING

    def again(self, leaves: Sequence[Leaf], node: object) -> dict[str, Any]:
        """Return the values of a filter of the same shape as one that was compiled into these leaves."""
        for leaf, found in zip(leaves, leaves_of(node), strict=True):
            if leaf.field is None:
                self._text_argument(found["text"])
            else:
                self._arguments(leaf.field, leaf.op, found)
        return self.arguments

    def _too_large(self) -> NoReturn:
        raise UsageError("QUERY_INVALID", [*self.problems, Problem(code="QUERY_TOO_LARGE", params={"most": MOST, "depth": DEEPEST})])

    def _several(self, source: Source, cls: type[Entity], node: Mapping[str, Any], depth: int) -> Compiled:
        (word,) = node
        parts = [self.compile(source, cls, each, depth + 1) for each in node[word]]
        unserved = tuple(field for part in parts for field in part.unserved)
        if word == "and":
            # One condition with an index is enough: what is left is read row by row.
            served = any(part.served for part in parts)
            scoped = frozenset().union(*(part.scoped for part in parts))
            equal = frozenset().union(*(part.equal for part in parts))
            return Compiled(and_(true(), *(part.condition for part in parts)), served, () if served else unserved, scoped, equal)
        served = bool(parts) and all(part.served for part in parts)
        return Compiled(or_(sql_false(), *(part.condition for part in parts)), served, () if served else unserved)

    def _some(self, source: Source, cls: type[Entity], node: Mapping[str, Any], depth: int) -> Compiled:
        relation = find_relation(self.session, cls, node["some"]) if isinstance(node["some"], str) else None
        if relation is None:
            self.problems.append(unknown_field(cls.entity_name(), str(node["some"])[:80], relation_names(self.session, cls)))
            return _NOTHING
        return self._behind(source, relation, node.get("where", {"and": []}), depth)

    def _behind(self, source: Source, relation: Relation, where: object, depth: int) -> Compiled:
        there = alias_of(relation.target)
        inner = self.compile(there, relation.target, where, depth + 1)
        conditions = [inner.condition, *(() if self._follows(relation) else visible(self.session, there, relation.target))]
        if inner.served and self.dialect == "sqlite":
            # SQLite asks EXISTS for each row of the outer table; a list of keys lets it start from the index of the inner one.
            if relation.generic is not None:
                conditions.append(relation.generic_condition(there))
            keys = select(getattr(there, relation.far)).where(*conditions)
            found: ColumnElement[bool] = getattr(source, relation.near).in_(keys)
        else:
            found = exists(select(1).select_from(there).where(relation.join(source, there), *conditions).correlate_except(there))
        return Compiled(found, inner.served, inner.unserved)

    @staticmethod
    def _follows(relation: Relation) -> bool:
        """Return whether what is there is visible to whom the record here is."""
        path = relation.target.__visibility__
        return relation.generic is not None or (not relation.to_one and path.column == relation.far)

    def _text(self, source: Source, cls: type[Entity], value: object) -> Compiled:
        if cls.entity_name() != "account":
            self.problems.append(Problem(code="SEARCH_TEXT", params={"text": str(value)[:80]}))
            return _NOTHING
        self.leaves.append(Leaf())
        name = self._text_argument(value)
        if self.session.guard.reach.open:
            return Compiled(source.id.in_(matching_ids(self.dialect, bindparam(name, type_=Text()))), served=True)
        return Compiled(source.id.in_(listed_ids(self.dialect, name)), served=True)

    def _text_argument(self, value: object) -> str:
        name = f"f{len(self.arguments)}"
        asked = text_query(value, self.dialect) if isinstance(value, str) else ""
        if not asked:
            self.problems.append(Problem(code="SEARCH_TEXT", params={"text": str(value)[:80]}))
        elif not self.session.guard.reach.open:
            # The index has everybody's words, and is not for users to read: the accounts are looked up before.
            asked = ids_argument(self.dialect, found_ids(self.session, str(value)))
        self.arguments[name] = asked
        return name

    def _leaf(self, source: Source, cls: type[Entity], node: Mapping[str, Any], depth: int) -> Compiled:
        if not isinstance(node["field"], str):
            self.problems.append(Problem(code="QUERY_MALFORMED", params={"value": str(node)[:120], "expected": _SHAPES}))
            return _NOTHING
        name = full_name(cls.entity_name(), node["field"])
        field = find_field(self.session, source, cls, name)
        if field is not None:
            return self._compare(cls, field, node)
        relation, rest = self._split(cls, name)
        if relation is not None:
            return self._behind(source, relation, {**node, "field": rest}, depth)
        known = [*field_names(self.session, cls), *relation_names(self.session, cls)]
        self.problems.append(unknown_field(cls.entity_name(), node["field"][:80], known))
        return _NOTHING

    def _split(self, cls: type[Entity], name: str) -> tuple[Relation | None, str]:
        """Take the name of a relation off a field; entities of plugins have a dot in their names."""
        parts = name.split(".")
        for length in (2, 1):
            if len(parts) > length:
                relation = find_relation(self.session, cls, ".".join(parts[:length]))
                if relation is not None:
                    return relation, ".".join(parts[length:])
        return None, ""

    def _compare(self, cls: type[Entity], field: Field, node: Mapping[str, Any]) -> Compiled:
        op = node["op"]
        if field.definition is not None and not field.definition.spec.searchable:
            self.problems.append(Problem(code="QUERY_NOT_SEARCHABLE", params={"entity": cls.entity_name(), "field": field.name}))
            return _NOTHING
        if op not in OPERATORS[field.kind]:
            known = ", ".join(OPERATORS[field.kind])
            self.problems.append(Problem(code="QUERY_OPERATOR", params={"field": field.name, "op": str(op)[:40], "known": known}))
            return _NOTHING
        self.leaves.append(Leaf(field, op))
        first = len(self.arguments)
        found = self._arguments(field, op, node)
        if found is None:
            return _NOTHING
        value, arguments = found
        parameters = [each.parameter(field, f"f{first + number}") for number, each in enumerate(arguments)]
        condition = condition_of(field, op, value, parameters, self.dialect)
        served = field.indexed and (op in _SARGABLE or (op == "starts" and is_range(field, value)))
        scoped = frozenset({field.name}) if field.guard is not None and not (op == "is_null" and value) else frozenset()
        equal = frozenset({field.name}) if op == "eq" else frozenset()
        return Compiled(condition, served, () if served else (field,), scoped, equal)

    def _arguments(self, field: Field, op: str, node: Mapping[str, Any]) -> tuple[Any, list[Argument]] | None:
        """Read the value of a comparison, and note what its parameters are."""
        try:
            value = self._value(field, op, node.get("value", True if op == "is_null" else None))
        except ValueError as error:
            expected = error.args[0] if error.args and isinstance(error.args[0], Label) else str(error)
            params: dict[str, object] = {"field": field.name, "op": op, "value": node.get("value"), "expected": expected}
            self.problems.append(Problem(code="QUERY_VALUE", params=params))
            return None
        arguments = arguments_of(field, op, value, self.dialect)
        for each in arguments:
            self.arguments[f"f{len(self.arguments)}"] = each.value
        return value, arguments

    def _value(self, field: Field, op: str, value: object) -> Any:  # noqa: ANN401 - typed by kind and operator
        if op == "is_null":
            if not isinstance(value, bool):
                message = Label("sì o no", "true or false")
                raise ValueError(message)
            return value
        if op in {"in", "between"}:
            if not _is_list(value) or len(value) > LONGEST_LIST or (op == "between" and len(value) != 2):  # type: ignore[arg-type]  # noqa: PLR2004
                message = (
                    Label("un elenco", "a list") if op == "in" else Label("due valori, dal primo al secondo", "two values, from and to")
                )
                raise ValueError(message)
            values = [_within(field, read_value(field.kind, each, self.today)) for each in value]  # type: ignore[attr-defined] # a list, see above
            self.values += len(values)
            if self.values > VALUES:
                self._too_large()
            return values
        return _within(field, read_value(field.kind, value, self.today))


def compile_filter(session: Session, source: Source, cls: type[Entity], node: object) -> tuple[Compiled, Compiler]:
    """Compile a filter; none at all finds everything. The compiler knows the values of its parameters.

    Raises:
        UsageError: ``QUERY_INVALID`` with every problem.
    """
    compiler = compiler_of(session)
    node = written_out(session, cls, node)
    if node is None or node == {}:
        return Compiled(true(), served=False), compiler
    found = compiler.compile(source, cls, node)
    if compiler.problems:
        raise UsageError("QUERY_INVALID", compiler.problems)
    return found, compiler


def arguments_again(session: Session, leaves: Sequence[Leaf], node: object) -> dict[str, Any]:
    """Return the values of a filter whose shape was compiled before.

    Raises:
        UsageError: ``QUERY_INVALID`` with every problem.
    """
    compiler = compiler_of(session)
    found = compiler.again(leaves, node)
    if compiler.problems:
        raise UsageError("QUERY_INVALID", compiler.problems)
    return found


def compiler_of(session: Session) -> Compiler:
    """Return a compiler for filters of a session, for whom it is now."""
    instant = session.now()
    return Compiler(session, Today(instant.astimezone(session.crm.zone).date(), instant))


def _within(field: Field, value: Any) -> Any:  # noqa: ANN401 - typed by the kind
    """Return a value that a column has room for; the driver would refuse another one in words of its own."""
    if isinstance(field.type, Scaled) and isinstance(value, Decimal) and abs(value) >= field.type.limit:
        most = f"{field.type.limit:f}"
        message = Label(f"un numero tra -{most} e {most}", f"a number between -{most} and {most}")
        raise ValueError(message)
    return value


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _certain(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return a condition that is false where it would be unknown."""
    return condition.is_(true())


_NOTHING: Final = Compiled(sql_false(), served=True)
