"""The marks that say whether what is kept in memory still holds, whoever changes the tables."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import QueuePool, create_engine, false, func, insert, select, update

from crmcore import Account, Actor
from crmcore.catalogues import Subject
from crmcore.model import ENTITIES, GENERATION, SUPPRESSION_KEY, User
from crmcore.storage import Watch

pytestmark = pytest.mark.feature("A02", "A08", "I-26")

KEPT = {
    "crm_user": Subject.USERS,
    "profile": Subject.ACCESS,
    "user_group": Subject.ACCESS,
    "group_member": Subject.ACCESS,
    "salesperson": Subject.ACCESS,
    "zone": Subject.ACCESS,
    "portfolio": Subject.ACCESS,
    "characteristic": Subject.CHARACTERISTICS,
    "state_table": Subject.STATES,
    "state": Subject.STATES,
    "state_transition": Subject.STATES,
    SUPPRESSION_KEY.name: Subject.SUPPRESSION,
}


def marks(crm):
    with crm.engine.connect() as connection:
        return crm.generations.read(connection)


def mark(crm):
    with crm.engine.connect() as connection:
        return crm.generations.read_access(connection)


def test_every_kept_table_changes_the_mark_of_its_subject_and_no_other_one_does(open_crm):
    crm = open_crm()
    tables = [*(cls.__table__ for cls in ENTITIES), SUPPRESSION_KEY]
    assert set(KEPT) <= {table.name for table in tables}
    if crm.engine.dialect.name == "sqlite":
        # Its triggers are for rows, of which there are none.
        with crm.engine.connect() as connection:
            found = connection.exec_driver_sql(
                "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'crm_new_mark_%'"
            )
            assert sorted(map(tuple, found)) == sorted(
                (name, f"crm_new_mark_{name}_{verb}") for name in KEPT for verb in ("INSERT", "UPDATE", "DELETE")
            )
        return
    for table in tables:
        first = next(iter(table.c))
        nothing = (table.delete().where(false()), update(table).values({first.name: first}).where(false()))
        for statement in (*nothing, insert(table).from_select([first.name], select(first).where(false()))):
            before = marks(crm)
            with crm.engine.begin() as connection:
                connection.execute(statement)
            changed = {subject for subject, mark in marks(crm).items() if mark != before[subject]}
            assert changed == ({KEPT[table.name]} if table.name in KEPT else set()), table.name


def test_rows_of_kept_tables_change_the_mark_by_whatever_verb_and_a_rollback_takes_it_back(open_crm):
    crm = open_crm()
    assert mark(crm) == marks(crm)["users"] == marks(crm)["suppression"] == 0 != marks(crm)["access"]
    with crm.session(Actor.system("test")) as s:
        s.add(User(login="anna"))
        s.commit()
    user = User.__table__
    seen = [mark(crm)]
    for statement in (
        update(user).values(name="Anna"),
        insert(user).from_select([column.name for column in user.c if column.name != "id"], _copy(user)),
        user.delete().where(user.c.login == "bruno"),
    ):
        with crm.engine.connect() as connection:
            connection.execute(statement)
            inside = crm.generations.read_access(connection)
            connection.rollback()
        assert inside not in seen
        assert mark(crm) == seen[-1]
        with crm.engine.begin() as connection:
            connection.execute(statement)
        assert mark(crm) not in {*seen, inside}
        seen.append(mark(crm))


def _copy(user):
    return select(*(func.lower("bruno") if column.name == "login" else column for column in user.c if column.name != "id"))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_who_watches_asks_again_only_after_a_commit_of_somebody(open_crm):
    crm = open_crm()
    watch, asked = Watch(crm.engine, crm.generations.access), []
    first = watch.answer()
    watch._raw.set_trace_callback(asked.append)
    for _ in range(3):
        assert watch.answer() == first
    assert not [each for each in asked if GENERATION.name in each]
    with crm.engine.connect() as connection:
        connection.execute(insert(User.__table__).values(_anna()))
        assert watch.answer() == first
        connection.commit()
    assert watch.answer() != first
    with crm.session(Actor.system("test")) as s:
        s.add(Account(name="Rossi Srl", phone1="+390255500101"))
        s.commit()
    asked.clear()
    second = watch.answer()
    assert len([each for each in asked if GENERATION.name in each]) == 1
    watch.close()
    assert watch.answer() == second
    watch.close()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_who_watches_has_a_connection_of_its_own_in_each_process_and_closes_it(open_crm, monkeypatch):
    watch = Watch(open_crm().engine, "SELECT 7")
    assert watch.answer() == 7
    first = watch._raw
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert watch.answer() == 7
    second = watch._raw
    assert second is not first
    watch.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        second.execute("SELECT 1")
    first.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_asked_each_time_on_the_one_connection_that_it_has(url):
    engine = create_engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=1)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (number INTEGER)")
        connection.exec_driver_sql("INSERT INTO kept VALUES (3)")
    watch = Watch(engine, "SELECT number FROM kept")
    assert watch.answer() == 3
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE kept SET number = 4")
    assert watch.answer() == 4
    watch.close()
    assert watch.answer() == 4
    engine.dispose()


def _anna():
    from datetime import UTC, datetime

    now = datetime(2026, 11, 22, tzinfo=UTC)
    told = {"version": 1, "created_at": now, "created_by": "test", "updated_at": now, "updated_by": "test"}
    return {"login": "anna", "name": "", "status": "active", "scopes": []} | told
