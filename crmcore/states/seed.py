"""What every database starts with: the states of accounts (S4 «Stati Clienti», I01), and the state tables of the enabled plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmcore.hooks import State, StateTable
from crmcore.labels import Label
from crmcore.model import CORE
from crmcore.states.writing import write_table

if TYPE_CHECKING:
    from crmcore.session import Session

CUSTOMERS: Final = StateTable(
    name="customers",
    entity="account",
    label=Label("Stati Clienti", "Customer states"),
    states=(
        State(code="lead", label=Label("Lead", "Lead"), order=10, colour="#adb5bd"),
        State(code="suspect", label=Label("Suspect", "Suspect"), order=20, colour="#748ffc"),
        State(code="prospect", label=Label("Prospect", "Prospect"), order=30, colour="#4dabf7", default=True),
        State(code="customer", label=Label("Cliente", "Customer"), order=40, colour="#40c057", flags={"is_customer": True}),
        State(code="blocked", label=Label("Bloccato", "Blocked"), order=90, colour="#fa5252", flags={"blocked": True}),
    ),
)
"""Table 1 of `domain.md` §4.8: the four classes of names on one record (B02), and the blocked ones (I-6)."""


def seed(session: Session) -> None:
    """Write the tables of core and plugins; runs at the end of every migration, and changes nothing the second time."""
    write_table(session, CUSTOMERS, CORE)
    for table in session.registry.state_tables.values():
        # Names of tables start with that of their plugin; the registry sees to it.
        write_table(session, table, table.name.partition(".")[0])
