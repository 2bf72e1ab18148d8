"""Where state tables are: rows with an owner each, brought by core, plugins and deployment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from crmcore.hooks import Item, Key, State, StateTable, Step, Store, Transition, TransitionMode, Values
from crmcore.labels import Label
from crmcore.model import CORE, Entity, StateChange, StateRow, StateTableRow, TransitionRow
from crmcore.states.seed import CUSTOMERS
from crmcore.states.tables import modes_of, rules_of

if TYPE_CHECKING:
    from crmcore.registry import Registry
    from crmcore.session import Session

NAME: Final = "state_tables"
STATES: Final = "state_tables.states"
TRANSITIONS: Final = "state_tables.transitions"
_LISTS: Final = ("groups", "required_fields", "ordered_dates", "effects")


def arrow(source: str, target: str, variant: str = "") -> str:
    """Return a step as the files name it."""
    return f"{source} -> {target} @{variant}" if variant else f"{source} -> {target}"


def ends(name: str) -> tuple[str, str, str]:
    """Return source, target and variant of a step, as the files name it."""
    steps, _, variant = name.partition(" @")
    source, _, target = steps.partition(" -> ")
    return source, target, variant


def _layers(registry: Registry) -> Iterator[tuple[StateTable, str]]:
    yield CUSTOMERS, CORE
    for table in registry.state_tables.values():
        yield table, table.name.partition(".")[0]


def declared_tables(registry: Registry) -> dict[Key, Item]:
    """Return the tables of core and plugins."""
    return {
        (table.name,): Item(
            {
                "label": {"it": table.label.it, "en": table.label.en},
                "entity": table.entity,
                "mode": table.mode.value,
                "modes": modes_of(table),
            },
            owner,
        )
        for table, owner in _layers(registry)
    }


def declared_states(registry: Registry) -> dict[Key, Item]:
    """Return the states of core and plugins."""
    return {
        (table.name, state.code): Item(
            {
                "label": {"it": state.label.it, "en": state.label.en},
                "order": state.order,
                "colour": state.colour,
                "default": state.default,
                "terminal": state.terminal,
                "obsolete": state.obsolete,
                "flags": dict(state.flags),
            },
            owner,
        )
        for table, owner in _layers(registry)
        for state in table.states
    }


def declared_transitions(registry: Registry) -> dict[Key, Item]:
    """Return the steps of core and plugins."""
    return {
        (table.name, arrow(step.source, step.target, step.variant)): Item(_rules(rules_of(step)), owner)
        for table, owner in _layers(registry)
        for step in table.transitions
    }


def _rules(stored: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: list(stored.get(name, ())) for name in _LISTS}
    found["groups"] = sorted(set(found["groups"]))
    return {**found, "guard": stored.get("guard")}


def table_from(key: Key, values: Values, states: Mapping[str, Values], steps: Mapping[str, Values]) -> StateTable:
    """Return the table that items make, as the platform declares tables."""
    return StateTable(
        name=key[0],
        entity=values["entity"],
        label=Label(values["label"]["it"], values["label"]["en"]),
        mode=TransitionMode(values["mode"]),
        modes={variant: TransitionMode(mode) for variant, mode in values["modes"].items()},
        states=tuple(
            State(
                code=code,
                label=Label(each["label"]["it"], each["label"]["en"]),
                order=each["order"],
                default=each["default"],
                terminal=each["terminal"],
                obsolete=each["obsolete"],
                flags=each["flags"],
            )
            for code, each in states.items()
        ),
        transitions=tuple(_transition(name, each) for name, each in steps.items()),
    )


def _transition(name: str, values: Values) -> Transition:
    source, target, variant = ends(name)
    lists = {field: tuple(values[field]) for field in _LISTS}
    return Transition(source=source, target=target, variant=variant, guard=values["guard"], **lists)


def _tables(session: Session) -> dict[int, str]:
    columns = StateTableRow.__table__.c
    return {row.id: row.name for row in session.execute(select(columns.id, columns.name))}


def _records(session: Session, cls: type[Entity], keys: Iterable[int]) -> dict[int, Any]:
    wanted = list(keys)
    return {record.id: record for record in session.scalars(select(cls).where(cls.id.in_(wanted)))} if wanted else {}


def _assign(record: Any, values: Mapping[str, Any]) -> None:  # noqa: ANN401 - a record of any class
    for name, value in values.items():
        old = getattr(record, name)
        if (dict(old) if isinstance(old, Mapping) else old) != value:
            setattr(record, name, value)


class Tables(Store):
    """Tables; one whose states stay cannot go."""

    def entities(self) -> Sequence[type[Entity]]:
        """Return the class."""
        return (StateTableRow,)

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return every table."""
        return {
            (row.name,): Item(
                {
                    "label": {"it": row.label_it, "en": row.label_en},
                    "entity": row.entity,
                    "mode": row.mode,
                    "modes": dict(row.modes),
                },
                row.owner,
            )
            for row in session.execute(select(StateTableRow.__table__))
        }

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write tables."""
        ids = {name: key for key, name in _tables(session).items()}
        records = _records(session, StateTableRow, [ids[step.key[0]] for step in steps if step.key[0] in ids])
        for step in steps:
            if step.after is None:
                continue
            item = step.after.values
            values = {
                "label_it": item["label"]["it"],
                "label_en": item["label"]["en"],
                "mode": item["mode"],
                "modes": item["modes"],
                "owner": step.after.owner,
            }
            if step.key[0] in ids:
                _assign(records[ids[step.key[0]]], {**values, "entity": item["entity"]})
            else:
                session.add(StateTableRow(name=step.key[0], entity=item["entity"], **values))
        session.flush()

    def remove(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete tables."""
        ids = {name: key for key, name in _tables(session).items()}
        for record in _records(session, StateTableRow, [ids[step.key[0]] for step in steps]).values():
            session.delete(record)
        session.flush()


