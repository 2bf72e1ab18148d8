"""`crm new-plugin`: write the skeleton of a plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template
from typing import Final

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.errors import UsageError

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,23}")
_TAKEN: Final = frozenset({"core", "crm", "testing"})
_SUFFIX: Final = ".tmpl"


@click.command("new-plugin", short_help="Write the skeleton of a new plugin.")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write into; by default `crmcore-NAME` in the current one.",
)
@pass_state
def new_plugin(state: CliState, *, name: str, folder: Path | None) -> None:
    """Write a plugin called NAME: a distribution of its own with a table, a migration, settings, an event handler, a command and tests.

    It passes the conformance kit as it is, and is meant to be changed.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise UsageError("PLUGIN_NAME_INVALID", name=name)
    target = folder or Path(f"crmcore-{name.replace('_', '-')}")
    if target.exists() and any(target.iterdir()):
        raise click.ClickException(state.text("new.exists", folder=target))
    written = write_plugin(name, target)
    state.output.say(state.text("new.written", name=name, folder=target))
    for file in written:
        state.output.say(f"  {file}")
    state.output.say(state.text("new.next", folder=target, name=name))
    if state.as_json:
        state.output.json({"name": name, "folder": target, "files": written})


def write_plugin(name: str, target: Path) -> list[str]:
    """Write the files of a new plugin, and return their paths inside the folder."""
    from importlib_metadata import version  # noqa: PLC0415 - only this command needs it

    values = {
        "name": name,
        "dist": name.replace("_", "-"),
        "Class": "".join(part.capitalize() for part in name.split("_")),
        "title": name.replace("_", " ").capitalize(),
        "crmcore_version": version("crmcore"),
    }
    written = []
    for path, template in sorted(_templates(files("crmcore.cli") / "templates" / "plugin", PurePosixPath())):
        inside = _renamed(path, name)
        file = target / inside
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(template).substitute(values), encoding="utf-8", newline="\n")
        written.append(str(inside))
    return written


def _templates(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _templates(entry, path / entry.name)
        elif entry.name.endswith(_SUFFIX):
            yield path / entry.name, entry.read_text(encoding="utf-8")


def _renamed(path: PurePosixPath, name: str) -> PurePosixPath:
    """Return where a template goes: `package` is the package of the plugin, `NAME` its name."""
    parts = [f"crmcore_{name}" if part == "package" else part.replace("NAME", name) for part in path.parts]
    return PurePosixPath(*parts).with_suffix("") if parts[-1].endswith(_SUFFIX) else PurePosixPath(*parts)
