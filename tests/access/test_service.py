"""How far a user reaches is remembered as long as nothing changes, and never longer: by tables, trees and days (A02 to A04, A08, I-26)."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import delete, event, func, select, update

from crmcore import Account, Actor
from crmcore.access.reach import Reach
from crmcore.access.service import subtrees
from crmcore.errors import AccessDenied
from crmcore.model import BusinessUnit, GroupMember, Portfolio, Profile, Salesperson, User, UserGroup, Zone

from .test_reach import firm, names, profile_of

__all__ = ["firm"]

pytestmark = pytest.mark.feature("A02", "A03", "A04", "A08", "I-26")
only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

SETUP = Actor.system("setup")


def ask(crm, login="a1", functions=None, **options):
    with crm.engine.connect() as connection:
        return crm.access.reach(login, connection, functions, **options)


def test_a_reach_is_kept_until_a_table_changes_on_which_it_depends(firm):
    with firm.session(SETUP) as s:
        group = s.add(UserGroup(code="G", label_it="G"))
        s.commit()
        key = s.scalar(select(User.id).where(User.login == "a1"))
        a1, profile, seller = s.require(User, key), s.scalar(select(Profile)), s.scalar(select(Salesperson).where(Salesperson.code == "A1"))

        def rename(record, field):
            setattr(record, field, "Another")

        known = ask(firm)
        assert known.sellers == {a1.salesperson_id}
        for change in (
            lambda: rename(a1, "name"),
            lambda: rename(profile, "label_it"),
            lambda: rename(group, "label_it"),
            lambda: s.add(GroupMember(group_id=group.id, user_id=key)),
            lambda: rename(seller, "name"),
        ):
            assert ask(firm) is known
            change()
            s.commit()
            assert ask(firm) is not known
            known = ask(firm)
        assert known.groups == {"G"}
        s.require(Account, 1).notes = "x"
        s.commit()
        assert ask(firm) is known


def test_each_user_and_each_token_has_a_reach_of_its_own(firm):
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    whole = ask(firm)
    token = ask(firm, functions=("customers.read",))
    assert (whole.may("customers.update"), token.may("customers.update"), ask(firm, "a2").login) == (True, False, "a2")
    event.listen(firm.engine, "before_cursor_execute", note)
    try:
        assert ask(firm) is whole
        assert ask(firm, functions=("customers.read",)) is token
    finally:
        event.remove(firm.engine, "before_cursor_execute", note)
    assert [statement for statement in seen if not statement.startswith("BEGIN")] == [firm.access.question] * 2


@only_sqlite
def test_without_a_connection_the_same_is_asked_on_a_borrowed_one(firm):
    found = firm.access.reach("a1")
    assert (found.login, firm.access.reach("a1") is found, ask(firm) is found) == ("a1", True, True)
    with pytest.raises(AccessDenied, match="USER_UNKNOWN") as unknown:
        firm.access.reach("stranger")
    assert unknown.value.params == {"login": "stranger"}


def test_what_nobody_has_committed_is_believed_where_it_is_and_kept_nowhere(firm):
    known = ask(firm)
    with firm.engine.connect() as connection:
        connection.execute(
            update(Profile.__table__)
            .where(Profile.__table__.c.code == "AGENTE")
            .values(scopes=[{"kind": "all"}], version=Profile.__table__.c.version + 1)
        )
        assert firm.access.reach("a1", connection, uncommitted=True).all
        assert not firm.access.reach("a1", connection, ("contacts.read",), uncommitted=True).may("customers.read")
        connection.rollback()
    # The same fingerprint as that of what was never committed.
    profile_of(firm, "a1", label_it="Another")
    assert ask(firm).all is known.all is False


def test_at_midnight_a_reach_ends_that_was_kept(firm, frozen_clock):
    profile_of(firm, "a1", scopes=[{"kind": "own", "to": "2026-05-11"}, {"kind": "unassigned", "from": "2026-05-12"}])
    assert [names(firm, "a1") for _ in range(2)] == [{"K01", "K02", "K03", "K04"}] * 2
    frozen_clock.advance(timedelta(days=1))
    assert [names(firm, "a1") for _ in range(2)] == [{"K12"}] * 2


def test_trees_may_change_from_one_transaction_to_the_next(firm):
    profile_of(firm, "a1", scopes=[])
    with firm.session(SETUP) as s:
        unit = s.scalar(select(BusinessUnit.id))
        options = {Zone: {}, Portfolio: {"business_unit_id": unit}}
        for cls, more in options.items():
            for code in ("TOP", "ELSE"):
                s.add(cls(code=code, label_it=code, **more))
        s.commit()
        for cls, kind in ((Zone, "zone"), (Portfolio, "portfolio")):
            profile_of(firm, "a1", scopes=[{"kind": kind, "target": "TOP"}])
            top = s.scalar(select(cls).where(cls.code == "TOP"))
            assert getattr(ask(firm), f"{kind}s") == {top.id}
            below = s.add(cls(code="BELOW", label_it="Below", parent_id=top.id, **options[cls]))
            s.commit()
            found = ask(firm)
            assert getattr(found, f"{kind}s") == {top.id, below.id}
            # A code of the other tree means nothing in this one.
            assert not (found.portfolios if cls is Zone else found.zones)


@only_sqlite
def test_a_tree_below_codes_that_are_not_there_is_empty(firm):
    with firm.engine.connect() as connection:
        assert [subtrees(connection, Zone, codes) for codes in ((), ("NOWHERE",))] == [frozenset(), frozenset()]


def test_parts_are_those_that_the_functions_let_somebody_read(firm):
    profile_of(firm, "a1", functions=["customers.read", "contacts.update", "searches.*"])
    assert ask(firm).parts == {"customers", "searches"}
    assert {"customers", "contacts", "changes", "access"} <= ask(firm, "admin").parts


def test_who_is_blocked_is_refused_each_time(firm):
    assert len(names(firm, "a1")) == 4
    with firm.session("admin") as s:
        s.access.block("a1")
        s.commit()
    for _ in range(3):
        with firm.session("a1") as s, pytest.raises(AccessDenied) as refused:
            s.scalars(select(Account)).all()
        assert (refused.value.code, refused.value.params) == ("USER_BLOCKED", {"login": "a1"})


def test_once_the_last_user_is_gone_everybody_does_everything_again_and_a_single_one_is_a_user(firm):
    assert len(names(firm, "a1")) == 4
    with firm.engine.begin() as connection:
        connection.execute(delete(User.__table__).where(User.__table__.c.login != "a1"))
    assert len(names(firm, "a1")) == 4
    with firm.engine.begin() as connection:
        connection.execute(delete(User.__table__))
    for login in ("a1", "stranger"):
        with firm.session(login) as s:
            assert s.access.reach().open
            assert s.scalar(select(func.count()).select_from(Account)) == 12
            s.require(Account, 12).notes = login
            s.commit()
    assert isinstance(ask(firm), Reach)


@only_sqlite
def test_closing_a_crm_closes_the_connections_of_users(firm):
    with firm.session("a1") as s:
        raw = s.orm.connection().connection.dbapi_connection
    assert raw.execute("SELECT count(*) FROM account").fetchone() == (4,)
    firm.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        raw.execute("SELECT 1")
