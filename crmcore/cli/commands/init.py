"""`crm init`: write a new deployment."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from crmcore.cli.context import CliState, pass_state
from crmcore.errors import ConfigurationError

_LIST = "list"


@click.command(short_help="Write a new deployment, and prepare its database.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option(
    "--database",
    metavar="URL",
    default="sqlite:///crm.db",
    show_default=True,
    help="Address of the database; SQLite paths are relative to the folder.",
)
@click.option("--plugin", "plugins", metavar="NAME", multiple=True, help="Enable a plugin; may be given several times.")
@click.option("--zone", metavar="ZONE", default="Europe/Rome", show_default=True, help="Time zone of the deployment.")
@click.option("--migrate/--no-migrate", default=True, show_default=True, help="Prepare the database as well.")
@click.option("--example", metavar="NAME", help="Start from an example: `crm init --example list` shows them.")
@pass_state
def init(
    state: CliState, folder: Path | None, *, database: str, plugins: tuple[str, ...], zone: str, migrate: bool, example: str | None
) -> None:
    """Write a new deployment into FOLDER, and prepare its database.

    Without FOLDER, the deployment goes where -C points, by default the current folder. Nothing is written when one of the plugins does
    not start, or when there is a deployment already. An example is a whole folder with states, characteristics, zones and a README.
    """
    from crmcore.deployment import main_file, write_example, write_new  # noqa: PLC0415 - only this command needs it

    if example == _LIST:
        _list(state)
        return
    target = folder or state.path
    if main_file(target).exists():
        raise ConfigurationError("DEPLOYMENT_EXISTS", path=str(main_file(target)))
    _check(plugins)
    if example is None:
        file = write_new(target, database=database, plugins=plugins, zone=zone, lang=state.lang)
    else:
        file = write_example(target, example, database=database, plugins=plugins, zone=zone)
    opened = attrs.evolve(state, path=file)
    try:
        deployment = opened.deployment()
        if migrate:
            _prepare(opened)
    finally:
        opened.close()
    state.output.say(state.text("init.written", path=file))
    state.output.say(state.text("init.ready") if migrate else state.text("init.migrate", folder=file.parent))
    if example is not None:
        state.output.say(state.text("init.example", folder=file.parent))
    if state.as_json:
        state.output.json({"path": file, "plugins": deployment.plugins, "migrated": migrate})


def _list(state: CliState) -> None:
    from crmcore.deployment import examples  # noqa: PLC0415 - only this command needs it

    columns = ("name", "summary")
    state.output.rows(columns if state.as_json else [state.text(f"col.{name}") for name in columns], list(examples().items()))


def _check(plugins: tuple[str, ...]) -> None:
    from crmcore.registry import load  # noqa: PLC0415 - only this command needs it

    load(plugins)


def _prepare(state: CliState) -> None:
    from crmcore.app import Crm  # noqa: PLC0415 - only this command needs it

    with Crm.open(state.deployment(), migrate=True):
        pass
