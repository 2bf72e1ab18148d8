"""What a compiled text calls for everything that it does: each operation is guarded, and sees plain values only.

A text is rewritten so that jinja's own code has nothing left to do with values but to branch on them (see `rewriting`). Every operation
gets the `Run` first, which jinja takes for its context.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from jinja2 import Undefined, pass_context
from jinja2.runtime import LoopContext

from crmcore.labels import Label
from crmcore.scripting.access import attribute, contains, item, lacks, part, sequence
from crmcore.scripting.catalogue import Function
from crmcore.scripting.faults import Fault, refuse
from crmcore.scripting.formats import text_of
from crmcore.scripting.limits import BudgetExceeded, Guard
from crmcore.scripting.operators import (
    add,
    at_least,
    at_most,
    divide,
    equal,
    floor_divide,
    greater,
    less,
    modulo,
    multiply,
    negative,
    positive,
    power,
    subtract,
    unequal,
)
from crmcore.scripting.texts.filters import FILTERS, FUNCTIONS, METHODS_OF_TEXTS, PLACED, TAKES_NOTHING, Link
from crmcore.scripting.values import Record

Value = Any
"""Any value of a script."""

OUTPUT: Final = Label("il testo diventa troppo lungo", "the text becomes too long")
MARK: Final = "[{}?]"
"""How a missing value is marked."""
LOOP: Final = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"})
_NO_LOOP: Final = Label("loop esiste solo dentro un ciclo", "loop exists inside a loop only")
_ITERATION: Final = 4
"""Steps of one turn of a loop, beside what is done in it."""
_NOWHERE: Final = object()


class Missing(Undefined):
    """What is not there: a name, or a field of what is not there. Operations take it for None."""

    __slots__ = ()

    def __init__(self, *_: object, **__: object) -> None:
        # jinja says which name; the text knows better, from where it is written.
        super().__init__()


MISSING: Final = Missing()


class Run:
    """One rendering. jinja's code sees it as its context: names, and what was set."""

    __slots__ = ("_values", "escape", "exported_vars", "guard", "lang", "linked", "links", "marked", "missing", "room", "vars")

    def __init__(self, values: Mapping[str, object], guard: Guard, escape: Callable[[str], str]) -> None:
        self._values = values
        self.guard = guard
        self.escape = escape
        self.room = guard.limits.result
        """Characters that may still be written."""
        self.missing: dict[str, None] = {}
        """The placeholders without a value, in their order."""
        self.marked = True
        """Whether they are marked in the text, or left blank."""
        self.linked = False
        """Whether links become links."""
        self.links = "/{entity}/{id}"
        self.lang = "it"
        # What jinja's code writes of a `set` outside of loops; nobody reads it.
        self.vars: dict[str, object] = {}
        self.exported_vars: set[str] = set()

    def resolve_or_missing(self, name: str) -> object:
        """Return a value of the context; jinja's code calls this."""
        return self._values.get(name, MISSING)

    def write(self, length: int) -> None:
        """Count characters that are about to be written.

        Raises:
            BudgetExceeded: when the text becomes too long.
        """
        self.room -= length
        if self.room < 0:
            raise BudgetExceeded(OUTPUT)


def _known(value: Value) -> Value:
    return None if type(value) is Missing else value


def _attribute(run: Run, value: Value, name: str) -> Value:
    guard = run.guard
    guard.left -= 1
    if guard.left < guard.mark:
        guard.look()
    if type(value) is Record:
        found = value.fields.get(name, _NOWHERE)
        return MISSING if found is _NOWHERE else found
    if value is None or type(value) is Missing:
        return MISSING
    if type(value) is dict:
        return value.get(name, MISSING)
    return attribute(value, name)


def _item(run: Run, value: Value, index: Value) -> Value:
    run.guard.charge(1)
    if value is None or type(value) is Missing:
        return MISSING
    if type(value) is Record and type(index) is str:
        return value.fields.get(index, MISSING)
    return item(run.guard, value, _known(index))


