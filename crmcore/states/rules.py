"""What must hold of states, state tables and their history, whoever writes (I-74 to I-76, `domain.md` §3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import inspect, or_, select

from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.hooks import TransitionMode
from crmcore.model import StateChange, StateRow, StateTableRow, TransitionRow
from crmcore.states.changing import assigned_since, is_initial, moved_to, variant_of
from crmcore.states.guards import guard_inputs
from crmcore.states.tables import Table, forget_tables, tables_of
from crmcore.states.writing import DEPLOYMENT

if TYPE_CHECKING:
    from crmcore.registry.checks.states import Known
    from crmcore.session import Change, Session

_DEFINING: Final = frozenset({StateTableRow.entity_name(), StateRow.entity_name(), TransitionRow.entity_name()})
_FIXED: Final = {StateTableRow.entity_name(): ("name", "entity"), StateRow.entity_name(): ("code", "table_id")}
_MIGRATION: Final = "migration"


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the changes of one flush, before it is written."""
    problems: list[Problem] = []
    for change in changes:
        cls = type(change.record)
        if cls.__append_only__ and change.verb is not RecordVerb.CREATED:
            problems.append(Problem(code="HISTORY_FIXED", params={"entity": change.entity, "id": change.id}))
        if cls.__state_table__ is not None:
            problems += _check_state(session, change)
        elif change.entity in _DEFINING:
            forget_tables(session)
            problems += _check_definition(session, change)
    told = [change.record for change in changes if isinstance(change.record, StateChange) and change.verb is RecordVerb.CREATED]
    if told:
        # Put back to what it was, a state is no change of the record any more.
        back = assigned_since(session, told)
        problems += [Problem(code="STATE_ASSIGNED", params={"entity": each.entity_name(), "id": each.id}) for each in back]
    return problems


def _check_state(session: Session, change: Change) -> Iterator[Problem]:
    if change.verb is RecordVerb.CREATED:
        yield from _begin(session, change)
    elif change.verb is RecordVerb.UPDATED and "state" in change.changes:
        new = change.changes["state"][1]
        if new is None or moved_to(session, change.record) != new:
            yield Problem(code="STATE_ASSIGNED", params={"entity": change.entity, "id": change.id})


def _begin(session: Session, change: Change) -> Iterator[Problem]:
    """Give a new record the default state of its table; another one only if records may begin there."""
    name = type(change.record).__state_table__ or ""
    table = tables_of(session).get(name)
    if table is None:
        yield Problem(code="STATE_TABLE_UNKNOWN", params={"name": name, "entity": change.entity})
        return
    code = vars(change.record).get("state")
    if code is None:
        if table.default is not None:
            setattr(change.record, "state", table.default.code)  # noqa: B010 - only entities with a state table have it
            change.changes["state"] = (None, table.default.code)
        return
    state = table.states.get(code)
    params = {"table": name, "code": code, "source": "-", "target": code}
    if state is None:
        yield Problem(code="STATE_UNKNOWN", params=params)
    elif state.obsolete:
        yield Problem(code="STATE_OBSOLETE", params=params)
    elif table.definition.mode_of(variant_of(change.record)) is not TransitionMode.FREE and not is_initial(state):
        yield Problem(code="STATE_NOT_INITIAL", params=params)


def _check_definition(session: Session, change: Change) -> Iterator[Problem]:
    for field in _FIXED.get(change.entity, ()):
        if change.verb is RecordVerb.UPDATED and field in change.changes:
            yield Problem(code="STATE_CODE_FIXED", params={"entity": change.entity, "field": field, "value": change.changes[field][0]})
    if change.verb is RecordVerb.UPDATED and session.source != _MIGRATION and "owner" not in change.changes:
        row = cast("StateRow", change.record)
        if row.owner != DEPLOYMENT:
            # What a deployment has changed is its own from then on: an upgrade of a plugin leaves it alone.
            change.changes["owner"] = (row.owner, DEPLOYMENT)
            row.owner = DEPLOYMENT


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the tables that a commit touched, and with what it removed."""
    touched = [change for change in changes if change.entity in _DEFINING]
    if not touched:
        return []
    problems = [problem for change in touched if change.verb is RecordVerb.DELETED for problem in _check_removed(session, change, touched)]
    # Imported here: the registry is still being built when this module is first needed.
    from crmcore.registry.checks.states import check_table  # noqa: PLC0415

    names = _touched_names(session, touched)
    for name, table in tables_of(session).items():
        if name in names:
            problems += check_table(table.definition, _known(session, table))
    return problems


def _touched_names(session: Session, touched: Sequence[Change]) -> set[str]:
    """Return the names of the tables to which changed rows belong; steps know only their states."""
    names = set()
    tables = {table.id: name for name, table in tables_of(session).items()}
    by_state = {key: name for name, table in tables_of(session).items() for key in table.ids.values()}
    for change in touched:
        record = change.record
        if isinstance(record, StateTableRow):
            names.add(record.name)
        elif isinstance(record, StateRow):
            names.add(tables.get(record.table_id, ""))
        elif isinstance(record, TransitionRow):
            names |= {by_state.get(record.source_id, ""), by_state.get(record.target_id, "")}
    return names


def _known(session: Session, table: Table) -> Known:
    from crmcore.characteristics.state import state_of  # noqa: PLC0415 - as above
    from crmcore.registry.checks.states import Known  # noqa: PLC0415 - as above

    registry = session.registry
    cls = registry.entities.get(table.definition.entity)
    own = table.owner == DEPLOYMENT and cls is not None
    fields = {*inspect(cls).columns.keys(), *state_of(session).of(table.definition.entity)} if own and cls else None
    entities = registry.entities if table.owner == DEPLOYMENT else {**registry.entities, table.definition.entity: None}
    inputs = guard_inputs(session, cls) if own and cls is not None else None

    def check_rule(text: str) -> Problem | None:
        from crmcore.scripting.errors import ScriptError  # noqa: PLC0415 - deployments without rules need no engine
        from crmcore.scripting.host import script_problem  # noqa: PLC0415 - as above

        try:
            session.crm.rules.check(text, inputs)
        except ScriptError as error:
            return script_problem("guard", table.definition.name, error)
        return None

    return Known(entities=entities, functions=registry.script_functions, jobs=registry.jobs, fields=fields, check_rule=check_rule)


def _check_removed(session: Session, change: Change, touched: Sequence[Change]) -> Iterator[Problem]:
    """A state in use, or in the history, is not deleted: only made obsolete (I-74)."""
    row = change.record
    if not isinstance(row, StateRow):
        return
    gone = {each.record.id: each.record for each in touched if isinstance(each.record, StateTableRow)}
    table = gone.get(row.table_id) or session.get(StateTableRow, row.table_id)
    if not isinstance(table, StateTableRow):
        return
    cls = session.registry.entities.get(table.entity)
    used = None
    if cls is not None and cls.__state_table__ == table.name:
        used = session.first(select(cls.id).where(cls.__table__.c.state == row.code).limit(1))
    past = select(StateChange.id).where(StateChange.table_name == table.name, or_(StateChange.old == row.code, StateChange.new == row.code))
    if used is not None or session.first(past.limit(1)) is not None:
        yield Problem(code="STATE_IN_USE", params={"table": table.name, "code": row.code})
