"""State tables as they are in the database, kept for a whole Crm and never older than it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Connection, Row, select

from crmcore.catalogues import Subject, mark_of
from crmcore.hooks import State, StateTable, Transition, TransitionMode
from crmcore.labels import Label
from crmcore.model import StateRow, StateTableRow, TransitionRow

if TYPE_CHECKING:
    from crmcore.session import Session

_TABLES: Final = tuple(cls.__table__ for cls in (StateTableRow, StateRow, TransitionRow))
_MEMO: Final = "states"
_TOUCHED: Final = "states.touched"


@attrs.frozen(kw_only=True)
class Table:
    """A state table in effect: its definition as a value, and the ids and owners of its rows."""

    id: int
    owner: str
    definition: StateTable
    ids: Mapping[str, int]
    """State code → id of its row."""
    states: Mapping[str, State] = attrs.field(init=False)
    steps: Mapping[tuple[str, str], Mapping[str, Transition]] = attrs.field(init=False)
    """Source and target → variant → step."""

    @states.default
    def _states(self) -> Mapping[str, State]:
        return {state.code: state for state in self.definition.states}

    @steps.default
    def _steps(self) -> Mapping[tuple[str, str], Mapping[str, Transition]]:
        found: dict[tuple[str, str], dict[str, Transition]] = defaultdict(dict)
        for step in self.definition.transitions:
            found[step.source, step.target][step.variant] = step
        return dict(found)

    @property
    def default(self) -> State | None:
        """The state of new records."""
        return next((state for state in self.definition.states if state.default), None)

    def step(self, source: str, target: str, variant: str) -> Transition | None:
        """Return the step between two states for a variant, or for all."""
        found = self.steps.get((source, target), {})
        return found.get(variant) or found.get("")


class StateTableCache:
    """The tables of one database; each unit of work asks for their mark, because other processes may change them at any time."""

    def __init__(self) -> None:
        self._kept: tuple[int, Mapping[str, Table]] | None = None

    def read(self, connection: Connection, present: int) -> Mapping[str, Table]:
        """Return the tables by name, whose mark is ``present``: no statement when nothing changed."""
        kept = self._kept
        if kept is not None and kept[0] == present:
            return kept[1]
        tables = read_tables(connection)
        self._kept = (present, tables)
        return tables


def tables_of(session: Session) -> Mapping[str, Table]:
    """Return the state tables as the session sees them, by name; read once for each unit of work."""
    memo = session.unit.memo
    if memo.get(_MEMO) is None:
        connection = session.orm.connection()
        # Rows that nobody has committed are for this transaction alone.
        own = session.hosted or memo.get(_TOUCHED)
        memo[_MEMO] = read_tables(connection) if own else session.crm.state_tables.read(connection, mark_of(session, Subject.STATES))
    found: Mapping[str, Table] = memo[_MEMO]
    return found


def forget_tables(session: Session) -> None:
    """Read the tables anew when they are next needed: this unit of work changes them."""
    session.unit.memo[_MEMO] = None
    session.unit.memo[_TOUCHED] = True


def read_tables(connection: Connection) -> Mapping[str, Table]:
    """Read every state table: three statements."""
    tables, states, steps = (table.c for table in _TABLES)
    state_rows: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(select(StateRow.__table__).order_by(states.position, states.id)):
        state_rows[row.table_id].append(row)
    step_rows: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(select(TransitionRow.__table__).order_by(steps.id)):
        step_rows[row.source_id].append(row)
    found = {}
    for row in connection.execute(select(StateTableRow.__table__).order_by(tables.name)):
        mine = state_rows.get(row.id, [])
        found[row.name] = _table(row, mine, [step for state in mine for step in step_rows.get(state.id, [])])
    return found


def _table(row: Row[Any], states: Iterable[Row[Any]], steps: Iterable[Row[Any]]) -> Table:
    states = list(states)
    codes = {state.id: state.code for state in states}
    definition = StateTable(
        name=row.name,
        entity=row.entity,
        label=Label(row.label_it, row.label_en),
        mode=TransitionMode(row.mode),
        modes={variant: TransitionMode(mode) for variant, mode in row.modes.items()},
        states=tuple(_state(state) for state in states),
        # A step into another table is shown by an id that is nobody's code here.
        transitions=tuple(_step(step, codes) for step in steps),
    )
    return Table(id=row.id, owner=row.owner, definition=definition, ids={code: key for key, code in codes.items()})


def _state(row: Row[Any]) -> State:
    return State(
        code=row.code,
        label=Label(row.label_it, row.label_en),
        order=row.position,
        colour=row.colour,
        default=row.is_default,
        terminal=row.terminal,
        obsolete=row.obsolete,
        flags=dict(row.flags),
    )


def _step(row: Row[Any], codes: Mapping[int, str]) -> Transition:
    rules = row.rules
    return Transition(
        source=codes[row.source_id],
        target=codes.get(row.target_id, f"#{row.target_id}"),
        variant=row.variant,
        groups=tuple(rules.get("groups", ())),
        guard=rules.get("guard"),
        required_fields=tuple(rules.get("required_fields", ())),
        ordered_dates=tuple(rules.get("ordered_dates", ())),
        effects=tuple(rules.get("effects", ())),
    )


def modes_of(table: StateTable) -> dict[str, str]:
    """Return what is stored of the modes of single variants."""
    return {variant: mode.value for variant, mode in table.modes.items()}


def rules_of(step: Transition) -> dict[str, Any]:
    """Return what is stored of a step beside its ends; what is empty is left out."""
    values = {
        "groups": list(step.groups),
        "guard": step.guard,
        "required_fields": list(step.required_fields),
        "ordered_dates": list(step.ordered_dates),
        "effects": list(step.effects),
    }
    return {name: value for name, value in values.items() if value}
