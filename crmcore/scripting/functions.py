"""The functions of the language, and its rounding: half up on decimals, as `domain.md` §3 has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, Overflow
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from crmcore.labels import Label
from crmcore.scripting.access import key, sequence
from crmcore.scripting.catalogue import Catalogue, Function, function
from crmcore.scripting.faults import Fault, Rejected, refuse
from crmcore.scripting.formats import text_of
from crmcore.scripting.limits import NUMBER, BudgetExceeded, Guard
from crmcore.scripting.methods import members, sorting
from crmcore.scripting.operators import add, exactly, greater, less
from crmcore.scripting.patterns import search
from crmcore.scripting.values import ARITHMETIC, LARGEST_INT, MAX_DIGITS, Record

Value = Any
"""Any value of a script."""

_CENT: Final = Decimal("0.01")
_MOST_PLACES: Final = 28
_LONGEST_NUMBER: Final = 100
_LONGEST_SPAN: Final = 400_000
"""Days between the first and the last date there is, and some."""
_A_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_HALF_UP: Final = Context(prec=60, rounding=ROUND_HALF_UP, Emax=200, Emin=-200, traps=[InvalidOperation, Overflow])
_NOTHING: Final = object()
_NUMBERS: Final = frozenset({bool, int, float, Decimal})
_SIZED: Final = frozenset({str, list, tuple, dict, set, Record})


def fail(guard: Guard, message: Value, english: Value = None) -> None:
    """Reject the change: with one sentence, or with one in Italian and one in English."""
    italian = text_of(guard, message)
    raise Rejected(Label(italian, italian if english is None else text_of(guard, english)))


def warn(guard: Guard, message: Value) -> None:
    """Show a warning to the person; the change goes on."""
    guard.warn(text_of(guard, message))


def log(guard: Guard, *values: Value) -> None:
    """Write a line for the author of the rule."""
    guard.log(" ".join([text_of(guard, each) for each in values]))


def set_field(guard: Guard, name: Value, value: Value) -> None:
    """Propose a new value for another field; whether it may be written is decided afterwards, as for a person."""
    if type(name) is not str:
        refuse("set_field()", name)
    guard.measure(value, 10_000)
    guard.propose(name, value)


def abs_(_: Guard, number: Value) -> Value:
    """Return a number without its sign."""
    if type(number) is timedelta:
        return abs(number)
    if type(number) is Decimal:
        return ARITHMETIC.abs(number)
    return abs(number) if type(number) in _NUMBERS else refuse("abs()", number)


def round_(_: Guard, number: Value, ndigits: Value = None) -> Value:
    """Round: decimals half up (2.675 → 2.68), other numbers as Python does."""
    if type(number) not in _NUMBERS or (ndigits is not None and type(ndigits) is not int):
        refuse("round()", number)
    places = ndigits or 0
    if not -_MOST_PLACES <= places <= _MOST_PLACES:
        raise BudgetExceeded(NUMBER)
    if type(number) is not Decimal:
        return round(number, ndigits)
    rounded = _HALF_UP.quantize(number, Decimal((0, (1,), -places)))
    return int(rounded) if ndigits is None else rounded


def money(_: Guard, number: Value) -> Decimal:
    """Round an amount to cents, half up."""
    if type(number) not in _NUMBERS:
        refuse("money()", number)
    return _HALF_UP.quantize(Decimal(exactly(number)), _CENT)


def decimal(_: Guard, value: Value) -> Decimal:
    """Make a decimal number of a text (``"1234.50"``) or a number."""
    if type(value) is str:
        found = Decimal(_number_text(value, "decimal()"))
    elif type(value) in _NUMBERS:
        found = Decimal(exactly(value))
    else:
        refuse("decimal()", value)
    if abs(found.adjusted()) > MAX_DIGITS:
        raise BudgetExceeded(NUMBER)
    return found


def int_(_: Guard, value: Value) -> int:
    """Make a whole number of a text of digits, or of a number without its fraction."""
    if type(value) is str:
        return int(_number_text(value, "int()"))
    if type(value) not in _NUMBERS:
        refuse("int()", value)
    found = int(value)
    if abs(found) > LARGEST_INT:
        raise BudgetExceeded(NUMBER)
    return found


def float_(_: Guard, value: Value) -> float:
    """Make a number with a fraction; for amounts use `decimal`."""
    if type(value) is str:
        value = _number_text(value, "float()")
    elif type(value) not in _NUMBERS:
        refuse("float()", value)
    found = float(value)
    if found in {float("inf"), float("-inf")}:
        raise Fault(Label("il numero è troppo grande", "the number is too large"))
    return found


def _number_text(value: str, what: str) -> str:
    if len(value) > _LONGEST_NUMBER or not _A_NUMBER.fullmatch(value.strip()):
        raise Fault(Label(f"{what}: il testo non è un numero", f"{what}: the text is no number"))
    return value.strip()


def bool_(_: Guard, value: Value) -> bool:
    """Say whether there is something: not empty, not zero."""
    return bool(value)


def str_(guard: Guard, value: Value) -> str:
    """Return a value as text."""
    return text_of(guard, value)


def len_(_: Guard, value: Value) -> int:
    """Count characters, elements or fields."""
    return len(value) if type(value) in _SIZED else refuse("len()", value)


def list_(guard: Guard, values: Value = ()) -> list[Value]:
    """Make a new list."""
    found = sequence(guard, values)
    guard.items(len(found))
    return list(found)


def tuple_(guard: Guard, values: Value = ()) -> tuple[Value, ...]:
    """Make a list that cannot be changed."""
    return tuple(list_(guard, values))


def set_(guard: Guard, values: Value = ()) -> set[Value]:
    """Make a set: each value once."""
    return members(guard, values)


def dict_(guard: Guard, values: Value = ()) -> dict[Value, Value]:
    """Make a map of pairs, or a copy of one."""
    pairs = values.fields.items() if type(values) is Record else values.items() if type(values) is dict else sequence(guard, values)
    guard.items(len(pairs))
    made: dict[Value, Value] = {}
    for pair in pairs:
        if type(pair) not in {tuple, list} or len(pair) != 2:  # noqa: PLR2004 - a pair
            refuse("dict()", pair)
        made[key(guard, pair[0])] = pair[1]
    return made


def range_(guard: Guard, start: Value, stop: Value = None, step: Value = None) -> list[int]:
    """Return a list of whole numbers."""
    bounds = [each for each in (start, stop, step) if each is not None]
    for each in bounds:
        if type(each) is not int:
            refuse("range()", each)
    numbers = range(*bounds)
    # Of a range without end not even the length can be asked.
    count = max(0, (numbers.stop - numbers.start + numbers.step - (1 if numbers.step > 0 else -1)) // numbers.step)
    guard.items(count)
    return list(numbers)


def enumerate_(guard: Guard, values: Value, start: Value = 0) -> list[Value]:
    """Return pairs of a number and an element."""
    if type(start) is not int:
        refuse("enumerate()", start)
    found = _counted(guard, values)
    return list(enumerate(found, start))


def zip_(guard: Guard, *lists: Value) -> list[Value]:
    """Return the first elements of all lists together, then the second ones, until the shortest ends."""
    found = [sequence(guard, each) for each in lists]
    shortest = min((len(each) for each in found), default=0)
    guard.items(shortest * max(1, len(lists)))
    guard.grow(64 * shortest)
    return list(islice(zip(*found, strict=False), shortest))


def reversed_(guard: Guard, values: Value) -> list[Value]:
    """Return the elements from the last to the first."""
    return list(_counted(guard, values))[::-1]


def sorted_(guard: Guard, values: Value, *, reverse: Value = False) -> list[Value]:
    """Return the elements in order."""
    return sorting(guard, sequence(guard, values), reverse=reverse)


def sum_(guard: Guard, values: Value, start: Value = 0) -> Value:
    """Add numbers, or durations."""
    total = start
    for each in _counted(guard, values, 4):
        total = add(guard, total, each)
    return total


def _extreme(name: str, before: Callable[[Guard, Value, Value], bool]) -> Callable[..., Value]:
    def extreme(guard: Guard, *values: Value, default: Value = _NOTHING) -> Value:
        found = _counted(guard, values[0] if len(values) == 1 else values, 4)
        if not found:
            if default is _NOTHING:
                raise Fault(Label(f"{name}() di un elenco vuoto", f"{name}() of an empty list"))
            return default
        every = iter(found)
        best = next(every)
        for each in every:
            if before(guard, each, best):
                best = each
        return best

    extreme.__doc__ = f"Return the {'smallest' if name == 'min' else 'largest'} of some values, or of a list."
    return extreme


def any_(guard: Guard, values: Value) -> bool:
    """Say whether one of them is something."""
    return any(_counted(guard, values))


def all_(guard: Guard, values: Value) -> bool:
    """Say whether all of them are something."""
    return all(_counted(guard, values))


def _counted(guard: Guard, values: Value, weight: int = 1) -> Value:
    found = sequence(guard, values)
    guard.items(len(found))
    guard.charge(weight * len(found) // 4)
    return found


def matches(guard: Guard, pattern: Value, text: Value) -> bool:
    """Say whether a pattern occurs in a text; see `crmcore.scripting.patterns` for what patterns are made of."""
    for each in (pattern, text):
        if type(each) is not str:
            refuse("matches()", each)
    return search(guard, pattern, text)


def digits(guard: Guard, text: Value) -> str:
    """Return only the digits of a text."""
    if type(text) is not str:
        refuse("digits()", text)
    guard.text(len(text))
    guard.charge(len(text) // 8)
    return "".join([each for each in text if "0" <= each <= "9"])


def date_(_: Guard, year: Value, month: Value = None, day: Value = None) -> date:
    """Return a date: of year, month and day, or of a text ``2026-05-11``."""
    if month is None and day is None:
        if type(year) is datetime:
            return year.date()
        if type(year) is date:
            return year
        if type(year) is not str or len(year) > 10:  # noqa: PLR2004 - YYYY-MM-DD
            refuse("date()", year)
        return date.fromisoformat(year)
    for each in (year, month, day):
        if type(each) is not int:
            refuse("date()", each)
    return date(year, month, day)


def days(_: Guard, number: Value) -> timedelta:
    """Return a number of days, to be added to a date."""
    if type(number) is not int or abs(number) > _LONGEST_SPAN * 10:
        refuse("days()", number)
    return timedelta(days=number)


def days_between(_: Guard, start: Value, end: Value) -> int:
    """Count the days from one date to another."""
    return (day_of(end) - day_of(start)).days


def add_months(_: Guard, day: Value, months: Value) -> date:
    """Return the same day some months later, or the last of that month: 31 January and one month is 28 February."""
    if type(months) is not int or abs(months) > _LONGEST_SPAN:
        refuse("add_months()", months)
    start = day_of(day)
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    following = date(years + (month == 11), (month + 1) % 12 + 1, 1)  # noqa: PLR2004 - December, counted from 0
    return date(years, month + 1, min(start.day, (following - timedelta(days=1)).day))


def day_of(value: Value) -> date:
    """Return a date, or the date of an instant.

    Raises:
        Fault: for anything else.
    """
    if type(value) is datetime:
        return value.date()
    if type(value) is not date:
        refuse("una data", value)
    return value


_FUNCTIONS: Final[tuple[Function, ...]] = (
    function(fail),
    function(warn),
    function(log),
    function(set_field, effect=True),
    *(function(fn) for fn in (abs_, round_, money, decimal, int_, float_, bool_, str_, len_, matches, digits)),
    *(function(fn) for fn in (list_, tuple_, set_, dict_, range_, enumerate_, zip_, reversed_, sorted_, sum_, any_, all_)),
    function(_extreme("min", less), "min"),
    function(_extreme("max", greater), "max"),
    *(function(fn) for fn in (date_, days, days_between, add_months)),
)
CORE: Final = Catalogue(MappingProxyType({each.name: each for each in _FUNCTIONS}))
"""The functions that need nothing from outside; working days need a calendar, see `crmcore.scripting.workdays`."""
