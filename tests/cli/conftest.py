"""The command in this process and in processes of its own, on a deployment with a small plugin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from crmcore.cli import crm as root

PLUGIN = """
from datetime import timedelta
from crmcore import Command, ConfigSchema, Every, Handler, Job, Label, PluginInfo, hookimpl
from crmcore_toyshop.work import fail, note, slow

PLUGIN = PluginInfo(name="toyshop", label=Label("Giocattoli", "Toys"), summary="Sells toys.", capabilities=("unguarded",))

@hookimpl
def crm_configuration():
    return ConfigSchema({"days": {"type": "integer", "default": 30, "label": Label("Giorni", "Days"), "help": "Days."}})

@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=note)]

@hookimpl
def crm_jobs():
    return [
        Job(name="toyshop.fail", fn=fail, max_attempts=1),
        Job(name="toyshop.note", fn=note, every=Every(days=1)),
        Job(name="toyshop.slow", fn=slow),
    ]

@hookimpl
def crm_commands():
    names = ("greet", "boom", "refuse", "wait", "stuck")
    target = "crmcore_toyshop.commands"
    return [Command(name=name, target=f"{target}:{name}", help=f"Do {name}.") for name in names] + [
        Command(name="lost", target="crmcore_toyshop.nowhere:lost", help="Cannot be imported."),
        Command(name="hello", target=f"{target}:greet", help="Do greet at the top.", top=True),
    ]
"""

WORK = """
import os, time

def note(session, event):
    pass

def fail(session, run):
    raise RuntimeError("the toy broke")

def slow(session, run):
    # Says that it began, and works on for a moment: a signal comes in between.
    with open(run.args["began"], "w") as file:
        file.write("x")
    time.sleep(1.0)
    with open(run.args["ended"], "w") as file:
        file.write("x")
"""

COMMANDS = '''
import time
import click
from crmcore.cli import current_output, pass_crm
from crmcore.errors import UsageError

@click.command()
@click.argument("name")
@pass_crm
def greet(crm, name):
    """Greet somebody, politely."""
    current_output().rows(["name", "days"], [(name, crm.settings("toyshop")["days"])])

@click.command()
def boom():
    raise ZeroDivisionError("secret detail")

@click.command()
def refuse():
    raise UsageError("ACTOR_INVALID", actor="x", reason="because")

@click.command()
def wait():
    click.echo("waiting")
    time.sleep(60)

stuck = "not a command"
'''


@pytest.fixture(scope="session")
def toyshop(tmp_path_factory) -> Path:
    """Install the plugin, as an entry point, into a folder of its own, and return that folder."""
    folder = tmp_path_factory.mktemp("site")
    package = folder / "crmcore_toyshop"
    package.mkdir()
    for name, text in (("__init__", PLUGIN), ("work", WORK), ("commands", COMMANDS)):
        (package / f"{name}.py").write_text(textwrap.dedent(text))
    install(folder, "toyshop")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def install(folder: Path, name: str, version: str = "1.2.3") -> None:
    """Make a package that lies in a folder look installed."""
    info = folder / f"crmcore_{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: crmcore-{name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[crmcore.plugins]\n{name} = crmcore_{name}\n")


@pytest.fixture
def crm(toyshop, monkeypatch):
    """Return a function that runs `crm` in this process."""
    for name in ("CRM_DEPLOYMENT", "CRM_LANG"):
        monkeypatch.delenv(name, raising=False)

    def run(*args, code=0, **env):
        result = CliRunner().invoke(root, [str(arg) for arg in args], prog_name="crm", env=env)
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def environment(toyshop) -> dict[str, str]:
    """Return the environment of a process that has the plugin."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    return {**kept, "PYTHONPATH": str(toyshop), "TERM": "xterm"}


@pytest.fixture
def process(environment):
    """Return a function that runs `crm` in a process of its own."""

    def run(*args, code=0, **env):
        result = subprocess.run(
            [sys.executable, "-m", "crmcore.cli", *(str(arg) for arg in args)],
            capture_output=True,
            text=True,
            env={**environment, **env},
            timeout=60,
            check=False,
        )
        assert result.returncode == code, result.stdout + result.stderr
        return result

    return run


@pytest.fixture(scope="session")
def shop_template(tmp_path_factory, toyshop) -> Path:
    """Make one migrated deployment, which tests copy."""
    folder = tmp_path_factory.mktemp("template") / "shop"
    result = CliRunner().invoke(root, ["init", str(folder), "--plugin", "toyshop"])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def shop(tmp_path, shop_template, crm) -> Path:
    """Return the folder of a new deployment that enables the plugin."""
    return Path(shutil.copytree(shop_template, tmp_path / "shop"))
