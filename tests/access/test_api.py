"""What a session says of users and of changes: who asks, about which day, and what stays behind of a question (A03, A06, I-26, I-28)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, update

from crmcore import Account, Actor
from crmcore.access.functions import functions_of
from crmcore.access.specs import parse_scope
from crmcore.errors import AccessDenied, RecordNotFound, UsageError
from crmcore.model import GroupMember, Salesperson, User, UserGroup

from .test_reach import firm, names, profile_of

__all__ = ["firm"]

pytestmark = pytest.mark.feature("A03", "A06", "A08", "I-26", "I-28")
only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

SETUP = Actor.system("setup")
JUNE = date(2026, 6, 1)


def seller_of(s, key):
    return s.scalar(select(Salesperson.code).join(Account, Account.seller_id == Salesperson.id).where(Account.id == key))


def give_to(s, key, code):
    s.require(Account, key).seller_id = s.scalar(select(Salesperson.id).where(Salesperson.code == code))


@only_sqlite
def test_a_reach_is_of_today_or_of_the_day_that_is_asked_for(firm):
    profile_of(firm, "a1", scopes=[{"kind": "own", "to": "2026-05-31"}, {"kind": "all", "from": "2026-06-01"}])
    with firm.session("admin") as s:
        today, later = s.access.reach("a1"), s.access.reach("a1", JUNE)
        assert [(each.login, each.all, bool(each.sellers)) for each in (today, later)] == [("a1", False, True), ("a1", True, False)]
        assert s.access.reach().login == "admin"
        with pytest.raises(AccessDenied) as unknown:
            s.access.reach("stranger")
        assert (unknown.value.code, unknown.value.params) == ("USER_UNKNOWN", {"login": "stranger"})
    with firm.session("a1") as s:
        assert s.access.reach("a1", JUNE).all
        for ask in (lambda: s.access.reach("a2"), lambda: s.access.reach("stranger"), s.access.users, lambda: s.access.open_work("a2")):
            with pytest.raises(AccessDenied) as refused:
                ask()
            assert refused.value.code == "ADMINISTRATOR_NEEDED"


@only_sqlite
def test_users_and_functions_are_listed_as_they_are_today(firm):
    profile_of(firm, "a1", scopes=[{"kind": "own", "to": "2026-05-11"}, {"kind": "all", "from": "2026-05-12"}])
    with firm.session(SETUP) as s:
        group = s.add(UserGroup(code="BACKOFFICE", label_it="Back office"))
        s.flush()
        s.add(GroupMember(group_id=group.id, user_id=s.scalar(select(User.id).where(User.login == "a2"))))
        s.access.block("a3")
        s.commit()
    own = (parse_scope("own@..2026-05-11"),)
    with firm.session("admin") as s:
        assert [(row.login, row.name, row.profile, row.status, row.scopes, row.groups) for row in s.access.users()] == [
            ("a1", "", "AGENTE", "active", own, set()),
            ("a2", "", "AGENTE", "active", own, {"BACKOFFICE"}),
            ("a3", "", "AGENTE", "blocked", own, set()),
            ("admin", "Amministratore", None, "active", (parse_scope("all"),), set()),
            ("marco", "", "CAPOAREA", "active", (parse_scope("subtree"),), set()),
        ]
        known = [*functions_of(s.registry.entities.values()), *s.registry.permissions]
        assert "privacy.erase" in known
        assert s.access.functions() == sorted(known)


@only_sqlite
def test_questions_about_a_record_are_of_today_or_of_the_day_that_is_asked_for(firm):
    profile_of(firm, "a1", scopes=[{"kind": "own", "to": "2026-05-31"}, {"kind": "unassigned", "from": "2026-06-01"}])
    with firm.session("admin") as s:
        assert [s.access.explain("a1", Account, 1, at=day).granted for day in (None, JUNE)] == [True, False]
        assert [s.access.explain("a1", Account, 1, at=day).day for day in (None, JUNE)] == [date(2026, 5, 11), JUNE]
        assert [s.access.who_can_see(Account, 12, at=day) for day in (None, JUNE)] == [["admin"], ["a1", "a2", "a3", "admin"]]
        # Of today is the seller who stands in the record, and of a day the one who was, or will be, responsible.
        told = [s.access.explain("marco", Account, 12, at=day).steps[-1].text.text("en") for day in (None, JUNE)]
        assert [text.rpartition("seller=")[2] for text in told] == ["— → denied", "AGN000 → denied"]
        for ask, code, known in (
            (lambda: s.access.explain("a1", "acount", 1), "ACCESS_ENTITY_UNKNOWN", sorted(s.registry.entities)),
            (lambda: s.access.explain("a1", "account", 1, "look"), "ACCESS_VERB_UNKNOWN", ["read", "create", "update", "delete"]),
        ):
            with pytest.raises(UsageError) as wrong:
                ask()
            assert (wrong.value.code, wrong.value.params["known"]) == (code, ", ".join(known))


def test_what_if_starts_from_what_is_gathered_and_leaves_it(firm):
    with firm.session("admin") as s:
        give_to(s, 5, "A1")
        assert s.access.what_if(lambda: None) == {}
        effects = s.access.what_if(lambda: s.access.block("a1"))
        assert [(login, effect.login, effect.gained, effect.lost) for login, effect in effects.items()] == [
            ("a1", "a1", set(), {1, 2, 3, 4, 5})
        ]
        s.commit()
    # What was gathered is kept, and nothing of what was tried.
    assert {login: len(names(firm, login)) for login in ("a1", "a2")} == {"a1": 5, "a2": 2}


def test_what_if_is_told_in_the_order_of_the_logins_and_takes_back_what_was_read_meanwhile(firm):
    with firm.session(SETUP) as s:
        account = s.require(Account, 12)

        def change():
            # Below the session, which does not know that the record is another now.
            s.orm.connection().execute(update(Account.__table__).values(private=True, owner="nobody"))
            s.orm.refresh(account)

        effects = s.access.what_if(change)
        assert list(effects) == ["a1", "a2", "a3", "admin", "marco"]
        assert [len(effect.lost) for effect in effects.values()] == [4, 3, 4, 12, 7]
        assert (account.private, account.owner) == (False, None)


@only_sqlite
def test_who_is_not_there_is_not_blocked(firm):
    with firm.session("admin") as s:
        for change in (s.access.block, s.access.unblock):
            with pytest.raises(RecordNotFound) as missing:
                change("stranger")
            assert (missing.value.code, missing.value.params) == ("NOT_FOUND", {"entity": "crm_user", "id": "stranger"})


@pytest.mark.feature("A05", "A08")
def test_who_works_with_a_token_is_told_what_the_token_may(firm):
    with firm.session("a1") as s:
        key = s.scalar(select(Account.id))
        assert s.access.explain("a1", Account, key).granted
    with firm.session(Actor("a1", functions=("contacts.*",))) as s:
        refused = s.access.explain("a1", Account, key)
        assert (refused.granted, refused.missing) == (False, ("function:customers.read",))
    with firm.session(Actor("a1", functions=("customers.read",))) as s:
        assert s.access.explain("a1", Account, key).granted
        assert not s.access.explain("a1", Account, key, "update").granted
