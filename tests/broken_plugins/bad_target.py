"""Fault: a command names no function.

Expected: COMMAND_INVALID list
Found by: starts_alone
"""

from crmcore import Command, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="bad_target")


@hookimpl
def crm_commands():
    return [Command(name="list", target="bad_target/commands", help="List.")]
