"""Help, completion, and what is imported for them."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from crmcore.cli import ExitCode
from crmcore.cli import crm as root
from crmcore.cli.codes import MEANINGS
from crmcore.cli.groups import import_command
from crmcore.cli.root import ENTRIES

pytestmark = pytest.mark.feature("P2.7")


def every_command(group=root, path=("crm",)):
    """Yield every command of the core with its path."""
    context = click.Context(group, info_name=path[-1])
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


def test_help_works_where_there_is_no_deployment(crm, tmp_path):
    shown = crm("-C", tmp_path / "nowhere", "--help").output
    for name, entry in ENTRIES.items():
        assert f"  {name} " in shown
        assert entry.help in shown
    for part in ("Examples:", "Exit codes:"):
        assert part in shown


def test_every_exit_code_is_in_the_help(crm):
    shown = crm("--help").output
    for code in ExitCode:
        assert f"{code.value}  {MEANINGS[code]}" in shown


def test_the_table_of_commands_says_what_the_commands_say():
    for name, entry in ENTRIES.items():
        command = import_command(entry.target)
        assert (command.name, command.short_help) == (name, entry.help)


@pytest.mark.parametrize(("path", "command"), [pytest.param(path, command, id=" ".join(path)) for path, command in every_command()])
def test_every_command_and_option_is_explained(path, command):
    assert command.help, path
    assert command.short_help, path
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, (path, parameter.name)


def test_help_lists_the_commands_of_groups_and_plugins(crm, shop):
    assert "retry  Queue dead jobs again" in crm("jobs", "--help").output
    shown = crm("-C", shop, "--help").output
    assert "Plugins of this deployment" in shown
    assert "toyshop  Sells toys." in shown
    group = crm("-C", shop, "toyshop", "--help").output
    assert "lost    Cannot be imported." in group
    assert "Greet somebody" in crm("-C", shop, "toyshop", "greet", "--help").output
    assert "hello    Do greet at the top." in shown
    assert "Greet somebody" in crm("-C", shop, "hello", "--help").output


def test_help_survives_a_broken_file(crm, shop):
    (shop / "crm.yaml").write_text("plugins: [\n")
    assert "doctor" in crm("-C", shop, "--help").output


def test_version(crm):
    assert crm("--version").output.startswith("crm 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(crm, shell):
    script = crm("completion", shell).stdout
    assert "_CRM_COMPLETE" in script
    assert "crm" in script


def test_completion_knows_commands_and_plugins(process, shop):
    def completed(words):
        last = len(words.split()) - words.endswith("--")
        env = {"_CRM_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(last)}
        return process(**env, code=0).stdout.split()

    assert "plain,doctor" in completed("crm")
    assert completed(f"crm -C {shop} toyshop")[:2] == ["plain,boom", "plain,greet"]
    assert "plain,--until-idle" in completed(f"crm -C {shop} work --")


def test_the_command_line_imports_nothing_heavy():
    # The package `crmcore` itself is put in place without its `__init__`: what that imports is not the command line's choice.
    code = """
import importlib.util, sys, types
package = types.ModuleType("crmcore")
package.__path__ = list(importlib.util.find_spec("crmcore").submodule_search_locations)
sys.modules["crmcore"] = package
from crmcore.cli import crm
try:
    crm.main(["--help"], prog_name="crm")
except SystemExit:
    pass
heavy = {"sqlalchemy", "rich", "alembic", "ruamel", "ruamel.yaml", "cerberus", "jinja2", "asteval"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/", timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
