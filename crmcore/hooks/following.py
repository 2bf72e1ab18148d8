"""What declaration hooks return to take part in every change: normal forms before it is checked, what is derived once it is written.

Both say which fields they are about, and a plugin may say so of its validation: a mass change of other fields stays one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from crmcore.session import Change, Session


@attrs.frozen(kw_only=True)
class LookAt:
    """What ``crm_validate`` and ``crm_before_commit`` of a plugin are about: an entity, or some columns of it; none named are all."""

    entity: str
    fields: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Normaliser:
    """Bring fields of an entity into their normal form, before rules and plugins look at them.

    ``fn(session, changes)`` is called once for each flush that changes one of ``fields``, with those changes, in the user's transaction;
    it sets what it has to with ``change.set(field, value)``, also other fields of the record. It leaves alone what it cannot read: whether
    that is refused is for rules to say. Raising rolls back, and is a fault of the plugin.
    """

    entity: str
    fields: tuple[str, ...]
    fn: Callable[[Session, Sequence[Change]], object]


@attrs.frozen(kw_only=True)
class Watcher:
    """Keep tables that are derived from records, for many records at a time.

    ``fn(session, keys, changes)`` gets the keys of the records of ``entity`` that were made or deleted, or of which one of ``fields``
    changed, and all changes of the commit; None for those where statements wrote some past the session, which nobody saw. It is called once
    for each commit, in its transaction, when everything is written and found right, whether records changed one by one or by one statement
    for thousands; it runs as the platform, sees every row, and writes only to derived tables and to entities without history. Raising rolls
    back, and is a fault of the plugin.

    ``through`` names entities that belong to one of these: entity → the column with the key of the record that it belongs to, and the
    fields that count. A record that moves from one to another is told for both. The column may be of ``entity`` itself, as that of a merge.
    """

    entity: str
    fields: tuple[str, ...]
    fn: Callable[[Session, frozenset[int], Sequence[Change] | None], object]
    through: Mapping[str, tuple[str, tuple[str, ...]]] = attrs.field(factory=dict)
