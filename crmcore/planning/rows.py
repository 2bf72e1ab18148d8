"""The store of a collection whose items are the rows of one table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Table, func, select

from crmcore.hooks import DEPLOYMENT, Item, Key, Step, StepKind, Store, Values
from crmcore.model import Entity
from crmcore.planning.columns import Plain, Refer
from crmcore.storage import batches

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from crmcore.session import Session


@attrs.frozen(kw_only=True)
class Rows(Store):
    """Keep each item in a row of ``entity``, by its code.

    ``columns`` say how the other fields are kept, ``references`` which of them are foreign keys, ``group`` the foreign key that is the
    first part of the item's key, and ``owner`` the column that says whose a row is, if plugins or the core bring some.
    """

    entity: type[Entity]
    columns: tuple[Plain, ...]
    code: str = "code"
    references: tuple[Refer, ...] = ()
    group: Refer | None = None
    owner: str | None = None

    @property
    def keeps_owner(self) -> bool:  # type: ignore[override] # an attribute of the parent
        """Whether there is a column for it."""
        return self.owner is not None

    def entities(self) -> Sequence[type[Entity]]:
        """Return the class."""
        return (self.entity,)

    # Reading

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """Return what narrows the rows of the table to items of this collection."""
        return ()

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return the items: one statement for the table, and one for each other table that is referred to."""
        codes = self._codes(session)
        found = {}
        for row in session.execute(select(self._table).where(*self.conditions())):
            found[self.key_of(row, codes)] = Item(self.values_of(row, codes), self.owner_of(row))
        return found

    @property
    def _table(self) -> Table:
        table = self.entity.__table__
        if not isinstance(table, Table):
            message = f"{self.entity.__name__} is not mapped to a table"
            raise TypeError(message)
        return table

    def owner_of(self, row: Any) -> str:  # noqa: ANN401 - a row of a query
        """Return whose a row is."""
        return str(getattr(row, self.owner)) if self.owner else DEPLOYMENT

    def key_of(self, row: Any, codes: Mapping[type[Entity], Mapping[int, str]]) -> Key:  # noqa: ANN401 - as above
        """Return the key of the item that a row holds."""
        code = str(getattr(row, self.code))
        return (codes[self.group.to][getattr(row, self.group.column)], code) if self.group else (code,)

    def values_of(self, row: Any, codes: Mapping[type[Entity], Mapping[int, str]]) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Return the fields of the item that a row holds."""
        values = {column.field: column.read(row) for column in self.columns}
        for refer in self.references:
            target = getattr(row, refer.column)
            values[refer.field] = None if target is None else codes[refer.to][target]
        return values

    def _codes(self, session: Session) -> dict[type[Entity], dict[int, str]]:
        refers = [*self.references, *([self.group] if self.group else [])]
        found: dict[type[Entity], dict[int, str]] = {}
        for refer in refers:
            if refer.to not in found:
                columns = refer.to.__table__.c
                found[refer.to] = {row[0]: str(row[1]) for row in session.execute(select(columns.id, columns[refer.code]))}
        return found

    def ids(self, session: Session, keys: Iterable[Key] | None = None) -> dict[Key, int]:
        """Return the row of each item, or of some."""
        codes = self._codes(session) if self.group else {}
        columns = [self._table.c.id, self._table.c[self.code], *([self._table.c[self.group.column]] if self.group else [])]
        found = {self.key_of(row, codes): row.id for row in session.execute(select(*columns).where(*self.conditions()))}
        return found if keys is None else {key: found[key] for key in keys if key in found}

    # What uses them

    def used(self, session: Session, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, int]]:
        """Count the records of every table with a foreign key to this one, save those that are configured themselves."""
        from crmcore.planning.catalogue import configured_entities  # noqa: PLC0415 - the collections are made of stores

        ids = self.ids(session, keys)
        if not ids:
            return {}
        by_id: dict[Any, Key] = {row_id: key for key, row_id in ids.items()}
        ours = configured_entities(session.registry)
        found: dict[Key, dict[str, int]] = defaultdict(dict)
        for name, cls in session.registry.entities.items():
            if cls in ours:
                continue
            for column in foreign_keys(cls, self._table):
                # Some tables refer to a row by its code, which people read in theirs.
                places = {key[-1]: key for key in ids} if self._by_code(column) else by_id
                for some in batches(list(places)):
                    counts = session.execute(select(column, func.count()).where(column.in_(some)).group_by(column))
                    for value, count in counts:
                        found[places[value]][name] = found[places[value]].get(name, 0) + count
        return dict(found)

    def _by_code(self, column: Any) -> bool:  # noqa: ANN401 - a column of any type
        return any(key.column is self._table.c[self.code] for key in column.foreign_keys)

    # Writing

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write rows; one that refers to a new row of the same table waits until that has its key."""
        new = {step.key: step for step in steps if step.kind is StepKind.ADD}
        names = self._names(session)
        for wave in self._waves(new):
            made = {step.key: session.add(self.make(step, self.attributes(step, names))) for step in wave}
            session.flush()
            for refer in self.references:
                if refer.to is self.entity:
                    names[refer].update({key: record.id for key, record in made.items()})
        changed = [step for step in steps if step.kind is not StepKind.ADD]
        records = self.records(session, [step.key for step in changed])
        for step in changed:
            for name, value in self.attributes(step, names).items():
                if getattr(records[step.key], name) != value:
                    setattr(records[step.key], name, value)
        session.flush()

    def remove(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete rows, what lies deepest in a tree first."""
        records = self.records(session, [step.key for step in steps])
        waiting = {step.key: step for step in steps}
        while waiting:
            held = {
                parent
                for step in waiting.values()
                for parent in self._targets(step.key, step.before.values if step.before else {})
                if parent
            }
            free = [key for key in waiting if key not in held] or list(waiting)
            for key in free:
                session.delete(records[key])
                del waiting[key]
            session.flush()

    def records(self, session: Session, keys: Sequence[Key]) -> dict[Key, Any]:
        """Load the records of some items."""
        by_id = {row_id: key for key, row_id in self.ids(session, keys).items()}
        found: dict[Key, Any] = {}
        for some in batches(list(by_id)):
            for record in session.scalars(select(self.entity).where(self.entity.id.in_(some))):
                found[by_id[record.id]] = record
        return found

    def make(self, step: Step, attributes: dict[str, Any]) -> Entity:
        """Return a new record."""
        return self.entity(**{self.code: step.key[-1]}, **attributes)

    def attributes(self, step: Step, names: Mapping[Refer, Mapping[Key, int]]) -> dict[str, Any]:
        """Return the attributes of a record after a step."""
        item = step.after
        if item is None:
            return {}
        found: dict[str, Any] = {}
        for column in self.columns:
            found |= column.write(item.values[column.field])
        for refer in self.references:
            value = item.values[refer.field]
            found[refer.column] = None if value is None else names[refer][self._target(step.key, refer, value)]
        if self.group:
            found[self.group.column] = names[self.group][step.key[:1]]
        if self.owner:
            found[self.owner] = item.owner
        return found

    def _names(self, session: Session) -> dict[Refer, dict[Key, int]]:
        found: dict[Refer, dict[Key, int]] = {}
        for refer in (*self.references, *([self.group] if self.group else [])):
            if refer.same_group:
                found[refer] = self.ids(session)
            else:
                columns = refer.to.__table__.c
                found[refer] = {(str(row[1]),): row[0] for row in session.execute(select(columns.id, columns[refer.code]))}
        return found

    @staticmethod
    def _target(key: Key, refer: Refer, value: str) -> Key:
        return (*key[:-1], value) if refer.same_group else (value,)

    def _targets(self, key: Key, values: Values) -> list[Key]:
        own = (refer for refer in self.references if refer.to is self.entity)
        return [self._target(key, refer, values[refer.field]) for refer in own if values.get(refer.field) is not None]

    def _waves(self, new: Mapping[Key, Step]) -> Iterator[list[Step]]:
        """Yield new items, those that others of them refer to first."""
        waiting = dict(new)
        while waiting:
            ready = [
                step
                for step in waiting.values()
                if not any(target in waiting for target in self._targets(step.key, step.after.values if step.after else {}))
            ]
            # A circle was refused before anything is written.
            wave = ready or list(waiting.values())
            for step in wave:
                del waiting[step.key]
            yield wave


def foreign_keys(cls: type[Entity], table: Table) -> list[Any]:
    """Return the columns of an entity that refer to a table."""
    return [column for column in cls.__table__.columns if any(key.references(table) for key in column.foreign_keys)]
