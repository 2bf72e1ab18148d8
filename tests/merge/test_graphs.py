"""Random graphs over twenty-five tables that the core knows nothing of: merged in chains and taken back, every byte is where it was."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest
from crm_maze.model import TABLES
from merge_checks import account_keys, dangling, dump
from sqlalchemy import func, insert, select, text

from crmcore.model import Account

pytestmark = pytest.mark.feature("S07", "I-17", "I-18", "I-19")

STAMPS = {"version": 1, "created_by": "setup", "updated_by": "setup"}
NOTES = ("x", "y", "z")
EXTRAS = (None, {}, {"b": [1, "è", None], "a": True}, {"n": 0.1})


class Graph:
    """Accounts and rows of the tables, drawn with a seed and written past all rules."""

    def __init__(self, crm, seed):
        self.crm, self.rng = crm, random.Random(seed)
        with crm.session("setup") as s:
            accounts = [s.accounts.create(name=f"{seed}/{number}") for number in range(7)]
            s.commit()
            self.accounts = [account.id for account in accounts]
            self.uids = {account.id: account.uid for account in accounts}
            self.now = s.now()
        self.rows = {cls: [] for cls in TABLES}
        with crm.engine.begin() as connection:
            for cls in TABLES:
                for _ in range(self.rng.randrange(9)):
                    self.add(connection, cls)

    def add(self, connection, cls, account=None):  # noqa: C901 - one branch for each shape
        """Add a row, if its constraints let it; return its key."""
        rng = self.rng
        values = {"note": rng.choice(NOTES), "extra": rng.choice(EXTRAS)}
        for column in cls.__table__.columns:
            if column.name in {"a", "b"}:
                key = account or rng.choice(self.accounts)
                values[column.name] = self.uids[key] if cls.SHAPE == "uid" else key
        if cls.SHAPE == "two" and rng.random() < 0.3:
            values["b"] = None
        if cls.SHAPE == "tree":
            values["parent"] = rng.choice([None, *(row["id"] for row in self.rows[cls])])
        if cls.SHAPE == "generic":
            owner = rng.choice([*(each for each in TABLES if each.SHAPE == "tree"), Account, Account])
            keys = self.accounts if owner is Account else [row["id"] for row in self.rows[owner]]
            if not keys:
                return None
            values |= {"entity": owner.entity_name(), "record": account or rng.choice(keys)}
        if cls.PARENT is not None:
            if not self.rows[cls.PARENT]:
                return None
            values["up"] = rng.choice(self.rows[cls.PARENT])["id"]
        if self.clashes(connection, cls, values):
            return None
        if len(cls.__table__.primary_key) > 1:
            values["id"] = connection.execute(select(func.coalesce(func.max(cls.id), 0) + 1)).scalar()
        stamps = {"created_at": self.now, "updated_at": self.now, **STAMPS}
        key = connection.execute(insert(cls.__table__).values(**values, **stamps).returning(cls.__table__.c.id)).scalar()
        self.rows[cls].append({**values, "id": key})
        return key

    def clashes(self, connection, cls, values):
        single = [(column.name,) for column in cls.__table__.columns if column.unique]
        several = [tuple(each.columns.keys()) for each in cls.__table__.constraints if type(each).__name__ == "UniqueConstraint"]
        for names in {*single, *several}:
            if None not in [values[name] for name in names]:
                query = select(cls.id).where(*(getattr(cls, name) == values[name] for name in names))
                if connection.execute(query).first() is not None:
                    return True
        return False


def named(crm, merged):
    """Return the generic references to merged accounts."""
    generic = [cls for cls in TABLES if cls.__references__]
    with crm.engine.connect() as connection:
        return [cls for cls in generic if connection.execute(select(cls.id).where(cls.entity == "account", cls.record.in_(merged))).first()]


def pointed(crm, graph, merged):
    """Return the references by uid to merged accounts."""
    uids = [graph.uids[key] for key in merged]
    with crm.engine.connect() as connection:
        return [cls for cls in TABLES if cls.SHAPE == "uid" and connection.execute(select(cls.id).where(cls.a.in_(uids))).first()]


def count_rows(crm):
    with crm.engine.connect() as connection:
        return Counter({cls.__tablename__: connection.execute(select(func.count()).select_from(cls.__table__)).scalar() for cls in TABLES})


def is_whole(crm):
    with crm.engine.connect() as connection:
        # PostgreSQL checks each key itself.
        return crm.engine.dialect.name == "postgresql" or connection.execute(text("PRAGMA foreign_key_check")).all() == []


def merge_in_chains(crm, graph, merges):
    """Merge accounts until there are few, and yield number, survivor, and what went into the journal."""
    living = list(graph.accounts)
    while len(living) > 1 and len(merges) < 4:
        chosen = graph.rng.sample(living, min(len(living), graph.rng.choice((2, 2, 3))))
        with crm.session("anna") as s:
            found = s.merges.preview(chosen[0], chosen[1:])
            result = s.merges.merge(chosen[0], chosen[1:])
            s.commit()
        assert (found.relinked, found.archived) == (result.relinked, result.archived)
        living = [key for key in living if key not in chosen[1:]]
        merges.append(result)
        yield result


def run(crm, seed):
    graph = Graph(crm, seed)
    before, counted = dump(crm), count_rows(crm)
    merges, merged, new, keys = [], [], [], account_keys(crm)
    archived = Counter()
    for result in merge_in_chains(crm, graph, merges):
        merged += result.merged_ids
        archived += Counter(result.archived)
        assert (dangling(crm, merged, keys), named(crm, merged), pointed(crm, graph, merged)) == ([], [], [])
        assert is_whole(crm)
        # What went is in the journal, and nothing else is missing.
        assert count_rows(crm) + Counter({name: archived[name] for name in counted}) - Counter(dict(new)) == +counted
        with crm.engine.begin() as connection:
            cls = next(each for each in TABLES if each.SHAPE == "plain")
            new.append((cls.__tablename__, graph.add(connection, cls, result.survivor_id)))
        new[-1:] = [(cls.__tablename__, len(new))]
    added = graph.rows[cls][-len(merges) :]
    for result in reversed(merges):
        with crm.session("anna") as s:
            assert s.merges.undo(result.id).questions == ()
            s.commit()
    with crm.engine.begin() as connection:
        # What was made since stayed where it was made.
        for row in added:
            assert connection.execute(select(cls.a).where(cls.id == row["id"])).scalar() == row["a"]
            connection.execute(cls.__table__.delete().where(cls.__table__.c.id == row["id"]))
    assert dump(crm) == before
    assert is_whole(crm)


def test_chains_of_merges_are_taken_back_byte_for_byte(open_crm, maze):
    crm = open_crm(maze)
    for seed in range(int(os.environ.get("CRM_GRAPHS", "6"))):
        run(crm, seed)
