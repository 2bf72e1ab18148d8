"""ATECO, the classification of economic activities: codes with their edition, and from one edition to the other.

The lists are ISTAT's (CC BY 4.0), whole, in the package `ateco`: editions 2007, 2022 and 2025. A code says nothing without its
edition, because 2025 gave old codes new meanings; so it is stored as ``2025:62.10.00``.
"""

from __future__ import annotations

import re
from typing import Final

import attrs

from crmcore import Label
from crmcore_italy.cleaning import text_of

CURRENT: Final = "2025"
"""The edition in force since 1 January 2025, used in the registers since 1 April 2025."""
EDITIONS: Final = ("2025", "2022", "2007")
"""The newest first. What people call ATECO 2007 is mostly its update of 2022."""
EXPECTED: Final = Label("un codice ATECO, come 62.10.00", "an ATECO code, such as 62.10.00")
_SHAPE: Final = re.compile(
    r"(?:(?P<before>20[0-9]{2})\s*:\s*)?(?P<code>[A-V]|[0-9][0-9.\s]{1,9})(?:\s*\((?:ATECO\s*)?(?P<behind>20[0-9]{2})\))?", re.IGNORECASE
)
_DIGITS: Final = re.compile(r"[0-9]{2,6}")


@attrs.frozen
class Translation:
    """What a code became in another edition: ``codes`` are several where an activity was split, none where it has no counterpart."""

    codes: tuple[str, ...]

    @property
    def certain(self) -> bool:
        """Whether there is exactly one, which can be taken without asking."""
        return len(self.codes) == 1


def normalise_ateco(value: object) -> str:
    """Return edition and dotted code: ``2025:62.10.00`` for ``621000``, ``62.10.00`` or ``62.10.00 (ATECO 2025)``.

    Without an edition it is the current one, or the newest that has the code.

    Raises:
        ValueError: for a code that no edition has, or not the one that was named.
    """
    import ateco  # noqa: PLC0415 - megabytes of lists, which only these codes need

    found = _SHAPE.fullmatch(re.sub(r"^ATECO[\s:]+(?=[0-9]{2}\.)", "", text_of(value, EXPECTED), flags=re.IGNORECASE))
    if found is None:
        raise ValueError(EXPECTED)
    code = _dotted(found["code"])
    edition = found["before"] or found["behind"]
    if edition is not None and edition not in EDITIONS:
        raise ValueError(EXPECTED)
    for each in (edition,) if edition else EDITIONS:
        if code and ateco.lookup(code, edition=each) is not None:
            return f"{each}:{code}"
    raise ValueError(EXPECTED)


def display_ateco(stored: object) -> str:
    """Return ``62.10.00 (ATECO 2025)``."""
    edition, _, code = str(stored).partition(":")
    return f"{code} (ATECO {edition})"


def title_of(stored: str) -> str:
    """Return what the activity is, in the words of the classification; empty for a code that its edition does not have."""
    import ateco  # noqa: PLC0415 - see above

    edition, _, code = stored.partition(":")
    node = ateco.lookup(code, edition=edition)
    return node.title if node is not None else ""


def translate(stored: str, edition: str = CURRENT) -> Translation:
    """Return what a code of 2022 became in 2025, or the other way round, by ISTAT's theoretical table; the same edition gives it back.

    Raises:
        ValueError: for editions that no table connects: 2007 was updated in 2022 without one.
    """
    import ateco  # noqa: PLC0415 - see above

    source, _, code = stored.partition(":")
    if source == edition:
        return Translation((stored,))
    if {source, edition} != {"2022", "2025"}:
        message = f"no table leads from ATECO {source} to ATECO {edition}"
        raise ValueError(message)
    targets = ateco.map_code(code, source, edition).targets
    return Translation(tuple(f"{edition}:{target}" for target in targets))


def _dotted(code: str) -> str:
    # ``1.11.00`` lost a zero; ``11100`` may have, or be 11.10.0, and is taken as it is.
    plain = re.sub(r"[.\s]", "", re.sub(r"^([0-9])\.", r"0\1.", code)).upper()
    if not _DIGITS.fullmatch(plain):
        return plain if len(plain) == 1 else ""
    return ".".join(plain[start : start + 2] for start in range(0, len(plain), 2))