def _part(run: Run, value: Value, *bounds: Value) -> Value:
    run.guard.charge(1)
    return part(run.guard, _known(value), *map(_known, bounds))


def _show(run: Run, value: Value, label: str) -> str:
    """Return a value as it is written: escaped for the channel, counted, and marked when it is missing."""
    guard = run.guard
    guard.left -= 1
    if guard.left < guard.mark:
        guard.look()
    kind = type(value)
    if kind is not str:
        if value is None or kind is Missing:
            run.missing[label] = None
            value = MARK.format(label) if run.marked else ""
        elif kind is Link:
            return _show_link(run, value)
        else:
            value = text_of(guard, value)
    length = len(value)
    guard.text(length)
    # Before and after: escaping makes it longer, and must not make it huge first.
    if length > run.room:
        raise BudgetExceeded(OUTPUT)
    text = run.escape(value)
    run.write(len(text))
    return text


def _show_link(run: Run, value: Link) -> str:
    address, words = run.escape(value.address), run.escape(value.words)
    text = f'<a href="{address}">{words}</a>' if run.linked else words
    run.write(len(text))
    return text


def _tick(run: Run, length: int) -> str:
    """Count the author's own words inside a loop, which are written once for every turn."""
    run.guard.charge(1 + length // 64)
    run.write(length)
    return ""


def _each(run: Run, value: Value, weight: int) -> Value:
    """Return what a loop goes through; all its turns are counted before the first."""
    value = _known(value)
    if value is None:
        return ()
    found = sequence(run.guard, value)
    run.guard.charge((_ITERATION + weight) * len(found))
    return tuple(found) if type(found) is dict else found


def _loop(run: Run, loop: Value, name: str) -> Value:
    run.guard.charge(1)
    if type(loop) is not LoopContext or name not in LOOP:
        raise Fault(_NO_LOOP)
    return getattr(loop, name)


def _cycle(run: Run, loop: Value, *values: Value) -> Value:
    run.guard.charge(1)
    if type(loop) is not LoopContext or not values:
        raise Fault(_NO_LOOP)
    return _known(values[loop.index0 % len(values)])


def _concatenated(run: Run, *values: Value) -> str:
    texts = ["" if (known := _known(value)) is None else text_of(run.guard, known) for value in values]
    run.guard.text(sum(map(len, texts)))
    run.guard.charge(len(texts))
    return "".join(texts)


def _compared(run: Run, signs: Sequence[str], *values: Value) -> bool:
    """Compare as Python does in a chain: ``1 < x < 5``."""
    run.guard.charge(len(signs))
    known = [*map(_known, values)]
    return all(COMPARISONS[sign](run.guard, known[number], known[number + 1]) for number, sign in enumerate(signs))


def _value(_: Run, value: Value) -> Value:
    """Return what may be kept inside of another value."""
    return _known(value)


def _is_defined(_: Run, value: Value) -> bool:
    return type(value) is not Missing


def _is_divisible(run: Run, value: Value, other: Value) -> bool:
    return bool(modulo(run.guard, _known(value), _known(other)) == 0)


def _parity(rest: int) -> Callable[[Run, Value], bool]:
    def check(_: Run, value: Value) -> bool:
        if type(value) is not int:
            refuse("even/odd", value)
        return bool(value % 2 == rest)

    return check


def _of_types(*types: type) -> Callable[[Run, Value], bool]:
    return lambda _, value: type(value) in types


def _guarded(operate: Callable[..., Value]) -> Callable[..., Value]:
    """Return an operator of rules as an operation: one step, and nothing is missing."""

    def operation(run: Run, *values: Value) -> Value:
        guard = run.guard
        guard.left -= 1
        if guard.left < guard.mark:
            guard.look()
        return operate(guard, *[None if type(value) is Missing else value for value in values])

    return operation


def _called(target: Function) -> Callable[..., Value]:
    """Return a function as an operation."""
    call = target.fn

    def operation(run: Run, *values: Value, **named: Value) -> Value:
        run.guard.charge(2)
        known = [None if type(value) is Missing else value for value in values]
        return call(run.guard, *known, **{name: _known(value) for name, value in named.items()})

    return operation


def _filtering(target: Function, *, placed: bool = False) -> Callable[..., Value]:
    """Return a filter as an operation: what is missing stays missing, but for the filters that are there for that."""
    call, takes_nothing = target.fn, target.name in TAKES_NOTHING

    def operation(run: Run, value: Value, *values: Value, **named: Value) -> Value:
        run.guard.charge(2)
        if value is None or type(value) is Missing:
            if not takes_nothing:
                return MISSING
            value = None
        known = [None if type(each) is Missing else each for each in values]
        return call(run if placed else run.guard, value, *known, **{name: _known(each) for name, each in named.items()})

    return operation


def _method(method: Callable[..., Value]) -> Callable[..., Value]:
    """Return a method as an operation; what is missing has every method, and they give nothing."""

    def operation(run: Run, value: Value, *values: Value) -> Value:
        run.guard.charge(2)
        if value is None or type(value) is Missing:
            return MISSING
        return method(run.guard, value, *map(_known, values))

    return operation


COMPARISONS: Final[Mapping[str, Callable[[Guard, Value, Value], bool]]] = {
    "eq": equal,
    "ne": unequal,
    "lt": less,
    "lteq": at_most,
    "gt": greater,
    "gteq": at_least,
    "in": contains,
    "notin": lacks,
}
"""As jinja names them."""

TESTS: Final[Mapping[str, tuple[int, Callable[..., bool]]]] = {
    "defined": (0, _is_defined),
    "undefined": (0, lambda _, value: type(value) is Missing),
    # What is not there counts as none, as it does everywhere else here.
    "none": (0, lambda _, value: value is None or type(value) is Missing),
    "number": (0, _of_types(int, float, Decimal)),
    "string": (0, _of_types(str)),
    "true": (0, lambda _, value: value is True),
    "false": (0, lambda _, value: value is False),
    "even": (0, _parity(0)),
    "odd": (0, _parity(1)),
    "divisibleby": (1, _is_divisible),
    **{
        name: (1, _guarded(COMPARISONS[sign]))
        for name, sign in (
            *(("eq", "eq"), ("equalto", "eq"), ("ne", "ne"), ("lt", "lt"), ("lessthan", "lt"), ("le", "lteq")),
            *(("gt", "gt"), ("greaterthan", "gt"), ("ge", "gteq"), ("in", "in")),
        )
    },
}
"""Name → how many arguments beside the value, and what answers: ``{% if x is defined %}``."""

_OWN: Final[Mapping[str, Callable[..., Value]]] = {
    "#attribute": _attribute,
    "#item": _item,
    "#part": _part,
    "#show": _show,
    "#tick": _tick,
    "#each": _each,
    "#loop": _loop,
    "#cycle": _cycle,
    "#value": _value,
    "#concatenate": _concatenated,
    "#compare": _compared,
    "#add": _guarded(add),
    "#sub": _guarded(subtract),
    "#mul": _guarded(multiply),
    "#div": _guarded(divide),
    "#floordiv": _guarded(floor_divide),
    "#mod": _guarded(modulo),
    "#pow": _guarded(power),
    "#neg": _guarded(negative),
    "#pos": _guarded(positive),
    **{f"#{name}": _guarded(compare) for name, compare in COMPARISONS.items()},
    **{f"#is {name}": test for name, (_, test) in TESTS.items()},
    **{f"#filter {name}": _filtering(each) for name, each in FILTERS.items()},
    **{f"#filter {name}": _filtering(each, placed=True) for name, each in PLACED.items()},
    **{f"#call {name}": _called(each) for name, each in FUNCTIONS.items()},
    **{f"#method {name}": _method(method) for name, method in METHODS_OF_TEXTS.items()},
}

OPERATIONS: Final[Mapping[str, Callable[..., Value]]] = {name: pass_context(operation) for name, operation in _OWN.items()}
"""Name → operation, as jinja's filters; no author can write such a name."""
