"""The operators of the language, guarded: sizes are looked at before anything is done.

They mean what they mean in Python, with three differences: numbers with a fraction meet decimals by their digits (``price * 1.1``, and
``price >= 0.1``), arithmetic with decimals is the same on every host (`ARITHMETIC`), and what Python would make infinitely large,
complex or undefined is an error. Both engines call these; the first lines of each are the common cases, and are what speed depends on.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from crmcore.labels import Label
from crmcore.scripting.access import contains, lacks
from crmcore.scripting.faults import Fault, refuse, refuse_pair
from crmcore.scripting.limits import NUMBER, BudgetExceeded, Guard
from crmcore.scripting.values import ARITHMETIC, LARGEST_INT, MAX_BITS

Value = Any
"""Any value of a script."""

_LARGEST: Final = LARGEST_INT
_SMALLEST: Final = -LARGEST_INT
_MOST_POWERS: Final = 10_000
_NUMBERS: Final = frozenset({bool, int, float, Decimal})
_MOMENTS: Final = frozenset({date, datetime, timedelta})
_SPAN: Final = frozenset({timedelta, int})
_QUICK: Final = frozenset({type(None), bool, int, str, Decimal, date, datetime, timedelta})
"""What is compared in Python's own way at once; numbers with a fraction may have to become decimals."""
_FLAT: Final = _QUICK | {float}
_exact_add: Final = ARITHMETIC.add
_exact_subtract: Final = ARITHMETIC.subtract
_exact_multiply: Final = ARITHMETIC.multiply
_exact_divide: Final = ARITHMETIC.divide


def add(guard: Guard, left: Value, right: Value) -> Value:  # noqa: PLR0911 - one case after the other, the common ones first
    """Return ``left + right``."""
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return _whole(left + right)
    if kind is Decimal and other is Decimal:
        return _exact_add(left, right)
    if kind is str and other is str:
        guard.text(len(left) + len(right))
        return left + right
    if kind is other and (kind is list or kind is tuple):
        guard.items(len(left) + len(right))
        return left + right
    if kind in _NUMBERS and other in _NUMBERS:
        return _numbers(_exact_add, operator.add, left, right)
    if kind in _MOMENTS and other in _MOMENTS and timedelta in {kind, other}:
        return left + right
    return refuse_pair("+", left, right)


def subtract(guard: Guard, left: Value, right: Value) -> Value:
    """Return ``left - right``."""
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return _whole(left - right)
    if kind is Decimal and other is Decimal:
        return _exact_subtract(left, right)
    if kind in _NUMBERS and other in _NUMBERS:
        return _numbers(_exact_subtract, operator.sub, left, right)
    if kind in _MOMENTS and other in _MOMENTS and (kind is other or other is timedelta):
        return left - right
    if kind is set and other is set:
        guard.items(len(left))
        return left - right
    return refuse_pair("-", left, right)


def multiply(guard: Guard, left: Value, right: Value) -> Value:
    """Return ``left * right``."""
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return _whole(left * right)
    if kind is Decimal and other is Decimal:
        return _exact_multiply(left, right)
    if kind in _NUMBERS and other in _NUMBERS:
        return _numbers(_exact_multiply, operator.mul, left, right)
    if other in {str, list, tuple, timedelta} and kind is int:
        return _repeated(guard, right, left)
    if kind in {str, list, tuple, timedelta} and other is int:
        return _repeated(guard, left, right)
    return refuse_pair("*", left, right)


def divide(_: Guard, left: Value, right: Value) -> Value:
    """Return ``left / right``."""
    kind, other = type(left), type(right)
    if kind is Decimal and other is Decimal:
        return _exact_divide(left, right)
    if kind in _NUMBERS and other in _NUMBERS:
        return _numbers(_exact_divide, operator.truediv, left, right)
    if kind is timedelta and other in _SPAN:
        return left / right
    return refuse_pair("/", left, right)


def floor_divide(_: Guard, left: Value, right: Value) -> Value:
    """Return ``left // right``."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return _numbers(ARITHMETIC.divide_int, operator.floordiv, left, right)
    if type(left) is timedelta and type(right) in _SPAN:
        return left // right
    return refuse_pair("//", left, right)


def modulo(_: Guard, left: Value, right: Value) -> Value:
    """Return ``left % right``, of numbers only: texts have formats of their own."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return _numbers(ARITHMETIC.remainder, operator.mod, left, right)
    return refuse_pair("%", left, right)


def power(_: Guard, left: Value, right: Value) -> Value:
    """Return ``left ** right``; the size of the result is estimated first."""
    if type(left) not in _NUMBERS or type(right) not in _NUMBERS:
        return refuse_pair("**", left, right)
    if not -_MOST_POWERS <= right <= _MOST_POWERS:
        raise BudgetExceeded(NUMBER)
    if isinstance(left, int) and isinstance(right, int) and right > 0 and (abs(left).bit_length() - 1) * right > MAX_BITS:
        raise BudgetExceeded(NUMBER)
    return _numbers(ARITHMETIC.power, operator.pow, left, right)


