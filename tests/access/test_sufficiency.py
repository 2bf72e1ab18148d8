"""What an explanation names is what decides: without it there is no access, and with it there is (I-28)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from crmcore import Account, Actor
from crmcore.access.specs import Scope, parse_scope
from crmcore.model import Person, Profile, SavedSearch, User, UserStatus

from .test_differential import ACCOUNTS, AGENCIES, MANAGERS, SCOPES, arrange, company

__all__ = ["company"]

SETUP = Actor.system("setup")
MOST_RULES = 5
"""User, function, function of the parent, private card, scope."""
FUNCTIONS = st.lists(st.sampled_from(["customers.read", "customers.*", "searches.read"]), max_size=2)


def fill(crm, keys):
    """Give each account a person, and everybody a search: what follows an account, and what has an owner."""
    with crm.session(SETUP) as s:
        people = [s.add(Person(account_id=key, last_name="Rossi")) for key in keys.values()]
        searches = [s.add(SavedSearch(owner=owner, name=f"of {owner}", entity="account", shared=owner == "w")) for owner in ("u", "v", "w")]
        s.commit()
        return [(Account, key) for key in keys.values()] + [(type(each), each.id) for each in (*people, *searches)]


def sees(crm, cls, key):
    with crm.session(SETUP) as s:
        if s.scalar(select(User.status).where(User.login == "u")) != UserStatus.ACTIVE:
            return False
    with crm.session("u") as s:
        return s.get(cls, key) is not None


def explained(crm, cls, key):
    with crm.session("admin") as s:
        return s.access.explain("u", cls, key)


def change(crm, **changes):
    with crm.session(SETUP) as s:
        profile, user = s.scalar(select(Profile)), s.scalar(select(User).where(User.login == "u"))
        for name, value in changes.items():
            setattr(user if name == "status" else profile, name, value)
        s.commit()


def profile_of(crm):
    with crm.session(SETUP) as s:
        profile = s.scalar(select(Profile))
        return list(profile.functions), list(profile.scopes)


def take_away(crm, rules):
    """Remove the scopes, or the function, that an explanation names; False when it names a fact of the record."""
    _, scopes = profile_of(crm)
    named = {rule.removeprefix("scope:") for rule in rules if rule.startswith("scope:")}
    if not named or not all(rule.startswith("scope:") for rule in rules):
        return False
    change(crm, scopes=[scope for scope in scopes if str(Scope.of(scope)) not in named])
    return True


def give(crm, missing):
    kind, _, what = missing.partition(":")
    functions, scopes = profile_of(crm)
    if kind == "function":
        change(crm, functions=[*functions, what])
    elif kind == "scope":
        change(crm, scopes=[*scopes, parse_scope(what).data()])
    else:
        change(crm, **{"see_private": {"see_private": True}, "active": {"status": UserStatus.ACTIVE.value}}[kind])


# What PostgreSQL says, `test_reference` compares with the same rules.
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.feature("I-28", "S06")
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    accounts=ACCOUNTS,
    scopes=SCOPES,
    managers=MANAGERS,
    agencies=AGENCIES,
    functions=FUNCTIONS,
    status=st.sampled_from(list(UserStatus)),
    data=st.data(),
)
def test_what_is_named_takes_access_away_and_gives_it(company, accounts, scopes, managers, agencies, functions, status, data):
    crm, ids = company
    with crm.engine.begin() as connection:
        for cls in (Person, SavedSearch):
            connection.execute(delete(cls.__table__))
    for account in accounts:
        account["private"] = account["private"] and account["owner"] is not None
    keys = arrange(crm, ids, accounts, scopes, managers, agencies, False)
    cls, key = data.draw(st.sampled_from(fill(crm, keys)))
    change(crm, functions=functions, status=status.value)
    found = explained(crm, cls, key)
    assert found.granted == sees(crm, cls, key)
    for _ in range(MOST_RULES):
        if found.granted:
            break
        assert found.missing, found.text("en")
        give(crm, data.draw(st.sampled_from(found.missing)))
        after = explained(crm, cls, key)
        assert after.granted == sees(crm, cls, key)
        assert after.granted or after.deciding.rule != found.deciding.rule or after.missing != found.missing
        found = after
    assert found.granted, found.text("en")
    if take_away(crm, found.grants):
        assert not explained(crm, cls, key).granted
        assert not sees(crm, cls, key)
