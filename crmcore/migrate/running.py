"""Alembic, driven from Python: every pending revision of every plugin in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import Connection, Engine, MetaData, Table, column, inspect, select, table
from sqlalchemy.schema import DropTable

from crmcore.errors import CrmError, DatabaseError
from crmcore.hooks import Migrations
from crmcore.migrate.history import History, read_sound_history, version_table
from crmcore.migrate.keys import keep_keys
from crmcore.migrate.status import SchemaState, refuse_unless_current, status
from crmcore.migrate.transaction import WAIT, migration_transaction, refuse_to_end
from crmcore.model import METADATA

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import ScriptDirectory

# Alembic hands the running operations to revisions through a global of its own (`alembic.op`), so one thread at a time may run them.
# Always taken inside the database's own lock, never around it.
_OPERATIONS: Final = threading.Lock()


@attrs.frozen
class Step:
    """Name one revision that is about to run: number ``number`` of ``total``."""

    plugin: str
    revision: str
    message: str
    number: int
    total: int


Progress = Callable[[Step], None]
"""Called before each revision runs, inside the transaction."""


def _silent(_: Step) -> None:
    """Report nothing."""


def upgrade(
    target: Engine | Connection,
    migrations: Mapping[str, Migrations],
    *,
    progress: Progress = _silent,
    before_commit: Callable[[Connection], None] | None = None,
    wait: float = WAIT,
) -> tuple[Step, ...]:
    """Bring the tables of all plugins to their newest revision, in the order of ``migrations``, and return what ran.

    Everything happens in one transaction, on both databases, so that a crash leaves the old schema or the new one; an engine gets a
    transaction of its own, an open connection stays in the host's. ``before_commit`` runs at its end, also when nothing was pending.
    Raises `DatabaseError` ``MIGRATION_FAILED`` naming plugin and revision, ``SCHEMA_AHEAD`` before anything ran, and
    `DatabaseBusy` when another process migrates for longer than ``wait`` seconds.
    """
    histories = {plugin: read_sound_history(declared) for plugin, declared in migrations.items()}
    with migration_transaction(target, wait=wait) as connection:
        states = status(connection, migrations)
        refuse_unless_current(state for state in states if state.is_ahead)
        pending = [state for state in states if not state.is_current]
        runs = [_Run(state.plugin, histories[state.plugin], state.head) for state in pending]
        done = _run(connection, runs, total=sum(_distance(histories[state.plugin], state) for state in pending), progress=progress)
        if before_commit is not None:
            before_commit(connection)
    return done


def downgrade(
    target: Engine | Connection,
    plugin: str,
    migrations: Migrations,
    revision: str = "base",
    *,
    progress: Progress = _silent,
    wait: float = WAIT,
) -> tuple[Step, ...]:
    """Take one plugin back to ``revision``, or to nothing at all with "base", in one transaction; return what was taken back.

    At "base" the version table goes too, so that no trace is left. Raises as `upgrade` does.
    """
    history = read_sound_history(migrations)
    with migration_transaction(target, wait=wait) as connection:
        state = status(connection, {plugin: migrations})[0]
        if state.is_ahead:
            refuse_unless_current([state])
        run = _Run(plugin, history, revision, down=True)
        total = _distance(history, state, revision)
        done = _run(connection, [run] if state.current else [], total=total, progress=progress)
        if revision == "base":
            _drop_version_table(connection, plugin)
    return done


@attrs.frozen
class _Run:
    plugin: str
    history: History
    revision: str
    down: bool = False


def _distance(history: History, state: SchemaState, base: str | None = None) -> int:
    """Count the revisions between where a plugin is and where it goes."""
    newer, older = (state.current, base) if base else (state.head, state.current)
    count = len(_ancestors(history, newer))
    return count - len(_ancestors(history, older))


def _ancestors(history: History, revision: str | None) -> set[str]:
    found: set[str] = set()
    ahead = [] if revision is None else [revision]
    while ahead:
        name = ahead.pop()
        if name in history.revisions and name not in found:
            found.add(name)
            ahead.extend(history.revisions[name].down)
    return found


def _run(connection: Connection, runs: Iterable[_Run], *, total: int, progress: Progress) -> tuple[Step, ...]:
    done: list[Step] = []
    for run in runs:

        def note(script: str, run: _Run = run) -> None:
            done.append(Step(run.plugin, script, run.history.revisions[script].message, len(done) + 1, total))
            progress(done[-1])

        before = len(done)
        try:
            with _OPERATIONS, refuse_to_end(connection), keep_keys(connection):
                _run_one(connection, run, note)
        # Isolation border: a revision is code of the plugin, and may raise anything; the message says which one did.
        except Exception as error:
            failing = done[-1].revision if len(done) > before else run.revision
            if isinstance(error, CrmError):
                raise
            text = f"{type(error).__name__}: {error}"
            raise DatabaseError("MIGRATION_FAILED", revision=failing, plugin=run.plugin, error=text) from error
    return tuple(done)


def _run_one(connection: Connection, run: _Run, note: Callable[[str], None]) -> None:
    # Imported here because opening a Crm must not pay for Alembic.
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    folder = str(run.history.folder)
    script = ScriptDirectory(folder, version_locations=[folder])

    def steps(current: str | tuple[str, ...], _: MigrationContext) -> Iterator[RevisionStep]:
        for step in _plan(script, run, current):
            note(step.revision.revision)
            yield step

    with EnvironmentContext(Config(), script) as environment:
        environment.configure(
            connection=connection,
            fn=steps,
            version_table=version_table(run.plugin),
            # Gives unnamed constraints of a revision the names of the convention, as in the models.
            target_metadata=METADATA,
            render_as_batch=True,
        )
        environment.run_migrations()


def _plan(script: ScriptDirectory, run: _Run, current: str | tuple[str, ...]) -> Iterable[RevisionStep]:
    # What Alembic's own commands and its cookbook call; there is no public name for it.
    if run.down:
        return script._downgrade_revs(run.revision, current)  # type: ignore[arg-type]  # noqa: SLF001
    return script._upgrade_revs(run.revision, current)  # type: ignore[arg-type]  # noqa: SLF001


def _drop_version_table(connection: Connection, plugin: str) -> None:
    name = version_table(plugin)
    if inspect(connection).has_table(name) and connection.execute(select(table(name, column("version_num")))).first() is None:
        connection.execute(DropTable(Table(name, MetaData())))
