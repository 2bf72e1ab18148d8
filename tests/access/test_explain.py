"""Every refusal and every grant says why, and what it names is what decides (I-28)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmcore import Account, Actor
from crmcore.errors import AccessDenied, UsageError
from crmcore.model import Person, Profile, Salesperson, User

from .test_reach import firm, names, profile_of

__all__ = ["firm"]

pytestmark = pytest.mark.feature("I-28", "S06")


def explain(crm, login, entity="account", key=5, **options):
    with crm.session("admin") as s:
        return s.access.explain(login, entity, key, **options)


def test_a_refusal_names_the_scope_that_decided_as_in_the_story(firm):
    found = explain(firm, "a1")
    assert (found.granted, found.deciding.rule) == (False, "scope:own")
    assert [step.text.text("en") for step in found.steps] == [
        "user a1 is active",
        "function customers.read: granted by profile AGENTE",
        "scope own: seller in {A1}: account 5.seller=A2 → denied",
    ]
    assert "regola decisiva" in found.text()
    assert "deciding rule" in found.text("en")


def test_what_a_grant_names_takes_the_access_away_when_it_is_removed(firm):
    profile_of(firm, "marco", scopes=[{"kind": "own"}, {"kind": "seller", "target": "A2"}])
    found = explain(firm, "marco")
    assert (found.granted, found.deciding.rule) == (True, "scope:seller:A2")
    assert "K05" in names(firm, "marco")
    profile_of(firm, "marco", scopes=[{"kind": "own"}])
    assert "K05" not in names(firm, "marco")


def test_what_a_refusal_names_gives_access_when_it_is_granted(firm):
    profile_of(firm, "a1", functions=["contacts.*"])
    found = explain(firm, "a1", key=1)
    assert (found.granted, found.deciding.rule) == (False, "function")
    profile_of(firm, "a1", functions=["contacts.*", "customers.read"])
    assert "K01" in names(firm, "a1")


def test_a_private_card_and_a_blocked_user_decide_by_themselves(firm):
    with firm.session(Actor.system("setup")) as s:
        account = s.require(Account, 5)
        account.owner, account.private = "a3", True
        s.commit()
    assert explain(firm, "a2").deciding.rule == "private"
    with firm.session("admin") as s:
        s.access.block("a2")
        s.commit()
    assert explain(firm, "a2").deciding.rule == "user.blocked"
    assert explain(firm, "nobody").deciding.rule == "user"


def test_what_belongs_to_an_account_follows_it(firm):
    with firm.session(Actor.system("setup")) as s:
        s.add(Person(account_id=5, last_name="Rossi"))
        s.commit()
    found = explain(firm, "marco", "person", 1)
    assert found.granted
    assert [step.rule for step in found.steps] == ["user", "function", "path", "function", "scope:subtree"]
    assert not explain(firm, "a1", "person", 1).granted


def test_explanations_agree_with_what_everybody_sees(firm):
    with firm.session(Actor.system("setup")) as s:
        account = s.require(Account, 6)
        account.owner, account.private = "a2", True
        s.commit()
    seen = {login: names(firm, login) for login in ("a1", "a2", "a3", "marco", "admin")}
    with firm.session("admin") as s:
        for key in range(1, 13):
            expected = sorted(login for login, found in seen.items() if f"K{key:02}" in found)
            assert s.access.who_can_see("account", key) == expected


def test_what_if_tells_who_gains_and_who_loses_and_changes_nothing(firm):
    with firm.session("admin") as s:
        a1 = s.scalar(select(Salesperson).where(Salesperson.code == "A1"))
        effects = s.access.what_if(lambda: setattr(s.require(Account, 5), "seller_id", a1.id))
        assert {login: (set(effect.gained), set(effect.lost)) for login, effect in effects.items()} == {
            "a1": ({5}, set()),
            "a2": (set(), {5}),
        }
        s.rollback()
        assert s.require(Account, 5).seller_id != a1.id
        profile = s.scalar(select(Profile).where(Profile.code == "CAPOAREA"))
        assert s.access.what_if(lambda: setattr(profile, "scopes", []))["marco"].lost == {1, 2, 3, 4, 5, 6, 7}


def test_only_administrators_and_those_above_ask_about_others(firm):
    with firm.session(Actor.system("setup")) as s:
        boss = s.scalar(select(User).where(User.login == "marco"))
        s.scalar(select(User).where(User.login == "a1")).supervisor_id = boss.id
        s.commit()
    with firm.session("marco") as s:
        assert s.access.explain("a1", "account", 5).granted is False
        assert s.access.explain("marco", "account", 5).granted
        for ask in (
            lambda: s.access.explain("a3", "account", 5),
            lambda: s.access.who_can_see("account", 5),
            lambda: s.access.what_if(print),
        ):
            with pytest.raises(AccessDenied, match="ADMINISTRATOR_NEEDED"):
                ask()


def test_questions_about_nothing_say_so(firm):
    with pytest.raises(UsageError, match="ACCESS_ENTITY_UNKNOWN"):
        explain(firm, "a1", "acount")
    with pytest.raises(UsageError, match="ACCESS_VERB_UNKNOWN"):
        explain(firm, "a1", verb="look")
    assert explain(firm, "a1", key=999).deciding.rule == "record"
