"""The fast engine: a checked tree is rewritten into a Python function in which every operation is a guarded call, and compiled.

What stays Python's own is what cannot do harm on plain values: names, constants, ``and``/``or``/``not``, ``if``, loops over guarded
sequences, and the displays of lists. The function gets the guard and the inputs; it sees no builtins.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any, Final, TypeVar

from crmcore.labels import Label
from crmcore.scripting import access, formats, methods, operators
from crmcore.scripting.errors import Kind, ScriptError
from crmcore.scripting.grammar import Program
from crmcore.scripting.limits import Guard
from crmcore.scripting.reading import FILE, parsing

Run = Callable[..., Any]
"""Called with the guard and the inputs by name, in the order of `inputs_of`."""

Node = TypeVar("Node", bound=ast.AST)

_GUARD: Final = "_g"
_LOAD: Final = ast.Load()
_STORE: Final = ast.Store()


def inputs_of(program: Program) -> tuple[str, ...]:
    """Return the inputs of a program in the order in which its function takes them."""
    return tuple(sorted(program.inputs))


def compile_program(program: Program) -> Run:
    """Return the function of a checked program.

    Raises:
        ScriptError: of kind ``BUDGET``, for a program that is too complicated for Python's compiler.
    """
    rewriter = _Rewriter(program)
    body = rewriter.body_of(program.tree)
    # Names are checked: nothing but letters, digits and underscores.
    tree = ast.parse(f"def script({', '.join((_GUARD, *inputs_of(program)))}): pass")
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)  # noqa: S101 - it was just written
    definition.body = body
    ast.fix_missing_locations(tree)
    try:
        with parsing, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = compile(tree, FILE, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ScriptError(Kind.BUDGET, Label("lo script è troppo complicato", "the script is too complicated"), 1, 1) from None
    code = next(each for each in module.co_consts if isinstance(each, CodeType))
    return FunctionType(code, {**_HELPERS, **rewriter.functions, "__builtins__": {}}, "script")


class _Rewriter:
    """Rewrite one program; every new node has the place of the one that it stands for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.functions: dict[str, Any] = {}
        self.temporaries = 0

    def body_of(self, tree: ast.Module) -> list[ast.stmt]:
        """Return the statements of the function; the value of a script is that of its last statement, or of the branch taken there."""
        return [*self.count(self.program.cost, tree), *self.block(tree.body, last=True)]

    def block(self, statements: list[ast.stmt], *, last: bool = False, empty: bool = False) -> list[ast.stmt]:
        """Return the statements of a block, which holds at least one unless it may be empty."""
        found: list[ast.stmt] = []
        for number, statement in enumerate(statements):
            found += self.statement(statement, last=last and number == len(statements) - 1)
        return found or ([] if empty else [ast.Pass()])

    def statement(self, node: ast.stmt, *, last: bool) -> list[ast.stmt]:
        return [each if hasattr(each, "lineno") else self.located(each, node) for each in self._statement(node, last=last)]

    def _statement(self, node: ast.stmt, *, last: bool) -> list[ast.stmt]:
        if isinstance(node, ast.Expr):
            value = self.value(node.value)
            return [ast.Return(value) if last else ast.Expr(value)]
        if isinstance(node, ast.If):
            return [ast.If(self.value(node.test), self.block(node.body, last=last), self.block(node.orelse, last=last, empty=True))]
        rewrite = _STATEMENTS.get(type(node))
        # Without one it is pass, break or continue: `check` left nothing else.
        return rewrite(self, node) if rewrite is not None else [type(node)()]

    def loop(self, node: ast.For) -> list[ast.stmt]:
        source = self.call("_sequence", node.iter, self.value(node.iter))
        body = [*self.count(self.program.turns[node, 0], node), *self.block(node.body)]
        return [ast.For(self.target(node.target), source, body, self.block(node.orelse, empty=True))]

    def repetition(self, node: ast.While) -> list[ast.stmt]:
        body = [*self.count(self.program.turns[node, 0], node), *self.block(node.body)]
        return [ast.While(self.value(node.test), body, self.block(node.orelse, empty=True))]

    def assignment(self, node: ast.Assign) -> list[ast.stmt]:
        value = self.value(node.value)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            return [ast.Assign([self.target(node.targets[0])], value)]
        name = self.temporary()
        made: list[ast.stmt] = [ast.Assign([ast.Name(name, _STORE)], value)]
        for target in node.targets:
            made += self.store(target, ast.Name(name, _LOAD))
        return [self.located(each, node) for each in made]

    def store(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        """Return the statements that put a value into a target."""
        if isinstance(target, ast.Subscript):
            call = self.call("_set_item", target, self.value(target.value), self.value(target.slice), value)
            return [ast.Expr(call)]
        if isinstance(target, ast.Tuple | ast.List):
            names = [self.temporary() for _ in target.elts]
            pattern = ast.Tuple([ast.Name(name, _STORE) for name in names], _STORE)
            made: list[ast.stmt] = [self.located(ast.Assign([pattern], self.call("_sequence", target, value)), target)]
            for name, each in zip(names, target.elts, strict=True):
                made += [self.located(one, target) for one in self.store(each, ast.Name(name, _LOAD))]
            return made
        return [ast.Assign([self.target(target)], value)]

    def augmented(self, node: ast.AugAssign) -> list[ast.stmt]:
        name = f"_augmented_{type(node.op).__name__}"
        target = node.target
        if isinstance(target, ast.Name):
            value = self.call(name, node, ast.Name(target.id, _LOAD), self.value(node.value))
            return [ast.Assign([ast.Name(target.id, _STORE)], value)]
        assert isinstance(target, ast.Subscript)  # noqa: S101 - `check` left nothing else
        owner, index = self.temporary(), self.temporary()
        held: list[ast.expr] = [ast.Name(owner, _LOAD), ast.Name(index, _LOAD)]
        old = self.call("_item", target, *held)
        return [
            ast.Assign([ast.Name(owner, _STORE)], self.value(target.value)),
            ast.Assign([ast.Name(index, _STORE)], self.value(target.slice)),
            ast.Expr(self.call("_set_item", node, *held, self.call(name, node, old, self.value(node.value)))),
        ]

    def target(self, node: ast.expr) -> ast.expr:
        """Return the target of a loop, or a name."""
        if isinstance(node, ast.Name):
            return self.located(ast.Name(node.id, _STORE), node)
        assert isinstance(node, ast.Tuple | ast.List)  # noqa: S101 - `check` refuses others
        return self.located(ast.Tuple([self.target(each) for each in node.elts], _STORE), node)

    def value(self, node: ast.expr) -> ast.expr:
        """Return the guarded form of an expression."""
        rewrite = _VALUES.get(type(node))
        if rewrite is None:
            return node
        return self.located(rewrite(self, node), node)

    def binary(self, node: ast.BinOp) -> ast.expr:
        return self.call(f"_{type(node.op).__name__}", node, self.value(node.left), self.value(node.right))

    def unary(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not):
            return ast.UnaryOp(node.op, self.value(node.operand))
        return self.call(f"_{type(node.op).__name__}", node, self.value(node.operand))

    def boolean(self, node: ast.BoolOp) -> ast.expr:
        return ast.BoolOp(node.op, [self.value(each) for each in node.values])

    def conditional(self, node: ast.IfExp) -> ast.expr:
        return ast.IfExp(self.value(node.test), self.value(node.body), self.value(node.orelse))

    def comparison(self, node: ast.Compare) -> ast.expr:
        values = [self.value(each) for each in (node.left, *node.comparators)]
        if len(node.ops) == 1:
            return self.compared(node, node.ops[0], values[0], values[1])
        if all(isinstance(each, ast.Name | ast.Constant) for each in values[1:-1]):
            pairs = [self.compared(node, op, values[n], values[n + 1]) for n, op in enumerate(node.ops)]
            return ast.BoolOp(ast.And(), [self.located(each, node) for each in pairs])
        # A value in the middle is calculated once, and only when the comparisons before it hold.
        links: list[ast.expr] = []
        for op, each in zip(node.ops, values[1:], strict=True):
            both = self.compared(node, op, ast.Name("_left", _LOAD), ast.Name("_right", _LOAD))
            links += [self.lazily(both, "_left", "_right"), self.lazily(each)]
        return self.call("_chain", node, values[0], *links)

    def compared(self, node: ast.Compare, op: ast.cmpop, left: ast.expr, right: ast.expr) -> ast.expr:
        if isinstance(op, ast.Is | ast.IsNot):
            return ast.Compare(left, [op], [right])
        return self.call(f"_{type(op).__name__}", node, left, right)

    def lazily(self, value: ast.expr, *names: str) -> ast.expr:
        arguments = ast.arguments(posonlyargs=[], args=[ast.arg(name) for name in names], kwonlyargs=[], kw_defaults=[], defaults=[])
        return ast.Lambda(arguments, value)

    def called(self, node: ast.Call) -> ast.expr:
        function = self.program.calls.get(node)
        arguments = [self.value(each) for each in node.args]
        if function is not None:
            name = f"_f_{function.name.replace('.', '_')}_{len(self.functions)}"
            self.functions[name] = function.fn
        else:
            assert isinstance(node.func, ast.Attribute)  # noqa: S101 - `check` leaves functions and methods
            name = f"_m_{node.func.attr}"
            arguments.insert(0, self.value(node.func.value))
        made = self.call(name, node, *arguments)
        made.keywords = [ast.keyword(each.arg, self.value(each.value)) for each in node.keywords]
        return made

    def attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Call(ast.Name("_attribute", _LOAD), [self.value(node.value), ast.Constant(node.attr)], [])

    def subscript(self, node: ast.Subscript) -> ast.expr:
        if isinstance(node.slice, ast.Slice):
            bounds = [self.value(each) if each is not None else ast.Constant(None) for each in (node.slice.lower, node.slice.upper)]
            step = self.value(node.slice.step) if node.slice.step is not None else ast.Constant(None)
            return self.call("_part", node, self.value(node.value), *bounds, step)
        return self.call("_item", node, self.value(node.value), self.value(node.slice))

    def sequence(self, node: ast.List | ast.Tuple) -> ast.expr:
        return type(node)([self.value(each) for each in node.elts], _LOAD)

    def members(self, node: ast.Set) -> ast.expr:
        return ast.Set([self.call("_key", each, self.value(each)) for each in node.elts])

    def mapping(self, node: ast.Dict) -> ast.expr:
        keys: list[ast.expr | None] = [self.call("_key", each, self.value(each)) for each in node.keys if each is not None]
        return ast.Dict(keys, [self.value(each) for each in node.values])

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp) -> ast.expr:
        generators = [
            ast.comprehension(self.target(each.target), self.loop_source(node, number), [self.value(test) for test in each.ifs], 0)
            for number, each in enumerate(node.generators)
        ]
        made: ast.expr
        if isinstance(node, ast.DictComp):
            made = ast.DictComp(self.call("_key", node.key, self.value(node.key)), self.value(node.value), generators)
        elif isinstance(node, ast.SetComp):
            made = ast.SetComp(self.call("_key", node.elt, self.value(node.elt)), generators)
        else:
            made = ast.ListComp(self.value(node.elt), generators)
        return self.call("_made", node, self.located(made, node))

    def loop_source(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp, number: int) -> ast.expr:
        source = node.generators[number].iter
        return self.call("_sequence", source, self.value(source), ast.Constant(self.program.turns[node, number]))

    def text(self, node: ast.JoinedStr) -> ast.expr:
        parts = [self.piece(each) for each in node.values]
        return self.call("_join", node, ast.Tuple(parts, _LOAD))

    def piece(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.FormattedValue):
            return node
        spec = self.program.formats[node]
        if spec:
            return self.call("_format", node.value, self.value(node.value), ast.Constant(spec))
        return self.call("_text", node.value, self.value(node.value))

    def call(self, name: str, node: ast.AST, *arguments: ast.expr) -> ast.Call:
        """Return a call of a helper, with the place of a node."""
        return self.located(ast.Call(ast.Name(name, _LOAD), [ast.Name(_GUARD, _LOAD), *arguments], []), node)

    def count(self, steps: int, node: ast.AST) -> list[ast.stmt]:
        """Return ``guard.charge(steps)``, without the call."""
        made = ast.parse(f"{_GUARD}.left -= {steps}\nif {_GUARD}.left < {_GUARD}.mark: {_GUARD}.look()")
        place = node if isinstance(node, ast.stmt) else next(iter(self.program.tree.body), made.body[0])
        for each in ast.walk(made):
            if isinstance(each, ast.stmt | ast.expr):
                # Of one character: for what goes over several lines Python tells another place.
                each.lineno = each.end_lineno = place.lineno
                each.col_offset, each.end_col_offset = place.col_offset, place.col_offset + 1
        return made.body

    def temporary(self) -> str:
        self.temporaries += 1
        return f"_t{self.temporaries}"

    def located(self, made: Node, node: ast.AST) -> Node:
        """Give a new node the place of an old one."""
        ast.copy_location(made, node)
        return made


