"""The small ways in which a module can be wrong: each changes one place of its syntax tree."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

_COMPARED: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_CALCULATED: Final[Mapping[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
_CALLED: Final = {"and_": "or_", "or_": "and_", "any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}
_CONDITIONS: Final = frozenset({"and_", "or_", "where", "filter"})
"""Calls of which each argument is a condition, as those of SQLAlchemy."""
_REMOVED: Final = (ast.Expr, ast.AugAssign, ast.Raise, ast.Delete, ast.Continue, ast.Break, ast.Assert)
_TYPES: Final = frozenset({"annotation", "returns", "type_params", "type_comment"})
"""What is for the type checker, and no part of what runs."""
_MOST_SHOWN: Final = 80


@attrs.frozen(eq=False)
class Mutation:
    """Another node in the place of one: it is an attribute of ``parent``, or one of a list that is."""

    parent: ast.AST
    field: str
    index: int | None
    old: ast.AST
    new: ast.AST

    def make(self) -> None:
        """Change the tree."""
        new = ast.fix_missing_locations(ast.copy_location(self.new, self.old))
        if self.index is None:
            setattr(self.parent, self.field, new)
        else:
            getattr(self.parent, self.field)[self.index] = new

    def __str__(self) -> str:
        return f"{getattr(self.old, 'lineno', 0)}: {_shown(self.old)} → {_shown(self.new)}"


def mutations(tree: ast.AST) -> Iterator[Mutation]:
    """Yield every mutation of a tree, in the order of the source; docstrings, annotations and imports are left alone."""
    for field, value in ast.iter_fields(tree):
        if field in _TYPES:
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or _never_runs(node):
                continue
            for new in _instead(node):
                yield Mutation(tree, field, index, node, new)
            yield from mutations(node)


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _never_runs(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
    return False


def _instead(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node."""
    for kind, replace in _REPLACED.items():
        if isinstance(node, kind):
            yield from replace(node)
    if isinstance(node, ast.stmt):
        yield from _without_statement(node)


def _changed(node: Any, **fields: Any) -> Any:  # noqa: ANN401 - a node of the same kind
    """Return a copy of a node with other attributes; what is below is shared."""
    found = copy.copy(node)
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def _less(values: list[Any], index: int) -> list[Any]:
    return [*values[:index], *values[index + 1 :]]


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        yield _changed(node, ops=[*node.ops[:index], _COMPARED[type(operator)](), *node.ops[index + 1 :]])


def _bool_op(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for index in range(len(node.values)):
        rest = _less(node.values, index)
        yield rest[0] if len(rest) == 1 else _changed(node, values=rest)


def _unary_op(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield node.operand


def _bin_op(node: ast.BinOp) -> Iterator[ast.AST]:
    if other := _CALCULATED.get(type(node.op)):
        yield _changed(node, op=other())


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int() | float():
            yield ast.Constant(node.value + 1)
        case str():
            yield ast.Constant("" if node.value else "mutant")


def _tested(node: ast.If | ast.IfExp | ast.While) -> Iterator[ast.AST]:
    # Of comparisons and of `not`, the opposite is a mutation of their own.
    if not isinstance(node.test, ast.Compare | ast.UnaryOp):
        yield _changed(node, test=ast.UnaryOp(ast.Not(), node.test))


def _comprehension(node: ast.comprehension) -> Iterator[ast.AST]:
    for index in range(len(node.ifs)):
        yield _changed(node, ifs=_less(node.ifs, index))


def _call(node: ast.Call) -> Iterator[ast.AST]:
    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(node.func, ast.Name) and name in _CALLED:
        keywords = [] if name == "sorted" else node.keywords
        yield _changed(node, func=ast.Name(_CALLED[name], ast.Load()), keywords=keywords)
    if name in _CONDITIONS and len(node.args) > 1:
        for index in range(len(node.args)):
            yield _changed(node, args=_less(node.args, index))


def _without_statement(node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.Return):
        if node.value is not None and ast.unparse(node.value) != "None":
            yield ast.Return(ast.Constant(None))
    elif isinstance(node, _REMOVED) or (isinstance(node, ast.Assign) and not any(isinstance(each, ast.Name) for each in node.targets)):
        yield ast.Pass()


_REPLACED: Final[Mapping[Any, Callable[[Any], Iterator[ast.AST]]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _bool_op,
    ast.UnaryOp: _unary_op,
    ast.BinOp: _bin_op,
    ast.Constant: _constant,
    ast.If: _tested,
    ast.IfExp: _tested,
    ast.While: _tested,
    ast.comprehension: _comprehension,
    ast.Call: _call,
}
