"""The state tables of documents and rows; programs read the flags, never the codes (I-76)."""

from __future__ import annotations

from typing import Final

from crmcore import Label, State, StateTable

DOCUMENTS: Final = "offers.documents"
ROWS: Final = "offers.rows"

DOCUMENT_STATES: Final = StateTable(
    name=DOCUMENTS,
    entity="offers.document",
    label=Label("Stati Opportunità/Offerte", "States of documents"),
    states=(
        State(code="booked", label=Label("Fissato", "Booked"), order=5, colour="#15aabf", flags={"initial": True, "probability": 10}),
        State(code="inserted", label=Label("Inserita", "Entered"), order=10, colour="#4dabf7", default=True, flags={"probability": 20}),
        State(
            code="verifying",
            label=Label("In verifica", "Being verified"),
            order=15,
            colour="#9775fa",
            flags={"initial": True, "probability": 30},
        ),
        State(code="presented", label=Label("Presentata", "Presented"), order=20, colour="#748ffc", flags={"probability": 40}),
        State(code="negotiating", label=Label("In trattativa", "Negotiating"), order=30, colour="#ffd43b", flags={"probability": 60}),
        State(
            code="won",
            label=Label("Vinta", "Won"),
            order=80,
            colour="#40c057",
            flags={"confirmed": True, "exposing": True, "probability": 100},
        ),
        State(code="lost", label=Label("Persa", "Lost"), order=90, colour="#fa5252", flags={"negative": True, "probability": 0}),
        State(
            code="cancelled",
            label=Label("Annullata", "Cancelled"),
            order=95,
            colour="#adb5bd",
            terminal=True,
            flags={"negative": True, "blocking": True, "probability": 0},
        ),
    ),
)
"""Table 2 of `domain.md` §4.8.

Flags: ``exposing`` (counts for commissions), ``commits_stock``, ``unloads_stock``, ``negative`` (counts nowhere, I-36), ``blocking``
(read-only, I-34), ``confirmed`` (sold), ``priority`` (order in pickers), ``probability`` (percent that a document has without its own),
``initial`` (new ones may begin here: an appointment is booked, a sale on the line is verified first).
"""

ROW_STATES: Final = StateTable(
    name=ROWS,
    entity="offers.row",
    label=Label("Stati Righe di segnalazioni e contratti", "States of rows"),
    states=(
        State(code="waiting", label=Label("In attesa", "Waiting"), order=10, colour="#4dabf7", default=True),
        State(code="confirmed", label=Label("Confermata", "Confirmed"), order=20, colour="#40c057", flags={"confirmed": True}),
        State(code="returned", label=Label("Reso", "Returned"), order=80, colour="#fd7e14", flags={"returned": True}),
        State(code="cancelled", label=Label("Annullata", "Cancelled"), order=90, colour="#adb5bd", flags={"cancelled": True}),
    ),
)
"""Table 3 of `domain.md` §4.8.

Flags: ``confirmed``, ``cancelled`` (as if it were not there), ``returned``.
"""
