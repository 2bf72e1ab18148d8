"""Fault: the target of a command is a plain function.

Expected: KIT_COMMAND list
Found by: commands
"""

from crmcore import Command, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="plain_command")


def list_all():
    return None


@hookimpl
def crm_commands():
    return [Command(name="list", target="plain_command:list_all", help="List.")]
