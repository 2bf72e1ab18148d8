"""What one run of a script may use, and the guard that counts it.

Steps decide first, because they are the same on every machine; the clock is for what steps weigh wrongly. Nothing here needs a signal, a
thread or a process, so it holds in any of them. What exceeds a limit raises `BudgetExceeded`, which no ``except Exception`` stops.

The order of every guarded operation is: look at the sizes of what goes in, `Guard.charge` for the work, `Guard.grow` for what will be
made, then do it. So a script is stopped before the damage.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NoReturn

import attrs

from crmcore.labels import Label
from crmcore.scripting.errors import shorten
from crmcore.scripting.values import MAX_DEPTH, MAX_ITEMS, MAX_TEXT, SCALARS, Record

_BETWEEN_LOOKS: Final = 64
"""Steps between two looks at the clock."""
_CHARACTERS: Final = 64
"""Characters that are compared or copied in about the time of one step."""

STEPS: Final = Label("lo script fa troppi passi", "the script takes too many steps")
TIME: Final = Label("lo script impiega troppo tempo", "the script takes too long")
MEMORY: Final = Label("lo script usa troppa memoria", "the script uses too much memory")
OUTPUT: Final = Label("lo script scrive troppi messaggi", "the script writes too many messages")
TEXT: Final = Label(f"un testo ha più di {MAX_TEXT} caratteri", f"a text has more than {MAX_TEXT} characters")
ITEMS: Final = Label(f"un elenco ha più di {MAX_ITEMS} elementi", f"a list has more than {MAX_ITEMS} elements")
NUMBER: Final = Label("un numero ha troppe cifre", "a number has too many digits")
DEPTH: Final = Label("un elenco ne contiene altri per troppi livelli", "a list holds lists for too many levels")


@attrs.frozen(kw_only=True)
class Limits:
    """Hold what one run may use. The bounds of single values are in `crmcore.scripting.values`, the same for every run."""

    steps: int = 50_000
    """One step is about one operation of the language; long texts and lists weigh more."""
    seconds: float = 0.25
    """CPU seconds of the thread."""
    memory: int = 8 * 2**20
    """Bytes of text and lists made; what is thrown away is not given back."""
    output: int = 16_384
    """Characters given to ``log`` and ``warn``."""
    result: int = 65_536
    """Characters and elements of the value that comes out."""


DEFAULT_LIMITS: Final = Limits()


class BudgetExceeded(BaseException):
    """Stop a run. Not an `Exception`: only who started the run catches it."""

    def __init__(self, text: Label) -> None:
        self.text = text
        super().__init__(text.en)


class Guard:
    """Count what one run uses. One object for each run, in one thread.

    ``left`` and ``mark`` are public because generated code counts with them in place: ``guard.left -= n`` and then
    ``if guard.left < guard.mark: guard.look()``. That is the same as ``guard.charge(n)``.
    """

    # Most runs write nothing and are over before the first look at the clock: they never set these.
    warnings: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    proposals: tuple[tuple[str, Any], ...] = ()
    """Name of a field and a value, in the order in which the script said so; the last of a name counts."""
    written = 0
    _deadline: float | None = None

    def __init__(self, limits: Limits = DEFAULT_LIMITS, clock: Callable[[], float] = time.thread_time) -> None:
        self.limits = limits
        self.left = limits.steps
        """Steps that are left."""
        self.mark = self.left - _BETWEEN_LOOKS
        """When fewer are left than this, somebody looks."""
        self.room = limits.memory
        """Bytes that are left."""
        self._clock = clock

    @property
    def used(self) -> int:
        """Steps used."""
        return self.limits.steps - self.left

    def charge(self, steps: int) -> None:
        """Count work that is about to be done.

        Raises:
            BudgetExceeded: when there were too many steps, or it took too long.
        """
        self.left -= steps
        if self.left < self.mark:
            self.look()

    def look(self) -> None:
        """Stop when the steps are used up, or the time is; otherwise say when to look again.

        Raises:
            BudgetExceeded: as `charge`.
        """
        if self.left < 0:
            raise BudgetExceeded(STEPS)
        now = self._clock()
        if self._deadline is None:
            self._deadline = now + self.limits.seconds
        elif now > self._deadline:
            raise BudgetExceeded(TIME)
        self.mark = max(self.left - _BETWEEN_LOOKS, 0)

    def grow(self, size: int) -> None:
        """Count memory that is about to be taken.

        Raises:
            BudgetExceeded: when it is more than the run may take altogether.
        """
        self.room -= size
        if self.room < 0:
            raise BudgetExceeded(MEMORY)

    def text(self, length: int) -> None:
        """Count a text of this many characters that is about to be made.

        Raises:
            BudgetExceeded: when it would be too long, or there is no more memory.
        """
        if length > MAX_TEXT:
            raise BudgetExceeded(TEXT)
        if length > _CHARACTERS:
            self.charge(length // _CHARACTERS)
            # A character takes up to four bytes; most take one.
            self.grow(2 * length)

    def items(self, count: int) -> None:
        """Count a list of this many elements that is about to be made.

        Raises:
            BudgetExceeded: when it would be too long, or there is no more memory.
        """
        if count > MAX_ITEMS:
            raise BudgetExceeded(ITEMS)
        self.charge(1 + count // 8)
        self.grow(64 + 16 * count)

    # Any value of a script.
    def measure(self, value: Any, most: int = 0) -> int:  # noqa: ANN401
        """Return the number of elements and characters of a value, each as often as it is reached; the walk is charged.

        To be called before anything in C walks over a value (comparison, hash, text, copy, encoding): a list that holds one list twice,
        sixty levels deep, is a small thing of 2**60 elements. ``most`` is the largest size that is allowed, 0 for none.

        Raises:
            BudgetExceeded: when it is too large, too deep (also: holds itself), or the walk takes too many steps.
        """
        kind = type(value)
        if kind in SCALARS and kind is not str:
            return 1
        size = len(value) if kind is str else self._walk(value)
        if most and size > most:
            raise BudgetExceeded(MEMORY)
        return size

    def _walk(self, value: Any) -> int:  # noqa: ANN401 - as `measure`
        size, pending = 0, [(value, 0)]
        while pending:
            one, depth = pending.pop()
            kind = type(one)
            if kind is Record:
                one, kind = one.fields, dict
            self.charge(1 + len(one) // 4)
            if depth > MAX_DEPTH:
                raise BudgetExceeded(DEPTH)
            size += 1
            for item in one.values() if kind is dict else one:
                inner = type(item)
                if inner is str:
                    size += len(item)
                elif inner in SCALARS:
                    size += 1
                else:
                    pending.append((item, depth + 1))
            if kind is dict:
                # Keys are flat, and as long as they are.
                size += sum(len(key) if type(key) is str else 4 for key in one)
        self.charge(size // (4 * _CHARACTERS))
        return size

    def warn(self, text: str) -> None:
        """Keep a warning for the person who waits.

        Raises:
            BudgetExceeded: when the run writes too much.
        """
        self._write(len(text))
        self.warnings = (*self.warnings, shorten(text))

    def log(self, text: str) -> None:
        """Keep a line for the author.

        Raises:
            BudgetExceeded: when the run writes too much.
        """
        self._write(len(text))
        self.logs = (*self.logs, text)

    # Any value of a script.
    def propose(self, name: str, value: Any) -> None:  # noqa: ANN401
        """Keep a value that the script wants a field to have.

        Raises:
            BudgetExceeded: when it proposes too much.
        """
        self._write(len(name))
        self.proposals = (*self.proposals, (name, value))

    def _write(self, length: int) -> None:
        # Empty lines count too.
        self.written += length + 16
        if self.written > self.limits.output:
            raise BudgetExceeded(OUTPUT)
        self.charge(1)


def stop(text: Label) -> NoReturn:
    """Stop the run.

    Raises:
        BudgetExceeded: always.
    """
    raise BudgetExceeded(text)
