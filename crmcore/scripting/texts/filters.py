"""The filters of texts, on the same guards as the functions of rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date as date_type
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final, Protocol
from urllib.parse import quote

import attrs

from crmcore.scripting.access import item, sequence
from crmcore.scripting.catalogue import Function, function
from crmcore.scripting.faults import refuse
from crmcore.scripting.formats import is_date_format, text_of
from crmcore.scripting.functions import CORE
from crmcore.scripting.limits import Guard
from crmcore.scripting.methods import METHODS
from crmcore.scripting.operators import exactly
from crmcore.scripting.texts.italian import article, counted, gendered, greeting, plural
from crmcore.scripting.values import Record

Value = Any
"""Any value of a script."""

_ROUNDING: Final = Context(prec=200, rounding=ROUND_HALF_UP)
_MOST_PLACES: Final = 12
_SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF"}
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_ENTITY: Final = re.compile(r"[a-z][a-z0-9_.]{0,59}")
_DATES: Final = {"it": "%d/%m/%Y", "en": "%Y-%m-%d"}
_NUMBERS: Final = frozenset({bool, int, float, Decimal})


class Place(Protocol):
    """What a filter may know of the run beside its values."""

    guard: Guard
    lang: str
    links: str
    """What a link to a record looks like, with ``{entity}`` and ``{id}``."""


@attrs.frozen
class Link:
    """A link to a record. Nothing can be done with it but show it; the channel decides how."""

    address: str
    words: str


def default(_: Guard, value: Value, otherwise: Value = "", empty: Value = None) -> Value:
    """Return another value when there is none; with ``empty`` also for an empty text, zero and no."""
    return otherwise if value is None or (empty is True and not value) else value


def length(guard: Guard, value: Value) -> int:
    """Count characters, elements or fields."""
    return CORE.functions["len"].fn(guard, value)  # type: ignore[no-any-return]  # it counts


def first(guard: Guard, value: Value) -> Value:
    """Return the first element or character; nothing of an empty one."""
    found = sequence(guard, value)
    return next(iter(found), None)


def last(guard: Guard, value: Value) -> Value:
    """Return the last element or character; nothing of an empty one."""
    found = list(sequence(guard, value)) if type(value) is dict else sequence(guard, value)
    return item(guard, found, len(found) - 1) if found else None


def join(guard: Guard, values: Value, between: Value = "", attribute: Value = None) -> str:
    """Put the elements of a list together as one text; with ``attribute`` a field of each."""
    found = sequence(guard, values)
    guard.items(len(found))
    if attribute is not None:
        found = [item(guard, each, attribute) for each in found]
    return METHODS["join"](guard, text_of(guard, between), [text_of(guard, each) for each in found])  # type: ignore[no-any-return]


def sort(guard: Guard, values: Value, reverse: Value = None, attribute: Value = None) -> list[Value]:
    """Return the elements in order; with ``attribute`` in the order of a field of records."""
    found = sequence(guard, values)
    if attribute is None:
        return CORE.functions["sorted"].fn(guard, found, reverse=bool(reverse))  # type: ignore[no-any-return]
    guard.items(2 * len(found))
    keyed = [(item(guard, each, attribute), number) for number, each in enumerate(found)]
    ordered = CORE.functions["sorted"].fn(guard, keyed, reverse=bool(reverse))
    return [found[number] for _, number in ordered]


def unique(guard: Guard, values: Value) -> list[Value]:
    """Return each element once, in the order of their first appearance."""
    found = sequence(guard, values)
    members = CORE.functions["set"].fn(guard, found)
    kept = []
    for each in found:
        if each in members:
            members.discard(each)
            kept.append(each)
    return kept


def truncate(guard: Guard, value: Value, most: Value = 255, end: Value = "…") -> str:
    """Cut a text at a word, so that it has at most so many characters."""
    text, tail = text_of(guard, value), text_of(guard, end)
    if type(most) is not int or most < len(tail):
        refuse("truncate", most)
    guard.text(len(text))
    if len(text) <= most:
        return text
    cut = text[: most - len(tail)]
    return (cut.rsplit(" ", 1)[0] or cut) + tail


def string(guard: Guard, value: Value) -> str:
    """Return a value as text."""
    return text_of(guard, value)


def rounded(_: Guard, value: Value, places: Value = 0) -> Decimal:
    """Round half up, as amounts are, by the digits that the number is written with."""
    if type(value) not in _NUMBERS:
        refuse("round", value)
    if type(places) is not int or not 0 <= places <= _MOST_PLACES:
        refuse("un numero di decimali", places)
    return _ROUNDING.quantize(Decimal(exactly(value)), Decimal(1).scaleb(-places))


def yesno(_: Guard, value: Value, yes: Value = "sì", no: Value = "no") -> Value:
    """Return a word for yes or no."""
    return yes if value else no


def money(place: Place, value: Value, currency: Value = "EUR") -> str:
    """Return an amount: ``1.520,50 €`` in Italian, ``1,520.50 EUR`` in English."""
    if type(currency) is not str or not _CURRENCY.fullmatch(currency):
        refuse("money", currency)
    return f"{_figure(place, value, 2)} {_SIGNS.get(currency, currency) if place.lang == 'it' else currency}"


def number(place: Place, value: Value, places: Value = None) -> str:
    """Return a number in groups of thousands, with so many decimals, or those that it has."""
    return _figure(place, value, places)


def quantity(place: Place, value: Value) -> str:
    """Return a number with the decimals that say something: ``4``, ``2,5``."""
    if type(value) not in _NUMBERS:
        refuse("quantity", value)
    places = -int(_ROUNDING.plus(Decimal(exactly(value))).normalize(_ROUNDING).as_tuple().exponent)
    return _figure(place, value, min(max(places, 0), _MOST_PLACES))


def percent(place: Place, value: Value, places: Value = 0) -> str:
    """Return a share as a percentage: 0.22 is ``22%``."""
    if type(value) not in _NUMBERS:
        refuse("percent", value)
    return f"{_figure(place, _ROUNDING.multiply(Decimal(exactly(value)), 100), places)}%"


def date(place: Place, value: Value, form: Value = None) -> str:
    """Return a date as ``17/05/2024`` (``2024-05-17`` in English), or in a format like ``%d.%m.%Y``."""
    if form is None:
        form = _DATES[place.lang]
    if type(value) not in {date_type, datetime} or type(form) is not str or not is_date_format(form):
        refuse("date", value if type(form) is str else form)
    place.guard.charge(2)
    # `%d` of the year 5 has no zeros on some systems; dates of a CRM have four digits.
    return value.strftime(form)  # type: ignore[no-any-return]  # it is a date


def link(place: Place, value: Value, entity: Value = "account", words: Value = None) -> Link:
    """Return a link to a record by its id, or to a record that has one: ``{{ account.id|link("account", account.name) }}``."""
    key = value.fields.get("id") if type(value) is Record else value
    if type(key) not in {int, str} or type(entity) is not str or not _ENTITY.fullmatch(entity):
        refuse("link", value)
    address = place.links.replace("{entity}", entity).replace("{id}", quote(str(key)[:200], safe=""))
    if words is None:
        words = value.fields.get("name", key) if type(value) is Record else key
    shown = text_of(place.guard, words)
    place.guard.text(len(shown) + len(address))
    return Link(address, shown)


def _figure(place: Place, value: Value, places: Value) -> str:
    if type(value) not in _NUMBERS:
        refuse("un numero", value)
    exact = Decimal(exactly(value))
    if places is not None:
        if type(places) is not int or not 0 <= places <= _MOST_PLACES:
            refuse("un numero di decimali", places)
        exact = _ROUNDING.quantize(exact, Decimal(1).scaleb(-places))
    place.guard.text(400)
    shown = f"{exact:,f}"
    return shown.translate(_ITALIAN) if place.lang == "it" else shown


_ITALIAN: Final = str.maketrans(",.", ".,")

_OF_METHODS: Final = ("upper", "lower", "title", "capitalize", "replace")
_PLAIN: Final[tuple[tuple[str, Callable[..., Value]], ...]] = (
    ("default", default),
    ("d", default),
    ("length", length),
    ("count", length),
    ("first", first),
    ("last", last),
    ("join", join),
    ("sort", sort),
    ("unique", unique),
    ("truncate", truncate),
    ("string", string),
    ("round", rounded),
    ("yesno", yesno),
    ("gendered", gendered),
    ("plural", plural),
    ("counted", counted),
    ("article", article),
    ("greeting", greeting),
)
_PLACED: Final = (money, number, quantity, percent, date, link)


def _letters(name: str) -> Function:
    method = METHODS[name]
    arguments = {"replace": 2}.get(name, 0)

    def changed(guard: Guard, value: Value, *given: Value) -> str:
        texts = [text_of(guard, each) for each in given]
        return method(guard, text_of(guard, value), *texts)  # type: ignore[no-any-return]  # they give texts

    return Function(name=name, fn=changed, least=arguments + 1, most=arguments + 1)


def _trim(guard: Guard, value: Value) -> str:
    return METHODS["strip"](guard, text_of(guard, value))  # type: ignore[no-any-return]  # it gives a text


FILTERS: Final[Mapping[str, Function]] = {
    **{name: function(fn, name) for name, fn in _PLAIN},
    **{name: _letters(name) for name in _OF_METHODS},
    "trim": function(_trim, "trim"),
    **{name: CORE.functions[name] for name in ("abs", "int", "float", "list", "min", "max", "sum")},
    "reverse": CORE.functions["reversed"],
}
"""Name → filter: gets the guard and the value."""

PLACED: Final[Mapping[str, Function]] = {fn.__name__: function(fn) for fn in _PLACED}
"""Name → filter that depends on language or channel: gets the run and the value."""

FUNCTIONS: Final[Mapping[str, Function]] = {
    name: each for name, each in CORE.functions.items() if name not in {"fail", "warn", "log", "set_field", "dict"} and not each.effect
}
"""What may be called as a function: those of rules that only calculate."""

METHODS_OF_TEXTS: Final[Mapping[str, Callable[..., Value]]] = {
    name: METHODS[name]
    for name in (
        *("upper", "lower", "title", "capitalize", "strip", "lstrip", "rstrip", "replace", "startswith", "endswith", "split", "join"),
        *(
            "removeprefix",
            "removesuffix",
            "isdigit",
            "isalpha",
            "zfill",
            "count",
            "get",
            "keys",
            "values",
            "items",
            "strftime",
            "isoformat",
        ),
        *("weekday", "date"),
    )
}
"""What may be called on a value: the methods of rules that change nothing."""

TAKES_NOTHING: Final = frozenset({"default", "d", "yesno", "gendered"})
"""Filters for values that may be missing; any other leaves them missing."""
