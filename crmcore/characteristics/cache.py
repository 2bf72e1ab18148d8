"""The definitions in effect, kept for a whole Crm and never older than the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Connection, select

from crmcore.characteristics.definitions import DefinitionSet, effective
from crmcore.model import CharacteristicRow

if TYPE_CHECKING:
    from crmcore.registry import Registry

_TABLE: Final = CharacteristicRow.__table__
_COLUMNS: Final = (
    _TABLE.c.id,
    _TABLE.c.version,
    _TABLE.c.entity,
    _TABLE.c.key,
    _TABLE.c.type,
    _TABLE.c.label_it,
    _TABLE.c.label_en,
    _TABLE.c.definition,
    _TABLE.c.position,
    _TABLE.c.obsolete,
    _TABLE.c.owner,
)
_ROWS: Final = select(*_COLUMNS).order_by(_TABLE.c.id)


@attrs.frozen
class _Kept:
    mark: int
    definitions: DefinitionSet


class DefinitionCache:
    """Definitions by the state of their table: other processes may change it at any time, so each transaction asks for its mark."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._owners = {
            key: plugin.name
            for plugin in registry.plugins
            for group in registry.characteristics.values()
            for key in group
            if key.startswith(f"{plugin.name}_")
        }
        self._kept: _Kept | None = None

    def read(self, connection: Connection, present: int, *, keep: bool) -> DefinitionSet:
        """Return the definitions that a transaction sees, whose mark is ``present``; no statement when nothing changed.

        ``keep`` is False where rows may be seen that nobody has committed: they are for this transaction alone.
        """
        kept = self._kept
        if kept is not None and kept.mark == present:
            return kept.definitions
        rows = connection.execute(_ROWS).all() if present else []
        definitions = self.combine(rows)
        if keep:
            # The rows may be newer than the mark: then the next one who asks finds another mark, and reads them again.
            self._kept = _Kept(present, definitions)
        return definitions

    def with_rows(self, connection: Connection, rows: Iterable[CharacteristicRow], gone: Collection[CharacteristicRow]) -> DefinitionSet:
        """Return the definitions of the database with some rows as they will be written; nothing of it is kept."""
        pending = [*rows]
        replaced = {row.__dict__.get("id") for row in (*pending, *gone)}
        stored = [row for row in connection.execute(_ROWS) if row.id not in replaced]
        return self.combine([*stored, *pending])

    # A row of a query has the attributes of a record.
    def combine(self, rows: Iterable[Any]) -> DefinitionSet:
        """Return the definitions of the plugins together with some rows, of the table or not yet in it."""
        registry = self._registry
        return effective(registry.characteristics, self._owners, rows, registry.field_types)
