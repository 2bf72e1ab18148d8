"""The language: which pieces of Python's syntax and which names a rule may be made of. What is not listed does not exist.

Both engines run only what `check` let through, and read the same `Program`; so this file is the boundary of the language.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import attrs

from crmcore.labels import Label
from crmcore.scripting.catalogue import Catalogue, Function
from crmcore.scripting.errors import Kind, ScriptError
from crmcore.scripting.formats import is_format
from crmcore.scripting.methods import METHODS
from crmcore.scripting.reading import column_of, read
from crmcore.scripting.values import MAX_BITS

_DEEPEST: Final = 100
"""Levels of a tree: what walks over it recursively stays far from the end of the stack."""
_DEEPEST_LOOP: Final = 8
_LOOPS: Final = (ast.For, ast.While)
_LOOPS_IN_COMPREHENSION: Final = 2
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")

_PLAIN: Final[frozenset[type[ast.AST]]] = frozenset(
    {
        ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.If, ast.IfExp, ast.For, ast.While, ast.Break, ast.Continue, ast.Pass,
        ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.keyword, ast.Attribute, ast.Subscript, ast.Slice, ast.Name,
        ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
        ast.comprehension, ast.JoinedStr, ast.FormattedValue, ast.And, ast.Or, ast.Not, ast.UAdd, ast.USub, ast.Add, ast.Sub, ast.Mult,
        ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is,
        ast.IsNot, ast.Load, ast.Store,
    }
)  # fmt: skip
_NOT_COUNTED: Final = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop, ast.keyword, ast.Expr)


@attrs.frozen(eq=False)
class Program:
    """A checked script: what runs, and what it uses, for both engines and for the index of references."""

    source: str
    tree: ast.Module
    inputs: frozenset[str]
    """Names that it reads and never assigns."""
    assigned: frozenset[str]
    """Names that it assigns, those of comprehensions too."""
    functions: frozenset[str]
    """Functions that it calls; those of plugins as ``plugin.name``."""
    paths: frozenset[tuple[str, ...]]
    """What it reads of its inputs: ``("today",)``, ``("account", "name")``."""
    calls: Mapping[ast.Call, Function]
    """The function of each call that is none of a method."""
    formats: Mapping[ast.FormattedValue, str]
    """The format of each value in a text."""
    cost: int
    """Steps of running every node once."""
    turns: Mapping[tuple[ast.AST, int], int]
    """Steps of one turn of each loop; the number counts the loops of one expression."""

    def place_of(self, name: str) -> tuple[int, int]:
        """Return line and column of the first place of a name."""
        places = [(node.lineno, node.col_offset) for node in ast.walk(self.tree) if isinstance(node, ast.Name) and node.id == name]
        line, offset = min(places, default=(1, 0))
        return line, column_of(self.source, line, offset)


def check(source: str, catalogue: Catalogue, inputs: Collection[str] | None = None, *, effects: bool = False) -> Program:
    """Check a script against the language, and return it with what it uses.

    ``inputs`` are the names that it may read; None allows any. ``effects`` allows functions that propose changes.

    Raises:
        ScriptError: of kind ``SYNTAX``, ``FORBIDDEN`` or ``BUDGET``, at the first place that is wrong.
    """
    return _Check(source, catalogue, inputs, effects=effects).program()


class _Check:
    """One call of `check`."""

    def __init__(self, source: str, catalogue: Catalogue, inputs: Collection[str] | None, *, effects: bool) -> None:
        self.source = source
        self.catalogue = catalogue
        self.allowed = inputs
        self.effects = effects
        self.tree = read(source)
        self.loads: list[ast.Name] = []
        self.assigned: set[str] = set()
        self.calls: dict[ast.Call, Function] = {}
        self.callees: set[ast.AST] = set()
        self.formats: dict[ast.FormattedValue, str] = {}
        self.paths: dict[ast.Name, tuple[str, ...]] = {}
        self.turns: dict[tuple[ast.AST, int], int] = {}

    def program(self) -> Program:
        nodes = list(self._walk())
        for node in nodes:
            if type(node) is ast.Name and type(node.ctx) is ast.Store:
                self.assigned.add(node.id)
        for node in nodes:
            examine = _EXAMINERS.get(type(node))
            if examine is not None:
                examine(self, node)
        read_names = [name for name in self.loads if name.id not in self.assigned]
        for name in read_names:
            if self.allowed is not None and name.id not in self.allowed:
                self.refuse(name, f"il nome {name.id} non esiste", f"there is no name {name.id}")
        if self.allowed is not None:
            self._keep_inputs(nodes, self.allowed)
        return Program(
            source=self.source,
            tree=self.tree,
            inputs=frozenset(name.id for name in read_names),
            assigned=frozenset(self.assigned),
            functions=frozenset(function.name for function in self.calls.values()),
            paths=frozenset(self.paths.get(name, (name.id,)) for name in read_names),
            calls=self.calls,
            formats=self.formats,
            cost=_cost_of(self.tree),
            turns=self.turns,
        )

    def refuse(self, node: ast.AST, italian: str, english: str, kind: Kind = Kind.FORBIDDEN) -> None:
        """Raise the error of a node."""
        line = getattr(node, "lineno", 1)
        raise ScriptError(kind, Label(italian, english), line, column_of(self.source, line, getattr(node, "col_offset", 0)))

    def _walk(self) -> Iterator[ast.AST]:
        """Yield every node from top to bottom, and refuse those that the language does not have."""
        pending: list[tuple[ast.AST, ast.AST, int, int]] = [(self.tree, self.tree, 0, 0)]
        while pending:
            node, near, depth, loops = pending.pop()
            near = node if hasattr(node, "lineno") else near
            if type(node) not in _PLAIN:
                name = type(node).__name__
                self.refuse(near, f"il linguaggio non ha {name}", f"the language has no {name}")
            if depth > _DEEPEST:
                self.refuse(near, "lo script è troppo annidato", "the script is nested too deep", Kind.BUDGET)
            yield node
            self._in_loops(node, loops)
            # What follows `else` of a loop is no longer inside it.
            inside = {id(each) for each in node.body} if isinstance(node, _LOOPS) else set()
            children = reversed(list(ast.iter_child_nodes(node)))
            pending += [(child, near, depth + 1, loops + (id(child) in inside)) for child in children]

    def _in_loops(self, node: ast.AST, loops: int) -> None:
        if isinstance(node, ast.Break | ast.Continue) and not loops:
            self.refuse(node, "qui non c'è nessun ciclo", "there is no loop here")
        if loops > _DEEPEST_LOOP:
            self.refuse(node, "troppi cicli uno dentro l'altro", "too many loops inside each other")

    def _keep_inputs(self, nodes: list[ast.AST], inputs: Collection[str]) -> None:
        for node in nodes:
            if type(node) is ast.Name and type(node.ctx) is ast.Store and node.id in inputs:
                self.refuse(node, f"{node.id} si può solo leggere", f"{node.id} can only be read")

    def name(self, node: ast.Name) -> None:
        """Names are ASCII, without an underscore in front or two anywhere, so no spelling leads to an attribute of Python's own."""
        self.identifier(node, node.id)
        if type(node.ctx) is ast.Load and node not in self.callees:
            self.loads.append(node)

    def identifier(self, node: ast.AST, name: str) -> None:
        if not _NAME.fullmatch(name) or "__" in name:
            self.refuse(node, "questo nome non è ammesso", "this name is not allowed")

    def attribute(self, node: ast.Attribute) -> None:
        self.identifier(node, node.attr)
        if type(node.ctx) is not ast.Load:
            self.refuse(node, "i campi si possono solo leggere", "fields can only be read")
        if type(node.value) is ast.Name and node not in self.callees:
            self.paths[node.value] = (node.value.id, node.attr)

    def subscript(self, node: ast.Subscript) -> None:
        if type(node.ctx) is not ast.Load and type(node.slice) is ast.Slice:
            self.refuse(node, "non si assegna a una parte di un elenco", "parts of a list are not assigned")
        if type(node.slice) is ast.Tuple and any(type(each) is ast.Slice for each in node.slice.elts):
            self.refuse(node, "una parte per volta", "one slice at a time")
        if type(node.value) is ast.Name and type(node.slice) is ast.Constant and type(node.slice.value) is str:
            self.paths[node.value] = (node.value.id, node.slice.value)

    def call(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            if keyword.arg is None:
                self.refuse(node, "il linguaggio non ha **", "the language has no **")
            else:
                self.identifier(node, keyword.arg)
        function = self._function(node)
        if function is not None:
            self.calls[node] = function
            if function.effect and not self.effects:
                self.refuse(node, f"{function.name} non si può usare qui", f"{function.name} cannot be used here")
            reason = function.misfit(len(node.args), [keyword.arg or "" for keyword in node.keywords])
            if reason is not None:
                self.refuse(node, reason.it, reason.en)
        if len({keyword.arg for keyword in node.keywords}) < len(node.keywords):
            self.refuse(node, "un argomento è ripetuto", "an argument is repeated")

    def _function(self, node: ast.Call) -> Function | None:
        """Return the function that is called, or None for a method; nothing else can be called."""
        callee = node.func
        self.callees.add(callee)
        if type(callee) is ast.Name:
            found = self.catalogue.functions.get(callee.id)
            if found is None:
                self.identifier(callee, callee.id)
                self.refuse(callee, f"la funzione {callee.id} non esiste", f"there is no function {callee.id}")
            return found
        if type(callee) is not ast.Attribute:
            self.refuse(callee, "si chiamano solo funzioni per nome", "only functions are called, by their name")
            return None
        found = self._of_plugin(callee)
        if found is not None:
            return found
        self.identifier(callee, callee.attr)
        if callee.attr not in METHODS:
            self.refuse(callee, f"non esiste {callee.attr}()", f"there is no {callee.attr}()")
        if callee.attr == "get" and type(callee.value) is ast.Name and node.args and type(node.args[0]) is ast.Constant:
            key = node.args[0].value
            if type(key) is str:
                self.paths[callee.value] = (callee.value.id, key)
        return None

    def _of_plugin(self, callee: ast.Attribute) -> Function | None:
        """Return the function that ``plugin.name`` names; a variable of the script hides a plugin of its name."""
        parts: list[ast.expr] = [callee]
        names = [callee.attr]
        while isinstance(owner := parts[-1], ast.Attribute):
            parts.append(owner.value)
            if isinstance(owner.value, ast.Attribute):
                names.append(owner.value.attr)
        if not isinstance(owner, ast.Name) or owner.id in self.assigned:
            return None
        found = self.catalogue.functions.get(".".join((owner.id, *reversed(names))))
        if found is not None:
            self.callees.update(parts)
        return found

    def constant(self, node: ast.Constant) -> None:
        value = node.value
        if type(value) not in {int, float, str, bool, type(None)}:
            self.refuse(node, "questo tipo di valore non esiste", "there is no such kind of value")
        if type(value) is int and value.bit_length() > MAX_BITS:
            self.refuse(node, "il numero ha troppe cifre", "the number has too many digits")
        if type(value) is float and value in {float("inf"), float("-inf")}:
            self.refuse(node, "il numero è troppo grande", "the number is too large")

    def comparison(self, node: ast.Compare) -> None:
        for operator, right in zip(node.ops, node.comparators, strict=True):
            constant = type(right) is ast.Constant and (right.value is None or type(right.value) is bool)
            if isinstance(operator, ast.Is | ast.IsNot) and not constant:
                self.refuse(node, "`is` si usa solo con None, True e False", "`is` is for None, True and False only")

    def dictionary(self, node: ast.Dict) -> None:
        if None in node.keys:
            self.refuse(node, "il linguaggio non ha **", "the language has no **")

    def formatted(self, node: ast.FormattedValue) -> None:
        if node.conversion != -1:
            self.refuse(node, "il linguaggio non ha conversioni nei testi", "the language has no conversions in texts")
        spec = _literal_format(node) if node.format_spec is not None else ""
        if spec is None or (spec and not is_format(spec)):
            self.refuse(node, "questo formato non è ammesso", "this format is not allowed")
        self.formats[node] = spec or ""

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        if len(node.generators) > _LOOPS_IN_COMPREHENSION or any(each.is_async for each in node.generators):
            self.refuse(node, "al massimo due `for` in un elenco", "at most two `for` in one list")
        for number, each in enumerate(node.generators):
            self.names(each.target)
            self.turns[node, number] = _comprehension_cost(node, number)

    def loop(self, node: ast.For) -> None:
        self.names(node.target)
        self.turns[node, 0] = _cost_of(node.target, *node.body)

    def endless(self, node: ast.While) -> None:
        self.turns[node, 0] = _cost_of(node.test, *node.body)

    def names(self, node: ast.expr) -> None:
        """Loops give values to names, and to nothing else."""
        if isinstance(node, ast.Tuple | ast.List):
            for each in node.elts:
                self.names(each)
        elif not isinstance(node, ast.Name):
            self.refuse(node, "qui serve un nome", "a name is needed here")


_EXAMINERS: Final[Mapping[type[ast.AST], Callable[[_Check, Any], None]]] = {
    ast.Name: _Check.name,
    ast.Attribute: _Check.attribute,
    ast.Subscript: _Check.subscript,
    ast.Call: _Check.call,
    ast.Constant: _Check.constant,
    ast.Compare: _Check.comparison,
    ast.Dict: _Check.dictionary,
    ast.FormattedValue: _Check.formatted,
    ast.For: _Check.loop,
    ast.While: _Check.endless,
    ast.ListComp: _Check.comprehension,
    ast.SetComp: _Check.comprehension,
    ast.DictComp: _Check.comprehension,
    ast.GeneratorExp: _Check.comprehension,
}


def _cost_of(*nodes: ast.AST) -> int:
    """Return the steps of running every node below these once: one for each node that does something."""
    return sum(not isinstance(each, _NOT_COUNTED) for node in nodes for each in ast.walk(node))


def _comprehension_cost(node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp, number: int) -> int:
    """Return the steps of one turn of a loop inside an expression, without those of loops inside it."""
    this = node.generators[number]
    if number + 1 < len(node.generators):
        return _cost_of(this.target, *this.ifs, node.generators[number + 1].iter)
    made = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
    return _cost_of(this.target, *this.ifs, *made)


def _literal_format(node: ast.FormattedValue) -> str | None:
    """Return the format of a value in a text, or None when it is computed."""
    spec = node.format_spec
    if not isinstance(spec, ast.JoinedStr):
        return None
    parts = [part.value for part in spec.values if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return "".join(parts) if len(parts) == len(spec.values) else None
