"""The methods of values: a table for each name, so that no attribute of Python's own is ever looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from crmcore.labels import Label
from crmcore.scripting.access import key, sequence
from crmcore.scripting.faults import Fault, kind_of, refuse
from crmcore.scripting.formats import is_date_format
from crmcore.scripting.limits import Guard
from crmcore.scripting.text_methods import TEXT_METHODS, Method, as_count, as_text
from crmcore.scripting.values import Record

Value = Any
"""Any value of a script."""


def _append(guard: Guard, value: list[Value], new: Value) -> None:
    if len(value) % 64 == 63:  # noqa: PLR2004 - when it is about to be moved
        guard.items(len(value) + 1)
    value.append(new)


def _extend(guard: Guard, value: list[Value], more: Value) -> None:
    found = sequence(guard, more)
    guard.items(len(value) + len(found))
    value.extend(found)


def _insert(guard: Guard, value: list[Value], index: Value, new: Value) -> None:
    guard.charge(1 + len(value) // 64)
    _append(guard, value, new)
    value.pop()
    value.insert(as_count(index), new)


def _pop(guard: Guard, value: list[Value], index: Value = -1) -> Value:
    guard.charge(1 + len(value) // 64)
    try:
        return value.pop(as_count(index))
    except IndexError:
        raise Fault(Label("l'elenco è più corto", "the list is shorter")) from None


def _remove(guard: Guard, value: list[Value], what: Value) -> None:
    value.pop(_index(guard, value, what))


def _index(guard: Guard, value: list[Value] | tuple[Value, ...], what: Value) -> int:
    guard.measure(value)
    guard.measure(what)
    try:
        return value.index(what)
    except ValueError:
        raise Fault(Label("l'elemento non c'è", "the element is not there")) from None


def _count_of(guard: Guard, value: list[Value] | tuple[Value, ...], what: Value) -> int:
    guard.measure(value)
    guard.measure(what)
    return value.count(what)


def sorting(guard: Guard, value: Iterable[Value], *, reverse: Value = False) -> list[Value]:
    """Return a sorted list of a list, a map's keys or a set's members."""
    made = list(value)
    guard.items(len(made))
    # Each comparison may go through the whole of two elements, and there are n log n.
    size = guard.measure(made)
    guard.charge((len(made) * len(made).bit_length()) // 16 + (size * len(made).bit_length()) // 512)
    try:
        made.sort(reverse=bool(reverse))
    except TypeError:
        raise Fault(Label("questi valori non hanno un ordine", "these values have no order")) from None
    return made


def _sort(guard: Guard, value: list[Value], *, reverse: Value = False) -> None:
    value[:] = sorting(guard, value, reverse=reverse)


def _reverse(guard: Guard, value: list[Value]) -> None:
    guard.charge(len(value) // 16)
    value.reverse()


def _copy(guard: Guard, value: Value) -> Value:
    guard.items(len(value))
    return value.copy()


def _clear(_: Guard, value: Value) -> None:
    value.clear()


def _get(guard: Guard, value: Value, name: Value, otherwise: Value = None) -> Value:
    fields = value.fields if type(value) is Record else value
    return fields.get(key(guard, name), otherwise)


def _keys(guard: Guard, value: Value) -> list[Value]:
    guard.items(len(value))
    return list(value)


def _values(guard: Guard, value: Value) -> list[Value]:
    guard.items(len(value))
    return list((value.fields if type(value) is Record else value).values())


def _items(guard: Guard, value: Value) -> list[Value]:
    guard.items(len(value))
    guard.grow(64 * len(value))
    return list((value.fields if type(value) is Record else value).items())


_NOTHING: Final = object()


def _pop_key(guard: Guard, value: dict[Value, Value], name: Value, otherwise: Value = _NOTHING) -> Value:
    found = value.pop(key(guard, name), otherwise)
    if found is _NOTHING:
        raise Fault(Label("la chiave non c'è", "the key is not there"))
    return found


def _setdefault(guard: Guard, value: dict[Value, Value], name: Value, otherwise: Value = None) -> Value:
    guard.items(len(value) + 1)
    return value.setdefault(key(guard, name), otherwise)


def _update(guard: Guard, value: dict[Value, Value], more: Value) -> None:
    if type(more) not in {dict, Record}:
        refuse("update()", more)
    guard.items(len(value) + len(more))
    value.update(more.fields if type(more) is Record else more)


def members(guard: Guard, value: Value) -> set[Value]:
    """Return the elements of a list, text, map or set as a new set."""
    found = value if type(value) is set else sequence(guard, value)
    guard.items(len(found))
    return {key(guard, each) for each in found}


def _add_member(guard: Guard, value: set[Value], what: Value) -> None:
    if len(value) % 64 == 63:  # noqa: PLR2004 - as `_append`
        guard.items(len(value) + 1)
    value.add(key(guard, what))


def _discard(guard: Guard, value: set[Value], what: Value) -> None:
    value.discard(key(guard, what))


def _remove_member(guard: Guard, value: set[Value], what: Value) -> None:
    if key(guard, what) not in value:
        raise Fault(Label("l'elemento non c'è", "the element is not there"))
    value.remove(what)


def _with_other(combine: Callable[[set[Value], set[Value]], Value]) -> Method:
    def method(guard: Guard, value: set[Value], other: Value) -> Value:
        others = members(guard, other)
        guard.items(len(value) + len(others))
        return combine(value, others)

    return method


def _strftime(guard: Guard, value: date, spec: Value) -> str:
    if not is_date_format(as_text(spec)):
        raise Fault(Label("il formato della data non è ammesso", "this format of dates is not allowed"))
    guard.charge(2)
    return value.strftime(spec)


def _date_replace(_: Guard, value: date, year: Value = None, month: Value = None, day: Value = None) -> date:
    given = {"year": year, "month": month, "day": day}
    return value.replace(**{name: as_count(each) for name, each in given.items() if each is not None})


def _weekday(_: Guard, value: date) -> int:
    return value.weekday()


def _isoweekday(_: Guard, value: date) -> int:
    return value.isoweekday()


def _isoformat(_: Guard, value: date) -> str:
    return value.isoformat()


def _date_of(_: Guard, value: datetime) -> date:
    return value.date()


def _total_seconds(_: Guard, value: timedelta) -> float:
    return value.total_seconds()


_OF_TYPES: Final[Mapping[type, Mapping[str, Method]]] = {
    str: TEXT_METHODS,
    list: {
        "append": _append,
        "extend": _extend,
        "insert": _insert,
        "pop": _pop,
        "remove": _remove,
        "index": _index,
        "count": _count_of,
        "sort": _sort,
        "reverse": _reverse,
        "copy": _copy,
        "clear": _clear,
    },
    tuple: {"index": _index, "count": _count_of},
    dict: {
        "get": _get,
        "keys": _keys,
        "values": _values,
        "items": _items,
        "pop": _pop_key,
        "setdefault": _setdefault,
        "update": _update,
        "copy": _copy,
        "clear": _clear,
    },
    Record: {"get": _get, "keys": _keys, "values": _values, "items": _items},
    set: {
        "add": _add_member,
        "discard": _discard,
        "remove": _remove_member,
        "copy": _copy,
        "clear": _clear,
        **{
            name: _with_other(getattr(set, name))
            for name in ("union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint")
        },
    },
    date: {
        "strftime": _strftime,
        "replace": _date_replace,
        "weekday": _weekday,
        "isoweekday": _isoweekday,
        "isoformat": _isoformat,
    },
    datetime: {
        "strftime": _strftime,
        "weekday": _weekday,
        "isoweekday": _isoweekday,
        "isoformat": _isoformat,
        "date": _date_of,
    },
    timedelta: {"total_seconds": _total_seconds},
}


def _of_name(name: str) -> Method:
    """Return what calls the method of this name, whatever the value is."""
    table = {kind: methods[name] for kind, methods in _OF_TYPES.items() if name in methods}
    find = table.get

    def call(guard: Guard, value: Value, *arguments: Value, **named: Value) -> Value:
        method = find(type(value))
        if method is None:
            kind = kind_of(value)
            raise Fault(Label(f"{kind.it} non ha {name}()", f"{kind.en} has no {name}()"))
        return method(guard, value, *arguments, **named)

    return call


METHODS: Final[Mapping[str, Method]] = {name: _of_name(name) for name in sorted({name for table in _OF_TYPES.values() for name in table})}
"""Name → what calls it: ``METHODS["upper"](guard, value)``."""
