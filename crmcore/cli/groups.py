"""Groups whose commands are imported when they are used: those of the core from a table, those of plugins from entry points."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import click

from crmcore.cli.codes import MEANINGS, ExitCode, exit_code
from crmcore.cli.context import CliState
from crmcore.cli.output import to_json
from crmcore.errors import CrmError, PluginError
from crmcore.hooks import Command, PluginInfo

_GROUP: Final = "crmcore.plugins"
_MAIN_FILE: Final = "crm.yaml"
_BROKEN_PIPE: Final = 32


@attrs.frozen
class Entry:
    """Name a command of the core: where it is, under which heading it is listed, and what it does, in a few words."""

    target: str
    section: str
    help: str


def import_command(target: str) -> click.Command:
    """Import ``package.module:name``, and return the click command that it names.

    Raises:
        TypeError, ImportError, AttributeError: when it does not name one.
    """
    module, _, name = target.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, click.Command):
        message = f"{target} is {type(found).__name__}, not a click command"
        raise TypeError(message)
    return found


class SectionedGroup(click.Group):
    """A group that lists its commands under headings, and keeps the lines of its epilog."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry] | None = None, **kwargs: Any) -> None:  # noqa: ANN401 - those of click
        super().__init__(*args, **kwargs)
        self.entries = dict(entries or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return [*self.entries, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, if it is one of the table."""
        entry = self.entries.get(cmd_name)
        return import_command(entry.target) if entry else super().get_command(ctx, cmd_name)

    def sections(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """Return heading → names and short helps; nothing of the table is imported for them."""
        found: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self.entries.items():
            found.setdefault(entry.section, []).append((name, entry.help))
        for name in super().list_commands(ctx):
            found.setdefault("Commands", []).append((name, self.commands[name].get_short_help_str(80)))
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, by heading."""
        for heading, rows in self.sections(ctx).items():
            with formatter.section(heading):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the epilog as it is: it holds examples and tables, which click would wrap."""
        if self.epilog:
            formatter.write_paragraph()
            for line in self.epilog.splitlines():
                formatter.write(f"{line}\n")


class PluginGroup(click.Group):
    """The commands of one plugin, from its declaration: the help is there, the code is imported when it is used."""

    def __init__(self, plugin: str, declared: Sequence[Command], help: str) -> None:  # noqa: A002 - click's word
        super().__init__(plugin, help=help)
        self.declared = {command.name: command for command in declared}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the declared names."""
        return sorted({*self.declared, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the target of the declaration.

        Raises:
            PluginError: ``HOOK_FAILED`` with the plugin's name, when it cannot be imported.
        """
        declared = self.declared.get(cmd_name)
        if declared is None:
            return None
        try:
            command = import_command(declared.target)
        except Exception as error:
            # Isolation border: importing runs code of the plugin, which may raise anything.
            if ctx.resilient_parsing:
                return None  # while a shell completes, there is nobody to tell
            raise PluginError("HOOK_FAILED", error=f"plugin {self.name}, command {cmd_name}: {error!r}") from error
        command.help = command.help or declared.help
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with the helps of their declarations."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.declared[name].help) for name in self.list_commands(ctx)])


def enabled_plugins(path: Path) -> tuple[str, ...]:
    """Return the plugins that a deployment names; none when there is no deployment or its file is broken.

    Help and completion must work all the same: a command that needs the deployment reports what is wrong with it.
    """
    if not (path / _MAIN_FILE if path.is_dir() else path).is_file():
        # Asked before anything is imported: help outside of a deployment is quick.
        return ()
    from crmcore.deployment import main_file  # noqa: PLC0415 - only when plugin commands are looked for
    from crmcore.deployment.yamlfile import parse, read_text  # noqa: PLC0415

    file = main_file(path)
    try:
        data = parse(read_text(file, str(file)), str(file)).data
    except CrmError:
        return ()
    names = data.get("plugins") if isinstance(data, dict) else None
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()


def plugin_group(name: str, lang: str) -> PluginGroup | None:
    """Return the group of an installed plugin, None when it is not installed, declares no commands, or cannot be imported.

    The module of the plugin is imported and asked for its declaration; nothing is started. What is wrong with a plugin is for `crm
    doctor` to say.
    """
    from importlib_metadata import entry_points  # noqa: PLC0415 - only when plugin commands are looked for

    for point in entry_points(group=_GROUP, name=name):
        try:
            module = point.load()
            declared = [command for command in module.crm_commands() or () if isinstance(command, Command)]
        except Exception:  # noqa: BLE001 - isolation border: help and completion survive a broken plugin
            return None
        info = getattr(module, "PLUGIN", None)
        text = ""
        if isinstance(info, PluginInfo):
            text = info.summary or (info.label.text(lang) if info.label else "")
        return PluginGroup(name, declared, text or f"Commands of plugin {name}.") if declared else None
    return None


class RootGroup(SectionedGroup):
    """The `crm` command: its own commands, then one group for each enabled plugin that declares commands."""

    def sections(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """Add the plugins of the deployment."""
        found = super().sections(ctx)
        groups = [group for name in enabled_plugins(_path(ctx)) if (group := plugin_group(name, _lang(ctx)))]
        if groups:
            rows = [(str(group.name), group.get_short_help_str(70)) for group in groups]
            rows += [(command.name, command.help) for group in groups for command in group.declared.values() if command.top]
            found["Plugins of this deployment"] = rows
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Add the plugins of the deployment."""
        own = super().list_commands(ctx)
        return [*own, *(name for name in enabled_plugins(_path(ctx)) if name not in own and plugin_group(name, _lang(ctx)))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Look among the core's commands first: no plugin can take the name of one of them."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        enabled = enabled_plugins(_path(ctx))
        if cmd_name in enabled:
            return plugin_group(cmd_name, _lang(ctx))
        for name in enabled:
            group = plugin_group(name, _lang(ctx))
            if group is not None and cmd_name in group.declared and group.declared[cmd_name].top:
                return group.get_command(ctx, cmd_name)
        return None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Say why there is no such command, when it is the name of a plugin."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            reason = _why_missing(args[0], _path(ctx))
            if reason is None:
                raise
            ctx.fail(reason)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - what commands return
        """Run the command; whatever goes wrong becomes a message and an exit code, and a traceback only with ``--debug``."""
        try:
            return super().invoke(ctx)
        except CrmError as error:
            _state(ctx).output.error(error)
            _trace(ctx, error)
            ctx.exit(exit_code(error))
        except KeyboardInterrupt:
            ctx.exit(ExitCode.INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == _BROKEN_PIPE:
                raise
            _trace(ctx, error)
            _unexpected(ctx, error)
            ctx.exit(ExitCode.REFUSED)


def _why_missing(name: str, path: Path) -> str | None:
    from importlib_metadata import entry_points  # noqa: PLC0415 - only after a mistake

    if name not in entry_points(group=_GROUP).names:
        return None
    if name in enabled_plugins(path):
        return f"Plugin '{name}' has no commands, or cannot be imported; `crm doctor` tells."
    return f"Plugin '{name}' is not enabled here: crm plugin enable {name}"


def _trace(ctx: click.Context, error: BaseException) -> None:
    if _state(ctx).debug:
        import traceback  # noqa: PLC0415 - only with --debug

        click.echo("".join(traceback.format_exception(error)), err=True)


def _unexpected(ctx: click.Context, error: BaseException) -> None:
    state = _state(ctx)
    text = state.text("unexpected", error=f"{type(error).__name__}: {error}")
    click.echo(to_json({"error": {"code": "UNEXPECTED", "message": text, "problems": []}}) if state.as_json else text, err=True)


def _state(ctx: click.Context) -> CliState:
    return ctx.find_object(CliState) or CliState()


def _path(ctx: click.Context) -> Path:
    return _state(ctx).path if ctx.obj else Path(ctx.params.get("deployment") or ".")


def _lang(ctx: click.Context) -> str:
    return _state(ctx).lang


def epilog(*examples: tuple[str, str]) -> str:
    """Return the epilog of the root command: examples and exit codes."""
    width = max(len(command) for command, _ in examples)
    shown = [f"  {command.ljust(width)}  {meaning}" for command, meaning in examples]
    codes = [f"  {code.value:>3}  {meaning}" for code, meaning in MEANINGS.items()]
    return "\n".join(["Examples:", *shown, "", "Exit codes:", *codes])


__all__ = ["Entry", "PluginGroup", "RootGroup", "SectionedGroup", "enabled_plugins", "epilog", "import_command", "plugin_group"]
