"""Fault: no state is the default.

Expected: STATE_TABLE_INVALID no_first_state.states
Found by: starts_alone
"""

from crmcore import Label, PluginInfo, State, StateTable, hookimpl

PLUGIN = PluginInfo(name="no_first_state")


@hookimpl
def crm_state_tables():
    return [
        StateTable(
            name="no_first_state.states",
            entity="account",
            label=Label("Stati", "States"),
            states=(State(code="open", label=Label("Aperto", "Open"), order=1),),
        )
    ]
