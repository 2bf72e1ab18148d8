"""The SQL of one comparison; what it means is the same on both databases.

A condition is made of parameters, not of values: `arguments_of` says what the parameters are for some values, and `condition_of` puts them
together. So the SQL of a list is made once, and only the values are looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import BigInteger, ColumnElement, String, Text, and_, bindparam, collate, false, func, or_, select
from sqlalchemy.types import TypeEngine

from crmcore.characteristics.expressions import code_of, holds
from crmcore.query.fields import CHARACTERISTIC, Field, alias_of
from crmcore.query.kinds import Kind

LAST: Final = "\U0010ffff"
_SIMPLE: Final[Mapping[str, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]]] = {
    "eq": lambda one, other: one == other,
    "ne": lambda one, other: one != other,
    "lt": lambda one, other: one < other,
    "le": lambda one, other: one <= other,
    "gt": lambda one, other: one > other,
    "ge": lambda one, other: one >= other,
}


@attrs.frozen
class Argument:
    """A value as its parameter takes it; ``type`` is None where it is compared with the field itself."""

    value: Any
    type: TypeEngine[Any] | None = None

    def parameter(self, field: Field, name: str) -> ColumnElement[Any]:
        """Return the parameter."""
        return field.parameter(name) if self.type is None else bindparam(name, type_=self.type)


def arguments_of(field: Field, op: str, value: Any, dialect: str) -> list[Argument]:  # noqa: ANN401 - typed by kind and operator
    """Return what the parameters of a condition are for a value."""
    if op == "is_null":
        return []
    several = value if op in {"in", "between"} else [value]
    if field.kind is Kind.TREE:
        return [Argument(each, String() if isinstance(each, str) else BigInteger()) for each in several]
    if field.kind is Kind.LIST:
        return [Argument(code_of(each, dialect), Text()) for each in several]
    if op == "within":
        return _range(field, f"{value.rstrip('/')}/")
    if op not in {"contains", "starts"}:
        return [Argument(field.prepare(each)) for each in several]
    escaped = "".join(f"\\{each}" if each in "\\%_" else each for each in value)
    pattern = f"{escaped}%" if op == "starts" else f"%{escaped}%"
    found = Argument(_lower(pattern) if dialect == "postgresql" else pattern, String())
    return [found, *(_range(field, value) if op == "starts" and is_range(field, value) else ())]


def is_range(field: Field, prefix: str) -> bool:
    """Return whether the index can find a prefix: without letters there is no case."""
    return bool(prefix) and field.bytewise and not any(each.isascii() and each.isalpha() for each in prefix)


# Typed by kind and operator; here it only tells forms of one operator apart.
def condition_of(field: Field, op: str, value: Any, parameters: Sequence[ColumnElement[Any]], dialect: str) -> ColumnElement[bool]:  # noqa: ANN401
    """Return the condition; a value that is out of the scope of its definition is none."""
    if op == "is_null":
        empty: ColumnElement[bool] = field.expression.is_(None)
        if field.guard is not None:
            empty = or_(empty, ~field.guard)
        return empty if value else ~empty
    found = _compared(field, op, value, parameters, dialect)
    return found if field.guard is None else and_(found, field.guard)


def _compared(field: Field, op: str, value: Any, parameters: Sequence[ColumnElement[Any]], dialect: str) -> ColumnElement[bool]:  # noqa: ANN401 - as above
    expression = field.expression
    if field.kind is Kind.TREE:
        return _in_tree(field, op, value, parameters)
    if field.kind is Kind.LIST:
        return or_(false(), *(_holds(field, each, dialect) for each in parameters))
    if op in _SIMPLE:
        return _SIMPLE[op](expression, parameters[0])
    if op == "in":
        return expression.in_(parameters) if parameters else false()
    if op in {"between", "within"}:
        low, high = (expression >= each for each in parameters[:1]), parameters[1:]
        return and_(*low, *(expression <= each if op == "between" else expression < each for each in high))
    return _like(field, parameters, dialect)


def _like(field: Field, parameters: Sequence[ColumnElement[Any]], dialect: str) -> ColumnElement[bool]:
    """Compare part of a text without regard to the case of a to z; everything else is a matter of full text."""
    pattern, *limits = parameters
    if dialect == "postgresql":
        found = func.lower(collate(field.expression, "C"), type_=String()).like(pattern, escape="\\")
    else:
        found = field.expression.like(pattern, escape="\\")
    return and_(found, *(compare(field.expression, each) for compare, each in zip((_SIMPLE["ge"], _SIMPLE["lt"]), limits, strict=False)))


def _range(field: Field, prefix: str) -> list[Argument]:
    """Return the ends of the range of texts that begin with a prefix; there is no end behind the last character of Unicode."""
    low = Argument(field.prepare(prefix))
    kept = prefix.rstrip(LAST)
    if not kept:
        return [low]
    following = ord(kept[-1]) + 1
    # Between the last character of one part of Unicode and the next there are numbers that no text holds.
    after = chr(0xE000 if following == 0xD800 else following)  # noqa: PLR2004 - the surrogates
    return [low, Argument(field.prepare(f"{kept[:-1]}{after}"))]


def _lower(text: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in text)


def _in_tree(field: Field, op: str, value: Any, parameters: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:  # noqa: ANN401 - ids and codes
    if op == "in":
        pairs = zip(value, parameters, strict=True)
        return or_(false(), *(_in_tree(field, "eq", each, [parameter]) for each, parameter in pairs))
    parameter = parameters[0]
    if op != "within" and isinstance(value, int):
        return _SIMPLE[op](field.expression, parameter)
    if field.tree is None:
        message = f"{field.name} leads into no tree"
        raise TypeError(message)
    node, root = alias_of(field.tree), alias_of(field.tree)
    named = root.code == parameter if isinstance(value, str) else root.id == parameter
    if op == "within":
        # Paths are made of digits and slashes: nothing in them is a wildcard.
        below = select(node.id).join(root, node.path.like(root.path.concat("%"))).where(named)
        return field.expression.in_(below)
    chosen = field.expression.in_(select(root.id).where(named))
    return chosen if op == "eq" else and_(field.expression.is_not(None), ~chosen)


def _holds(field: Field, code: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
    if field.column is None:
        message = f"{field.name} is no list of codes"
        raise TypeError(message)
    return holds(field.column, field.name.removeprefix(CHARACTERISTIC), code, dialect)
