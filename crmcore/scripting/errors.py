"""What comes out of a script that does not end well: one exception, in two languages, with a place."""

from __future__ import annotations

import enum
from typing import Final

from crmcore.labels import Label

LONGEST_MESSAGE: Final = 300
"""Characters of a message: whatever a script says about itself, it fills no log."""


class Kind(enum.Enum):
    """Why a script did not end well."""

    SYNTAX = "syntax"
    """It is not a script: it cannot be read."""
    FORBIDDEN = "forbidden"
    """It is readable, but uses what the language does not have; told before anything runs."""
    RUNTIME = "runtime"
    """An operation failed on the values that it met."""
    REJECTED = "rejected"
    """It called ``fail``: the script works, and says no."""
    BUDGET = "budget"
    """It was stopped: too many steps, too much time, memory or output."""


class ScriptError(Exception):
    """Tell why a script did not end well, and where; nothing else leaves a sandbox.

    ``text`` is a sentence in Italian and English of at most 300 characters each; except for what the author gave to ``fail``, it never
    holds a value. ``line`` and ``column`` count from 1, and are 0 where there is no place.
    """

    def __init__(self, kind: Kind, text: Label, line: int = 0, column: int = 0) -> None:
        self.kind = kind
        self.text = Label(shorten(text.it), shorten(text.en))
        self.line = line
        self.column = column
        super().__init__(self.text.en)

    @property
    def message(self) -> str:
        """The English sentence."""
        return self.text.en

    def at(self, line: int, column: int) -> ScriptError:
        """Return the same error with a place, when it has none yet."""
        return self if self.line else ScriptError(self.kind, self.text, line, column)

    def __str__(self) -> str:
        place = f" (line {self.line}, column {self.column})" if self.line else ""
        return f"{self.text.en}{place}"


def shorten(text: str) -> str:
    """Cut a text to what a message may hold."""
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"