def negative(_: Guard, value: Value) -> Value:
    """Return ``-value``."""
    kind = type(value)
    if kind is Decimal:
        return ARITHMETIC.minus(value)
    return -value if kind in _NUMBERS or kind is timedelta else refuse("-", value)


def positive(_: Guard, value: Value) -> Value:
    """Return ``+value``."""
    kind = type(value)
    if kind is Decimal:
        return ARITHMETIC.plus(value)
    return +value if kind in _NUMBERS or kind is timedelta else refuse("+", value)


def _whole(value: int) -> int:
    if _SMALLEST <= value <= _LARGEST:
        return value
    raise BudgetExceeded(NUMBER)


def _numbers(exact: Callable[[Value, Value], Value], plain: Callable[[Value, Value], Value], left: Value, right: Value) -> Value:
    """Calculate with two numbers of any kinds."""
    if type(left) is Decimal or type(right) is Decimal:
        return exact(exactly(left), exactly(right))
    found = plain(left, right)
    kind = type(found)
    if kind is int:
        return _whole(found)
    if kind is float and isfinite(found):
        return found
    raise Fault(Label("il risultato non è un numero", "the result is not a number"))


def exactly(value: float | Decimal) -> int | Decimal:
    """Return a number for exact arithmetic: one with a fraction counts as the digits that it is written with."""
    if type(value) is float:
        return Decimal(repr(value))
    return value if type(value) is Decimal else int(value)


def _repeated(guard: Guard, value: Value, times: int) -> Value:
    kind = type(value)
    if kind is timedelta:
        return value * times
    size = len(value) * max(times, 0)
    if kind is str:
        guard.text(size)
    else:
        guard.items(size)
    return value * times


def augmented_add(guard: Guard, left: Value, right: Value) -> Value:
    """Return ``left += right``: a list is extended in place, as everybody who holds it sees."""
    if type(left) is not list or type(right) not in {list, tuple}:
        return add(guard, left, right)
    guard.items(len(left) + len(right))
    left += right
    return left


def augmented_multiply(guard: Guard, left: Value, right: Value) -> Value:
    """Return ``left *= right``, in place for a list."""
    if type(left) is not list or type(right) is not int:
        return multiply(guard, left, right)
    guard.items(len(left) * max(right, 0))
    left *= right
    return left


def augmented_subtract(guard: Guard, left: Value, right: Value) -> Value:
    """Return ``left -= right``, in place for a set."""
    if type(left) is not set or type(right) is not set:
        return subtract(guard, left, right)
    guard.items(len(right))
    left -= right
    return left


def _comparison(sign: str, compare: Callable[[Value, Value], bool], *, ordered: bool) -> Callable[[Guard, Value, Value], bool]:
    """Return a guarded comparison."""
    numbers, quick = _NUMBERS, _QUICK

    def compared(guard: Guard, left: Value, right: Value) -> bool:
        kind, other = type(left), type(right)
        if kind in quick and other in quick:
            try:
                return compare(left, right)
            except TypeError:
                refuse_pair(sign, left, right)
        if kind in numbers and other in numbers:
            return compare(exactly(left), exactly(right)) if Decimal in {kind, other} else compare(left, right)
        if ordered and (kind is not other or kind not in {list, tuple, set}):
            refuse_pair(sign, left, right)
        guard.measure(left)
        guard.measure(right)
        return compare(left, right)

    return compared


equal: Final = _comparison("==", operator.eq, ordered=False)
unequal: Final = _comparison("!=", operator.ne, ordered=False)
less: Final = _comparison("<", operator.lt, ordered=True)
at_most: Final = _comparison("<=", operator.le, ordered=True)
greater: Final = _comparison(">", operator.gt, ordered=True)
at_least: Final = _comparison(">=", operator.ge, ordered=True)


BINARY: Final[Mapping[type[ast.operator], Callable[[Guard, Value, Value], Value]]] = {
    ast.Add: add,
    ast.Sub: subtract,
    ast.Mult: multiply,
    ast.Div: divide,
    ast.FloorDiv: floor_divide,
    ast.Mod: modulo,
    ast.Pow: power,
}
AUGMENTED: Final[Mapping[type[ast.operator], Callable[[Guard, Value, Value], Value]]] = {
    **BINARY,
    ast.Add: augmented_add,
    ast.Sub: augmented_subtract,
    ast.Mult: augmented_multiply,
}
COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[Guard, Value, Value], bool]]] = {
    ast.Eq: equal,
    ast.NotEq: unequal,
    ast.Lt: less,
    ast.LtE: at_most,
    ast.Gt: greater,
    ast.GtE: at_least,
    ast.In: contains,
    ast.NotIn: lacks,
}
UNARY: Final[Mapping[type[ast.unaryop], Callable[[Guard, Value], Value]]] = {ast.USub: negative, ast.UAdd: positive}
