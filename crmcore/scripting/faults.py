"""How operations of a script fail, and what is said about it: sentences about kinds of values, never about values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, DivisionByZero
from decimal import InvalidOperation as Undefined
from types import NoneType
from typing import Final, NoReturn

from crmcore.labels import Label
from crmcore.scripting.errors import Kind, ScriptError
from crmcore.scripting.limits import MEMORY, BudgetExceeded
from crmcore.scripting.values import Record


class Fault(Exception):
    """Tell what went wrong inside an operation; the engine adds the place."""

    def __init__(self, text: Label) -> None:
        self.text = text
        super().__init__(text.en)


class Rejected(Exception):
    """Carry what a script says when it calls ``fail``."""

    def __init__(self, text: Label) -> None:
        self.text = text
        super().__init__(text.en)


_KINDS: Final[Mapping[type, Label]] = {
    NoneType: Label("nessun valore", "no value"),
    bool: Label("sì/no", "a flag"),
    int: Label("un numero intero", "a whole number"),
    float: Label("un numero", "a number"),
    Decimal: Label("un numero decimale", "a decimal number"),
    str: Label("un testo", "a text"),
    date: Label("una data", "a date"),
    datetime: Label("una data con l'ora", "a date with a time"),
    timedelta: Label("una durata", "a duration"),
    list: Label("un elenco", "a list"),
    tuple: Label("un elenco", "a list"),
    set: Label("un insieme", "a set"),
    dict: Label("una mappa", "a map"),
    Record: Label("una scheda", "a record"),
}
_OTHER: Final = Label("questo valore", "this value")

_SENTENCES: Final[tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Label], ...]] = (
    ((ZeroDivisionError, DivisionByZero), Label("divisione per zero", "division by zero")),
    (Undefined, Label("l'operazione non ha un risultato", "the operation has no result")),
    (OverflowError, Label("il risultato è troppo grande", "the result is too large")),
    (ArithmeticError, Label("il risultato è fuori dai limiti", "the result is out of bounds")),
    (LookupError, Label("l'elemento non esiste", "there is no such element")),
    (NameError, Label("un nome non ha ancora un valore", "a name has no value yet")),
    (TypeError, Label("l'operazione non va con questi valori", "the operation does not go with these values")),
    (RuntimeError, Label("la mappa cambia mentre un ciclo la percorre", "the map changes while a loop goes through it")),
    (ValueError, Label("il valore non va bene per l'operazione", "the value does not fit the operation")),
)
_FAILED: Final = Label("l'operazione non è riuscita", "the operation failed")


def kind_of(value: object) -> Label:
    """Return what a value is called."""
    return _KINDS.get(type(value), _OTHER)


def refuse_pair(sign: str, left: object, right: object) -> NoReturn:
    """Say that an operator does not go with two kinds of values.

    Raises:
        Fault: always.
    """
    one, other = kind_of(left), kind_of(right)
    raise Fault(Label(f"{sign} non va con {one.it} e {other.it}", f"{sign} does not go with {one.en} and {other.en}"))


def refuse(what: str, value: object) -> NoReturn:
    """Say that an operation does not go with a kind of value.

    Raises:
        Fault: always.
    """
    kind = kind_of(value)
    raise Fault(Label(f"{what} non va con {kind.it}", f"{what} does not go with {kind.en}"))


def as_script_error(error: BaseException, line: int, column: int) -> ScriptError:
    """Return what leaves the sandbox for what happened inside; the texts of Python's own errors stay inside, they quote values."""
    if isinstance(error, ScriptError):
        return error.at(line, column)
    for types, kind in _OWN:
        if isinstance(error, types):
            return ScriptError(kind, error.text, line, column)
    if isinstance(error, RecursionError | MemoryError):
        return ScriptError(Kind.BUDGET, MEMORY, line, column)
    text = next((text for types, text in _SENTENCES if isinstance(error, types)), _FAILED)
    return ScriptError(Kind.RUNTIME, text, line, column)


_OWN: Final[tuple[tuple[type[BudgetExceeded | Fault | Rejected], Kind], ...]] = (
    (BudgetExceeded, Kind.BUDGET),
    (Rejected, Kind.REJECTED),
    (Fault, Kind.RUNTIME),
)
