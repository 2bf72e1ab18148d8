"""Rules as a `Crm` runs them: with the functions of its plugins, its calendar, and at its level of isolation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore.errors import Problem
from crmcore.events import WorkingCalendar
from crmcore.hooks import ScriptFunction
from crmcore.labels import Label
from crmcore.scripting.catalogue import Catalogue, plugin_function
from crmcore.scripting.engine import Scripts
from crmcore.scripting.errors import Kind, ScriptError
from crmcore.scripting.grammar import Program
from crmcore.scripting.limits import DEFAULT_LIMITS, Limits
from crmcore.scripting.locked.engine import Options
from crmcore.scripting.workdays import with_calendar
from crmcore.scripting.worker import InProcess, Runner

if TYPE_CHECKING:
    from crmcore.app import Crm

_KIND: Final = "rule"
_ODD: Final = Label("il processo dello script non ha dato una risposta valida", "the process of the script gave no valid answer")
_YEARS: Final = 3
"""Before and after today: for so long a worker is told on which days nobody works."""
_SATURDAY: Final = 5


@attrs.frozen
class Answer:
    """What came out of a rule."""

    value: Any
    warnings: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    proposals: Mapping[str, Any] = attrs.field(factory=dict)
    steps: int = 0


def catalogue_of(functions: Iterable[ScriptFunction], calendar: WorkingCalendar) -> Catalogue:
    """Return what rules may call: the language's own functions, working days, and the functions of plugins under their names."""
    return with_calendar(calendar).extended(plugin_function(each.name, each.fn) for each in functions if "." in each.name)


class RuleHost:
    """Check and run rules for one Crm.

    Where scripts are isolated, nothing of a plugin is inside the process that runs them: a rule that calls a plugin's function is refused.
    """

    def __init__(
        self,
        runner: Runner,
        functions: Iterable[ScriptFunction],
        calendar: WorkingCalendar,
        today: Callable[[], date],
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._runner = runner
        self._calendar = calendar
        self._today = today
        self._limits = limits
        self._isolated = not isinstance(runner, InProcess)
        self._scripts = Scripts(catalogue_of(() if self._isolated else functions, calendar))
        self._closed: tuple[date, tuple[date, ...]] | None = None

    @classmethod
    def of(cls, crm: Crm) -> RuleHost:
        """Return the host of a CRM."""
        return cls(crm.scripts, crm.registry.script_functions.values(), crm.calendar, lambda: crm.clock.now().astimezone(crm.zone).date())

    @property
    def catalogue(self) -> Catalogue:
        """The functions that rules may call."""
        return self._scripts.catalogue

    def check(self, source: str, inputs: Collection[str] | None = None, *, effects: bool = False) -> Program:
        """Check a rule, and return what it uses.

        Raises:
            ScriptError: when it is refused.
        """
        return self._scripts.prepare(source, inputs, effects=effects).program

    def run(self, source: str, context: Mapping[str, object], inputs: Collection[str] | None = None, *, effects: bool = False) -> Answer:
        """Run a rule on a context, of which only what it reads is looked at.

        Raises:
            ScriptError: however it does not end well.
            NotPlain: when the context holds what no script may see.
        """
        if not self._isolated:
            outcome = self._scripts.prepare(source, inputs, effects=effects).run(context, self._limits)
            return Answer(outcome.value, outcome.warnings, outcome.logs, outcome.proposals, outcome.steps)
        options: Options = {
            "inputs": None if inputs is None else sorted(inputs),
            "effects": effects,
            "limits": attrs.asdict(self._limits),
            "closed_days": list(self._closed_days()),
        }
        return _answer_of(self._runner.run(_KIND, source, context, options=options))

    def _closed_days(self) -> tuple[date, ...]:
        """Return the weekdays on which nobody works, around today; a worker knows no calendar."""
        today = self._today()
        if self._closed is None or self._closed[0] != today:
            days = (today + timedelta(days=number) for number in range(-365 * _YEARS, 365 * _YEARS))
            self._closed = today, tuple(day for day in days if day.weekday() < _SATURDAY and not self._calendar.is_working_day(day))
        return self._closed[1]


def _answer_of(found: Any) -> Answer:  # noqa: ANN401 - from a worker that somebody broke into it may be anything
    parts = {"value": None, "steps": 0, "warnings": [], "logs": [], "proposals": {}, **(found if type(found) is dict else {"steps": None})}
    texts = [parts["warnings"], parts["logs"]]
    fits = all(type(each) is list and all(type(text) is str for text in each) for each in texts)
    if not fits or type(parts["steps"]) is not int or type(parts["proposals"]) is not dict:
        raise ScriptError(Kind.RUNTIME, _ODD)
    return Answer(parts["value"], tuple(parts["warnings"]), tuple(parts["logs"]), parts["proposals"], parts["steps"])


def script_problem(kind: str, thing: str, error: ScriptError) -> Problem:
    """Return the problem of a rule that cannot be."""
    params = {"kind": kind, "object": thing, "line": error.line, "column": error.column, "reason": error.text}
    return Problem(code="SCRIPT_INVALID", params=params)
