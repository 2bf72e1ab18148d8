"""Changes of state of many records at once: the same refusals, the same history, the same effects as one by one (I-72, I-79)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Boolean, ColumnElement, String, and_, false, insert, literal, or_, select

from crmcore.changesets.kinds import Kind
from crmcore.changesets.rows import sql_of, table_of
from crmcore.changesets.writers import ColumnWriter
from crmcore.errors import Problem
from crmcore.hooks import Transition
from crmcore.model import ChangeSet, Entity, StateChange
from crmcore.states import changing
from crmcore.states.tables import Table
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.changesets import Seen, Written
    from crmcore.session import Session

_STATE: Final = "state"
_LONGEST: Final = 500


class StateWriter(ColumnWriter):
    """The one field is the state of an entity that has a state table."""

    def __init__(self) -> None:
        super().__init__(_STATE)

    def knows(self, cls: type[Entity], field: str) -> bool:
        """Return whether it is the state of such an entity."""
        return cls.__state_table__ is not None and super().knows(cls, field)


@attrs.frozen
class _Move:
    """What many records do alike: they leave one state for another one, in one variant of the table."""

    source: str | None
    target: str | None
    variant: str


def check_states(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> Mapping[int, Problem]:
    """Say of each change of state what `States.change` would say: the path once for all who take it, the data of each record."""
    table = changing.table_of(session, cls)
    moves = _moves(session, cls, wishes)
    found: dict[int, Problem] = {}
    picky: dict[int, Transition] = {}
    paths = {move: _path(session, table, move) for move in set(moves)}
    for number, move in enumerate(moves):
        problem, step = paths[move]
        if problem is not None:
            found[number] = problem
        elif step is not None and (step.required_fields or step.ordered_dates or step.guard):
            picky[number] = step
    records = _records(session, cls, [wishes[number].record_id for number in picky])
    for number, step in picky.items():
        record = records.get(wishes[number].record_id)
        problems = changing.data_problems(session, record, step) if record is not None else []
        if problems:
            found[number] = problems[0]
    return found


def check_undo(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> Mapping[int, Problem]:
    """Refuse a way back that the table does not allow, but to those who may override it: an undo is no way around a workflow (I-77)."""
    table, free = changing.table_of(session, cls), session.may(changing.OVERRIDE)
    moves = _moves(session, cls, wishes)
    paths = {move: _path(session, table, move)[0] for move in set(moves)}
    return {
        number: problem
        for number, move in enumerate(moves)
        if (problem := paths[move]) is not None and not (free and move.target in table.states)
    }


def basis(session: Session, cls: type[Entity]) -> str:
    """Return a digest of the table, and of the groups of who asks: who confirms may belong to others."""
    definition = changing.table_of(session, cls).definition
    groups = sorted(session.groups()) if any(step.groups for step in definition.transitions) else []
    return hashlib.sha256(repr((definition, groups)).encode()).hexdigest()


def prepare(session: Session, records: Sequence[Entity], values: Mapping[int, Mapping[str, Any]]) -> None:
    """Let the rules of the core pass these changes: they were checked."""
    for record in records:
        changing.allow_move(session, record, values[record.id][_STATE])


def _moves(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> list[_Move]:
    variants: dict[int, str] = {}
    if cls.__state_variant__ is not None:
        table = table_of(cls)
        keys = sql_of(session.orm.connection()).keys(sorted({wish.record_id for wish in wishes}))
        rows = session.orm.execute(select(table.c.id, table.c[cls.__state_variant__]).where(table.c.id.in_(keys)))
        variants = {row[0]: str(row[1] or "") for row in rows}
    return [_Move(wish.old, wish.new, variants.get(wish.record_id, "")) for wish in wishes]


def _path(session: Session, table: Table, move: _Move) -> tuple[Problem | None, Transition | None]:
    target = move.target
    if target is None or target not in table.states:
        return Problem(code="STATE_UNKNOWN", params={"table": table.definition.name, "code": target or "-"}), None
    step = table.step(move.source, target, move.variant) if move.source is not None else None
    problems = changing.path_problems(session, table, move.source, target, step, move.variant)
    return (problems[0] if problems else None), step


def _records(session: Session, cls: type[Entity], keys: Iterable[int]) -> dict[int, Entity]:
    found: dict[int, Entity] = {}
    for some in batches(sorted(set(keys))):
        found |= {record.id: record for record in session.orm.scalars(select(cls).where(cls.id.in_(some)))}
    return found


def state_history(written: Written) -> None:
    """Write one row for each change of state, and start what their steps set off."""
    session, item, cls = written.session, written.items, written.cls
    table = changing.table_of(session, cls)
    sql = sql_of(written.connection)
    old, new = (sql.scalar(item.c[name], String()) for name in ("old", "new"))
    variant: ColumnElement[Any] = written.table.c[cls.__state_variant__] if cls.__state_variant__ else literal("")
    joined = item.join(written.table, written.table.c.id == item.c.record_id)
    moves = [_Move(*row) for row in written.connection.execute(select(old, new, variant).select_from(joined).distinct())]
    forced = [move for move in moves if written.undoing and _path(session, table, move)[0] is not None]

    def taken(move: _Move) -> ColumnElement[bool]:
        return and_(old.is_not_distinct_from(move.source), new == move.target, variant == move.variant)

    change = table_of(StateChange)
    now, actor = literal(session.now(), change.c.at.type), literal(session.actor.name)
    values: dict[str, ColumnElement[Any]] = {
        "entity": item.c.entity,
        "record_id": item.c.record_id,
        "table_name": literal(table.definition.name),
        "old": old,
        "new": new,
        "at": now,
        "actor": actor,
        "reason": literal(_reason(written)),
        "override": or_(false(), *(taken(move) for move in forced)) if forced else literal(False, Boolean),
        "version": literal(1),
        "created_at": now,
        "created_by": actor,
        "updated_at": now,
        "updated_by": actor,
    }
    rows = select(*(value.label(name) for name, value in values.items())).select_from(joined).order_by(item.c.record_id)
    written.connection.execute(insert(change).from_select(list(values), rows))
    for move in moves:
        _, step = _path(session, table, move)
        for effect in step.effects if step is not None else ():
            for key in written.connection.execute(select(item.c.record_id).select_from(joined).where(taken(move))).scalars():
                session.jobs.enqueue(effect, {"entity": cls.entity_name(), "id": key, "old": move.source, "new": move.target})


def _reason(written: Written) -> str:
    key = written.connection.execute(select(written.items.c.change_set_id).limit(1)).scalar()
    found = written.session.orm.get(ChangeSet, key) if key is not None else None
    text = str(found.description.get("text", "")) if found is not None else ""
    return (f"annullamento della modifica massiva {key}" if written.undoing else text.strip())[:_LONGEST]


STATES: Final = Kind(
    name="states",
    writer=StateWriter(),
    check=check_states,
    check_undo=check_undo,
    basis=basis,
    history=state_history,
    always=True,
    prepare=prepare,
)
"""Mass changes of state, of any entity that has a state table."""
