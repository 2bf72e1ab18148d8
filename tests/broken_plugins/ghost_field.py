"""Fault: a transition requires a field that the entity does not have.

Expected: KIT_STATE_FIELD colour
Found by: state_tables
"""

from crmcore import Label, PluginInfo, State, StateTable, Transition, TransitionMode, hookimpl

PLUGIN = PluginInfo(name="ghost_field")


@hookimpl
def crm_state_tables():
    return [
        StateTable(
            name="ghost_field.states",
            entity="account",
            label=Label("Stati", "States"),
            mode=TransitionMode.STEPS,
            states=(
                State(code="open", label=Label("Aperto", "Open"), order=1, default=True),
                State(code="done", label=Label("Chiuso", "Done"), order=2),
            ),
            transitions=(Transition(source="open", target="done", required_fields=("colour",)),),
        )
    ]
