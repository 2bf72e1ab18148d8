"""Bring the odds in line with what people answered: where they say "no" more often than the odds foretell, the odds were too high.

Source: Platt (1999), Probabilistic Outputs for Support Vector Machines: a logistic regression of the answers on the odds, here held by
priors to what it was, so that three answers change little and a hundred decide.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from crmcore_quality.duplicates.columns import Weights

_SLOPE_SPREAD: Final = 0.15
_SHIFT_SPREAD: Final = 1.0
"""How far slope and shift may be off before anybody answered, as standard deviations."""
_ROUNDS: Final = 30
_STRONGEST: Final = 15.0
_STEADY: Final = 1e-9


@attrs.frozen
class Calibration:
    """What is made of the odds: ``slope`` times the odds, and ``shift``."""

    slope: float = 1.0
    shift: float = 0.0
    answers: int = 0

    @property
    def stricter(self) -> bool:
        """Whether it changes anything: what goes without asking has to be sure both with and without it."""
        return self.answers > 0

    def apply(self, odds: Weights) -> Weights:
        """Return calibrated odds; what is forbidden remains so."""
        if not self.answers:
            return odds.copy()
        return np.where(np.isfinite(odds), self.slope * np.where(np.isfinite(odds), odds, 0.0) + self.shift, odds)


UNCHANGED: Final = Calibration()


def calibrate(odds: Weights, same: NDArray[np.bool_]) -> Calibration:
    """Return the calibration that fits the odds of pairs to the answers about them, by Newton's method."""
    finite = np.isfinite(odds)
    given, answers = np.clip(odds[finite], -_STRONGEST, _STRONGEST), same[finite].astype(float)
    if not len(given):
        return UNCHANGED
    features = np.column_stack((given, np.ones(len(given))))
    start = np.array([1.0, 0.0])
    precision = np.diag([_SLOPE_SPREAD**-2, _SHIFT_SPREAD**-2])
    at = start
    for _ in range(_ROUNDS):
        likely = 1 / (1 + np.exp(-np.clip(features @ at, -50, 50)))
        gradient = features.T @ (answers - likely) - precision @ (at - start)
        curvature = (features * (likely * (1 - likely))[:, None]).T @ features + precision
        step = np.linalg.solve(curvature, gradient)
        at = at + step
        if float(np.abs(step).max()) < _STEADY:
            break
    return Calibration(slope=max(float(at[0]), 0.1), shift=float(at[1]), answers=len(given))