class States(Store):
    """States; one that records or their history have stays."""

    def entities(self) -> Sequence[type[Entity]]:
        """Return the class."""
        return (StateRow,)

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return every state."""
        names = _tables(session)
        return {(names[row.table_id], row.code): Item(_state_values(row), row.owner) for row in session.execute(select(StateRow.__table__))}

    def used(self, session: Session, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, int]]:
        """Count the records in each state, and find the states that only the history has."""
        found: dict[Key, dict[str, int]] = {}
        names = {key[0] for key in keys}
        for entity, cls in session.registry.entities.items():
            if cls.__state_table__ in names:
                state = cls.__table__.c.state
                codes = [key[1] for key in keys if key[0] == cls.__state_table__]
                for code, count in session.execute(select(state, func.count()).where(state.in_(codes)).group_by(state)):
                    found.setdefault((cls.__state_table__ or "", code), {})[entity] = count
        history = StateChange.__table__.c
        for column in (history.old, history.new):
            for table, code in session.execute(select(history.table_name, column).where(history.table_name.in_(names)).distinct()):
                if (table, code) in keys:
                    found.setdefault((table, code), {})
        return found

    def retired(self, session: Session, values: Values) -> Values:
        """Begin no new records in a state that goes."""
        del session
        return {**values, "obsolete": True, "default": False}

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write states."""
        tables = {name: key for key, name in _tables(session).items()}
        ids = _state_ids(session)
        records = _records(session, StateRow, [ids[step.key] for step in steps if step.key in ids])
        for step in steps:
            if step.after is None:
                continue
            values = _state_columns(step.after)
            if step.key in ids:
                _assign(records[ids[step.key]], values)
            else:
                session.add(StateRow(table_id=tables[step.key[0]], code=step.key[1], **values))
        session.flush()

    def remove(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete states."""
        ids = _state_ids(session)
        for record in _records(session, StateRow, [ids[step.key] for step in steps]).values():
            session.delete(record)
        session.flush()


def _state_ids(session: Session) -> dict[Key, int]:
    names, columns = _tables(session), StateRow.__table__.c
    return {(names[row.table_id], row.code): row.id for row in session.execute(select(columns.id, columns.table_id, columns.code))}


def _state_values(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of a query
    return {
        "label": {"it": row.label_it, "en": row.label_en},
        "order": row.position,
        "colour": row.colour,
        "default": row.is_default,
        "terminal": row.terminal,
        "obsolete": row.obsolete,
        "flags": dict(row.flags),
    }


def _state_columns(item: Item) -> dict[str, Any]:
    values = item.values
    return {
        "label_it": values["label"]["it"],
        "label_en": values["label"]["en"],
        "position": values["order"],
        "colour": values["colour"],
        "is_default": values["default"],
        "terminal": values["terminal"],
        "obsolete": values["obsolete"],
        "flags": dict(values["flags"]),
        "owner": item.owner,
    }


class Transitions(Store):
    """Steps; nothing holds them."""

    def entities(self) -> Sequence[type[Entity]]:
        """Return the class."""
        return (TransitionRow,)

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return every step."""
        states = {key: name for name, key in _state_ids(session).items()}
        found: dict[Key, Item] = {}
        for row in session.execute(select(TransitionRow.__table__)):
            source, target = states[row.source_id], states[row.target_id]
            found[source[0], arrow(source[1], target[1], row.variant)] = Item(_rules(row.rules), row.owner)
        return found

    def clear(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete steps first: the states at their ends may go."""
        gone = {step.key for step in steps if step.after is None}
        for key, record in self._records(session, gone).items():
            if key in gone:
                session.delete(record)
        session.flush()

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write steps."""
        ids = _state_ids(session)
        records = self._records(session, {step.key for step in steps})
        for step in steps:
            if step.after is None:
                continue
            rules = {name: value for name, value in step.after.values.items() if value}
            source, target, variant = ends(step.key[1])
            if step.key in records:
                _assign(records[step.key], {"rules": rules, "owner": step.after.owner})
            else:
                places = {"source_id": ids[step.key[0], source], "target_id": ids[step.key[0], target]}
                session.add(TransitionRow(variant=variant, rules=rules, owner=step.after.owner, **places))
        session.flush()

    def remove(self, session: Session, steps: Sequence[Step]) -> None:
        """Do nothing: `clear` deleted them."""

    def _records(self, session: Session, keys: set[Key]) -> dict[Key, Any]:
        if not keys:
            return {}
        ids = _state_ids(session)
        states = {key: name for name, key in ids.items()}
        wanted = {ids[key[0], ends(key[1])[0]] for key in keys if (key[0], ends(key[1])[0]) in ids}
        found: dict[Key, Any] = {}
        for record in session.scalars(select(TransitionRow).where(TransitionRow.source_id.in_(wanted))):
            source, target = states[record.source_id], states[record.target_id]
            found[source[0], arrow(source[1], target[1], record.variant)] = record
        return {key: record for key, record in found.items() if key in keys}
