"""The SQL of one comparison; what it means is the same on both databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, String, and_, collate, false, func, literal, or_, select

from crmcore.characteristics.expressions import holds
from crmcore.query.fields import CHARACTERISTIC, Field, alias_of
from crmcore.query.kinds import Kind

if TYPE_CHECKING:
    from crmcore.session import Session

_LAST: Final = "\U0010ffff"
_SIMPLE: Final[Mapping[str, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]]] = {
    "eq": lambda one, other: one == other,
    "ne": lambda one, other: one != other,
    "lt": lambda one, other: one < other,
    "le": lambda one, other: one <= other,
    "gt": lambda one, other: one > other,
    "ge": lambda one, other: one >= other,
}


def condition_of(session: Session, field: Field, op: str, value: Any) -> ColumnElement[bool]:  # noqa: ANN401 - typed by kind and operator
    """Return the condition; a value that is out of the scope of its definition is none."""
    if op == "is_null":
        empty = field.expression.is_(None)
        if field.guard is not None:
            empty = or_(empty, ~field.guard)
        return empty if value else ~empty
    found = _compared(session, field, op, value)
    return found if field.guard is None else and_(found, field.guard)


def _compared(session: Session, field: Field, op: str, value: Any) -> ColumnElement[bool]:  # noqa: ANN401 - as above
    if field.kind is Kind.TREE:
        return _in_tree(field, op, value)
    if field.kind is Kind.LIST:
        return or_(false(), *(_holds(session, field, each) for each in (value if op == "in" else [value])))
    expression = field.expression
    if op in _SIMPLE:
        return _SIMPLE[op](expression, field.bind(value))
    if op == "in":
        return expression.in_([field.bind(each) for each in value]) if value else false()
    if op == "between":
        return and_(expression >= field.bind(value[0]), expression <= field.bind(value[1]))
    if op == "within":
        path = value if value.endswith("/") else f"{value}/"
        return _range(field, path)
    return _like(session, field, value, starts=op == "starts")


def _like(session: Session, field: Field, value: str, *, starts: bool) -> ColumnElement[bool]:
    """Compare part of a text without regard to the case of a to z; everything else is a matter of full text."""
    escaped = "".join(f"\\{each}" if each in "\\%_" else each for each in value)
    pattern = f"{escaped}%" if starts else f"%{escaped}%"
    if session.crm.engine.dialect.name == "postgresql":
        folded = func.lower(collate(field.expression, "C"), type_=String())
        found = folded.like(literal(_lower(pattern), String()), escape="\\")
    else:
        found = field.expression.like(literal(pattern, String()), escape="\\")
    # Without letters there is no case, and the index can find the range.
    if starts and value and field.bytewise and not any(each.isascii() and each.isalpha() for each in value):
        return and_(_range(field, value), found)
    return found


def _range(field: Field, prefix: str) -> ColumnElement[bool]:
    """Return the condition that a text begins with a prefix, as a range."""
    kept = prefix.rstrip(_LAST)
    low = field.expression >= field.bind(prefix)
    if not kept:
        return low
    following = ord(kept[-1]) + 1
    # Between the last character of one part of Unicode and the next there are numbers that no text holds.
    after = chr(0xE000 if following == 0xD800 else following)  # noqa: PLR2004 - the surrogates
    return and_(low, field.expression < field.bind(f"{kept[:-1]}{after}"))


def _lower(text: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in text)


def _in_tree(field: Field, op: str, value: Any) -> ColumnElement[bool]:  # noqa: ANN401 - ids and codes
    if op == "in":
        return or_(false(), *(_in_tree(field, "eq", each) for each in value))
    if op != "within" and isinstance(value, int):
        return _SIMPLE[op](field.expression, literal(value))
    if field.tree is None:
        message = f"{field.name} leads into no tree"
        raise TypeError(message)
    node, root = alias_of(field.tree), alias_of(field.tree)
    named = root.code == value if isinstance(value, str) else root.id == value
    if op == "within":
        # Paths are made of digits and slashes: nothing in them is a wildcard.
        below = select(node.id).join(root, node.path.like(root.path.concat("%"))).where(named)
        return field.expression.in_(below)
    chosen = field.expression.in_(select(root.id).where(named))
    return chosen if op == "eq" else and_(field.expression.is_not(None), ~chosen)


def _holds(session: Session, field: Field, code: str) -> ColumnElement[bool]:
    if field.column is None:
        message = f"{field.name} is no list of codes"
        raise TypeError(message)
    return holds(field.column, field.name.removeprefix(CHARACTERISTIC), code, session.crm.engine.dialect.name)
