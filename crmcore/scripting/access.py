"""Going into values: members, keys, fields, elements and parts, and what loops go through. Guarded like the operators."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from crmcore.labels import Label
from crmcore.scripting.faults import Fault, kind_of, refuse, refuse_pair
from crmcore.scripting.limits import Guard
from crmcore.scripting.values import LARGEST_KEY, Record

Value = Any
"""Any value of a script."""


def contains(guard: Guard, member: Value, container: Value) -> bool:
    """Return ``member in container``."""
    kind = type(container)
    if kind is str:
        if type(member) is not str:
            refuse_pair("in", member, container)
        guard.charge(len(container) >> 6)
        return member in container
    if kind in {dict, set, Record}:
        return key(guard, member) in container
    if kind is not tuple and kind is not list:
        refuse_pair("in", member, container)
    guard.measure(container)
    guard.measure(member)
    return member in container


def lacks(guard: Guard, member: Value, container: Value) -> bool:
    """Return ``member not in container``."""
    return not contains(guard, member, container)


def key(guard: Guard, value: Value) -> Value:
    """Return a value that may be a key of a map or a member of a set.

    Raises:
        Fault: for numbers with a fraction, which have many keys for one value, and for what can change.
    """
    kind = type(value)
    if kind is str:
        # Its hash is kept: calculated once.
        guard.charge(len(value) >> 6)
        return value
    if kind is int:
        return value if -LARGEST_KEY < value < LARGEST_KEY else refuse("una chiave", value)
    if kind is tuple:
        guard.charge(len(value))
        for item in value:
            if type(item) is tuple:
                refuse("una chiave", value)
            key(guard, item)
        return value
    if kind in {type(None), bool, date, datetime}:
        return value
    return refuse("una chiave", value)


_FIELDS: Final[Mapping[type, frozenset[str]]] = {
    date: frozenset({"year", "month", "day"}),
    datetime: frozenset({"year", "month", "day", "hour", "minute", "second", "microsecond"}),
    timedelta: frozenset({"days", "seconds"}),
}


def attribute(value: Value, name: str) -> Value:
    """Return ``value.name``: a field of a record or of a date, never an attribute of Python's."""
    kind = type(value)
    if kind is Record:
        try:
            return value.fields[name]
        except KeyError:
            raise Fault(Label(f"la scheda non ha il campo {name}", f"the record has no field {name}")) from None
    if name in _FIELDS.get(kind, ()):
        return getattr(value, name)
    found = kind_of(value)
    raise Fault(Label(f"{found.it} non ha il campo {name}", f"{found.en} has no field {name}"))


def item(guard: Guard, value: Value, index: Value) -> Value:
    """Return ``value[index]``."""
    kind = type(value)
    if kind is dict or kind is Record:
        try:
            return value[key(guard, index)]
        except KeyError:
            raise Fault(Label("la chiave non c'è", "the key is not there")) from None
    if kind not in {list, tuple, str} or type(index) is not int:
        refuse_pair("[]", value, index)
    try:
        return value[index]
    except IndexError:
        raise Fault(Label("l'elenco è più corto", "the list is shorter")) from None


def part(guard: Guard, value: Value, *bounds: Value) -> Value:
    """Return ``value[lower:upper:step]``."""
    kind = type(value)
    if kind not in {list, tuple, str} or any(each is not None and type(each) is not int for each in bounds):
        refuse("[:]", value)
    section = slice(*bounds)
    size = len(range(*section.indices(len(value))))
    if kind is str:
        guard.text(size)
    else:
        guard.items(size)
    return value[section]


def set_item(guard: Guard, value: Value, index: Value, new: Value) -> None:
    """Do ``value[index] = new``; only with what the script made."""
    kind = type(value)
    if kind is dict:
        if len(value) % 64 == 0:
            guard.items(len(value) + 1)
        value[key(guard, index)] = new
        return
    if kind is not list or type(index) is not int:
        refuse_pair("[]=", value, index)
    try:
        value[index] = new
    except IndexError:
        raise Fault(Label("l'elenco è più corto", "the list is shorter")) from None


def sequence(guard: Guard, value: Value, cost: int = 0) -> Value:
    """Return what a loop goes through: a list or text itself, the keys of a map, the members of a set in order.

    ``cost`` is charged for each element at once.
    """
    kind = type(value)
    if kind is Record:
        value = tuple(value.fields)
    elif kind is set:
        value = ordered(guard, value)
    elif kind not in {list, tuple, str, dict}:
        refuse("for", value)
    if cost:
        guard.charge(cost * len(value))
    return value


def made(guard: Guard, value: Value) -> Value:
    """Count a list, map or set that was made by a loop in one expression."""
    guard.items(len(value))
    return value


def ordered(guard: Guard, value: set[Value]) -> list[Value]:
    """Return the members of a set in an order that is the same in each process."""
    guard.items(len(value))
    guard.charge(guard.measure(value) // 8)
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=lambda each: (type(each).__name__, repr(each)))
