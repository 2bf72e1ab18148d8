"""The reference for those who run a deployment: configuration keys and commands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Final

import click

from crmcore.cli import crm
from crmcore.cli.codes import MEANINGS
from crmcore.cli.groups import plugin_group
from crmcore.deployment import describe
from crmcore.deployment.places import dotted
from crmcore.deployment.rules import walk_rules
from crmcore.deployment.sections import MAIN
from crmcore.hooks import ConfigSchema, Configurable, Label
from crmcore.planning import collections_of
from tools.bundled import bundled_names, load_bundled
from tools.reference.markdown import code, plain, table

_INTRODUCTION: Final = """# Configuration

A deployment is a folder with a file `crm.yaml`. Unknown keys are errors, with file, line and column; `crm plan` lists all of them
at once. Keys that are marked as secret may take their value from `${env:NAME}` or `${file:path}`, and are never printed.
"""


def schemas() -> dict[str, ConfigSchema]:
    """Return owner → schema: the main file, the settings of each bundled plugin, and the collections that are configured."""
    collections = {name: ConfigSchema(each.fields) for name, each in collections_of(load_bundled()).items()}
    return {"crm.yaml": MAIN, **load_bundled().config, **collections}


def configuration_page() -> str:
    """Return the page of all configuration keys."""
    parts = [_INTRODUCTION]
    collections = collections_of(load_bundled())
    for owner, schema in schemas().items():
        parts.append(_heading(owner, collections.get(owner)) if schema is not MAIN else "## crm.yaml\n")
        rows = [
            (
                code(row.path) + (" (secret)" if row.secret else ""),
                row.type,
                "required" if row.required else code("" if row.default is None else row.default),
                f"{row.label.it} / {row.label.en}",
                row.help,
            )
            for row in describe(schema)
        ]
        parts.append(table(("key", "type", "default", "label", "meaning"), rows))
    return "\n".join(parts)


def _heading(owner: str, collection: Configurable | None) -> str:
    if collection is None:
        return f"## Settings of {owner}\n\nBelow `settings.{owner}`.\n"
    if collection.inside is not None:
        place = f"Below `{collection.section}` of an item of `{collection.inside}`."
    elif collection.group is not None:
        group = "entity" if collection.group == "entity" else f"the code of one of `{collection.group}`"
        place = f"A section of `crm.yaml`, or of a file that it includes; its keys are {group}, then codes."
    else:
        place = "A section of `crm.yaml`, or of a file that it includes; its keys are codes."
    short = f" A bare value is the `{collection.short}`." if collection.short else ""
    return f"## {owner}\n\n{collection.help} {place}{short}\n"


def undocumented_keys() -> list[str]:
    """Return the configuration keys without label or help; what is only an element of a list needs none."""
    found = []
    for owner, schema in schemas().items():
        for path, rules in walk_rules(schema.schema):
            label = rules.get("label")
            named = bool(path) and path[-1] not in {"[]", "<key>"}
            documented = isinstance(label, Label) and label.it and label.en and str(rules.get("help", "")).strip()
            if named and not documented:
                found.append(f"{owner}: {dotted(path)}")
    return found


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name: the core's, then those of the bundled plugins."""
    yield from _walk("crm", crm)
    for name in bundled_names():
        group = plugin_group(name, "en")
        if group is not None:
            yield from _walk(f"crm {name}", group)


def _walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            if inner is not None and not inner.hidden:
                yield from _walk(f"{name} {each}", inner)


def commands_page() -> str:
    """Return the page of all commands, with their arguments and options."""
    parts = ["# Commands\n"]
    for name, command in commands():
        context = click.Context(command, info_name=name)
        usage = " ".join(command.collect_usage_pieces(context))
        heading = "##" + "#" * name.count(" ", len("crm "))
        parts += [f"{heading} {name}\n", f"```text\n{name} {usage}\n```\n", plain(_help(command)) + "\n"]
        rows = [_option(option, context) for option in command.params if isinstance(option, click.Option) and not option.hidden]
        if rows:
            parts.append(table(("option", "meaning", "default"), rows))
    parts += ["## Exit codes\n", table(("code", "meaning"), [(code(int(each)), text) for each, text in MEANINGS.items()])]
    return "\n".join(parts)


def _help(command: click.Command) -> str:
    # A paragraph that starts with this character keeps its lines; a form feed ends what is shown.
    return inspect.cleandoc((command.help or command.short_help or "").partition("\f")[0].replace("\b\n", ""))


def _option(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    record = option.get_help_record(context)
    names = record[0] if record else "/".join(option.opts)
    # Options that are off by default, and paths of the moment, say nothing.
    default = "" if option.is_flag or not option.show_default or option.default is None else str(option.default)
    return code(names), option.help or "", code(default)


def undocumented_commands() -> list[str]:
    """Return the commands and options without a help."""
    found = []
    for name, command in commands():
        if not _help(command):
            found.append(name)
        found += [
            f"{name} {'/'.join(option.opts)}"
            for option in command.params
            if isinstance(option, click.Option) and not option.hidden and not (option.help or "").strip()
        ]
    return found
