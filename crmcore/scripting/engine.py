"""Run scripts: read and checked once, kept by their text, run as often as wanted, in any thread.

Two engines run the same programs and give the same values and the same steps: ``COMPILED`` is fast, ``INTERPRETED`` is asteval with its
insides replaced. This module needs nothing of the CRM, no database and no other library.
"""

from __future__ import annotations

import enum
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from crmcore.labels import Label
from crmcore.scripting.catalogue import Catalogue
from crmcore.scripting.compiler import compile_program, inputs_of
from crmcore.scripting.errors import Kind, ScriptError
from crmcore.scripting.faults import as_script_error
from crmcore.scripting.functions import CORE
from crmcore.scripting.grammar import Program, check
from crmcore.scripting.limits import DEFAULT_LIMITS, BudgetExceeded, Guard, Limits
from crmcore.scripting.reading import FILE, column_of
from crmcore.scripting.values import SCALARS, freeze

if TYPE_CHECKING:
    from crmcore.scripting.interpreter import Walker

ENGINE_VERSION: Final = "1"
"""Part of the key of a script: what an engine of another version checked counts for nothing."""
_KEPT: Final = 1_000


class Mode(enum.Enum):
    """How programs are run."""

    COMPILED = "compiled"
    INTERPRETED = "interpreted"


class Outcome:
    """What came out of a run."""

    __slots__ = ("_guard", "value")

    def __init__(self, value: Any, guard: Guard) -> None:  # noqa: ANN401 - any value of a script
        self.value = value
        """The value of the last statement: plain, and of bounded size."""
        self._guard = guard

    @property
    def warnings(self) -> tuple[str, ...]:
        """What it said to the person."""
        return self._guard.warnings

    @property
    def logs(self) -> tuple[str, ...]:
        """What it said to its author."""
        return self._guard.logs

    @property
    def proposals(self) -> Mapping[str, Any]:
        """What it wants other fields to be; nothing is written yet."""
        return dict(self._guard.proposals)

    @property
    def steps(self) -> int:
        """Steps that it took, the same on every machine."""
        return self._guard.used


class Script:
    """A checked script, ready to run. The same object may run in many threads at once."""

    def __init__(self, program: Program, mode: Mode, *, closed: bool) -> None:
        self.program = program
        self.mode = mode
        self._closed = closed
        self._inputs = inputs_of(program)
        self._function = compile_program(program) if mode is Mode.COMPILED else None

    @property
    def key(self) -> str:
        """Digest of the text and the version of the engine: the same key, the same meaning."""
        return hashlib.sha256(f"{ENGINE_VERSION}\0{self.program.source}".encode()).hexdigest()

    @property
    def uses(self) -> tuple[tuple[str, ...], ...]:
        """What it reads: names, and names with a field; nothing else needs to be given to it."""
        return tuple(sorted(self.program.paths))

    def run(self, context: Mapping[str, object], limits: Limits = DEFAULT_LIMITS, clock: Callable[[], float] | None = None) -> Outcome:
        """Run it on the values of a context, of which only those are frozen that it reads.

        Raises:
            ScriptError: however it does not end well.
            NotPlain: when the context holds what no script may see; the host's fault.
        """
        if not self._closed:
            self._look_at(context)
        arguments = [freeze(context[name]) for name in self._inputs]
        guard = Guard(limits) if clock is None else Guard(limits, clock)
        if self._function is None:
            return self._walk(guard, arguments)
        try:
            value = self._function(guard, *arguments)
            if type(value) not in _SMALL:
                guard.measure(value, limits.result)
        except (Exception, BudgetExceeded) as error:  # noqa: BLE001 - the border: nothing else leaves it
            raise as_script_error(error, *self._place(error.__traceback__)) from None
        return Outcome(value, guard)

    def _walk(self, guard: Guard, arguments: list[Any]) -> Outcome:
        walker = _WALKERS.pop() if _WALKERS else _new_walker()
        try:
            value = walker.perform(self.program, guard, dict(zip(self._inputs, arguments, strict=True)))
            walker.at = self.program.tree.body[-1] if self.program.tree.body else None
            if type(value) not in _SMALL:
                guard.measure(value, guard.limits.result)
        except (Exception, BudgetExceeded) as error:  # noqa: BLE001 - the border, as above
            line, offset = getattr(walker.at, "lineno", 0), getattr(walker.at, "col_offset", -1)
            raise as_script_error(error, line, column_of(self.program.source, line, offset)) from None
        finally:
            _WALKERS.append(walker)
        return Outcome(value, guard)

    def _look_at(self, context: Mapping[str, object]) -> None:
        """Refuse what was not known when it was checked: names that are missing, and names that it must not assign."""
        for name in self._inputs:
            if name not in context:
                text = Label(f"il nome {name} non esiste", f"there is no name {name}")
                raise ScriptError(Kind.RUNTIME, text, *self.program.place_of(name))
        for name in sorted(self.program.assigned.intersection(context)):
            text = Label(f"{name} si può solo leggere", f"{name} can only be read")
            raise ScriptError(Kind.FORBIDDEN, text, *self.program.place_of(name))

    def _place(self, trace: TracebackType | None) -> tuple[int, int]:
        """Return line and column of the innermost piece of the script in a traceback."""
        last = self.program.tree.body[-1:]
        # Without one it was the value that came out.
        place = (last[0].lineno, column_of(self.program.source, last[0].lineno, last[0].col_offset)) if last else (0, 0)
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename == FILE:
                positions = list(code.co_positions())
                line, _, offset, _ = positions[trace.tb_lasti // 2]
                line = line or trace.tb_lineno
                place = (line, column_of(self.program.source, line, offset or 0))
            trace = trace.tb_next
        return place


class Scripts:
    """Scripts by their text, with one catalogue of functions: checked and compiled once, kept as long as they are used."""

    def __init__(self, catalogue: Catalogue = CORE, mode: Mode = Mode.COMPILED, keep: int = _KEPT) -> None:
        self.catalogue = catalogue
        self.mode = mode
        self._keep = keep
        self._kept: OrderedDict[tuple[str, frozenset[str] | None, bool], Script] = OrderedDict()
        self._lock = threading.Lock()

    def prepare(self, source: str, inputs: Collection[str] | None = None, *, effects: bool = False) -> Script:
        """Return a script ready to run. ``inputs`` are the names that it may read, ``effects`` whether it may propose changes.

        Raises:
            ScriptError: when the text is refused.
        """
        key = (source, None if inputs is None else frozenset(inputs), effects)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = Script(check(source, self.catalogue, inputs, effects=effects), self.mode, closed=inputs is not None)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)
        return made

    def run(self, source: str, context: Mapping[str, object], limits: Limits = DEFAULT_LIMITS) -> Outcome:
        """Run a text on a context.

        Raises:
            ScriptError: however it does not end well.
        """
        return self.prepare(source).run(context, limits)


_SMALL: Final = SCALARS - {str}
_WALKERS: Final[list[Walker]] = []
"""Interpreters that nobody uses now; making one takes longer than a rule."""


def _new_walker() -> Walker:
    from crmcore.scripting.unnumbered import without_numpy  # noqa: PLC0415 - only who interprets pays for asteval

    with without_numpy():
        from crmcore.scripting.interpreter import Walker  # noqa: PLC0415 - as above

    return Walker()
