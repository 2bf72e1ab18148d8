"""The command `crm`: its options, and where its commands are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from crmcore.cli.context import CliState
from crmcore.cli.groups import Entry, RootGroup, epilog

_COMMANDS: Final = "crmcore.cli.commands"
_START, _RUN, _EXTEND = "Set up", "Run", "Extend"

ENTRIES: Final = {
    "init": Entry(f"{_COMMANDS}.init:init", _START, "Write a new deployment, and prepare its database."),
    "migrate": Entry(f"{_COMMANDS}.migrate:migrate", _START, "Bring the database to the schema of the code."),
    "plan": Entry(f"{_COMMANDS}.plan:plan", _START, "Show what applying the files would change."),
    "apply": Entry(f"{_COMMANDS}.plan:apply", _START, "Do what a plan says."),
    "diff": Entry(f"{_COMMANDS}.plan:diff", _START, "Show what the deployment overrides."),
    "export-config": Entry(f"{_COMMANDS}.plan:export_config", _START, "Write the configuration of the database into a folder."),
    "doctor": Entry(f"{_COMMANDS}.doctor:doctor", _START, "Show how the deployment is put together, and what is wrong."),
    "work": Entry(f"{_COMMANDS}.work:work", _RUN, "Run jobs, timers and deliveries of events."),
    "jobs": Entry(f"{_COMMANDS}.jobs:jobs", _RUN, "Look at the queue, and retry what failed."),
    "accounts": Entry(f"{_COMMANDS}.accounts:accounts", _RUN, "List, show, find and create accounts."),
    "states": Entry(f"{_COMMANDS}.states:states", _RUN, "List state tables, and draw them."),
    "access": Entry(f"{_COMMANDS}.access:access", _RUN, "Show who may see what, and why."),
    "merge": Entry(f"{_COMMANDS}.merge:merge", _RUN, "Merge accounts, and take it back."),
    "privacy": Entry(f"{_COMMANDS}.privacy:privacy", _RUN, "Erase and export people."),
    "audit": Entry(f"{_COMMANDS}.audit:audit", _RUN, "Show who changed what, and verify that nobody changed that."),
    "monitoring": Entry(f"{_COMMANDS}.monitoring:monitoring", _RUN, "Show who feeds the CRM, and who does not."),
    "script": Entry(f"{_COMMANDS}.script:script", _RUN, "List, check and try rules."),
    "user": Entry(f"{_COMMANDS}.user:user", _RUN, "Give users passwords."),
    "device": Entry(f"{_COMMANDS}.device:device", _RUN, "Register the devices from which people sign in."),
    "session": Entry(f"{_COMMANDS}.user_session:session", _RUN, "List who is signed in, and end sessions."),
    "token": Entry(f"{_COMMANDS}.api_token:token", _RUN, "Make and revoke tokens for programs."),
    "plugin": Entry(f"{_COMMANDS}.plugin:plugin", _EXTEND, "List, enable, disable and purge plugins."),
    "new-plugin": Entry(f"{_COMMANDS}.new_plugin:new_plugin", _EXTEND, "Write the skeleton of a new plugin."),
    "completion": Entry(f"{_COMMANDS}.completion:completion", _EXTEND, "Print the completion script of a shell."),
}
"""The commands of the core; each is imported when it is used."""

_EPILOG: Final = epilog(
    ("crm init shop --plugin italy", "a new deployment in the folder `shop`"),
    ("crm init shop --example forza-vendita", "one that is configured already, to start from"),
    ("crm -C shop plan", "what its files would change in the database"),
    ("crm -C shop doctor", "what it consists of, and whether all is well"),
    ("crm -C shop accounts find bellini", "the accounts with this word in a name, a person, a number or a note"),
    ("crm -C shop work", "run its jobs until interrupted"),
    ("crm -C shop --json jobs list", "the queue, for another program"),
)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if not value or ctx.resilient_parsing:
        return
    from importlib_metadata import version  # noqa: PLC0415 - only for this option

    click.echo(f"crm {version('crmcore')}")
    ctx.exit()


@click.group(
    cls=RootGroup,
    entries=ENTRIES,
    epilog=_EPILOG,
    invoke_without_command=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "-C",
    "--deployment",
    type=click.Path(path_type=Path),
    default=Path(),
    envvar="CRM_DEPLOYMENT",
    is_eager=True,
    metavar="PATH",
    help="Folder of the deployment, or its crm.yaml (environment: CRM_DEPLOYMENT). Without it, the current folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print results as JSON.")
@click.option(
    "--lang",
    type=click.Choice(["it", "en"]),
    envvar="CRM_LANG",
    help="Language of messages (environment: CRM_LANG). Without it, that of the deployment, else Italian.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit.")
@click.pass_context
def crm(ctx: click.Context, *, deployment: Path, as_json: bool, lang: str | None, debug: bool) -> None:
    """Set up, run and extend a crmcore deployment."""
    state = CliState(deployment, as_json, lang, debug)
    ctx.obj = state
    ctx.call_on_close(state.close)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with an exit code of `codes.ExitCode`."""
    crm.main(args=argv, prog_name="crm")