_STATEMENTS: Final[Mapping[type[ast.stmt], Callable[[_Rewriter, Any], list[ast.stmt]]]] = {
    ast.For: _Rewriter.loop,
    ast.While: _Rewriter.repetition,
    ast.Assign: _Rewriter.assignment,
    ast.AugAssign: _Rewriter.augmented,
}
_VALUES: Final[Mapping[type[ast.expr], Callable[[_Rewriter, Any], ast.expr]]] = {
    ast.BinOp: _Rewriter.binary,
    ast.UnaryOp: _Rewriter.unary,
    ast.BoolOp: _Rewriter.boolean,
    ast.IfExp: _Rewriter.conditional,
    ast.Compare: _Rewriter.comparison,
    ast.Call: _Rewriter.called,
    ast.Attribute: _Rewriter.attribute,
    ast.Subscript: _Rewriter.subscript,
    ast.List: _Rewriter.sequence,
    ast.Tuple: _Rewriter.sequence,
    ast.Set: _Rewriter.members,
    ast.Dict: _Rewriter.mapping,
    ast.ListComp: _Rewriter.comprehension,
    ast.GeneratorExp: _Rewriter.comprehension,
    ast.SetComp: _Rewriter.comprehension,
    ast.DictComp: _Rewriter.comprehension,
    ast.JoinedStr: _Rewriter.text,
}


def _chain(_: Guard, left: Any, *links: Callable[..., Any]) -> bool:  # noqa: ANN401 - any value of a script
    """Compare one after the other, as long as it holds."""
    for compare, value in zip(links[::2], links[1::2], strict=True):
        right = value()
        if not compare(left, right):
            return False
        left = right
    return True


_HELPERS: Final[Mapping[str, Any]] = {
    **{f"_{kind.__name__}": each for kind, each in operators.BINARY.items()},
    **{f"_augmented_{kind.__name__}": each for kind, each in operators.AUGMENTED.items()},
    **{f"_{kind.__name__}": each for kind, each in operators.COMPARISONS.items()},
    **{f"_{kind.__name__}": each for kind, each in operators.UNARY.items()},
    **{f"_m_{name}": each for name, each in methods.METHODS.items()},
    "_attribute": access.attribute,
    "_chain": _chain,
    "_format": formats.format_value,
    "_item": access.item,
    "_join": formats.join,
    "_key": access.key,
    "_made": access.made,
    "_part": access.part,
    "_sequence": access.sequence,
    "_set_item": access.set_item,
    "_text": formats.text_of,
}
