"""Write state tables into the database: those of core and plugins at each migration, those of a deployment when it likes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crmcore.hooks import State, StateTable, Transition
from crmcore.model import Entity, StateRow, StateTableRow, TransitionRow
from crmcore.states.tables import modes_of, rules_of

if TYPE_CHECKING:
    from crmcore.session import Session

DEPLOYMENT = "deployment"


def write_table(session: Session, table: StateTable, owner: str) -> None:
    """Create a table, or bring the rows of one owner up to it; rows of other owners stay as they are.

    What the owner no longer names is made obsolete, because records and history may hold its code; steps are deleted.
    """
    labels = {"label_it": table.label.it, "label_en": table.label.en}
    row = session.scalar(select(StateTableRow).where(StateTableRow.name == table.name))
    if row is None:
        row = StateTableRow(name=table.name, entity=table.entity, mode=table.mode.value, modes=modes_of(table), owner=owner, **labels)
        session.add(row)
        session.flush()
    elif _is_mine(row.owner, owner):
        _assign(row, {"mode": table.mode.value, "modes": modes_of(table), "owner": owner, **labels})
    ids = _write_states(session, row.id, table, owner)
    _write_steps(session, ids, table, owner)


def _write_states(session: Session, table_id: int, table: StateTable, owner: str) -> dict[str, int]:
    rows = {row.code: row for row in session.scalars(select(StateRow).where(StateRow.table_id == table_id))}
    for state in table.states:
        values = _state_values(state)
        row = rows.get(state.code)
        if row is None:
            rows[state.code] = session.add(StateRow(table_id=table_id, code=state.code, owner=owner, **values))
        elif _is_mine(row.owner, owner):
            _assign(row, values | {"owner": owner})
    named = {state.code for state in table.states}
    for code, row in rows.items():
        if code not in named and row.owner == owner != DEPLOYMENT:
            _assign(row, {"obsolete": True, "is_default": False})
    session.flush()
    return {code: row.id for code, row in rows.items()}


def _write_steps(session: Session, ids: dict[str, int], table: StateTable, owner: str) -> None:
    found = session.scalars(select(TransitionRow).where(TransitionRow.source_id.in_(ids.values()))).all()
    rows = {(row.source_id, row.target_id, row.variant): row for row in found}
    named = set()
    for step in table.transitions:
        key = (ids[step.source], ids[step.target], step.variant)
        named.add(key)
        row = rows.get(key)
        if row is None:
            session.add(_new_step(key, step, owner))
        elif _is_mine(row.owner, owner):
            _assign(row, {"rules": rules_of(step), "owner": owner})
    for key, row in rows.items():
        if key not in named and row.owner == owner:
            session.delete(row)
    session.flush()


def _new_step(key: tuple[int, int, str], step: Transition, owner: str) -> TransitionRow:
    source_id, target_id, variant = key
    return TransitionRow(source_id=source_id, target_id=target_id, variant=variant, rules=rules_of(step), owner=owner)


def _state_values(state: State) -> dict[str, Any]:
    return {
        "label_it": state.label.it,
        "label_en": state.label.en,
        "colour": state.colour,
        "position": state.order,
        "is_default": state.default,
        "terminal": state.terminal,
        "obsolete": state.obsolete,
        "flags": dict(state.flags),
    }


def _is_mine(found: str, owner: str) -> bool:
    # A deployment may take over any row; core and plugins keep to their own.
    return owner in {found, DEPLOYMENT}


def _assign(row: Entity, values: dict[str, Any]) -> None:
    for name, value in values.items():
        old = getattr(row, name)
        if (dict(old) if name in {"flags", "rules"} else old) != value:
            setattr(row, name, value)
