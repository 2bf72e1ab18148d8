"""A firm with a plugin whose tables hold personal data of every kind, and how to plant canaries and look for them."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    Integer,
    LargeBinary,
    String,
    Time,
    Uuid,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.schema import sort_tables

from crmcore import Account, Actor
from crmcore.migrate.managed import is_search
from crmcore.model import AUDIT, EVENT, Json, JsonMap, Money, UtcDateTime
from crmcore.privacy.references import references
from crmcore.session.fields import plan_of

NOW = datetime(2026, 5, 11, 7, tzinfo=UTC)
SETUP = Actor.system("setup")


@pytest.fixture
def canary(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent / "support")
    import crm_canary

    return crm_canary


@pytest.fixture
def crm(open_crm, canary):
    return open_crm(canary)


class Nest:
    """Canaries of one subject: texts that begin with a mark of its own, so that a piece of one is found, too."""

    def __init__(self, mark, kept="Kept"):
        self.mark = mark
        self.kept = kept
        self._numbers = itertools.count(1)
        self._digits = "".join(str(ord(each) % 10) for each in mark)

    @property
    def marks(self):
        """Whatever tells of a canary: the search keeps phones without their blanks."""
        return {self.mark.lower(), f"0424 {self._digits}", f"0424{self._digits}"}

    def text(self, length=None, *, kept=False):
        mark = self.kept if kept else self.mark
        found = f"{mark}-{next(self._numbers):03}"
        return found if length is None or length >= len(found) else mark[:length]

    def phone(self):
        return f"+39 0424 {self._digits}{next(self._numbers):03}"


def plant(crm, nest, roots):
    """Write a row of every entity that can be about the subject, with a canary in each personal column, and history and events of each."""
    by_table = {cls.__table__: cls for cls in crm.registry.entities.values()}
    leading = {reference.cls: [] for reference in references(by_table.values())}
    for reference in references(by_table.values()):
        leading[reference.cls].append(reference)
    keys = {cls: [key] for cls, key in roots.items()}
    with crm.engine.begin() as connection:
        for table in sort_tables(by_table):
            cls = by_table[table]
            if cls in roots or cls not in leading:
                continue
            ways = [way for way in leading[cls] if way.named_by or any(known.__tablename__ == way.target for known in keys)]
            for way in ways[:1]:
                values = row_of(connection, cls, nest, keys)
                if way.named_by:
                    values |= {way.column: roots[Account], way.named_by: "account"}
                keys.setdefault(cls, []).append(connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())
        for cls, found in keys.items():
            for key in found:
                tell(connection, cls, key, nest)
    return keys


def row_of(connection, cls, nest, keys):
    table = cls.__table__
    values = {column.name: value_of(connection, column, nest, keys, cls) for column in table.columns if column.name != "id"}
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint) and "one_target" in str(constraint.name):
            values["other_account_id"] = None
    # Rows whose personal columns take no text are known by who made them.
    values["created_by"] = f"{nest.kept}!"
    if "replaces_id" in values:
        values["replaces_id"] = None
    return values


def value_of(connection, column, nest, keys, cls):
    if column.foreign_keys:
        return parent_of(connection, column, keys)
    codes = plan_of(cls).fields[column.key].codes if column.key in plan_of(cls).fields else ()
    if codes:
        return codes[0]
    if column.name not in cls.__personal__:
        return plain_value(column, lambda length: f"x{next(nest._numbers)}"[-(length or 100) :], nest)
    rule = cls.__retention__
    return plain_value(column, lambda length: nest.text(length, kept=rule is not None and column.name in rule.keeps), nest)


def parent_of(connection, column, keys):
    """Return a foreign key to what belongs to the subject, where there is such a record, and otherwise to any."""
    key = next(iter(column.foreign_keys))
    parent = next((known for known in keys if known.__table__ is key.column.table), None)
    if parent is None and column.nullable:
        return None
    query = select(key.column).order_by(key.column.table.c.id.desc())
    return connection.execute(query if parent is None else query.where(key.column.table.c.id == keys[parent][-1])).scalars().first()


def plain_value(column, text, nest):
    kind, number = column.type, next(nest._numbers)
    made = (
        (JsonMap, lambda: {"said": text(None)}),
        (Json, lambda: [text(None)]),
        (Money, lambda: Decimal("12.50")),
        (UtcDateTime, lambda: None if column.nullable else NOW),
        (Uuid, lambda: f"{number:032x}"),
        (String, lambda: text(kind.length)),
        (Boolean, lambda: True),
        (Date, lambda: date(2026, 5, 11)),
        (Time, lambda: time(9, 0)),
        (LargeBinary, lambda: text(None).encode()),
        (Integer, lambda: 1 if column.name in {"version", "position", "number", "mark"} else number),
    )
    return next(make() for each, make in made if isinstance(kind, each))


def tell(connection, cls, key, nest):
    """Write down, as an older commit would have, that every personal column of a row held something."""
    if not cls.__audited__:
        return
    changes = {name: [nest.text(), nest.text()] for name in cls.__personal__} | {"version": [1, 2]}
    about = {"at": NOW, "actor": "setup", "source": "test", "correlation_id": "0" * 32, "entity": cls.entity_name(), "entity_id": key}
    connection.execute(insert(AUDIT), {**about, "verb": "updated", "changes": changes})
    event_id = f"{next(nest._numbers):024x}{sum(map(ord, nest.mark)):08x}"
    envelope = {"event_id": event_id, "type": f"{cls.entity_name()}.updated", "version": 1, "payload": {}, "depth": 0}
    connection.execute(insert(EVENT), {**about, **envelope, "changes": changes})


def tables_of(crm):
    """Return every row of every table as text: what a dump of the database shows."""
    with crm.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        # The segments of SQLite's full-text index hold everybody's words together.
        names = [name for name in names if not is_search(name) or connection.dialect.name == "postgresql"]
        return {name: [repr(tuple(row)) for row in connection.execute(text(f'SELECT * FROM "{name}"'))] for name in sorted(names)}


def tells(text, marks):
    return any(mark in text.lower() for mark in marks)


def places(crm, marks):
    """Return where a canary is: tables, statistics of the server, and files of the database."""
    found = {name for name, rows in tables_of(crm).items() if any(tells(row, marks) for row in rows)}
    if crm.engine.dialect.name == "postgresql":
        with crm.engine.connect() as connection:
            rows = connection.execute(text("SELECT tablename, most_common_vals::text, histogram_bounds::text FROM pg_stats")).all()
        return found | {f"statistics of {row[0]}" for row in rows if tells(repr(row), marks)}
    path = Path(make_url(str(crm.engine.url)).database)
    files = {each.name: each.read_bytes().decode("latin-1") for each in path.parent.glob(f"{path.name}*")}
    return found | {name for name, content in files.items() if tells(content, marks)}
