"""What a rule of three lines costs, in both engines, beside the same rule as a plain Python function and beside asteval as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from bench.measure import Figure, interleaved
from crmcore.scripting import Mode, ScriptError, Scripts, freeze

RULE = """digits = value.replace(" ", "").replace("-", "")
ok = len(digits) >= 8 and digits.startswith("+") and customer.country in ("DE", "AT", "CH")
ok or fail("Il telefono deve essere nel formato +49")"""
INPUTS: Mapping[str, Any] = {"value": "+49 170 1234567", "customer": freeze({"country": "DE"})}

COMPILED, INTERPRETED = 20, 60


@attrs.frozen
class _Customer:
    country: str = "DE"


def plain(value: str, customer: _Customer) -> bool:
    """Do what the rule does."""
    digits = value.replace(" ", "").replace("-", "")
    ok = len(digits) >= 8 and digits.startswith("+") and customer.country in ("DE", "AT", "CH")  # noqa: PLR2004 - as in the rule
    return ok or fail("Il telefono deve essere nel formato +49")


def fail(message: str) -> bool:
    raise ValueError(message)


def figures(*, quick: bool) -> list[Figure]:
    """Measure runs of a rule that is checked and kept, and what checking it anew costs."""
    times = 2_000 if quick else 10_000
    customer = _Customer()
    measured = interleaved(
        {
            "plain": lambda: plain("+49 170 1234567", customer),
            **{mode.value: _run(mode) for mode in Mode},
            "stock": _stock(customer),
        },
        rounds=7,
        times=times,
    )
    anew = interleaved({mode.value: _check(mode) for mode in Mode}, rounds=5, times=times // 50)
    targets = {Mode.COMPILED.value: COMPILED, Mode.INTERPRETED.value: INTERPRETED, "stock": None}
    names = {"compiled": "rule of 3 lines, compiled", "interpreted": "rule of 3 lines, interpreted", "stock": "the same, asteval as it is"}
    found = [
        Figure(
            subject=names[name],
            value=measured[name] * 1e6,
            unit="µs",
            baseline=measured["plain"] * 1e6,
            against="plain function",
            target=target,
        )
        for name, target in targets.items()
    ]
    found += [Figure(subject=f"check it anew, {mode.value}", value=anew[mode.value] * 1e6, unit="µs") for mode in Mode]
    return found


def _run(mode: Mode) -> Callable[[], object]:
    script = Scripts(mode=mode).prepare(RULE, INPUTS)
    assert script.run(INPUTS).value is True
    try:
        script.run({**INPUTS, "value": "170"})
    except ScriptError:
        return lambda: script.run(INPUTS)
    raise AssertionError


def _check(mode: Mode) -> Callable[[], object]:
    return lambda: Scripts(mode=mode).prepare(RULE, INPUTS)


def _stock(customer: _Customer) -> Callable[[], object]:
    from asteval import Interpreter  # noqa: PLC0415 - only as a baseline

    interpreter = Interpreter(use_numpy=False)
    interpreter.symtable.update({"value": "+49 170 1234567", "customer": customer, "fail": fail})
    tree = interpreter.parse(RULE)
    return lambda: interpreter.run(tree)
