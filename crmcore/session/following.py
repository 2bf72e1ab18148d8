"""Who takes part in every change: normalisers before it is checked, watchers when all of a commit is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from crmcore.errors import CrmError
from crmcore.events import RecordVerb
from crmcore.registry.dispatch import failure
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.hooks import Watcher
    from crmcore.registry import Registry
    from crmcore.session.changes import Change
    from crmcore.session.session import Session


def normalise(session: Session, changes: Sequence[Change]) -> None:
    """Let plugins bring fields into their normal form, as the user whose changes they are."""
    normalisers = session.registry.normalisers
    if not normalisers:
        return
    for entity in dict.fromkeys(change.entity for change in changes):
        for bound in normalisers.get(entity, ()):
            fields = bound.normaliser.fields
            mine = [
                change
                for change in changes
                if change.entity == entity and change.verb is not RecordVerb.DELETED and not change.changes.keys().isdisjoint(fields)
            ]
            if mine:
                with session.guard.lowered():
                    _call(bound.plugin, "crm_normalisers", partial(bound.normaliser.fn, session, mine))


class Touched:
    """Which records the watchers have to be told of at the end of a unit of work."""

    def __init__(self, registry: Registry) -> None:
        self._keys: list[set[int]] = [set() for _ in registry.watchers]
        self._unseen = False
        self._registry = registry

    def note(self, changes: Iterable[Change]) -> None:
        """Note changes that were written."""
        if not self._keys:
            return
        for change in changes:
            for keys, bound in zip(self._keys, self._registry.watchers, strict=True):
                keys.update(key for key in _keys_of(bound.watcher, change) if key is not None)

    def wants(self, entity: str, columns: Collection[str]) -> bool:
        """Return whether somebody watches these columns of an entity."""
        return any(True for _ in self._wanting(entity, columns))

    def note_keys(self, session: Session, entity: str, keys: Sequence[int], columns: Collection[str] | None = None) -> None:
        """Note records that statements wrote past the unit of work, in some columns or, with None, in whatever there is."""
        for place, column in self._wanting(entity, columns):
            self._unseen = True
            if column is None:
                self._keys[place].update(keys)
                continue
            table = session.registry.entities[entity].__table__
            for some in batches(keys):
                query = select(table.c[column]).where(table.c.id.in_(some), table.c[column].is_not(None)).distinct()
                self._keys[place].update(session.orm.connection().execute(query).scalars())

    def tell(self, session: Session, changes: Sequence[Change]) -> None:
        """Call the watchers with what they have to know of, once; the guard is lifted."""
        seen = None if self._unseen else changes
        for place, bound in enumerate(self._registry.watchers):
            keys = frozenset(self._keys[place])
            self._keys[place].clear()
            if keys:
                _call(bound.plugin, "crm_watchers", partial(bound.watcher.fn, session, keys, seen))

    def _wanting(self, entity: str, columns: Collection[str] | None) -> Iterator[tuple[int, str | None]]:
        """Yield the place of each watcher, and the column that leads to its records; None for those records themselves."""
        for place, bound in enumerate(self._registry.watchers):
            watcher = bound.watcher
            if watcher.entity == entity and (columns is None or not set(columns).isdisjoint(watcher.fields)):
                yield place, None
            through = watcher.through.get(entity)
            if through is not None and (columns is None or not set(columns).isdisjoint((through[0], *through[1]))):
                yield place, through[0]


def _keys_of(watcher: Watcher, change: Change) -> Iterator[int | None]:
    whole = change.verb is not RecordVerb.UPDATED
    if change.entity == watcher.entity and (whole or not change.changes.keys().isdisjoint(watcher.fields)):
        yield change.id
    through = watcher.through.get(change.entity)
    if through is None:
        return
    column, fields = through
    if whole or column in change.changes or not change.changes.keys().isdisjoint(fields):
        yield change.record.__dict__.get(column)
        # Where it came from, or, of what is deleted, where it was.
        yield from change.changes.get(column, ())


def _call(plugin: str, hook: str, function: Callable[[], object]) -> None:
    try:
        function()
    except (CrmError, DBAPIError):
        raise  # a refusal that is meant, or what is translated where the commit ends
    except Exception as error:
        raise failure(plugin, hook, None, error) from error
