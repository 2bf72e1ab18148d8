"""Write the next revision of a plugin from the difference between its revisions and its models."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Table, create_engine
from sqlalchemy.pool import StaticPool
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmcore.errors import StartError
from crmcore.hooks import Migrations
from crmcore.migrate.comparing import autogenerate_context, selection
from crmcore.migrate.history import HistoryUnreadable, check_migrations, find_folder, read_history
from crmcore.migrate.running import upgrade
from crmcore.model import MERGE, Json, JsonMap, Scaled, UtcDateTime

if TYPE_CHECKING:
    from alembic.operations.ops import DowngradeOps, UpgradeOps
    from alembic.runtime.migration import MigrationContext

_FROZEN: Final[Mapping[type[TypeEngine[Any]], str]] = {
    UtcDateTime: "sa.DateTime(timezone=True)",
    Scaled: "sa.BigInteger()",
    Json: "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')",
    JsonMap: "sa.Text().with_variant(postgresql.JSONB(), 'postgresql')",
}
"""The core's column types as revisions spell them: a revision must not change when a class of today's code does."""

_TEMPLATE: Final = '''"""{message}

Revision {revision}, {follows}; written on {day}.
"""

from __future__ import annotations

{imports}

revision: str = {revision!r}
down_revision: str | None = {down!r}


def upgrade() -> None:
    """Apply the revision."""
{upgrades}


def downgrade() -> None:
    """Take it back."""
{downgrades}
'''


def make_revision(
    plugin: str,
    migrations: Mapping[str, Migrations],
    tables: Iterable[Table],
    message: str,
    *,
    today: date | None = None,
) -> Path | None:
    """Write the next revision file of ``plugin`` for its ``tables``, and return its path; None when nothing differs.

    ``migrations`` names the plugin and, before it, all that its tables refer to; its folder is made when it does not exist. The state
    that the revisions lead to is built on SQLite in memory, so that no database is needed: a difference that only PostgreSQL can see,
    such as another `JSONB` variant, is not found. Column types of the core are written as plain types, frozen in time.
    Raises `StartError` when the revisions that are there are not sound.
    """
    declared = migrations[plugin]
    folder, down, number = _next(plugin, declared)
    revision = f"{plugin}_{number:04d}"
    before = {name: value for name, value in migrations.items() if name != plugin or down is not None}
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        upgrade(engine, before)
        with engine.connect() as connection:
            code = _render(connection, {table.name: table for table in tables})
    finally:
        engine.dispose()
    if code is None:
        return None
    path = folder / f"{revision}_{_slug(message)}.py"
    folder.mkdir(exist_ok=True)
    day = (today or datetime.now(UTC).date()).isoformat()
    path.write_text(_fill(code, message=message, revision=revision, down=down, day=day), encoding="utf-8")
    return path


def _next(plugin: str, migrations: Migrations) -> tuple[Path, str | None, int]:
    """Return the folder, the revision to follow and the number of the next one."""
    try:
        folder = find_folder(migrations)
    except HistoryUnreadable:
        # Refused again, with its reason, when the package itself does not exist.
        return _new_folder(plugin, migrations), None, 1
    if not any(path.name != "__init__.py" for path in folder.glob("*.py")):
        return folder, None, 1
    if problems := check_migrations(plugin, migrations):
        raise StartError(problems=problems)
    history = read_history(migrations)
    numbers = [int(found[1]) for name in history.revisions if (found := re.search(r"_(\d+)$", name))]
    return folder, history.heads[0], max(numbers, default=len(history.revisions)) + 1


def _new_folder(plugin: str, migrations: Migrations) -> Path:
    try:
        package = find_folder(Migrations(migrations.package, "."))
    except HistoryUnreadable as error:
        raise StartError(problems=check_migrations(plugin, migrations)) from error
    return package / migrations.folder


def _slug(message: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40] or "change"


def _render(connection: Connection, tables: Mapping[str, Table]) -> tuple[str, str] | None:
    """Return the bodies of upgrade and downgrade; None when there is nothing to do."""
    # Imported here because opening a Crm must not pay for Alembic.
    from alembic.autogenerate import produce_migrations, render_python_code  # noqa: PLC0415

    if not tables:
        return None
    context = autogenerate_context(connection, tables)
    script = produce_migrations(context, selection(tables))
    if script.upgrade_ops is None or script.downgrade_ops is None or script.upgrade_ops.is_empty():
        return None
    bodies = [_body(operations, context, render_python_code) for operations in (script.upgrade_ops, script.downgrade_ops)]
    return bodies[0], bodies[1]


def _body(operations: UpgradeOps | DowngradeOps, context: MigrationContext, render: Callable[..., str]) -> str:
    """Return the lines of one function: plain operations on tables that come or go, batches (SQLite needs them) on those that stay."""
    from alembic.operations import ops  # noqa: PLC0415 - as above

    coming = {step.table_name for step in operations.ops if isinstance(step, ops.CreateTableOp)}
    going = {step.table_name for step in operations.ops if isinstance(step, ops.DropTableOp)}
    parts = []
    for step in operations.ops:
        if isinstance(step, ops.CreateTableOp):
            # What the code says about merging is no part of the schema, and no text.
            step.info = {name: value for name, value in step.info.items() if name != MERGE}
        table = step.table_name if isinstance(step, ops.ModifyTableOps) else None
        # The indexes of a table go with it.
        if table not in going:
            one = type(operations)([step])
            parts.append(render(one, render_as_batch=table not in coming, render_item=_render_item, migration_context=context))
    lines = (line.rstrip() for part in parts for line in _lines(part))
    return textwrap.indent("\n".join(lines), "    ").replace("astext_type=Text()", "")


def _lines(part: str) -> list[str]:
    # Alembic indents every line but the first, and adds remarks of its own.
    text = textwrap.dedent(part if part.startswith(" ") else f"    {part}").strip("\n")
    return [line for line in text.splitlines() if not line.startswith("# ###")]


def _render_item(kind: str, item: object, _: object) -> str | bool:
    """Spell decorated types as the plain types behind them; False leaves the rest to Alembic."""
    if kind != "type" or not isinstance(item, TypeDecorator):
        return False
    known = _FROZEN.get(type(item))
    if known is not None:
        return known
    # A type of the plugin's own: what it is on each database.
    from sqlalchemy.dialects import postgresql, sqlite  # noqa: PLC0415 - slow to import, and only needed here

    spelled = [_plain(item.load_dialect_impl(dialect)) for dialect in (sqlite.dialect(), postgresql.dialect())]  # type: ignore[no-untyped-call]
    return spelled[0] if spelled[0] == spelled[1] else f"{spelled[0]}.with_variant({spelled[1]}, 'postgresql')"


def _plain(kind: TypeEngine[Any]) -> str:
    """Spell a type by the nearest name that its module makes public: dialects hand out private subclasses of their own."""
    for cls in type(kind).__mro__:
        for prefix, module in (
            ("sa.", "sqlalchemy"),
            ("postgresql.", "sqlalchemy.dialects.postgresql"),
            ("sqlite.", "sqlalchemy.dialects.sqlite"),
        ):
            if getattr(sys.modules[module], cls.__name__, None) is cls:
                # Types inside, such as that of an array's items, are spelt without their module.
                arguments = re.sub(r"(?<![\w.])([A-Z]\w*)\(", r"sa.\1(", repr(kind).removeprefix(type(kind).__name__))
                return f"{prefix}{cls.__name__}{arguments}"
    message = f"column type {kind!r} has no public name to write in a revision"
    raise TypeError(message)


def _fill(code: tuple[str, str], *, message: str, revision: str, down: str | None, day: str) -> str:
    upgrades, downgrades = code
    both = upgrades + downgrades
    imports = ["import sqlalchemy as sa", "from alembic import op"]
    dialects = [name for name in ("postgresql", "sqlite") if f"{name}." in both]
    if dialects:
        imports.append(f"from sqlalchemy.dialects import {', '.join(dialects)}")
    return _TEMPLATE.format(
        message=message[:1].upper() + message[1:].rstrip(".") + ".",
        revision=revision,
        down=down,
        follows=f"follows {down}" if down else "the first",
        day=day,
        imports="\n".join(imports),
        upgrades=upgrades,
        downgrades=downgrades,
    )
