"""What goes into a mass change and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from crmcore.errors import Problem

PLANNED: Final = "planned"
APPLIED: Final = "applied"
UNDONE: Final = "undone"
STALE: Final = "STALE_VERSION"
CHANGED_SINCE: Final = "CHANGED_SINCE"
NOT_FOUND: Final = "NOT_FOUND"
UNCHANGED: Final = "unchanged"
"""What may become of an item; every other outcome is the code of a refusal. Unchanged values are counted and not kept."""


@attrs.frozen
class Planned:
    """One wish: this field of this record shall have this value, as JSON; None empties it."""

    record_id: int
    field: str
    # Any JSON value.
    new: Any


@attrs.frozen
class Seen:
    """A wish beside what was found: the version and the present value, as JSON, and the version of what the record is part of."""

    record_id: int
    field: str
    version: int
    # Any JSON value.
    old: Any
    new: Any
    parent: int | None = None


@attrs.frozen
class Refusal:
    """A wish that will not be fulfilled, and why."""

    record_id: int
    field: str
    problem: Problem


@attrs.frozen(kw_only=True)
class Preview:
    """What a confirmed change set would do.

    ``counts`` are by outcome, in fields of records: ``planned``, ``unchanged``, and codes of refusals. They are of all, while ``samples``
    are the first changes and ``refusals`` the first refusals.
    """

    id: int
    token: str
    kind: str
    entity: str
    counts: Mapping[str, int]
    samples: tuple[Seen, ...]
    refusals: tuple[Refusal, ...]


@attrs.frozen(kw_only=True)
class Result:
    """What a confirmation or an undo did.

    ``counts`` are by outcome, in fields of records; ``records`` is how many records were written; ``skipped`` are the first fields that
    were not, as ``(record, field, code)``.
    """

    id: int
    records: int
    counts: Mapping[str, int]
    skipped: tuple[tuple[int, str, str], ...]
