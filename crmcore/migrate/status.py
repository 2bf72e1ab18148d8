"""Which revision each plugin's tables are at; asked at every opening, so two queries in all and no Alembic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
from sqlalchemy import Connection, column, inspect, literal, select, table, union_all

from crmcore.errors import DatabaseError
from crmcore.hooks import Migrations
from crmcore.migrate.history import read_sound_history, version_table


@attrs.frozen
class SchemaState:
    """Say where the tables of one plugin are, and where its revisions end.

    ``current`` is None when nothing was ever migrated, or everything was taken back; ``known`` says whether the installed
    revisions have ``current``.
    """

    plugin: str
    current: str | None
    head: str
    known: bool = True

    @property
    def is_current(self) -> bool:
        """Nothing to do."""
        return self.current == self.head

    @property
    def is_ahead(self) -> bool:
        """The database was migrated by code that has revisions which are not installed here."""
        return not self.known

    def __str__(self) -> str:
        return f"{self.plugin} is at {self.current or 'nothing'}, expected {self.head}"


def status(connection: Connection, migrations: Mapping[str, Migrations]) -> list[SchemaState]:
    """Return where each plugin is, in the order of ``migrations``; raises `StartError` when a history is not one line."""
    current = _current(connection, migrations)
    found = []
    for plugin, declared in migrations.items():
        history = read_sound_history(declared)
        revision = current.get(plugin)
        found.append(SchemaState(plugin, revision, history.heads[0], revision is None or revision in history.revisions))
    return found


def require_current(connection: Connection, migrations: Mapping[str, Migrations]) -> None:
    """Return when every plugin is at its head; raises `DatabaseError` naming all that are not.

    The code is ``SCHEMA_AHEAD`` as soon as one is ahead, because migrating would not mend that, else ``SCHEMA_BEHIND``.
    """
    refuse_unless_current(status(connection, migrations))


def refuse_unless_current(states: Iterable[SchemaState]) -> None:
    """Raise `DatabaseError` when any of ``states`` is ahead or behind, naming all of them."""
    wrong = [state for state in states if not state.is_current]
    if wrong:
        ahead = any(state.is_ahead for state in wrong)
        raise DatabaseError("SCHEMA_AHEAD" if ahead else "SCHEMA_BEHIND", detail="; ".join(str(state) for state in wrong))


def _current(connection: Connection, plugins: Iterable[str]) -> dict[str, str]:
    existing = set(inspect(connection).get_table_names())
    queries = [
        select(literal(plugin).label("plugin"), version.c.version_num)
        for plugin in plugins
        for version in [table(version_table(plugin), column("version_num"))]
        if version.name in existing
    ]
    if not queries:
        return {}
    found: dict[str, str] = {}
    for plugin, revision in connection.execute(union_all(*queries).order_by("version_num")):
        # Two rows mean that somebody stamped a branch; the joined text is no known revision, so it is reported as it is.
        found[plugin] = f"{found[plugin]}+{revision}" if plugin in found else revision
    return found
