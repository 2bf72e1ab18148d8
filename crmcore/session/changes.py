"""What a commit changes: collected from the identity map before each flush, while the old values are still known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from sqlalchemy import inspect
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm.attributes import get_history
from sqlalchemy.orm.base import NO_VALUE, PASSIVE_NO_INITIALIZE

from crmcore.events import RecordVerb
from crmcore.model import Entity
from crmcore.session.fields import PLAIN, plan_of, to_plain


@attrs.frozen(eq=False)
class Change:
    """One record created, updated or deleted, with the old and new JSON value of each field that changed.

    ``record`` is the live object: a hook may read it, and the id of a new one is known once it is written.
    """

    entity: str
    verb: RecordVerb
    record: Entity
    changes: dict[str, tuple[Any, Any]]
    before: Mapping[str, Any] = {}
    """Foreign keys before writing, when a relationship was set that will fill one."""

    @property
    def id(self) -> int | None:
        """The key of the record, None before a new one is written."""
        key: int | None = self.record.__dict__.get("id")
        return key

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that changed."""
        return frozenset(self.changes)

    @property
    def chosen(self) -> frozenset[str]:
        """The names of the fields that somebody chose a value for: of a new record not those that are empty, or as they are by default."""
        if self.verb is not RecordVerb.CREATED:
            return self.fields
        defaults = dict(plan_of(type(self.record)).defaults)
        return frozenset(key for key, (_, new) in self.changes.items() if new not in ("", [], {}) and new != to_plain(defaults.get(key)))

    # Any column value.
    def set(self, field: str, value: Any) -> None:  # noqa: ANN401
        """Set a field of the record before it is written, and tell of it: for normalisers, and for rules that derive a value."""
        old = self.changes[field][0] if field in self.changes else None
        if field not in self.changes and self.verb is RecordVerb.UPDATED:
            old = to_plain(getattr(self.record, field))
        setattr(self.record, field, value)
        new = to_plain(value)
        if new == old:
            self.changes.pop(field, None)
        else:
            self.changes[field] = (old, new)


def collect_changes(orm: OrmSession) -> list[Change]:
    """Return what the next flush would write, in the order in which the records were added or loaded."""
    found = [created(record) for record in orm.new if isinstance(record, Entity)]
    deleted = orm.deleted
    for record in orm.dirty:
        if isinstance(record, Entity) and record not in deleted:
            change = _updated(record)
            if change.changes or change.before:
                found.append(change)
    found += [_deleted(record) for record in deleted if isinstance(record, Entity)]
    return found


def complete_changes(changes: Iterable[Change]) -> list[Change]:
    """Add the foreign keys that relationships filled while writing, and drop what turned out to change nothing."""
    kept = []
    for change in changes:
        if change.verb is not RecordVerb.DELETED:
            state = change.record.__dict__
            for key in plan_of(type(change.record)).foreign_keys:
                old, new = change.before.get(key), state.get(key)
                if key not in change.changes and new != old and (change.before or change.verb is RecordVerb.CREATED):
                    change.changes[key] = (old, new)
        if change.changes or change.verb is not RecordVerb.UPDATED:
            kept.append(change)
    return kept


def created(record: Entity) -> Change:
    """Return the change that a new record is; its plain defaults are filled."""
    plan = plan_of(type(record))
    state = record.__dict__
    for key, value in plan.defaults:
        if key not in state:
            # Rules and hooks see what will be written, not what the caller happened to name.
            setattr(record, key, value)
    changes = {
        key: (None, value if type(value) in PLAIN else to_plain(value)) for key in plan.fields if (value := state.get(key)) is not None
    }
    return Change(plan.entity, RecordVerb.CREATED, record, changes)


def _updated(record: Entity) -> Change:
    plan = plan_of(type(record))
    # `committed_state` has just the attributes that were set since the record was loaded.
    touched = tuple(inspect(record).committed_state)
    changes: dict[str, tuple[Any, Any]] = {}
    for key in touched:
        if key not in plan.fields:
            continue
        history = get_history(record, key, PASSIVE_NO_INITIALIZE)
        if history.has_changes():
            old = history.deleted[0] if history.deleted else None
            new = history.added[0] if history.added else None
            changes[key] = (None if old is NO_VALUE else to_plain(old), to_plain(new))
    state = record.__dict__
    before = {key: state.get(key) for key in plan.foreign_keys} if plan.relations.intersection(touched) else {}
    return Change(plan.entity, RecordVerb.UPDATED, record, changes, before)


def _deleted(record: Entity) -> Change:
    plan = plan_of(type(record))
    state = record.__dict__
    changes = {key: (to_plain(value), None) for key in plan.fields if (value := state.get(key)) is not None}
    return Change(plan.entity, RecordVerb.DELETED, record, changes)
