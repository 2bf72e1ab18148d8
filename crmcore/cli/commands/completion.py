"""`crm completion`: the completion script of a shell."""

from __future__ import annotations

import sys
from typing import Final

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.output import is_terminal

_VARIABLE: Final = "_CRM_COMPLETE"
_HOW: Final = {
    "bash": 'eval "$(crm completion bash)"   (~/.bashrc)',
    "zsh": 'eval "$(crm completion zsh)"   (~/.zshrc)',
    "fish": "crm completion fish | source   (~/.config/fish/config.fish)",
}


@click.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(list(_HOW)))
@click.pass_context
@pass_state
def completion(state: CliState, ctx: click.Context, *, shell: str) -> None:
    """Print the script that makes SHELL complete commands, options and plugins of `crm`.

    Where it goes: eval "$(crm completion bash)" in ~/.bashrc, eval "$(crm completion zsh)" in ~/.zshrc, crm completion fish | source in
    ~/.config/fish/config.fish.
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only this command needs it

    found = get_completion_class(shell)
    if found is None:
        message = f"no completion for {shell}"
        raise click.UsageError(message)
    click.echo(found(ctx.find_root().command, {}, "crm", _VARIABLE).source())
    if is_terminal(sys.stdout):
        # Whoever reads it wants to know what to do with it; a shell that evaluates it does not.
        state.output.note(f"# {state.text('completion.hint', how=_HOW[shell])}")
