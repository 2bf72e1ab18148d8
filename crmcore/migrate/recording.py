"""Remember in the database which plugins it has seen, and whose tables are whose."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs
from sqlalchemy import Connection, inspect, select

from crmcore.model import PLUGIN


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


@attrs.frozen
class PluginRecord:
    """Describe one plugin as the database remembers it: the version of its distribution and the tables that it owns."""

    name: str
    version: str
    tables: tuple[str, ...] = attrs.field(default=(), converter=_sorted)
    enabled: bool = True


def record_plugins(connection: Connection, plugins: Iterable[PluginRecord], *, now: datetime, disable_others: bool = False) -> None:
    """Write what is known of each plugin, inside the caller's transaction; rows that say the same already are left alone.

    Call it as ``before_commit`` of `upgrade`: concurrent callers are then serialised. ``disable_others`` marks the plugins that are
    not named as disabled: their data stays. ``now`` is an aware instant.
    """
    stored = {record.name: record for record in recorded_plugins(connection)}
    wanted = {record.name: record for record in plugins}
    if disable_others:
        wanted |= {name: attrs.evolve(record, enabled=False) for name, record in stored.items() if name not in wanted}
    for name, record in wanted.items():
        values = {"version": record.version, "enabled": record.enabled, "tables": list(record.tables), "changed_at": now}
        if name not in stored:
            connection.execute(PLUGIN.insert().values(name=name, **values))
        elif stored[name] != record:
            connection.execute(PLUGIN.update().where(PLUGIN.c.name == name).values(**values))


def recorded_plugins(connection: Connection) -> list[PluginRecord]:
    """Return the plugins that the database has seen, by name; none when it was never migrated."""
    if not inspect(connection).has_table(PLUGIN.name):
        return []
    rows = connection.execute(select(PLUGIN.c.name, PLUGIN.c.version, PLUGIN.c.tables, PLUGIN.c.enabled).order_by(PLUGIN.c.name))
    return [PluginRecord(name, version, tables, enabled) for name, version, tables, enabled in rows]
