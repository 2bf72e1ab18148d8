"""An organisation with two agents, and rows of every entity for each of them."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Boolean, Date, DateTime, Integer, Numeric, String, Text, Time, Uuid, insert, select

from crmcore import Account, Actor, Entity
from crmcore.access.functions import reads_freely
from crmcore.model import Json, JsonMap, Person, Profile, Relation, Salesperson, SavedSearch, User, UtcDateTime, VisibilityKind

NOW = datetime(2026, 5, 11, 7, tzinfo=UTC)


@pytest.fixture
def leaky(monkeypatch):
    """A plugin with an entity of each kind of visibility."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "support")
    import crm_leak

    return crm_leak


@pytest.fixture
def organisation(open_crm, leaky):
    """A Crm in which agents `a1` and `a2` have a customer each, and every entity has a row for both."""
    crm = open_crm(leaky)
    with crm.session(Actor.system("setup")) as s:
        sellers = [s.add(Salesperson(code=code, kind="agent", name=code)) for code in ("A1", "A2")]
        profile = s.add(
            Profile(
                code="AGENTE",
                label_it="Agente",
                functions=["customers.*", "contacts.*", "searches.*", "changes.*", "leak.*"],
                scopes=[{"kind": "own"}],
            )
        )
        s.add(User(login="admin"))
        s.flush()
        for seller in sellers:
            s.add(User(login=seller.code.lower(), profile_id=profile.id, salesperson_id=seller.id))
        s.commit()
        keys = [seller.id for seller in sellers]
    rows = {"a1": {}, "a2": {}}
    with crm.engine.begin() as connection:
        for login, seller in zip(rows, keys, strict=True):
            rows[login] = fill(connection, crm.registry, login, seller)
    return crm, rows


_numbers = itertools.count(1)


def fill(connection, registry, login, seller):
    """Write a row into the table of every entity, past all rules, and return their keys by class."""
    keys = {}
    for table in Entity.metadata.sorted_tables:
        cls = next((each for each in registry.entities.values() if each.__table__ is table), None)
        if cls is None or reads_freely(cls):
            continue
        number = next(_numbers)
        values = {column.name: value_of(column, number, keys) for column in table.columns if column.name != "id" and not column.nullable}
        if "account_id" in table.columns:
            values["account_id"] = keys[Account]
        values |= {name: login for name in ("owner", "author") if name in table.columns}
        if cls is Account:
            values |= {"seller_id": seller, "private": False, "kind": "business"}
        if cls is Relation:
            values["person_id"] = keys[Person]
        if cls is SavedSearch:
            values["shared"] = False
        if "user_id" in values:
            values["user_id"] = select(User.id).where(User.login == login).scalar_subquery()
        for constraint in table.constraints:
            values |= choice_of(constraint, values)
        keys[cls] = connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
    return keys


def value_of(column, number, keys):
    for key in column.foreign_keys:
        found = next((value for cls, value in keys.items() if cls.__table__ is key.column.table), None)
        return 1 if found is None else found
    kind = column.type
    if isinstance(kind, JsonMap):
        return {}
    if isinstance(kind, Json):
        return []
    plain = (
        (Boolean, False),
        (UtcDateTime | DateTime, NOW),
        (Date, date(2026, 5, 11)),
        (Time, NOW.time()),
        (Uuid, f"{number:032x}"),
        (Integer, number),
        (Numeric, Decimal(number)),
    )
    if isinstance(kind, String | Text):
        return f"x{number}"[-(kind.length or 100) :]
    return next((value for types, value in plain if isinstance(kind, types)), number)


def choice_of(constraint, values):
    """Return a value that a CHECK of the form ``column IN ('a', 'b')`` takes."""
    text = str(getattr(constraint, "sqltext", ""))
    name, found, rest = text.partition(" IN (")
    return {name: rest.split("'")[1]} if found and name in values else {}


def guarded(registry):
    """Return the entities of which somebody may see some rows and not others, or none."""
    return [cls for cls in registry.entities.values() if not reads_freely(cls)]


def visible_kinds(cls):
    return cls.__visibility__.kind is not VisibilityKind.SYSTEM
