"""What a list says about a value: lists end somewhere, and what is not on one is not always wrong."""

from __future__ import annotations

import enum

import attrs

from crmcore import Label


class Standing(enum.Enum):
    """Where a value stands with a list of values."""

    KNOWN = "known"
    """It is on the list."""
    CEASED = "ceased"
    """It was on the list, and is not used any more."""
    UNKNOWN = "unknown"
    """It has the right form, and the list, which may be older or shorter than reality, does not have it."""
    AMBIGUOUS = "ambiguous"
    """It fits several, and what would tell them apart is missing."""
    WRONG = "wrong"
    """It cannot be one, whatever the list."""


@attrs.frozen
class Verdict:
    """What was found out about a value; ``value`` is its normal form, or what was given when it is wrong."""

    standing: Standing
    value: str
    reason: Label

    @property
    def possible(self) -> bool:
        """Whether the value may be kept: all but the wrong and ambiguous ones."""
        return self.standing not in {Standing.WRONG, Standing.AMBIGUOUS}
