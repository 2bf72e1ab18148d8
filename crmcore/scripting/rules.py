"""Rules as a worker runs them: `ENGINE` is what `crmcore.scripting.locked` imports under its name, in a process that has nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from crmcore.scripting.engine import Mode, Script, Scripts
from crmcore.scripting.errors import ScriptError
from crmcore.scripting.limits import DEFAULT_LIMITS, Limits
from crmcore.scripting.workdays import CLOSED_DAYS, with_closed_days

_WARM: Final = (
    "a = [round(decimal('2.675'), 2), f'{1.5:.2f}', 'x'.upper(), matches('^[a-z]+$', 'abc'), date('2026-05-11').strftime('%d/%m/%Y')]",
    "x = {k: v for k, v in {'a': 1}.items()}\nfor i in range(3):\n    x['a'] += i\nx['a'] > 2 and sorted({3, 1})",
    "fail('no')",
    "1 / 0",
    "(",
    "'\\N{BULLET}\\u00e0' + 1",
    "add_working_days(date(2026, 4, 2), 3)",
)


@attrs.frozen
class PreparedRule:
    """A rule with the limits of its runs."""

    script: Script
    limits: Limits

    @property
    def uses(self) -> tuple[tuple[str, ...], ...]:
        """What it reads of its context."""
        return self.script.uses

    def __call__(self, context: Mapping[str, object]) -> dict[str, Any]:
        """Run it; the keys are those of `crmcore.scripting.Outcome`, without those that are empty.

        Raises:
            ScriptError: however it does not end well.
        """
        outcome = self.script.run(context, self.limits)
        found: dict[str, Any] = {"value": outcome.value, "steps": outcome.steps}
        # Most rules say nothing beside their value, and every empty list would be written and read again for each record of a batch.
        said = (("warnings", outcome.warnings), ("logs", outcome.logs), ("proposals", outcome.proposals))
        found |= {name: each for name, each in said if each}
        return found


class RuleEngine:
    """Run rules: prepared by text and options, which are all plain.

    Options: ``mode`` (``compiled`` or ``interpreted``), ``inputs`` (names that it may read; any when left out), ``effects`` (whether it
    may call ``set_field``), ``limits`` (of `Limits`, by name), ``closed_days`` (dates on which nobody works, besides weekends).
    """

    def __init__(self) -> None:
        self._scripts: dict[tuple[Mode, object], Scripts] = {}

    def warm(self) -> None:
        """Run a few rules in both modes, failing ones too: what Python imports when it is first needed is there afterwards."""
        for mode in Mode:
            for source in _WARM:
                try:
                    self.prepare(source, {"mode": mode.value})({})
                except ScriptError:
                    continue

    def prepare(self, source: str, options: Mapping[str, Any]) -> PreparedRule:
        """Check and compile a rule, or find it.

        Raises:
            ScriptError: when it is refused.
        """
        closed = frozenset(options.get("closed_days", CLOSED_DAYS))
        mode = Mode(options.get("mode", Mode.COMPILED.value))
        scripts = self._scripts.get((mode, closed))
        if scripts is None:
            scripts = self._scripts[mode, closed] = Scripts(with_closed_days(closed), mode)
        script = scripts.prepare(source, options.get("inputs"), effects=bool(options.get("effects")))
        limits = attrs.evolve(DEFAULT_LIMITS, **options["limits"]) if "limits" in options else DEFAULT_LIMITS
        return PreparedRule(script, limits)


ENGINE: Final = RuleEngine()
"""The engine by its name: ``crmcore.scripting.rules:ENGINE``."""
