"""What the merge API hands out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from crmcore.errors import Problem


@attrs.frozen(kw_only=True)
class FieldDecision:
    """What a field of the survivor becomes, by which rule, and whose value that was; ``c.<key>`` is a characteristic."""

    field: str
    rule: str
    old: Any
    new: Any
    account_id: int | None
    """The account that the value comes from; None when it is made of several."""
    values: Mapping[int, Any] = {}
    """What each account had."""


@attrs.frozen(kw_only=True)
class MergePreview:
    """What a merge would do, or why it may not be done: then ``refusals`` is not empty."""

    survivor_id: int
    merged_ids: tuple[int, ...]
    rule: str
    decisions: tuple[FieldDecision, ...] = ()
    relinked: Mapping[str, int] = {}
    archived: Mapping[str, int] = {}
    clashes: tuple[tuple[str, tuple[Any, ...], tuple[tuple[Any, ...], ...]], ...] = ()
    """Table, key of the row that stays, keys of those that go into the journal."""
    refusals: tuple[Problem, ...] = ()


@attrs.frozen(kw_only=True)
class MergeResult:
    """What a merge did; ``relinked`` and ``archived`` count rows by table."""

    id: int
    survivor_id: int
    merged_ids: tuple[int, ...]
    relinked: Mapping[str, int]
    archived: Mapping[str, int]
    decisions: tuple[FieldDecision, ...]


@attrs.frozen(kw_only=True)
class ThreeWay:
    """Something that the merge changed and that somebody changed since: as it was, as the merge left it, as it is now.

    ``key`` is what a choice is given for. ``field`` is set where fields are decided one by one, as those of the survivor are.
    """

    key: str
    table: str
    id: Any
    field: str | None
    old: Any
    merged: Any
    now: Any


@attrs.frozen(kw_only=True)
class UndoResult:
    """What undoing a merge did; with ``questions`` it did nothing, and waits for a choice for each."""

    id: int
    survivor_id: int
    merged_ids: tuple[int, ...]
    done: bool
    questions: tuple[ThreeWay, ...] = ()
    restored: Mapping[str, int] = {}
    """Rows that were put back, by table."""
    kept: Mapping[str, int] = {}
    """Rows that stay with the survivor because somebody chose so, by table."""
    gone: Mapping[str, int] = {}
    """Rows that somebody deleted since, by table."""


@attrs.frozen(kw_only=True)
class MergeRecord:
    """A merge in the history of an account."""

    id: int
    survivor_id: int
    merged_ids: tuple[int, ...]
    rule: str
    reason: str
    at: datetime
    actor: str
    undone_at: datetime | None
    undone_by: str | None
    relinked: Mapping[str, int]
    decisions: tuple[Mapping[str, Any], ...]
