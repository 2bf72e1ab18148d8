"""State tables and changes of state as `session.states`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from crmcore.errors import UsageError
from crmcore.hooks import State, StateTable
from crmcore.model import Entity, StateChange, StateRow, TransitionRow
from crmcore.states.changing import OVERRIDE, change_state, current_state, decide, is_initial, table_of
from crmcore.states.graph import mermaid, svg
from crmcore.states.tables import Table, tables_of
from crmcore.states.writing import DEPLOYMENT, write_table

if TYPE_CHECKING:
    from crmcore.session import Session


class States:
    """State tables of a session, and the one function that changes a state."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def change(self, record: Entity, to: str, *, reason: str = "", override: bool = False, version: int | None = None) -> StateChange:
        """Move a record to the state with code ``to``; state and history are written by the same commit.

        ``version`` is that of the record which the user saw, if it may be older than the loaded one. With ``override``, a step that the
        table does not allow is taken anyway: it needs the permission ``workflow.override`` and a reason, and the history says so. Missing
        fields, dates and guards are never passed over.

        A refusal undoes the unit of work like a refused commit, and is audited in a transaction of its own.

        Raises:
            TransitionRefused: ``TRANSITION_NOT_DEFINED``, ``BACKWARD_TRANSITION``, ``GROUP_NOT_ALLOWED``, ``GUARD_FAILED``,
                ``MISSING_FIELD``, ``INVALID_DATE_ORDER``, ``DOCUMENT_LOCKED`` (I-79), ``STATE_OBSOLETE``, ``OVERRIDE_FORBIDDEN``,
                ``OVERRIDE_WITHOUT_REASON``.
            StaleVersion: ``STALE_VERSION``, here or at the commit, when somebody else changed the record.
            UsageError: ``STATE_UNKNOWN``, ``STATE_TABLE_UNKNOWN``, ``STATE_ASSIGNED``.
        """
        return change_state(self._session, record, to, reason=reason, override=override, version=version)

    def reachable(self, record: Entity) -> tuple[State, ...]:
        """Return the states that the actor may choose for a record now, by priority (I-80).

        What is only missing, such as a required field, does not hide a state: `change` says what it is.
        """
        session = self._session
        table = table_of(session, type(record))
        source = current_state(session, record)
        found = []
        for state in table.definition.states:
            decision = decide(session, table, record, source, state.code)
            if not decision.path and all(problem.code in {"MISSING_FIELD", "INVALID_DATE_ORDER"} for problem in decision.data):
                found.append(state)
        return tuple(sorted(found, key=_priority))

    def initial(self, table: str, variant: str = "") -> tuple[State, ...]:
        """Return the states in which a new record of a variant may begin, the default first; obsolete ones are not offered."""
        found = self.table(table)
        free = found.definition.mode_of(variant).value == "free"
        offered = [state for state in found.definition.states if is_initial(state) or (free and not state.obsolete)]
        return tuple(sorted(offered, key=lambda state: (not state.default, *_priority(state))))

    def history(self, record: Entity) -> Sequence[StateChange]:
        """Return the changes of state of a record, the first first.

        Raises:
            AccessDenied: ``FIELD_HIDDEN`` when the state is hidden from the actor.
        """
        self._session.require_shown(type(record), "state")
        mine = select(StateChange).where(StateChange.entity == record.entity_name(), StateChange.record_id == record.id)
        # History is the platform's, and exists for no user; the record does, or the actor would not have it.
        with self._session.guard.lifted():
            return self._session.scalars(mine.order_by(StateChange.at, StateChange.id)).all()

    def of(self, record: Entity) -> State | None:
        """Return the state of a record with its flags: read those, never code or label (I-76)."""
        return table_of(self._session, type(record)).states.get(current_state(self._session, record) or "")

    def tables(self) -> tuple[Table, ...]:
        """Return every state table, by name."""
        return tuple(tables_of(self._session).values())

    def table(self, name: str) -> Table:
        """Return a state table.

        Raises:
            UsageError: ``STATE_TABLE_UNKNOWN``.
        """
        found = tables_of(self._session).get(name)
        if found is None:
            raise UsageError("STATE_TABLE_UNKNOWN", name=name, entity="-")
        return found

    def define(self, table: StateTable) -> None:
        """Create a table, or change one; its rows are the deployment's then, and an upgrade leaves them alone.

        States that are not named stay as they are; steps of the deployment that are not named go.

        Raises:
            ValidationFailed: at the commit, ``STATE_TABLE_INVALID``, ``GUARD_UNSUPPORTED`` and ``SCRIPT_INVALID``.
        """
        write_table(self._session, table, DEPLOYMENT)

    def remove(self, table: str, code: str) -> None:
        """Delete a state and the steps from and to it.

        Raises:
            ValidationFailed: at the commit, ``STATE_IN_USE`` when a record or the history has it (I-74): make it obsolete instead.
        """
        found = self.table(table)
        if code not in found.ids:
            raise UsageError("STATE_UNKNOWN", table=table, code=code)
        key = found.ids[code]
        for step in self._session.scalars(select(TransitionRow).where(or_(TransitionRow.source_id == key, TransitionRow.target_id == key))):
            self._session.delete(step)
        self._session.flush()
        self._session.delete(self._session.require(StateRow, key))

    def mermaid(self, table: str, lang: str = "it") -> str:
        """Draw a table as a Mermaid flowchart."""
        return mermaid(self.table(table).definition, lang)

    def svg(self, table: str, lang: str = "it") -> str:
        """Draw a table as an SVG picture."""
        return svg(self.table(table).definition, lang)


def _priority(state: State) -> tuple[int, int, str]:
    priority = state.flags.get("priority")
    number = priority if isinstance(priority, int) and not isinstance(priority, bool) else state.order
    return (number, state.order, state.code)


__all__ = ["OVERRIDE", "States"]
