"""Fault: a script function takes anything.

Expected: SCRIPT_FUNCTION_INVALID open_arguments.total
Found by: starts_alone
"""

from crmcore import PluginInfo, ScriptFunction, hookimpl

PLUGIN = PluginInfo(name="open_arguments")


def total(*numbers):
    return sum(numbers)


@hookimpl
def crm_script_functions():
    return [ScriptFunction(name="open_arguments.total", fn=total)]
