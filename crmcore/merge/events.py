"""What merges tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import attrs

from crmcore.events import Event


@attrs.frozen(kw_only=True)
class AccountMerged(Event):
    """Accounts were merged into another one; ``relinked`` counts the rows of other tables that went along, by table."""

    TYPE: ClassVar[str] = "account.merged"

    merge_id: int
    survivor_id: int
    merged_ids: tuple[int, ...]
    relinked: Mapping[str, int]


@attrs.frozen(kw_only=True)
class AccountUnmerged(Event):
    """A merge was undone: these accounts are there again."""

    TYPE: ClassVar[str] = "account.unmerged"

    merge_id: int
    survivor_id: int
    merged_ids: tuple[int, ...]


MERGE_EVENTS = (AccountMerged, AccountUnmerged)
