"""Tokens for programs: good for some functions, for a time, and never for more than their user may do (A02, A08)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crmcore import Account
from crmcore.access.signin import Reason
from crmcore.model import ApiToken, Profile, User

pytestmark = pytest.mark.feature("A02", "A06")


def token_for(office, login="a1", functions=("customers.read",), **options):
    return office.admin(lambda s: s.signin.create_token(login, "listino", functions, **{"days": 30, **options}))


def names(s):
    return sorted(s.scalars(select(Account.name)))


@pytest.fixture
def office(open_office):
    made = open_office(people=())
    made.admin(lambda s: s.accounts.create(name="Rossi"))
    return made


def test_a_token_does_what_it_is_for_and_no_more(office, refused):
    actor = office.crm.signin.actor(token_for(office).token)
    assert (actor.name, actor.functions) == ("a1", ("customers.read",))
    with office.crm.session(actor) as s:
        assert names(s) == ["Rossi"]
        assert (s.may("customers.read"), s.may("customers.create"), s.may("contacts.read")) == (True, False, False)
        s.accounts.create(name="Bianchi")
        assert refused(s.commit) == "FUNCTION_NOT_GRANTED"
    with office.crm.session("a1") as s:
        s.accounts.create(name="Bianchi")
        s.commit()


def test_a_token_reads_nothing_of_other_parts(office):
    with office.crm.session(office.crm.signin.actor(token_for(office, functions=["territory.read"]).token)) as s:
        assert names(s) == []
    with office.crm.session("a1") as s:
        assert names(s) == ["Rossi"]


def test_a_token_does_no_more_than_its_user(office, refused):
    with office.crm.session(office.crm.signin.actor(token_for(office, functions=["customers.*", "contacts.*"]).token)) as s:
        assert names(s) == ["Rossi"]
        assert (s.may("customers.delete"), s.may("contacts.read")) == (True, False)
    [profile] = office.admin(lambda s: [p.id for p in s.scalars(select(Profile))])

    def narrow(s):
        s.require(Profile, profile).functions = []

    token = token_for(office, functions=["customers.*"]).token
    office.admin(narrow)
    with office.crm.session(office.crm.signin.actor(token)) as s:
        assert names(s) == []


def test_the_token_of_an_administrator_administers_only_if_it_is_for_that(office, refused):
    def rename(actor):
        with office.crm.session(actor) as s:
            s.scalars(select(User).where(User.login == "a2")).one().name = "Anna"
            s.commit()

    plain = office.crm.signin.actor(token_for(office, "admin", ["customers.*"]).token)
    assert refused(rename, plain) in {"FUNCTION_NOT_GRANTED", "ADMINISTRATOR_NEEDED"}
    with office.crm.session(plain) as s:
        assert refused(lambda: s.signin.create_token("admin", "more", ["*"], days=1)) == "ADMINISTRATOR_NEEDED"
        assert refused(s.signin.tokens) == "ADMINISTRATOR_NEEDED"
    assert refused(rename, office.crm.signin.actor(token_for(office, "admin", ["access.*"]).token)) is None


def test_a_token_expires(office, refused):
    token = token_for(office, days=1).token
    office.crm.clock.advance(timedelta(days=1, microseconds=-1))
    assert refused(office.crm.signin.actor, token) is None
    office.crm.clock.advance(timedelta(microseconds=1))
    assert refused(office.crm.signin.actor, token) == "TOKEN_ENDED"
    assert office.admin(lambda s: s.signin.tokens("a1"))[0].ended is Reason.EXPIRED


def test_a_token_is_revoked(office, refused):
    made = token_for(office)
    office.admin(lambda s: s.signin.revoke_token(made.info.uid))
    assert refused(office.crm.signin.actor, made.token) == "TOKEN_ENDED"
    for uid in (made.info.uid, "no id"):
        assert refused(office.admin, lambda s, uid=uid: s.signin.revoke_token(uid)) == "NOT_FOUND"
    told = [(each["token"], each["login"]) for kind in ("token.created", "token.revoked") for each in office.events(kind)]
    assert told == [(made.info.uid, "a1")] * 2


@pytest.mark.feature("A08", "I-26")
def test_the_token_of_a_blocked_user_rests(office, refused):
    token = token_for(office).token
    office.admin(lambda s: s.access.block("a1"))
    assert refused(office.crm.signin.actor, token) == "USER_BLOCKED"
    office.admin(lambda s: s.access.unblock("a1"))
    assert refused(office.crm.signin.actor, token) is None


@pytest.mark.feature("A01", "I-25")
def test_the_token_of_a_device_ends_with_it(office, refused):
    pc, other = office.pc(), office.pc()
    bound, free = token_for(office, device=pc.uid).token, token_for(office, device=other.uid).token
    assert office.crm.signin.actor(bound).device == pc.uid
    office.admin(lambda s: s.signin.revoke_device(pc.uid))
    assert refused(office.crm.signin.actor, bound) == "TOKEN_ENDED"
    assert refused(office.crm.signin.actor, free) is None


@pytest.mark.feature("A01", "I-25")
def test_where_only_devices_work_a_token_needs_one(open_office, open_crm, refused):
    office = open_office(people=())
    loose, pc = token_for(office).token, office.pc()
    strict = open_crm(settings={"core": {"access": {"require_device": True}}})
    assert refused(strict.signin.actor, loose) == "TOKEN_ENDED"
    with strict.session("admin") as s:
        assert refused(lambda: s.signin.create_token("a1", "x", ["customers.read"], days=1)) == "TOKEN_DEVICE_NEEDED"
        bound = s.signin.create_token("a1", "x", ["customers.read"], days=1, device=pc.uid).token
        s.commit()
    assert strict.signin.actor(bound).device == pc.uid


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"days": 0}, "TOKEN_LIFETIME"),
        ({"days": 366}, "TOKEN_LIFETIME"),
        ({"functions": []}, "ACCESS_FUNCTION_UNKNOWN"),
        ({"functions": ["customers.reed"]}, "ACCESS_FUNCTION_UNKNOWN"),
        ({"login": "nobody"}, "USER_UNKNOWN"),
        ({"device": "no id"}, "NOT_FOUND"),
    ],
)
def test_tokens_that_make_no_sense_are_refused(office, refused, options, expected):
    assert refused(lambda: token_for(office, **options)) == expected


def test_tokens_are_for_administrators_and_seen_by_their_user(office, refused):
    made = token_for(office)
    for work in (
        lambda s: s.signin.tokens(),
        lambda s: s.signin.create_token("a1", "x", ["customers.read"], days=1),
        lambda s: s.signin.revoke_token(made.info.uid),
    ):
        assert refused(office.admin, work, "a1") == "ADMINISTRATOR_NEEDED"
    assert office.admin(lambda s: s.signin.tokens("a1"), "a1") == [made.info]
    with office.crm.session("a1") as s, pytest.raises(Exception, match="api_token"):
        s.execute(select(ApiToken.__table__)).all()


def test_a_token_opens_nothing_that_takes_a_person(office, refused, password):
    token = token_for(office).token
    signin = office.crm.signin
    answers = [refused(work, token) for work in (signin.begin_renewal, signin.close)]
    assert [*answers, refused(signin.change_password, token, password, "un altro cavallo")] == ["SESSION_NEEDED"] * 3


def test_uses_are_noted_once_a_minute(office):
    made = token_for(office)
    first = office.crm.clock.now()

    def last():
        return office.admin(lambda s: s.signin.tokens())[0].last_used_at

    assert (made.info.last_used_at, last()) == (None, None)
    for seconds, expected in ((0, first), (59, first), (1, first + timedelta(minutes=1))):
        office.crm.clock.advance(timedelta(seconds=seconds))
        office.crm.signin.actor(made.token)
        assert last() == expected
