"""The state tables of leads and actions; programs read the flags, never the codes."""

from __future__ import annotations

from typing import Final

from crmcore import Label, State, StateTable, Transition, TransitionMode

TODO: Final = "todo"
DOING: Final = "doing"
DELEGATED: Final = "delegated"
DONE: Final = "done"
CANCELLED: Final = "cancelled"
OPEN: Final = "open"
WON: Final = "won"
LOST: Final = "lost"

LEADS: Final = StateTable(
    name="agenda.leads",
    entity="agenda.lead",
    label=Label("Stati delle trattative", "States of leads"),
    states=(
        State(code=OPEN, label=Label("In corso", "In progress"), order=10, colour="#4dabf7", default=True),
        State(code="suspended", label=Label("Sospesa", "Suspended"), order=20, colour="#adb5bd", flags={"suspended": True}),
        State(code=WON, label=Label("Vinta", "Won"), order=80, colour="#40c057", flags={"closed": True, "won": True}),
        State(code=LOST, label=Label("Persa", "Lost"), order=90, colour="#fa5252", flags={"closed": True}),
    ),
)
"""Free: a lost negotiation may come back."""

_STEPS: Final = (
    (TODO, DOING),
    (TODO, DELEGATED),
    (DOING, DELEGATED),
    (DELEGATED, TODO),
    (DELEGATED, DOING),
    (TODO, DONE),
    (DOING, DONE),
    (DELEGATED, DONE),
    (TODO, CANCELLED),
    (DOING, CANCELLED),
    (DELEGATED, CANCELLED),
)

ACTIONS: Final = StateTable(
    name="agenda.actions",
    entity="agenda.action",
    label=Label("Stati delle azioni", "States of actions"),
    states=(
        State(code=TODO, label=Label("Da fare", "To do"), order=10, colour="#4dabf7", default=True),
        State(code=DOING, label=Label("In corso", "In progress"), order=20, colour="#748ffc", flags={"working": True}),
        State(code=DELEGATED, label=Label("Delegata", "Delegated"), order=30, colour="#ffd43b", flags={"delegated": True}),
        State(
            code=DONE,
            label=Label("Fatta", "Done"),
            order=80,
            colour="#40c057",
            terminal=True,
            flags={"closed": True, "done": True, "blocking": True},
        ),
        State(
            code=CANCELLED,
            label=Label("Annullata", "Cancelled"),
            order=90,
            colour="#adb5bd",
            terminal=True,
            flags={"closed": True, "blocking": True},
        ),
    ),
    transitions=tuple(Transition(source=source, target=target) for source, target in _STEPS),
    mode=TransitionMode.STEPS,
)
"""Nothing leads out of a closed action: a correction is another action (I-49)."""
