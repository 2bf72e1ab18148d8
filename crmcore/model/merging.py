"""Merged accounts: the record of each merge, and what a table says about the rows that come together in one (I-17 to I-20)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import attrs
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmcore.model.base import Entity
from crmcore.model.types import Json, UtcDateTime
from crmcore.model.visibility import Visibility

MERGE: Final = "merge"
"""Key in a table's ``info`` under which its `MergePolicy` is."""

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class OnlyOne:
    """At most one row of an account may have ``value`` in ``column``; those of the others get ``becomes``.

    Rows whose flag ``unless`` is set do not count.
    """

    column: str
    value: object
    becomes: object
    unless: str | None = None


@attrs.frozen(kw_only=True)
class MergePolicy:
    """Say what a merge does with rows of a table, where following its references is not enough: ``info={"merge": MergePolicy(…)}``.

    Rows clash when a unique constraint would refuse them together. Then one stays, the children of the others are given to it, and the
    others go into the journal of the merge, from which undoing it takes them back.
    """

    keep: tuple[str, ...] = ()
    """Columns that go on naming the merged record: logs, which say what happened to whom."""
    same: tuple[str, ...] = ()
    """Columns that make two rows of one account the same, where no constraint says so."""
    prefer: Mapping[str, Sequence[object]] = _NOTHING
    """Column → values, the best first: which of the clashing rows stays. Without it, the one of the survivor does."""
    combine: Mapping[str, str] = _NOTHING
    """Column → ``any``, ``all``, ``min``, ``max``, ``sum``, ``longest`` or ``filled``: what the row that stays takes from all of them."""
    resolve: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]] | None = None
    """For what ``combine`` cannot say: gets the clashing rows, the one that stays first, and returns columns to set on that one."""
    only_one: OnlyOne | None = None
    not_itself: tuple[tuple[str, str], ...] = ()
    """Pairs of columns that may not refer to one record: a row that would goes into the journal."""
    also: Mapping[str, object] = _NOTHING
    """Columns that get another value when a row is given to the survivor."""


LOG: Final = "log"
"""What ``info["merge"]`` says for a table that is a log: nothing of it is touched."""


class AccountMerge(Entity):
    """One merge: which account survived, what was decided, and whether it was undone since.

    ``decisions`` are those about fields, ``relinked`` counts rows by table. The row, those of its members and the journal outlive undoing.
    """

    __tablename__ = "account_merge"
    __visibility__ = Visibility.via("survivor_id")
    __personal__ = ("decisions",)
    __copies__ = {"decisions": ("account",)}  # noqa: RUF012 - a declaration, read once at start
    __audited__ = False
    __table_args__ = (
        CheckConstraint("state IN ('merged', 'undone')", name="state"),
        {"info": {MERGE: MergePolicy(keep=("survivor_id",))}},
    )

    survivor_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    rule: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500), default="")
    state: Mapped[str] = mapped_column(String(10), default="merged")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(100))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    undone_by: Mapped[str | None] = mapped_column(String(100), default=None)
    decisions: Mapped[list[Any]] = mapped_column(Json, default_factory=list)
    relinked: Mapped[dict[str, Any]] = mapped_column(Json, default_factory=dict)


class AccountMergeMember(Entity):
    """An account that was merged away, with its place among the others of the merge."""

    __tablename__ = "account_merge_member"
    __visibility__ = Visibility.via("merge_id")
    __personal__ = ()
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("merge_id", "account_id"),
        Index(None, "account_id"),
        {"info": {MERGE: MergePolicy(keep=("account_id",))}},
    )

    merge_id: Mapped[int] = mapped_column(ForeignKey("account_merge.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    position: Mapped[int] = mapped_column(default=0)
