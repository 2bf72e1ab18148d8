"""The guard of PostgreSQL: how it is installed, what its role may, and what is said when it is not there (I-27)."""

from __future__ import annotations

from types import SimpleNamespace

import attrs
import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import DBAPIError, ProgrammingError

from crmcore import Account, Actor
from crmcore.access import postgres
from crmcore.access.reach import Reach
from crmcore.errors import AccessDenied
from crmcore.model import Profile, SavedSearch, User

pytestmark = pytest.mark.feature("I-27", "A03", "A04")

COUNT = select(func.count()).select_from(Account)
RIGHT = "SELECT has_table_privilege('crmcore_guarded', '{}', 'SELECT')"


@pytest.fixture(params=["postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def crm(open_crm, leaky):
    """A Crm with two accounts, of which a limited user sees one."""
    crm = open_crm(leaky)
    with crm.session(Actor.system("setup")) as s:
        profile = s.add(Profile(code="P", label_it="P", functions=["*"], scopes=[{"kind": "owner"}]))
        s.add(Account(name="Mine", owner="u"))
        s.add(Account(name="Of nobody"))
        s.add(User(login="admin"))
        s.flush()
        s.add(User(login="u", profile_id=profile.id))
        s.commit()
    return crm


@pytest.fixture
def connection(crm):
    """A connection whose transaction is taken back: what is done to roles there, nobody else sees."""
    with crm.engine.connect() as found:
        yield found


def entities(crm):
    return list(crm.registry.entities.values())


def put_aside(connection):
    """Let there be no guarded role, for this transaction."""
    connection.exec_driver_sql(f"ALTER ROLE crmcore_guarded RENAME TO crm_aside_{connection.connection.driver_connection.info.backend_pid}")


def become(connection, role, *grants):
    """Go on as an application whose role does not own anything."""
    connection.exec_driver_sql(f"CREATE ROLE {role} NOLOGIN")
    for grant in grants:
        connection.exec_driver_sql(f"{grant} TO {role}")
    connection.exec_driver_sql(f"SET LOCAL ROLE {role}")


def told(connection, work):
    """Return the statements that change something."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        assert work() is None
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return seen


def test_a_guard_that_is_installed_is_left_alone_and_one_that_differs_is_made_anew(crm, connection):
    assert told(connection, lambda: postgres.install(connection, reversed(entities(crm)))) == []
    # As if an entity had been for everybody before, and another had been guarded in another way.
    connection.exec_driver_sql("GRANT SELECT ON leak_queue TO crmcore_guarded")
    connection.exec_driver_sql("ALTER POLICY crm_guarded ON account USING (true)")
    connection.exec_driver_sql("COMMENT ON FUNCTION crm_in_zone(bigint) IS 'old'")
    made = told(connection, lambda: postgres.install(connection, entities(crm)))
    assert made[-1].startswith("COMMENT ON FUNCTION crm_in_zone(bigint) IS '")
    assert told(connection, lambda: postgres.install(connection, entities(crm))) == []
    assert [connection.exec_driver_sql(RIGHT.format(table)).scalar() for table in ("leak_queue", "leak_notice", "zone")] == [
        False,
        True,
        True,
    ]
    granted = (
        "SELECT true FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'public' AND a.grantee = 'crmcore_guarded'::regrole"
    )
    assert connection.exec_driver_sql(granted).scalar()
    guarded = connection.exec_driver_sql("SELECT relname FROM pg_class WHERE relrowsecurity").scalars().all()
    assert {"account", "leak_item", "leak_notice", "saved_search"} <= set(guarded)
    assert not {"zone", "profile", "leak_queue"} & set(guarded)
    postgres.limit(connection, Reach(login="u", own=True, parts=frozenset({"customers"})))
    assert connection.execute(COUNT).scalar() == 1
    with pytest.raises(ProgrammingError, match="permission denied"):
        connection.exec_driver_sql("UPDATE account SET notes = 'x'")


def test_the_role_is_made_where_it_is_missing_and_may_do_nothing_but_read(crm, connection):
    put_aside(connection)
    assert postgres.install(connection, entities(crm)) is None
    row = connection.exec_driver_sql("SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'crmcore_guarded'").one()
    assert tuple(row) == (False, False, False)


def test_who_may_not_make_the_role_is_told_and_needs_nothing_when_it_is_there(crm, connection):
    become(connection, "crm_shy")
    # Of several versions of PostgreSQL.
    assert postgres.install(connection, entities(crm)).startswith(("permission denied to grant role", "must have admin option on role"))
    connection.exec_driver_sql("RESET ROLE")
    put_aside(connection)
    connection.exec_driver_sql("SET LOCAL ROLE crm_shy")
    assert postgres.install(connection, entities(crm)) == "permission denied to create role"
    connection.rollback()
    become(connection, "crm_member", "GRANT crmcore_guarded")
    assert told(connection, lambda: postgres.install(connection, entities(crm))) == []


def test_who_made_the_role_is_a_member_of_it(crm, connection):
    put_aside(connection)
    become(connection, "crm_maker")
    connection.exec_driver_sql("RESET ROLE")
    connection.exec_driver_sql("ALTER ROLE crm_maker CREATEROLE")
    connection.exec_driver_sql("SET LOCAL ROLE crm_maker")
    assert postgres.install(connection, entities(crm)) is None
    assert connection.exec_driver_sql("SELECT pg_has_role('crmcore_guarded', 'MEMBER')").scalar()


class Racing:
    """A connection on which somebody else makes the role at the same moment."""

    def __init__(self, *there, version=(15, 18)):
        self.there = list(there)
        self.asked = []
        self.dialect = SimpleNamespace(server_version_info=version)

    def execute(self, query):
        self.asked.append(str(query.compile(compile_kwargs={"literal_binds": True})))
        return SimpleNamespace(scalar=lambda: self.there.pop(0))

    def begin_nested(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def exec_driver_sql(self, statement):
        self.asked.append(statement)
        raise DBAPIError(statement, {}, ValueError(' role "crmcore_guarded" already exists\n'))


def test_that_somebody_else_made_the_role_meanwhile_is_no_reason():
    assert postgres._role(Racing(False, True, True)) is None
    assert postgres._role(Racing(False, False)) == 'role "crmcore_guarded" already exists'
    assert postgres._role(Racing(True, False)) == 'role "crmcore_guarded" already exists'


@pytest.mark.parametrize(("version", "right"), [(None, "MEMBER"), ((15, 18), "MEMBER"), ((16, 0), "SET"), ((17, 2), "SET")])
def test_it_is_asked_for_the_right_to_change_into_the_role_where_that_is_another_than_membership(version, right):
    racing = Racing(True, True, version=version)
    assert postgres._role(racing) is None
    assert f"pg_has_role('crmcore_guarded', '{right}')" in racing.asked[-1]


def test_an_application_that_does_not_own_the_tables_works_past_the_policies(connection):
    become(connection, "crm_app", "GRANT SELECT, UPDATE ON account")
    assert connection.execute(COUNT).scalar() == 2
    assert connection.execute(update(Account.__table__).values(notes="x")).rowcount == 2


def test_where_the_guard_is_missing_limited_users_are_refused(crm, connection):
    put_aside(connection)
    reach, question = Reach(login="u"), crm.access.question
    for ask in (lambda: postgres.limit(connection, reach), lambda: postgres.limit_and_look(connection, reach, question)):
        with pytest.raises(AccessDenied) as denied, connection.begin_nested():
            ask()
        assert (denied.value.code, denied.value.params) == ("ACCESS_GUARD_MISSING", {"reason": 'role "crmcore_guarded" does not exist'})
    with crm.session("u", connection=connection) as s:
        for _ in range(2):
            with pytest.raises(AccessDenied, match="ACCESS_GUARD_MISSING"):
                s.get(Account, 1)


def test_logins_are_told_as_they_are_whatever_is_in_them(crm, connection):
    odd = ['say "hello"', "back\\slash", "a,b", "{c}", "null", "it's", ""]
    with crm.session(Actor.system("setup")) as s:
        for owner in odd:
            s.add(SavedSearch(owner=owner or "x", name=owner or "x", entity="account"))
        s.commit()
    for login in odd:
        reach = Reach(login=login, logins=frozenset({login, "another"}), parts=frozenset({"searches"}))
        postgres.limit(connection, reach)
        assert connection.execute(select(SavedSearch.__table__.c.owner)).scalars().all() == ([login] if login else [])
        postgres.lift(connection)
    both = attrs.evolve(reach, logins=frozenset(odd))
    postgres.limit(connection, both)
    assert connection.execute(select(func.count()).select_from(SavedSearch)).scalar() == len(odd) - 1


def test_an_error_inside_what_the_platform_does_is_told_as_it_is(crm):
    with crm.session("u") as s:
        s.orm.connection()
        with pytest.raises(ProgrammingError, match="nothing"), s.guard.lifted():
            s.orm.connection().exec_driver_sql("SELECT nothing FROM account")
        s.rollback()
        assert s.scalar(COUNT) == 1
        with s.guard.lifted():
            assert s.scalar(COUNT) == 2
        assert s.scalar(COUNT) == 1
