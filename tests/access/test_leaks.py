"""What does not exist for a user shows in no way of asking, and is changed in none; what does exist shows in all (I-27)."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    Integer,
    column,
    delete,
    exists,
    func,
    literal,
    select,
    text,
    tuple_,
    union_all,
    update,
)
from sqlalchemy import table as plain_table
from sqlalchemy.orm import aliased, load_only

from crmcore import Actor
from crmcore.errors import UsageError
from crmcore.model import Account, Person, Profile, VisibilityKind

from .conftest import guarded, visible_kinds

pytestmark = pytest.mark.feature("A03", "A05", "A06", "I-27")


def name(cls):
    return cls.__tablename__


def is_public(cls):
    return cls.__visibility__.kind is VisibilityKind.PUBLIC


def ids(rows):
    return {row[0] for row in rows}


def text_rows(s, sql, **values):
    return s.execute(text(sql), values).all()


def recursive(s, cls):
    walk = select(cls.id.label("id")).cte("walk", recursive=True)
    walk = walk.union(select(cls.id).where(cls.id == walk.c.id))
    return ids(s.execute(select(walk.c.id)))


def other_table(cls):
    return plain_table(name(cls), column("id", Integer))


def windowed(s, cls):
    inner = select(cls.id.label("id"), func.row_number().over(order_by=cls.id).label("n")).subquery()
    return ids(s.execute(select(inner.c.id).where(inner.c.n > 0)))


def raw_cursor(s, cls):
    connection = s.orm.connection()
    cursor = connection.connection.dbapi_connection.cursor()
    return ids(cursor.execute(f"SELECT id FROM {name(cls)}").fetchall())


def by_get(s, cls, keys):
    return {key for key in keys if s.get(cls, key) is not None}


def by_refresh(s, cls, keys):
    found = set()
    for key in keys:
        record = s.get(cls, key)
        if record is not None:
            s.orm.refresh(record)
            found.add(record.id)
    return found


def by_exists(s, cls, keys):
    return {key for key in keys if s.scalar(select(exists(select(1).where(cls.id == key))))}


def by_count(s, cls, keys):
    return {key for key in keys if s.scalar(select(func.count()).select_from(cls).where(cls.id == key))}


def by_aggregate(s, cls, keys):
    return {key for key in keys if s.scalar(select(func.max(cls.id)).where(cls.id == key)) is not None}


def by_scalar_subquery(s, cls, keys):
    return {key for key in keys if s.scalar(select(select(cls.id).where(cls.id == key).scalar_subquery())) is not None}


def by_literal(s, cls, keys):
    return {key for key in keys if s.scalar(select(literal(1)).select_from(cls).where(cls.id == key))}


def by_having(s, cls, keys):
    return {key for key in keys if s.execute(select(cls.id).where(cls.id == key).group_by(cls.id).having(func.count() > 0)).first()}


def by_merge(s, cls, keys):
    """Make a record with a key that is hidden, as somebody would who knows it."""
    found = set()
    for key in keys:
        record = s.get(cls, key)
        if record is not None:
            s.orm.merge(record)
            found.add(key)
    return found


READS = {
    "orm entity": lambda s, cls, _: {record.id for record in s.scalars(select(cls))},
    "orm column": lambda s, cls, _: ids(s.execute(select(cls.id))),
    "orm load only": lambda s, cls, _: {record.id for record in s.scalars(select(cls).options(load_only(cls.id)))},
    "orm alias": lambda s, cls, _: ids(s.execute(select((a := aliased(cls)).id).where(a.id > 0))),
    "orm self join": lambda s, cls, _: ids(s.execute(select(cls.id).join(b := aliased(cls), b.id == cls.id))),
    "orm outer join": lambda s, cls, _: ids(s.execute(select((b := aliased(cls)).id).select_from(cls).outerjoin(b, b.id == cls.id))),
    "orm get": by_get,
    "orm refresh": by_refresh,
    "orm merge": by_merge,
    "orm order and page": lambda s, cls, _: ids(s.execute(select(cls.id).order_by(cls.id.desc()).limit(100).offset(0))),
    "orm cte": lambda s, cls, _: ids(s.execute(select(select(cls.id).cte("c").c.id))),
    "orm recursive cte": lambda s, cls, _: recursive(s, cls),
    "orm union": lambda s, cls, _: ids(s.execute(union_all(select(cls.id), select(cls.id)))),
    "orm subquery": lambda s, cls, _: ids(s.execute(select(select(cls).subquery().c.id))),
    "orm in subquery": lambda s, cls, _: ids(s.execute(select(cls.id).where(cls.id.in_(select(cls.id))))),
    "orm from statement": lambda s, cls, _: {r.id for r in s.scalars(select(cls).from_statement(text(f"SELECT * FROM {name(cls)}")))},
    "exists": by_exists,
    "count": by_count,
    "aggregate": by_aggregate,
    "scalar subquery": by_scalar_subquery,
    "literal column": by_literal,
    "group and having": by_having,
    "window": lambda s, cls, _: windowed(s, cls),
    "core table": lambda s, cls, _: ids(s.execute(select(cls.__table__.c.id))),
    "core other table object": lambda s, cls, _: ids(s.execute(select(other_table(cls).c.id))),
    "core on the connection": lambda s, cls, _: ids(s.orm.connection().execute(select(cls.__table__.c.id))),
    "core tuple": lambda s, cls, keys: ids(s.execute(select(cls.id).where(tuple_(cls.id, cls.id).in_([(k, k) for k in keys])))),
    "text": lambda s, cls, _: ids(text_rows(s, f"SELECT id FROM {name(cls)}")),
    "text join": lambda s, cls, _: ids(text_rows(s, f"SELECT a.id FROM {name(cls)} a JOIN {name(cls)} b ON a.id = b.id")),
    "text cte": lambda s, cls, _: ids(text_rows(s, f"WITH x AS (SELECT id FROM {name(cls)}) SELECT id FROM x")),
    "text with comment": lambda s, cls, _: ids(text_rows(s, f"SELECT /* main. */ id FROM {name(cls)} -- public")),
    "driver sql": lambda s, cls, _: ids(s.orm.connection().exec_driver_sql(f"SELECT id FROM {name(cls)}")),
    "raw cursor": lambda s, cls, _: raw_cursor(s, cls),
}
QUALIFIED = {
    "text qualified": lambda s, cls, schema: ids(text_rows(s, f"SELECT id FROM {schema}.{name(cls)}")),
    "text quoted": lambda s, cls, schema: ids(text_rows(s, f'SELECT id FROM "{schema}"."{name(cls)}"')),
    "core schema": lambda s, cls, schema: ids(
        s.execute(select(cls.__table__.to_metadata(type(cls.metadata)(), schema=schema, referred_schema_fn=lambda *_: None).c.id))
    ),
    "core translated": lambda s, cls, schema: ids(
        s.orm.connection().execute(select(cls.__table__.c.id), execution_options={"schema_translate_map": {None: schema}})
    ),
    "driver sql qualified": lambda s, cls, schema: ids(s.orm.connection().exec_driver_sql(f"SELECT id FROM {schema}.{name(cls)}")),
    "insert from select": lambda s, cls, schema: ids(
        s.orm.connection().exec_driver_sql(f"INSERT INTO x SELECT id FROM {schema}.{name(cls)} RETURNING id")
    ),
}
WRITES = {
    "update": lambda c, cls, key: c.execute(update(cls.__table__).where(cls.__table__.c.id == key).values(updated_by="mallory")),
    "delete": lambda c, cls, key: c.execute(delete(cls.__table__).where(cls.__table__.c.id == key)),
    "update returning": lambda c, cls, key: c.execute(
        update(cls.__table__).where(cls.__table__.c.id == key).values(updated_by="mallory").returning(cls.__table__.c.id)
    ),
    "text update": lambda c, cls, key: c.execute(text(f"UPDATE {name(cls)} SET updated_by = 'mallory' WHERE id = :key"), {"key": key}),
    "text delete": lambda c, cls, key: c.exec_driver_sql(f"DELETE FROM {name(cls)} WHERE id = {int(key)}"),
    "text replace": lambda c, cls, key: c.exec_driver_sql(f"REPLACE INTO {name(cls)} (id) VALUES ({int(key)})"),
    "drop": lambda c, cls, _: c.exec_driver_sql(f"DROP TABLE {name(cls)}"),
    "drop view": lambda c, cls, _: c.exec_driver_sql(f"DROP VIEW {name(cls)}"),
    "copy": lambda c, cls, _: c.exec_driver_sql(f"CREATE TABLE stolen AS SELECT * FROM {name(cls)}"),
}


def attempt(call):
    """Return what a way of asking shows; one that is refused shows nothing."""
    try:
        return call()
    # Also what the drivers raise by themselves.
    except Exception as error:  # noqa: BLE001
        return error


@pytest.mark.parametrize("login", ["a1", "a2"])
def test_no_way_of_reading_shows_what_is_hidden_and_each_shows_what_is_not(organisation, login):
    crm, rows = organisation
    mine, theirs = rows[login], rows["a2" if login == "a1" else "a1"]
    entities = guarded(crm.registry)
    public = {cls for cls in entities if is_public(cls)}
    assert {"account", "person", "interaction", "change_set_item", "leak.item", "leak.part", "leak.memo", "leak.notice", "leak.queue"} <= {
        cls.entity_name() for cls in entities
    }
    leaked, missing = [], []
    for cls in entities:
        keys = [mine[cls], theirs[cls]]
        for shape, ask in READS.items():
            with crm.session(login) as s:
                found = attempt(lambda s=s, cls=cls, ask=ask, keys=keys: ask(s, cls, keys))
            shown = set() if isinstance(found, Exception) else found
            if theirs[cls] in shown and cls not in public:
                leaked.append((cls.__name__, shape))
            if cls in public and theirs[cls] not in shown:
                missing.append((cls.__name__, shape, found))
            if visible_kinds(cls) and mine[cls] not in shown:
                missing.append((cls.__name__, shape, found))
            if not visible_kinds(cls) and shown:
                leaked.append((cls.__name__, shape))
    assert leaked == []
    assert missing == []


@pytest.mark.parametrize("login", ["a1", "a2"])
def test_naming_the_schema_shows_nothing_that_is_hidden(organisation, login):
    crm, rows = organisation
    theirs = rows["a2" if login == "a1" else "a1"]
    schema = "main" if crm.engine.dialect.name == "sqlite" else "public"
    leaked = []
    for cls in guarded(crm.registry):
        for shape, ask in QUALIFIED.items():
            with crm.session(login) as s:
                found = attempt(lambda s=s, cls=cls, ask=ask: ask(s, cls, schema))
            if not isinstance(found, Exception) and theirs[cls] in found and (crm.engine.dialect.name == "sqlite" or not is_public(cls)):
                leaked.append((cls.__name__, shape))
    assert leaked == []


def test_no_way_of_writing_changes_anything(organisation):
    crm, rows = organisation
    changed = []
    for cls in guarded(crm.registry):
        for shape, ask in WRITES.items():
            for owner in ("a1", "a2"):
                key = rows[owner][cls]
                with crm.session("a1") as s:
                    attempt(lambda s=s, cls=cls, ask=ask, key=key: ask(s.orm.connection(), cls, key))
                    attempt(s.orm.commit)
                with crm.engine.connect() as connection:
                    by = connection.execute(select(cls.__table__.c.updated_by).where(cls.__table__.c.id == key)).scalar()
                if by is None or by == "mallory":
                    changed.append((cls.__name__, shape, owner))
    assert changed == []


def test_lazy_loading_goes_through_the_guard(organisation):
    crm, rows = organisation
    with crm.session("a1") as s:
        person = s.get(Person, rows["a1"][Person])
        assert person.account.id == rows["a1"][Account]
        # As if a record had come in by another way.
        person.account_id = rows["a2"][Account]
        s.orm.expire(person, ["account"])
        assert person.account is None


def test_what_the_platform_read_past_the_guard_does_not_stay_in_the_session(organisation):
    crm, rows = organisation
    hidden = rows["a2"][Account]
    with crm.session("a1") as s:
        s.orm.connection()
        with s.guard.lifted():
            assert s.get(Account, hidden) is not None
        assert s.get(Account, hidden) is None
        assert hidden not in {record.id for record in s.scalars(select(Account))}
        # The same text, which SQLite may have kept prepared from before.
        sql = "SELECT count(*) FROM main.account" if crm.engine.dialect.name == "sqlite" else "SELECT count(*) FROM account"
        with s.guard.lifted():
            assert s.orm.connection().exec_driver_sql(sql).scalar() == 2
        after = attempt(lambda: s.orm.connection().exec_driver_sql(sql).scalar())
        assert isinstance(after, Exception) or after == 1


def test_a_user_stays_limited_after_what_the_platform_did_past_the_guard_has_failed(organisation):
    crm, rows = organisation
    hidden = rows["a2"][Account]

    def look(s):
        with s.guard.lifted():
            assert s.get(Account, hidden) is not None
            raise LookupError

    with crm.session("a1") as s:
        s.orm.connection()
        with pytest.raises(LookupError):
            look(s)
        assert s.get(Account, hidden) is None
        assert ids(s.execute(select(Account.id))) == {rows["a1"][Account]}
        with pytest.raises(UsageError):
            s.access.explain("a1", "nothing", 1)
        assert ids(s.execute(select(Account.id))) == {rows["a1"][Account]}


@pytest.mark.feature("I-26")
def test_users_that_nobody_has_committed_are_believed_by_nobody_else(organisation):
    crm, rows = organisation
    if crm.engine.dialect.name == "sqlite":
        return  # limited users have no place on a host's connection there
    with crm.engine.connect() as connection:
        with crm.session(Actor.system("host"), connection=connection) as s:
            s.scalar(select(Profile)).scopes = [{"kind": "all"}]
            s.commit()
        with crm.session("a1", connection=connection) as s:
            assert len(s.scalars(select(Account)).all()) == 2
        connection.rollback()
    with crm.session(Actor.system("other")) as s:
        s.scalar(select(Profile)).label_it = "Agenti"
        s.commit()
    with crm.session("a1") as s:
        assert ids(s.execute(select(Account.id))) == {rows["a1"][Account]}


def test_connections_that_go_from_user_to_user_show_each_what_is_theirs(organisation):
    crm, rows = organisation
    for _ in range(3):
        for login in ("a1", "a2", "admin"):
            with crm.session(login) as s:
                expected = {rows["a1"][Account], rows["a2"][Account]} if login == "admin" else {rows[login][Account]}
                assert ids(s.execute(select(Account.id))) == expected
