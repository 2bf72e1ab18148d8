"""The reference engine: asteval, with everything replaced that touches values.

What is left of asteval is its way of walking a tree. Its own symbol table is never used (it has ``open``), nor are ``eval``, ``parse``
and ``__call__``; every node goes to a guarded handler below, and a node without one is an error. The class relies on internals, so the
version is pinned and the corpus of attacks runs on every upgrade.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn

from asteval import Interpreter

from crmcore.labels import Label
from crmcore.scripting import access, formats, operators
from crmcore.scripting.faults import Fault
from crmcore.scripting.grammar import Program
from crmcore.scripting.limits import Guard
from crmcore.scripting.methods import METHODS

Value = Any
"""Any value of a script."""


class _Broken(Exception):
    """Leave a loop."""


class _Continued(Exception):
    """Begin the next turn of a loop."""


class Walker(Interpreter):  # type: ignore[misc]
    """Run checked programs, one at a time: a thread has its own."""

    def __init__(self) -> None:
        super().__init__(symtable={}, use_numpy=False)
        # asteval puts its printer there, a bound method of this object.
        self.symtable.clear()
        self.node_handlers.clear()
        self.writer = self.err_writer = None
        self.at: ast.AST | None = None

    def perform(self, program: Program, guard: Guard, inputs: dict[str, Value]) -> Value:
        """Run a program on inputs, which become its variables; `at` is the last operation that was begun."""
        self.guard = guard
        self.program = program
        self.symtable = inputs
        self.at = None
        try:
            guard.charge(program.cost)
            return self.block(program.tree.body)
        finally:
            self.symtable = {}

    def run(self, node: ast.AST, *_: object, **__: object) -> Value:
        """Return the value of a node."""
        return _HANDLERS[node.__class__](self, node)

    def _closed(self, *_: object, **__: object) -> NoReturn:
        message = "only checked programs run here"
        raise TypeError(message)

    eval = parse = __call__ = set_nodehandler = import_module = _closed

    def block(self, statements: Iterable[ast.stmt]) -> Value:
        """Run statements, and return the value of the last one, if it has one."""
        value = None
        for statement in statements:
            value = _HANDLERS[statement.__class__](self, statement)
        return value

    def on_expr(self, node: ast.Expr) -> Value:
        """Run an expression for its value."""
        return self.run(node.value)

    def on_pass(self, _: ast.AST) -> None:
        """Do nothing."""
        return

    def on_break(self, _: ast.AST) -> NoReturn:
        """Leave the loop."""
        raise _Broken

    def on_continue(self, _: ast.AST) -> NoReturn:
        """Begin the next turn."""
        raise _Continued

    def on_if(self, node: ast.If) -> Value:
        """Run one of two blocks."""
        return self.block(node.body if self.run(node.test) else node.orelse)

    def on_while(self, node: ast.While) -> None:
        """Repeat a block; each turn is charged."""
        cost = self.program.turns[node, 0]
        while self.run(node.test):
            self.at = node
            self.guard.charge(cost)
            try:
                self.block(node.body)
            except _Continued:
                continue
            except _Broken:
                return
        self.block(node.orelse)

    def on_for(self, node: ast.For) -> None:
        """Run a block for each element; each turn is charged."""
        source = self.run(node.iter)
        self.at = node.iter
        cost = self.program.turns[node, 0]
        for value in self.elements(node, access.sequence(self.guard, source)):
            self.node_assign(node.target, value)
            self.at = node
            self.guard.charge(cost)
            try:
                self.block(node.body)
            except _Continued:
                continue
            except _Broken:
                return
        self.block(node.orelse)

    def elements(self, node: ast.For, source: Value) -> Iterable[Value]:
        """Return what a loop goes through; that a map has changed is told at the loop."""
        return source if type(source) is not dict else self._keys(node, source)

    def _keys(self, node: ast.For, source: dict[Value, Value]) -> Iterator[Value]:
        keys = iter(source)
        while True:
            self.at = node
            try:
                name = next(keys)
            except StopIteration:
                return
            yield name

    def on_assign(self, node: ast.Assign) -> None:
        """Give a value to names and places."""
        value = self.run(node.value)
        for target in node.targets:
            self.node_assign(target, value)

    def node_assign(self, node: ast.expr, val: Value) -> None:
        """Give a value to a name, to a place in a list or map, or to several."""
        if isinstance(node, ast.Name):
            self.symtable[node.id] = val
        elif isinstance(node, ast.Subscript):
            owner, index = self.run(node.value), self.run(node.slice)
            self.at = node
            access.set_item(self.guard, owner, index, val)
        else:
            assert isinstance(node, ast.Tuple | ast.List)  # noqa: S101 - `check` left nothing else
            self.at = node
            values = list(access.sequence(self.guard, val))
            if len(values) != len(node.elts):
                raise Fault(Label("i valori non sono tanti quanti i nomi", "there are not as many values as names"))
            for target, each in zip(node.elts, values, strict=True):
                self.node_assign(target, each)

    def on_augassign(self, node: ast.AugAssign) -> None:
        """Change what a name or a place holds."""
        calculate = operators.AUGMENTED[type(node.op)]
        target = node.target
        if isinstance(target, ast.Name):
            old = self.named(target, target.id)
            value = self.run(node.value)
            self.at = node
            self.symtable[target.id] = calculate(self.guard, old, value)
            return
        assert isinstance(target, ast.Subscript)  # noqa: S101 - as above
        owner, index = self.run(target.value), self.run(target.slice)
        self.at = target
        old = access.item(self.guard, owner, index)
        value = self.run(node.value)
        self.at = node
        access.set_item(self.guard, owner, index, calculate(self.guard, old, value))

    def on_constant(self, node: ast.Constant) -> Value:
        """Return a constant."""
        return node.value

    def on_name(self, node: ast.Name) -> Value:
        """Return what a name stands for."""
        try:
            return self.symtable[node.id]
        except KeyError:
            return self.named(node, node.id)

    def named(self, node: ast.AST, name: str) -> Value:
        """Return what a name stands for.

        Raises:
            NameError: when it has no value yet.
        """
        if name not in self.symtable:
            self.at = node
            raise NameError
        return self.symtable[name]

    def on_binop(self, node: ast.BinOp) -> Value:
        """Calculate with two values."""
        left, right = self.run(node.left), self.run(node.right)
        self.at = node
        return operators.BINARY[node.op.__class__](self.guard, left, right)

    def on_unaryop(self, node: ast.UnaryOp) -> Value:
        """Calculate with one value."""
        value = self.run(node.operand)
        if isinstance(node.op, ast.Not):
            return not value
        self.at = node
        return operators.UNARY[type(node.op)](self.guard, value)

    def on_boolop(self, node: ast.BoolOp) -> Value:
        """Stop at the first value that decides."""
        until = node.op.__class__ is ast.Or
        value = None
        for each in node.values:
            value = _HANDLERS[each.__class__](self, each)
            if bool(value) is until:
                break
        return value

    def on_ifexp(self, node: ast.IfExp) -> Value:
        """Return one of two values."""
        return self.run(node.body if self.run(node.test) else node.orelse)

    def on_compare(self, node: ast.Compare) -> bool:
        """Compare one value after the other, as long as it holds."""
        left = self.run(node.left)
        for op, each in zip(node.ops, node.comparators, strict=True):
            right = self.run(each)
            compare = operators.COMPARISONS.get(op.__class__)
            if compare is None:
                holds = (left is right) is (op.__class__ is ast.Is)
            else:
                self.at = node
                holds = compare(self.guard, left, right)
            if not holds:
                return False
            left = right
        return True

    def on_call(self, node: ast.Call) -> Value:
        """Call a function of the catalogue, or a method of the table."""
        function = self.program.calls.get(node)
        if function is not None:
            call = function.fn
            arguments = [_HANDLERS[each.__class__](self, each) for each in node.args]
        else:
            callee = node.func
            assert isinstance(callee, ast.Attribute)  # noqa: S101 - `check` leaves functions and methods
            call = METHODS[callee.attr]
            arguments = [self.run(callee.value), *[_HANDLERS[each.__class__](self, each) for each in node.args]]
        if node.keywords:
            named = {each.arg or "": self.run(each.value) for each in node.keywords}
            self.at = node
            return call(self.guard, *arguments, **named)
        self.at = node
        return call(self.guard, *arguments)

    def on_attribute(self, node: ast.Attribute) -> Value:
        """Return a field."""
        value = self.run(node.value)
        self.at = node
        return access.attribute(value, node.attr)

    def on_subscript(self, node: ast.Subscript) -> Value:
        """Return an element, or a part."""
        value = self.run(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = [None if each is None else self.run(each) for each in (node.slice.lower, node.slice.upper, node.slice.step)]
            self.at = node
            return access.part(self.guard, value, *bounds)
        index = self.run(node.slice)
        self.at = node
        return access.item(self.guard, value, index)

    def on_list(self, node: ast.List) -> list[Value]:
        """Make a list."""
        return [self.run(each) for each in node.elts]

    def on_tuple(self, node: ast.Tuple) -> tuple[Value, ...]:
        """Make a list that cannot be changed."""
        return tuple([self.run(each) for each in node.elts])

    def on_set(self, node: ast.Set) -> set[Value]:
        """Make a set."""
        return {self.key(each) for each in node.elts}

    def on_dict(self, node: ast.Dict) -> dict[Value, Value]:
        """Make a map."""
        return {self.key(name): self.run(each) for name, each in zip(node.keys, node.values, strict=True) if name is not None}

    def key(self, node: ast.expr) -> Value:
        """Return the value of a node as a key."""
        value = self.run(node)
        self.at = node
        return access.key(self.guard, value)

    def on_joinedstr(self, node: ast.JoinedStr) -> str:
        """Put a text together."""
        parts = tuple([self.run(each) for each in node.values])
        self.at = node
        return formats.join(self.guard, parts)

    def on_formattedvalue(self, node: ast.FormattedValue) -> str:
        """Return a value as text."""
        value = self.run(node.value)
        self.at = node.value
        spec = self.program.formats[node]
        return formats.format_value(self.guard, value, spec) if spec else formats.text_of(self.guard, value)

    def on_listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> list[Value]:
        """Make a list in a loop."""
        found: list[Value] = []
        self.turns(node, lambda: found.append(self.run(node.elt)))
        return access.made(self.guard, found)  # type: ignore[no-any-return]

    def on_setcomp(self, node: ast.SetComp) -> set[Value]:
        """Make a set in a loop."""
        found: set[Value] = set()
        self.turns(node, lambda: found.add(self.key(node.elt)))
        return access.made(self.guard, found)  # type: ignore[no-any-return]

    def on_dictcomp(self, node: ast.DictComp) -> dict[Value, Value]:
        """Make a map in a loop."""
        found: dict[Value, Value] = {}

        def add() -> None:
            name = self.key(node.key)
            found[name] = self.run(node.value)

        self.turns(node, add)
        return access.made(self.guard, found)  # type: ignore[no-any-return]

    def turns(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp, act: Callable[[], None]) -> None:
        """Do something in each turn of the loops of an expression; their names are its own."""
        outside = self.symtable
        first = self.run(node.generators[0].iter)
        own = {name.id for each in node.generators for name in ast.walk(each.target) if isinstance(name, ast.Name)}
        self.symtable = {name: value for name, value in outside.items() if name not in own}
        try:
            self.turn(node, 0, first, act)
        finally:
            self.symtable = outside
        self.at = node

    def turn(self, node: Any, number: int, source: Value, act: Callable[[], None]) -> None:  # noqa: ANN401 - as `turns`
        """Go through one of the loops."""
        this = node.generators[number]
        self.at = this.iter
        for value in access.sequence(self.guard, source, self.program.turns[node, number]):
            self.node_assign(this.target, value)
            if all(self.run(test) for test in this.ifs):
                if number + 1 < len(node.generators):
                    self.turn(node, number + 1, self.run(node.generators[number + 1].iter), act)
                else:
                    act()


_HANDLERS: Final[Mapping[type[ast.AST], Callable[[Walker, Any], Value]]] = {
    ast.Expr: Walker.on_expr,
    ast.Pass: Walker.on_pass,
    ast.Break: Walker.on_break,
    ast.Continue: Walker.on_continue,
    ast.If: Walker.on_if,
    ast.While: Walker.on_while,
    ast.For: Walker.on_for,
    ast.Assign: Walker.on_assign,
    ast.AugAssign: Walker.on_augassign,
    ast.Constant: Walker.on_constant,
    ast.Name: Walker.on_name,
    ast.BinOp: Walker.on_binop,
    ast.UnaryOp: Walker.on_unaryop,
    ast.BoolOp: Walker.on_boolop,
    ast.IfExp: Walker.on_ifexp,
    ast.Compare: Walker.on_compare,
    ast.Call: Walker.on_call,
    ast.Attribute: Walker.on_attribute,
    ast.Subscript: Walker.on_subscript,
    ast.List: Walker.on_list,
    ast.Tuple: Walker.on_tuple,
    ast.Set: Walker.on_set,
    ast.Dict: Walker.on_dict,
    ast.JoinedStr: Walker.on_joinedstr,
    ast.FormattedValue: Walker.on_formattedvalue,
    ast.ListComp: Walker.on_listcomp,
    ast.GeneratorExp: Walker.on_listcomp,
    ast.SetComp: Walker.on_setcomp,
    ast.DictComp: Walker.on_dictcomp,
}
"""The only nodes that run; asteval's own table is empty."""
