"""`crm plugin revision`: write the next migration of a plugin from what its tables have become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.errors import StartError

if TYPE_CHECKING:
    from crmcore.hooks import Migrations
    from crmcore.registry import LoadedPlugin


@click.command("revision", short_help="Write the next migration of a plugin.")
@click.argument("name")
@click.argument("message")
@pass_state
def revision(state: CliState, *, name: str, message: str) -> None:
    """Compare the tables of installed plugin NAME with what its revisions lead to, and write the difference as the next one.

    No database is needed. Read what was written before you ship it: renames, for one, look like a removal and an addition.
    """
    from crmcore.migrate import make_revision  # noqa: PLC0415 - slow to import, and only this command needs it
    from crmcore.registry import CORE_MIGRATIONS  # noqa: PLC0415

    migrations: dict[str, Migrations] = {"core": CORE_MIGRATIONS}
    tables: tuple[Any, ...] = ()
    for plugin in _with_requirements(name):
        declared = getattr(plugin.module, "crm_migrations", None)
        if declared is not None:
            migrations[plugin.name] = declared()
        if plugin.name == name:
            tables = tuple(cls.__table__ for cls in getattr(plugin.module, "crm_tables", tuple)() or ())
    if name not in migrations:
        raise StartError("MIGRATIONS_MISSING")
    path = make_revision(name, migrations, tables, message)
    state.output.say(str(path) if path else state.text("revision.none", name=name))
    if state.as_json:
        state.output.json({"plugin": name, "path": str(path) if path else None})


def _with_requirements(name: str) -> list[LoadedPlugin]:
    """Return the plugin with what it requires before it; the start checks would refuse one whose first revision is still to be written."""
    from crmcore.registry import load_modules, order_plugins, requirements_of  # noqa: PLC0415 - as above

    wanted, waiting = {}, [name]
    while waiting:
        loaded, problems = load_modules([waiting.pop()])
        if problems:
            raise StartError("START_FAILED", problems)
        wanted[loaded[0].name] = loaded[0]
        waiting += [other for other in requirements_of(loaded[0]) if other not in wanted]
    ordered, problems = order_plugins(list(wanted.values()))
    if problems:
        raise StartError("START_FAILED", problems)
    return ordered
