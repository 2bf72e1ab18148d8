"""Merge what was found, through the core's merge: the one place that calls it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select

from crmcore import Session
from crmcore.merge import MergeResult
from crmcore.model import ExternalKey
from crmcore_quality.matching.answering import require
from crmcore_quality.matching.model import DuplicatePair
from crmcore_quality.matching.queue import confirm

_REASON: Final = "duplicates: {reason}"


def merge(session: Session, survivor: int, others: Sequence[int], *, rule: str | None = None, reason: str = "") -> MergeResult:
    """Merge accounts, and keep as an answer that they are the same: the model learns from what is merged.

    Raises:
        UsageError: ``QUALITY_FORBIDDEN``; and what the merge raises.
    """
    require(session)
    confirm(session, [survivor, *others])
    return session.merges.merge(survivor, others, rule=rule, reason=_REASON.format(reason=reason or session.actor.name))


def auto_groups(session: Session) -> list[list[int]]:
    """Return the accounts that the last scan is sure of, survivor first: all pairs of a group that are sure, joined."""
    pairs = session.execute(
        select(DuplicatePair.account_id, DuplicatePair.other_id, DuplicatePair.group_number)
        .where(DuplicatePair.band == "auto", DuplicatePair.account_id != DuplicatePair.other_id)
        .order_by(DuplicatePair.group_number, DuplicatePair.id)
    ).all()
    from crmcore_quality.duplicates import components  # noqa: PLC0415 - the engine brings numpy

    found = components(max((max(row[0], row[1]) for row in pairs), default=0) + 1, [row[0] for row in pairs], [row[1] for row in pairs])
    keys = _external_keys(session, [key for group in found for key in group])
    return [sorted(group, key=lambda key: (-keys[key], key)) for group in found]


def merge_auto(session: Session, *, rule: str | None = None) -> list[MergeResult]:
    """Merge every group that the last scan is sure of into the one that other systems know, or the oldest; the caller commits."""
    return [merge(session, group[0], group[1:], rule=rule, reason="auto") for group in auto_groups(session)]


def _external_keys(session: Session, keys: Sequence[int]) -> defaultdict[int, int]:
    """Return how many keys of other systems each account has: the survivor should be the one that they know."""
    found: defaultdict[int, int] = defaultdict(int)
    for start in range(0, len(keys), 5_000):
        some = keys[start : start + 5_000]
        counted = (
            select(ExternalKey.entity_id, func.count())
            .where(ExternalKey.entity == "account", ExternalKey.entity_id.in_(some))
            .group_by(ExternalKey.entity_id)
        )
        # Keys are the platform's, and exist for no user.
        with session.unguarded("quality"):
            found.update({row[0]: row[1] for row in session.execute(counted)})
    return found
