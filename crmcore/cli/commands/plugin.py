"""`crm plugin`: which plugins there are, and which are enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import click

from crmcore.cli.commands.revision import revision
from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup, enabled_plugins
from crmcore.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmcore.errors import Problem
    from crmcore.migrate import PurgeReport
    from crmcore.registry import Installed


@attrs.frozen(kw_only=True)
class PluginRow:
    """What `crm plugin list` shows of a plugin."""

    name: str
    state: str
    version: str = ""
    requires: tuple[str, ...] = ()
    distribution: str = ""
    summary: str = ""


@click.group(cls=SectionedGroup, short_help="List, enable, disable and purge plugins.")
def plugin() -> None:
    """List, enable, disable and purge plugins.

    Installed is not enabled: a plugin is part of a deployment when its crm.yaml names it.
    """


plugin.add_command(revision)


@plugin.command("list", short_help="List what is installed, and what is enabled here.")
@pass_state
def list_plugins(state: CliState) -> None:
    """List the installed plugins, and those that this deployment enables."""
    rows = plugin_rows(enabled_plugins(state.path), state.lang)
    if state.as_json:
        state.output.json([attrs.asdict(row) for row in rows])
        return
    state.output.table(
        [state.text(f"col.{name}") for name in ("name", "state", "version", "requires", "distribution", "summary")],
        [
            (row.name, state.text(f"plugin.state.{row.state}"), row.version or None, row.requires, row.distribution or None, row.summary)
            for row in rows
        ],
        empty=state.text("plugin.none"),
    )


def plugin_rows(enabled: Sequence[str], lang: str) -> list[PluginRow]:
    """Return a row for each plugin that is installed or enabled, by name."""
    from crmcore.registry import discover  # noqa: PLC0415 - only this command needs it

    installed = discover()
    return [_row(name, installed.get(name, ()), name in enabled, lang) for name in sorted({*installed, *enabled})]


def _row(name: str, entries: Sequence[Installed], enabled: bool, lang: str) -> PluginRow:  # noqa: FBT001 - one of the facts of the row
    from crmcore.registry import load  # noqa: PLC0415 - only this command needs it

    if not entries:
        return PluginRow(name=name, state="missing")
    found = {"version": entries[0].version, "distribution": entries[0].distribution}
    try:
        info = next(each for each in load([name], quarantine=True)[0].plugins if each.name == name).info
    except (StartError, StopIteration):
        info = _imported_info(entries[0].target)
    if info is None:
        return PluginRow(name=name, state="broken", **found)
    summary = info.summary or (info.label.text(lang) if info.label else "")
    version = info.version or entries[0].version
    return PluginRow(
        name=name,
        state="enabled" if enabled else "installed",
        version=version,
        requires=info.requires,
        distribution=entries[0].distribution,
        summary=summary,
    )


def _imported_info(target: str) -> Any:  # noqa: ANN401 - whatever the module calls PLUGIN
    """Return the description of a plugin that does not start alone, for example because it requires another one."""
    import importlib  # noqa: PLC0415 - only this command needs it

    from crmcore.hooks import PluginInfo  # noqa: PLC0415

    try:
        info = getattr(importlib.import_module(target), "PLUGIN", None)
    except Exception:  # noqa: BLE001 - isolation border: importing runs foreign code; the row then says that it is broken
        return None
    return info if isinstance(info, PluginInfo) else None


@plugin.command(short_help="Enable plugins, after checking that everything starts.")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@pass_state
def enable(state: CliState, *, names: tuple[str, ...]) -> None:
    """Enable plugins in this deployment.

    All plugins are started and the settings checked first; crm.yaml is changed only when that goes well, and nothing in it but the list.
    """
    from crmcore.cli.opening import load_checked  # noqa: PLC0415 - only this command needs it
    from crmcore.deployment import edit_plugins  # noqa: PLC0415

    deployment = state.deployment()
    added = [name for name in dict.fromkeys(names) if name not in deployment.plugins]
    registry = load_checked(deployment, [*deployment.plugins, *added])
    enabled = edit_plugins(deployment.path, enable=added)
    for name in dict.fromkeys(names):
        state.output.say(state.text("plugin.enabled" if name in added else "plugin.enabled_already", name=name))
    if any(name in registry.migrations for name in added):
        state.output.say(state.text("plugin.migrate"))
    if state.as_json:
        state.output.json({"changed": added, "plugins": enabled})


@plugin.command(short_help="Disable plugins; their data stays.")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@pass_state
def disable(state: CliState, *, names: tuple[str, ...]) -> None:
    """Disable plugins in this deployment; their tables and settings stay.

    Refused when another enabled plugin requires one of them. A plugin that is broken can be disabled.
    """
    from crmcore.deployment import edit_plugins  # noqa: PLC0415 - only this command needs it

    deployment = state.deployment()
    removed = [name for name in dict.fromkeys(names) if name in deployment.plugins]
    _refuse_new_problems(deployment.plugins, removed)
    enabled = edit_plugins(deployment.path, disable=removed)
    for name in dict.fromkeys(names):
        state.output.say(state.text("plugin.disabled" if name in removed else "plugin.disabled_already", name=name))
    if state.as_json:
        state.output.json({"changed": removed, "plugins": enabled})


def _refuse_new_problems(plugins: Sequence[str], removed: Sequence[str]) -> None:
    """Raise when the other plugins do not start without the removed ones, unless they did not start with them either."""
    before = {str(problem) for problem in _start_problems(plugins)}
    found = [problem for problem in _start_problems([name for name in plugins if name not in removed]) if str(problem) not in before]
    if found:
        raise StartError("START_FAILED", found)


def _start_problems(plugins: Sequence[str]) -> Sequence[Problem]:
    from crmcore.registry import load  # noqa: PLC0415 - only this command needs it

    try:
        load(tuple(plugins))
    except StartError as error:
        return error.problems
    return ()


@plugin.command(short_help="Remove the data of a disabled plugin for good.")
@click.argument("name")
@click.option("--confirm", "token", metavar="TOKEN", help="Really remove what the report with this token lists.")
@pass_state
def purge(state: CliState, *, name: str, token: str | None) -> None:
    """Show what removing the data of a disabled plugin would remove; with --confirm, remove exactly that.

    The token stands for the report: when the data has changed since, nothing is removed.
    """
    from crmcore import Crm  # noqa: PLC0415 - only commands that open a database pay for this
    from crmcore.migrate import purge as purge_data  # noqa: PLC0415
    from crmcore.migrate import purge_report  # noqa: PLC0415
    from crmcore.storage import translate_errors  # noqa: PLC0415

    with Crm.open(state.deployment()) as crm, translate_errors():
        # With a current schema this runs no migration: it only writes down which plugins are enabled now.
        crm.migrate()
        if token is None:
            with crm.engine.connect() as connection:
                report = purge_report(connection, name)
        else:
            report = purge_data(crm.engine, name, token)
    _show_report(state, report, removed=token is not None)


def _show_report(state: CliState, report: PurgeReport, *, removed: bool) -> None:
    if state.as_json:
        state.output.json(
            {"plugin": report.plugin, "version": report.version, "removed": removed, "token": report.token}
            | {"tables": dict(report.tables), "rows": dict(report.rows)},
        )
        return
    state.output.say(state.text("purge.done" if removed else "purge.report", name=report.plugin))
    state.output.table([state.text("col.table"), state.text("col.rows")], [*report.tables, *report.rows])
    if not removed:
        state.output.say(state.text("purge.confirm", name=report.plugin, token=report.token))
