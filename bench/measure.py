"""Measure contenders in interleaved rounds, by the processor time that they and the database's servers for them use."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import attrs

_TICKS: Final = os.sysconf("SC_CLK_TCK")


@attrs.frozen(kw_only=True)
class Figure:
    """One line of the table: ``value`` in ``unit``, against ``baseline`` in the same unit, and what is to be reached."""

    subject: str
    value: float
    unit: str
    database: str = "-"
    baseline: float | None = None
    against: str = ""
    target: float | None = None
    of: str = "ratio"
    """What the target is about: the "ratio" to the baseline, the "excess" over it, or the "value" itself; at most, unless ``at_least``."""
    at_least: bool = False
    notes: tuple[str, ...] = ()

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def measured(self) -> float:
        if self.of == "excess":
            return self.value - (self.baseline or 0.0)
        return self.value if self.of == "value" else self.ratio or 0.0

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        good = self.measured >= self.target if self.at_least else self.measured <= self.target
        return "ok" if good else "MISS"

    @property
    def goal(self) -> str:
        if self.target is None:
            return ""
        sign = "≥" if self.at_least else "≤"
        unit = {"ratio": " x", "excess": f" {self.unit} above", "value": f" {self.unit}"}[self.of]
        return f"{sign} {self.target:g}{unit}"


def server_time(pids: Iterable[int]) -> float:
    """Return the seconds of processor time that some processes have used, where the system tells."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


def interleaved(
    contenders: Mapping[str, Callable[[], None]],
    *,
    rounds: int,
    times: int = 1,
    servers: Callable[[], Iterable[int]] = tuple,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, float]:
    """Return for each contender the median, over rounds in which all take turns, of the seconds that one of ``times`` calls takes."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        call()
    # Only now: each contender has its connections, and each connection its process.
    pids = tuple(servers())
    gc.collect()
    gc.freeze()
    for number in range(rounds):
        names = list(contenders)
        # Nobody is always first.
        for name in names[number % len(names) :] + names[: number % len(names)]:
            call = contenders[name]
            before = clock() + server_time(pids)
            for _ in range(times):
                call()
            found[name].append((clock() + server_time(pids) - before) / times)
    gc.unfreeze()
    return {name: statistics.median(values) for name, values in found.items()}
