"""Check a tree of jinja's against what texts may contain, and rewrite it so that every operation is one of ours.

What is not named here is refused: the lists are of what is allowed. After rewriting, the tree has no attribute, item, operator, call,
test or filter of jinja's left; each has become a filter whose name no author can write (`operations.OPERATIONS`). What jinja still does
itself is to branch on a value, to loop over a list or text, and to join what was written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from jinja2 import Environment, nodes

from crmcore.scripting.catalogue import Function
from crmcore.scripting.texts.filters import FILTERS, FUNCTIONS, METHODS_OF_TEXTS, PLACED
from crmcore.scripting.texts.operations import LOOP, TESTS
from crmcore.scripting.texts.paths import Path, Placeholder, Scope, key_of, label_of, steps
from crmcore.scripting.texts.refusing import name_of, refuse, too_deep, unknown
from crmcore.scripting.values import LARGEST_INT

_MOST_NODES: Final = 4_000
_DEEPEST: Final = 30
"""Expressions inside expressions."""
_BLOCKS: Final = 12
"""Blocks inside blocks."""
_LOOPS: Final = 3
_BRANCHES: Final = 60
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_RESERVED: Final = frozenset({"self", "super", "caller", "varargs", "kwargs", "loop", "context", "environment"})
_BRACED: Final = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)\}")
"""A placeholder in its short form, ``{account.name}``; a single name in braces is left alone."""


class Rewriter:
    """Rewrite one text; what it reads is in `placeholders` and `uses` afterwards."""

    def __init__(self, environment: Environment, words: Callable[[str], str]) -> None:
        self._environment = environment
        self._words = words
        self._scope = Scope()
        self._nodes = 0
        self._loops = 0
        self.placeholders: dict[Placeholder, None] = {}
        """Every field that is read, also through other names: what is checked against the fields that exist."""
        self.uses: set[Path] = set()
        """What is read of the context itself."""
        self.words = 0
        """Characters of the author's own that are outside of loops."""

    def rewrite(self, tree: nodes.Template) -> nodes.Template:
        """Return the tree that is compiled.

        Raises:
            ScriptError: for what is not part of the language of texts.
        """
        return nodes.Template(self._block(tree.body, 0), lineno=1, environment=self._environment)

    # Statements.

    def _block(self, body: list[nodes.Node], depth: int) -> list[nodes.Node]:
        made: list[nodes.Node] = []
        for node in body:
            self._count(node)
            if depth > _BLOCKS:
                too_deep(node)
            statement = self._STATEMENTS.get(type(node))
            if statement is None:
                refuse(node, f"{name_of(node)} non fa parte dei testi", f"{name_of(node)} is not part of texts")
            made.append(statement(self, node, depth))
        return made

    def _output(self, node: nodes.Output, _: int) -> nodes.Node:
        made: list[nodes.Expr] = []
        for child in node.nodes:
            made.extend(self._data(child) if isinstance(child, nodes.TemplateData) else [self._shown(child)])
        length = sum(len(each.data) for each in made if isinstance(each, nodes.TemplateData))
        if self._loops:
            made.insert(0, self._call("#tick", nodes.Const(length), node))
        else:
            self.words += length
        return nodes.Output(made, lineno=node.lineno)

    def _data(self, node: nodes.TemplateData) -> Iterator[nodes.Expr]:
        """Yield the author's words, and the short placeholders among them."""
        position = 0
        for found in _BRACED.finditer(node.data):
            if found.start() > position:
                yield nodes.TemplateData(self._words(node.data[position : found.start()]), lineno=node.lineno)
            line = node.lineno + node.data.count("\n", 0, found.start())
            yield self._shown(self._chain(found.group(1).split("."), line))
            position = found.end()
        yield nodes.TemplateData(self._words(node.data[position:]), lineno=node.lineno)

    def _chain(self, names: list[str], line: int) -> nodes.Expr:
        made: nodes.Expr = nodes.Name(names[0], "load", lineno=line)
        for name in names[1:]:
            made = nodes.Getattr(made, name, "load", lineno=line)
        return made

    def _shown(self, node: nodes.Expr) -> nodes.Expr:
        label = label_of(node)
        return self._call("#show", self._expression(node, 0), node, nodes.Const(label))

    def _if(self, node: nodes.If, depth: int) -> nodes.Node:
        if len(node.elif_) > _BRANCHES:
            too_deep(node)
        branches = []
        for each in node.elif_:
            self._count(each)
            branches.append(nodes.If(self._expression(each.test, 0), self._block(each.body, depth + 1), [], [], lineno=each.lineno))
        return nodes.If(
            self._expression(node.test, 0),
            self._block(node.body, depth + 1),
            branches,
            self._block(node.else_, depth + 1),
            lineno=node.lineno,
        )

    def _for(self, node: nodes.For, depth: int) -> nodes.Node:
        if node.recursive:
            refuse(node, "i cicli ricorsivi non fanno parte dei testi", "recursive loops are not part of texts")
        if self._loops >= _LOOPS:
            too_deep(node)
        around = self._path(node.iter)
        iterated = self._expression(node.iter, 0)
        before, self._scope = self._scope, Scope(outer=self._scope)
        self._loops += 1
        # The fields of an element are checked as fields of its list.
        target = self._target(node.target, around)
        test = None if node.test is None else self._expression(node.test, 0)
        body = self._block(node.body, depth + 1)
        self._loops -= 1
        self._scope = before
        weight = nodes.Const(sum(1 for each in node.body for _ in each.find_all(nodes.Node)) // 8)
        return nodes.For(
            target,
            self._call("#each", iterated, node, weight),
            body,
            self._block(node.else_, depth + 1),
            test,
            False,
            lineno=node.lineno,
        )

    def _assign(self, node: nodes.Assign, _: int) -> nodes.Node:
        value = self._expression(node.node, 0)
        return nodes.Assign(self._target(node.target, self._path(node.node)), value, lineno=node.lineno)

    def _target(self, node: nodes.Node, path: Path | None) -> nodes.Node:
        self._count(node)
        if isinstance(node, nodes.Name):
            self._check_name(node, node.name)
            self._scope.names[node.name] = path
            return nodes.Name(node.name, "store", lineno=node.lineno)
        if isinstance(node, nodes.Tuple) and 0 < len(node.items) <= _BLOCKS:
            return nodes.Tuple([self._target(each, None) for each in node.items], "store", lineno=node.lineno)
        return refuse(node, "qui serve un nome", "a name is needed here")

    # Expressions.

    def _expression(self, node: nodes.Node, depth: int) -> nodes.Expr:
        self._count(node)
        if depth > _DEEPEST:
            too_deep(node)
        expression = self._EXPRESSIONS.get(type(node))
        if expression is not None:
            return expression(self, node, depth + 1)
        operator = getattr(node, "operator", None)
        if isinstance(node, nodes.BinExpr) and type(node) in _OPERATORS:
            left, right = self._whole(node.left, depth + 1), self._whole(node.right, depth + 1)
            return self._call(f"#{type(node).__name__.lower()}", left, node, right)
        if isinstance(node, nodes.Neg | nodes.Pos):
            return self._call(f"#{type(node).__name__.lower()}", self._whole(node.node, depth + 1), node)
        what = operator or name_of(node)
        return refuse(node, f"{what} non fa parte dei testi", f"{what} is not part of texts")

    def _const(self, node: nodes.Const, _: int) -> nodes.Expr:
        value = node.value
        known = value is None or type(value) in {bool, str}
        whole = type(value) is int and abs(value) <= LARGEST_INT
        if not (known or whole or (type(value) is float and math.isfinite(value))):
            refuse(node, "il numero ha troppe cifre", "the number has too many digits")
        return nodes.Const(value, lineno=node.lineno)

    def _name(self, node: nodes.Name, _: int) -> nodes.Expr:
        self._check_name(node, node.name)
        self._read(node)
        return nodes.Name(node.name, "load", lineno=node.lineno)

    def _getattr(self, node: nodes.Getattr, depth: int) -> nodes.Expr:
        if isinstance(node.node, nodes.Name) and node.node.name == "loop":
            return self._of_loop(node)
        self._check_name(node, node.attr, field=True)
        self._read(node)
        return self._call("#attribute", self._below(node.node, depth), node, nodes.Const(node.attr))

    def _getitem(self, node: nodes.Getitem, depth: int) -> nodes.Expr:
        if isinstance(node.arg, nodes.Slice):
            bounds = [nodes.Const(None) if each is None else self._whole(each, depth) for each in _bounds(node.arg)]
            return self._call("#part", self._whole(node.node, depth), node, *bounds)
        self._read(node)
        below = self._whole(node.node, depth) if key_of(node) is None else self._below(node.node, depth)
        return self._call("#item", below, node, self._whole(node.arg, depth))

    def _below(self, node: nodes.Node, depth: int) -> nodes.Expr:
        """Rewrite what a field is read from, which is not read as a whole by that."""
        reading, self._reading = self._reading, False
        try:
            return self._expression(node, depth)
        finally:
            self._reading = reading

    _reading = True
    """Whether a path that is met is read as it is; not while a longer one that begins with it is looked at."""

    def _of_loop(self, node: nodes.Getattr) -> nodes.Expr:
        if not self._loops or node.attr not in LOOP:
            refuse(node, f"loop.{node.attr} non esiste qui", f"there is no loop.{node.attr} here")
        return self._call("#loop", nodes.Name("loop", "load", lineno=node.lineno), node, nodes.Const(node.attr))

    def _sequence(self, node: nodes.List | nodes.Tuple, depth: int) -> nodes.Expr:
        items = [self._call("#value", self._whole(each, depth), each) for each in node.items]
        if isinstance(node, nodes.List):
            return nodes.List(items, lineno=node.lineno)
        return nodes.Tuple(items, "load", lineno=node.lineno)

    def _dict(self, node: nodes.Dict, depth: int) -> nodes.Expr:
        made = []
        for pair in node.items:
            if not isinstance(pair.key, nodes.Const) or type(pair.key.value) is not str:
                refuse(node, "le chiavi di una mappa sono testi", "the keys of a map are texts")
            value = self._call("#value", self._whole(pair.value, depth), node)
            made.append(nodes.Pair(nodes.Const(pair.key.value), value, lineno=node.lineno))
        return nodes.Dict(made, lineno=node.lineno)

    def _concat(self, node: nodes.Concat, depth: int) -> nodes.Expr:
        first, *others = [self._whole(each, depth) for each in node.nodes]
        return self._call("#concatenate", first, node, *others)

    def _compare(self, node: nodes.Compare, depth: int) -> nodes.Expr:
        first = self._whole(node.expr, depth)
        others = [self._whole(each.expr, depth) for each in node.ops]
        if len(others) == 1:
            return self._call(f"#{node.ops[0].op}", first, node, others[0])
        signs = nodes.Tuple([nodes.Const(each.op) for each in node.ops], "load")
        return self._call("#compare", signs, node, first, *others)

    def _and_or(self, node: nodes.And | nodes.Or, depth: int) -> nodes.Expr:
        return type(node)(self._whole(node.left, depth), self._whole(node.right, depth), lineno=node.lineno)

    def _not(self, node: nodes.Not, depth: int) -> nodes.Expr:
        return nodes.Not(self._whole(node.node, depth), lineno=node.lineno)

    def _either(self, node: nodes.CondExpr, depth: int) -> nodes.Expr:
        # Without `else` there is nothing, and nothing is missing.
        other = nodes.Const("") if node.expr2 is None else self._whole(node.expr2, depth)
        return nodes.CondExpr(self._whole(node.test, depth), self._whole(node.expr1, depth), other, lineno=node.lineno)

    def _filter(self, node: nodes.Filter, depth: int) -> nodes.Expr:
        target = FILTERS.get(node.name) or PLACED.get(node.name)
        if target is None or node.node is None:
            unknown(node, "il filtro", "filter", node.name, {**FILTERS, **PLACED})
        return self._applied(f"#filter {node.name}", node, [node.node, *node.args], depth, target)

    def _test(self, node: nodes.Test, depth: int) -> nodes.Expr:
        known = TESTS.get(node.name)
        if known is None or node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) != known[0]:
            refuse(node, f"la prova {node.name} non esiste, o non così", f"there is no test {node.name}, or not like this")
        values = [self._whole(each, depth) for each in (node.node, *node.args)]
        return self._call(f"#is {node.name}", values[0], node, *values[1:])

    def _called(self, node: nodes.Call, depth: int) -> nodes.Expr:
        what = node.node
        if isinstance(what, nodes.Name):
            function = FUNCTIONS.get(what.name)
            if function is None or self._scope.find(what.name)[0]:
                unknown(node, "la funzione", "function", what.name, FUNCTIONS)
            return self._applied(f"#call {what.name}", node, list(node.args), depth, function)
        if not isinstance(what, nodes.Getattr):
            refuse(node, "si chiamano solo funzioni per nome", "only functions are called, by their name")
        if isinstance(what.node, nodes.Name) and what.node.name == "loop":
            return self._cycled(node, what, depth)
        if what.attr not in METHODS_OF_TEXTS or node.kwargs or node.dyn_args or node.dyn_kwargs:
            refuse(node, f"{what.attr}() non esiste, o non così", f"there is no {what.attr}(), or not like this")
        values = [self._whole(each, depth) for each in (what.node, *node.args)]
        return self._call(f"#method {what.attr}", values[0], node, *values[1:])

    def _cycled(self, node: nodes.Call, what: nodes.Getattr, depth: int) -> nodes.Expr:
        if not self._loops or what.attr != "cycle" or node.kwargs or node.dyn_args or node.dyn_kwargs:
            refuse(node, f"loop.{what.attr}() non esiste qui", f"there is no loop.{what.attr}() here")
        values = [self._whole(each, depth) for each in node.args]
        return self._call("#cycle", nodes.Name("loop", "load", lineno=node.lineno), node, *values)

    def _applied(
        self, operation: str, node: nodes.Filter | nodes.Call, values: list[nodes.Expr], depth: int, target: Function
    ) -> nodes.Expr:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            refuse(node, "* e ** non fanno parte dei testi", "* and ** are not part of texts")
        keywords = [each for each in node.kwargs if isinstance(each, nodes.Keyword)]
        misfit = target.misfit(len(values), [each.key for each in keywords])
        if misfit is not None:
            refuse(node, misfit.it, misfit.en)
        made = [self._whole(each, depth) for each in values]
        named = [nodes.Keyword(each.key, self._whole(each.value, depth), lineno=node.lineno) for each in keywords]
        if not made:
            # It becomes a filter, and a filter needs something that it is applied to.
            refuse(node, "la funzione vuole un argomento", "the function needs an argument")
        return nodes.Filter(made[0], operation, made[1:], named, None, None, lineno=node.lineno, environment=self._environment)

    def _whole(self, node: nodes.Node, depth: int) -> nodes.Expr:
        """Rewrite what is read as a whole, whatever is around it."""
        reading, self._reading = self._reading, True
        try:
            return self._expression(node, depth)
        finally:
            self._reading = reading

    # Names, and what they stand for.

    def _read(self, node: nodes.Name | nodes.Getattr | nodes.Getitem) -> None:
        """Remember what is read of the context, when this is the whole of a path."""
        if not self._reading:
            return
        path = steps(node)
        if path is None:
            return
        # Also when the text gave the name itself: it may have done so in a branch that is not taken.
        self.uses.add(path)
        full = self._path(node)
        if full is not None:
            self.placeholders[Placeholder(full, node.lineno)] = None

    def _path(self, node: nodes.Node) -> Path | None:
        """Return which path of the context an expression is, through other names too."""
        path = steps(node)
        if path is None:
            return None
        given, stands_for = self._scope.find(path[0])
        if not given:
            return path
        return None if stands_for is None else (*stands_for, *path[1:])

    def _check_name(self, node: nodes.Node, name: str, *, field: bool = False) -> None:
        if not _NAME.fullmatch(name) or "__" in name or (not field and name in _RESERVED):
            refuse(node, f"{name[:40]} non è un nome ammesso", f"{name[:40]} is not a name that is allowed")

    def _count(self, node: nodes.Node) -> None:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            too_deep(node)

    def _call(self, operation: str, value: nodes.Expr, at: nodes.Node, *others: nodes.Expr) -> nodes.Filter:
        return nodes.Filter(value, operation, list(others), [], None, None, lineno=at.lineno, environment=self._environment)

    _STATEMENTS: Final[Mapping[type[nodes.Node], Callable[[Rewriter, Any, int], nodes.Node]]] = {
        nodes.Output: _output,
        nodes.If: _if,
        nodes.For: _for,
        nodes.Assign: _assign,
    }
    _EXPRESSIONS: Final[Mapping[type[nodes.Node], Callable[[Rewriter, Any, int], nodes.Expr]]] = {
        nodes.Const: _const,
        nodes.Name: _name,
        nodes.Getattr: _getattr,
        nodes.Getitem: _getitem,
        nodes.List: _sequence,
        nodes.Tuple: _sequence,
        nodes.Dict: _dict,
        nodes.Concat: _concat,
        nodes.Compare: _compare,
        nodes.And: _and_or,
        nodes.Or: _and_or,
        nodes.Not: _not,
        nodes.CondExpr: _either,
        nodes.Filter: _filter,
        nodes.Test: _test,
        nodes.Call: _called,
    }


_OPERATORS: Final = frozenset({nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow})


def _bounds(node: nodes.Slice) -> tuple[nodes.Expr | None, ...]:
    return node.start, node.stop, node.step
