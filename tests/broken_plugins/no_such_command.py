"""Fault: the target of a command does not exist.

Expected: KIT_COMMAND list
Found by: commands
"""

from crmcore import Command, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="no_such_command")


@hookimpl
def crm_commands():
    return [Command(name="list", target="no_such_command.commands:list_all", help="List.")]
