"""Fault: a script function wants a session.

Expected: KIT_SCRIPT_FUNCTION script_with_session.find
Found by: scripts
"""

from crmcore import PluginInfo, ScriptFunction, Session, hookimpl

PLUGIN = PluginInfo(name="script_with_session")


def find(session: Session, name: str) -> bool:
    return bool(name)


@hookimpl
def crm_script_functions():
    return [ScriptFunction(name="script_with_session.find", fn=find)]
