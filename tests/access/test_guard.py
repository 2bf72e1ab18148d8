"""The guard of a session: where a user has no place, what stays of a transaction, and what is told of what was refused (A05, A06, I-27)."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text, update

from crmcore import Account, Actor
from crmcore.access import guard
from crmcore.errors import AccessDenied, RecordNotFound, ValidationFailed
from crmcore.events import RecordVerb
from crmcore.model import AUDIT, Interaction, Person, Profile, StateChange
from crmcore.session import Change

from .conftest import NOW
from .test_reach import firm, names, profile_of

__all__ = ["firm"]

pytestmark = pytest.mark.feature("A05", "A06", "I-26", "I-27")
only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)

SETUP = Actor.system("setup")
CLOSED = ("web", "notes", "email", "phone1", "ateco", "pec")
ACCOUNTS = select(func.count()).select_from(Account)


def refused(crm):
    """Return what the audit says of refusals, in order: entity, key, and what was refused."""
    query = select(AUDIT).where(AUDIT.c.verb == "refused").order_by(AUDIT.c.id)
    with crm.engine.connect() as connection:
        return [(row.entity, row.entity_id, dict(row.changes)) for row in connection.execute(query)]


@only_sqlite
def test_on_a_hosts_connection_to_sqlite_a_limited_user_reads_nothing_however_often_one_asks(firm):
    with firm.engine.connect() as connection:
        with firm.session("a1", connection=connection) as s:
            for _ in range(2):
                with pytest.raises(AccessDenied) as denied:
                    s.scalars(select(Account)).all()
                assert (denied.value.code, denied.value.params) == ("ACCESS_HOSTED", {"login": "a1"})
            s.rollback()
            with pytest.raises(AccessDenied):
                s.get(Account, 1)
        with firm.session(SETUP, connection=connection) as s:
            assert s.scalar(ACCOUNTS) == 12


@only_postgresql
def test_a_hosts_transaction_is_given_back_as_it_was(firm):
    def host():
        return connection.execute(text("SELECT current_user")).scalar(), connection.execute(ACCOUNTS).scalar()

    with firm.engine.connect() as connection:
        before = host()
        for end in ("close", "commit", "rollback"):
            with firm.session("a1", connection=connection) as s:
                assert s.scalar(ACCOUNTS) == 4
                getattr(s, end)()
            assert host() == before
        with firm.session("a1", connection=connection) as s:
            s.require(Account, 1).notes = "x"
            s.commit()
        assert host() == before


@only_postgresql
def test_a_refusal_on_a_hosts_connection_keeps_nothing_of_what_was_only_flushed(firm):
    notes = select(Account.__table__.c.notes).where(Account.__table__.c.id == 1)
    with firm.engine.connect() as connection:
        with firm.session("a1", connection=connection) as s:
            s.require(Account, 1).notes = "x"
            s.flush()
            with pytest.raises(RecordNotFound):
                s.require(Account, 5)
            s.rollback()
        assert connection.execute(notes).scalar() is None
        connection.commit()
    assert refused(firm) == [("account", 5, {"code": [None, "ACCESS_DENIED"], "verb": [None, "read"]})]


@only_postgresql
def test_on_a_hosts_connection_nothing_is_believed_that_was_remembered(firm):
    assert len(names(firm, "a1")) == 4
    with firm.engine.connect() as connection:
        # As somebody who writes below the CRM: no version tells of it.
        connection.execute(update(Profile.__table__).values(scopes=[{"kind": "all"}]))
        with firm.session("a1", connection=connection) as s:
            assert s.scalar(ACCOUNTS) == 12
    assert len(names(firm, "a1")) == 4


@only_postgresql
def test_a_transaction_in_which_a_user_only_read_keeps_what_the_driver_prepared(firm):
    # The driver prepares what was asked five times, and a rollback makes it forget.
    for _ in range(3):
        with firm.session("a1") as s:
            for _ in range(3):
                s.scalar(ACCOUNTS)
            prepared = s.orm.connection().exec_driver_sql("SELECT statement FROM pg_prepared_statements").scalars().all()
    assert [each for each in prepared if "count" in each and "account" in each]


def test_what_was_flushed_and_not_committed_is_undone(firm):
    with firm.session("a1") as s:
        s.require(Account, 1).notes = "x"
        s.flush()
        assert s.scalar(ACCOUNTS) == 4
    with firm.session("a1") as s:
        assert s.require(Account, 1).notes is None


def test_each_transaction_of_an_open_session_asks_anew(firm):
    with firm.session("a1") as s:
        assert s.scalar(ACCOUNTS) == 4
        s.rollback()
        profile_of(firm, "a1", scopes=[{"kind": "all"}])
        assert s.scalar(ACCOUNTS) == 12
        s.rollback()
        with firm.session("admin") as other:
            other.access.block("a1")
            other.commit()
        for _ in range(2):
            with pytest.raises(AccessDenied, match="USER_BLOCKED"):
                s.scalar(ACCOUNTS)
        s.rollback()
        with firm.session("admin") as other:
            other.access.unblock("a1")
            other.commit()
        assert s.scalar(ACCOUNTS) == 12
    assert [(entity, changes) for entity, _, changes in refused(firm)] == [("crm_user", {"code": [None, "USER_BLOCKED"]})]


@only_sqlite
def test_how_far_a_session_reaches_is_known_before_it_has_asked_anything(firm):
    with firm.session("a1") as s:
        assert (s.guard.limited, s.guard.guarding, s.guard.lifts) == (False, False, False)
        assert (s.guard.reach.login, s.guard.limited, s.guard.guarding) == ("a1", True, True)
        # It is how far the user reaches in this transaction, and no other.
        assert s.orm.has_begun
        with s.guard.lifted():
            assert (s.guard.limited, s.guard.guarding, s.guard.lifts) == (True, False, True)
            with s.guard.lowered():
                assert s.guard.guarding
                assert s.scalar(ACCOUNTS) == 4
            with s.guard.lifted():
                assert s.scalar(ACCOUNTS) == 12
            assert not s.guard.guarding
            assert s.scalar(ACCOUNTS) == 12
        assert (s.guard.guarding, s.guard.lifts) == (True, False)
        s.rollback()
        assert not s.guard.limited
        with s.guard.lifted():
            assert s.scalar(ACCOUNTS) == 12
            # What ends a transaction ends what it could do: the next one is the user's, also in here.
            s.commit()
            assert not s.guard.limited
            assert s.scalar(ACCOUNTS) == 4
            assert s.guard.guarding
        assert s.scalar(ACCOUNTS) == 4
    with firm.session(SETUP) as s:
        assert (s.guard.reach.login, s.guard.reach.open, s.guard.limited, s.guard.unseen(Account, [999])) == (
            "system:setup",
            True,
            False,
            set(),
        )
        with s.guard.lifted():
            assert not s.guard.lifts


def test_of_many_refusals_as_many_are_told_as_the_bound_allows(firm, monkeypatch):
    monkeypatch.setattr(guard, "_MOST_TOLD", 3)
    profile_of(firm, "a1", functions=["customers.read"])
    with firm.session("a1") as s:
        for account in s.scalars(select(Account)):
            account.notes = "x"
        with pytest.raises(ValidationFailed, match="FUNCTION_NOT_GRANTED") as denied:
            s.commit()
    assert [problem.params for problem in denied.value.problems] == [{"function": "customers.update", "profile": "AGENTE"}]
    told = refused(firm)
    assert len({key for _, key, _ in told}) == len(told) == 3
    assert {str(changes) for _, _, changes in told} == {
        str({"code": [None, "FUNCTION_NOT_GRANTED"], "function": [None, "customers.update"]})
    }


def test_every_record_of_others_is_told_and_the_first_is_named(firm):
    with firm.session(SETUP) as s:
        smuggled = [s.require(Account, key) for key in (7, 5, 6, 12)]
        s.orm.expunge_all()
    with firm.session("a1") as s:
        for account in smuggled:
            s.orm.add(account)
            account.notes = "mine"
        with pytest.raises(AccessDenied) as denied:
            s.commit()
        assert (denied.value.code, denied.value.params) == ("ACCESS_DENIED", {"entity": "account", "id": 5, "login": "a1"})
    about = {"code": [None, "ACCESS_DENIED"], "verb": [None, "write"]}
    assert refused(firm) == [("account", key, about) for key in (5, 6, 7, 12)]


@only_sqlite
def test_all_that_a_profile_does_not_grant_is_said_at_once_and_no_value_is_told(firm):
    profile_of(firm, "a1", functions=["customers.read"], masks={"account": {"readonly": [*CLOSED[:-1], "name"], "hidden": [CLOSED[-1]]}})
    with firm.session("a1") as s:
        s.add(Person(account_id=1, last_name="Rossi"))
        account = s.require(Account, 1)
        for field in (*CLOSED, "language"):
            setattr(account, field, "secret")
        with pytest.raises(ValidationFailed) as denied:
            s.commit()
        assert denied.value.code == "VALIDATION_FAILED"
        with pytest.raises(ValidationFailed) as mass:
            s.guard.require(Account, ["name"])
        with pytest.raises(ValidationFailed):
            s.guard.require(Interaction, [])
    function = [("FUNCTION_NOT_GRANTED", {"function": f"customers.{verb}", "profile": "AGENTE"}) for verb in ("create", "update")]
    fields = [("FIELD_NOT_GRANTED", {"entity": "account", "field": each, "profile": "AGENTE"}) for each in sorted(CLOSED)]
    found = [(problem.code, dict(problem.params)) for problem in denied.value.problems]
    assert all(each in found for each in (*function, *fields))
    assert [each for each in found if each[0] == "FIELD_NOT_GRANTED"] == fields
    name = ("FIELD_NOT_GRANTED", {"entity": "account", "field": "name", "profile": "AGENTE"})
    assert [(problem.code, dict(problem.params)) for problem in mass.value.problems] == [function[1], name]
    assert "secret" not in str(refused(firm))
    code = {name: [None, name] for name in ("FUNCTION_NOT_GRANTED", "FIELD_NOT_GRANTED")}
    assert ("account", 1, {"code": code["FIELD_NOT_GRANTED"], "field": [None, "notes"]}) in refused(firm)
    assert ("interaction", 0, {"code": code["FUNCTION_NOT_GRANTED"], "function": [None, "contacts.update"]}) in refused(firm)
    assert ("person", 0, {"code": code["FUNCTION_NOT_GRANTED"], "function": [None, "customers.create"]}) in refused(firm)


def test_who_has_no_profile_has_no_name_of_it(firm):
    with firm.session(Actor("admin", functions=("customers.read",))) as s:
        s.require(Account, 1).notes = "x"
        with pytest.raises(ValidationFailed) as denied:
            s.commit()
    assert [(each.code, dict(each.params)) for each in denied.value.problems] == [
        ("FUNCTION_NOT_GRANTED", {"function": "customers.update", "profile": ""})
    ]
    assert names(firm, "admin") >= {"K01"}


@only_sqlite
def test_nobody_is_limited_before_there_are_users(open_crm):
    with open_crm().session("anybody") as s:
        assert (s.guard.reach.open, s.guard.limited, s.guard.guarding) == (True, False, False)
        with s.guard.lifted():
            assert (s.guard.lifts, s.guard.limited) == (True, False)
        assert s.guard.unseen(Account, [999]) == set()
        s.guard.require(Account, ["notes"])


def test_what_is_ones_own_is_made_changed_and_deleted_and_what_is_not_is_not(firm):
    with firm.session(SETUP) as s:
        hidden = s.require(Account, 5)
        s.orm.expunge_all()
    with firm.session("a1") as s:
        # With a key of its own, as an import may give it.
        s.add(Person(account_id=1, last_name="Rossi")).id = 500
        s.commit()
        s.require(Person, 500).last_name = "Bianchi"
        s.commit()
        s.delete(s.require(Person, 500))
        s.commit()
        assert s.get(Person, 500) is None
        for refuse in (lambda: s.add(Person(account_id=5, last_name="Rossi")), lambda: s.orm.add(hidden) or s.delete(hidden)):
            refuse()
            with pytest.raises(AccessDenied, match="ACCESS_DENIED"):
                s.commit()
    assert len(names(firm, "admin")) == 12


@only_sqlite
def test_what_the_platform_writes_for_a_user_takes_no_function_and_is_not_looked_for(firm):
    known = {"entity": "account", "record_id": 1, "table_name": "x", "old": None, "new": "y", "at": NOW, "actor": "a1"}
    history = StateChange(**known)
    history.id = 1
    changes = [Change(name, RecordVerb.CREATED, history, {}) for name in ("state_change", "nothing")]
    with firm.session("a1") as s:
        assert s.guard.reach.may("configuration.create") is False
        assert s.guard.problems(changes) == []
        s.guard.mourn(changes)
        s.guard.check_written(changes)
        assert s.unit.mourners == []


@only_sqlite
def test_records_that_were_read_past_the_guard_leave_the_session_and_others_stay(firm):
    with firm.session("a1") as s:
        mine = s.require(Account, 1)
        new = s.add(Person(account_id=1, last_name="Rossi"))
        with s.guard.lifted():
            hidden = s.require(Account, 5)
        assert [record in s.orm for record in (mine, new, hidden)] == [True, True, False]
        assert s.get(Account, 1) is mine
        assert s.get(Account, 5) is None
