"""Sessions: opened with a password, checked at each request, ended in time (A02, A08, I-26)."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, inspect, select, text

from crmcore import Actor
from crmcore.access.signin import DeviceKey, Reason, attempts, passwords
from crmcore.access.signin.refusing import TOLD
from crmcore.access.signin.requests import NOTED
from crmcore.model import ATTEMPT, Credential, User, UserSession, UserStatus

pytestmark = pytest.mark.feature("A02")

MINUTE = timedelta(minutes=1)


def later(office, **by):
    office.crm.clock.advance(timedelta(**by))


def block(office, login="a1"):
    office.admin(lambda s: s.access.block(login))


def unblock(office, login="a1"):
    office.admin(lambda s: s.access.unblock(login))


class TestPasswords:
    def test_who_knows_it_is_let_in(self, open_office):
        office = open_office()
        opened = office.open()
        assert opened.actor == Actor.user("a1") == office.crm.signin.actor(opened.token)
        assert opened.expires_at == office.crm.clock.now() + timedelta(hours=12)
        assert office.events("session.opened") == [{"session": opened.session, "login": "a1", "device": None}]

    def test_nobody_learns_which_logins_exist(self, open_office, password):
        office = open_office()
        said = set()
        for login, word in (("a1", "wrong"), ("a2", password), ("nobody", password), ("", ""), ("a1\0", "x"), ("\ud800", "\ud800")):
            with pytest.raises(PermissionError) as caught:
                office.crm.signin.open(login, word)
            said.add(str(caught.value))
        assert said == {"SIGNIN_FAILED: login or password are wrong"}
        # What was typed as a login may be a password: only the logins that exist are told.
        assert [each["login"] for each in office.events("session.refused")] == ["a1", "a2", None, None, None, None]

    def test_it_takes_as_long_to_refuse_who_does_not_exist(self, open_office, monkeypatch, refused):
        from argon2 import PasswordHasher

        office = open_office()
        hashed = []
        for name in ("hash", "verify"):
            plain = getattr(PasswordHasher, name)
            monkeypatch.setattr(PasswordHasher, name, lambda *args, plain=plain, name=name: hashed.append(name) or plain(*args))
        for login in ("a1", "a2", "nobody"):
            assert refused(office.crm.signin.open, login, "wrong") == "SIGNIN_FAILED"
        assert hashed == ["verify", "hash", "hash"]

    @pytest.mark.parametrize(
        "word", ["short", "aaaaaaaaaaaaaaaaaaaa", "x" * 1001, "la password di a1-rossi è questa", "ababababababab"], ids=len
    )
    def test_weak_ones_are_refused_without_being_repeated(self, open_office, word):
        office = open_office()
        with office.crm.session(Actor.system("setup")) as s:
            s.scalars(select(User).where(User.login == "a2")).one().login = "a1-rossi"
            s.commit()
        with pytest.raises(ValueError, match="PASSWORD_WEAK") as caught:
            office.admin(lambda s: s.signin.set_password("a1-rossi", word))
        assert word not in str(caught.value) + caught.value.text("it")

    def test_the_shortest_is_a_setting(self, open_office, refused):
        office = open_office(people=(), password_minimum=20)
        assert refused(office.admin, lambda s: s.signin.set_password("a1", "diciannove lettere.")) == "PASSWORD_WEAK"
        office.admin(lambda s: s.signin.set_password("a1", "esattamente venti ch"))

    def test_one_accented_letter_may_be_typed_in_two_ways(self, open_office):
        office = open_office(people=())
        office.admin(lambda s: s.signin.set_password("a1", "perche\u0301 no, adesso?"))
        assert office.open(password="perch\u00e9 no, adesso?").actor.name == "a1"

    def test_they_are_set_by_administrators(self, open_office, refused, password):
        office = open_office()
        assert refused(office.admin, lambda s: s.signin.set_password("a2", password), "a1") == "ADMINISTRATOR_NEEDED"
        assert refused(office.admin, lambda s: s.signin.set_password("nobody", password)) == "USER_UNKNOWN"

    def test_a_new_one_ends_the_sessions_with_the_old(self, open_office, refused):
        office = open_office()
        opened = office.open()
        office.admin(lambda s: s.signin.set_password("a1", "un altro cavallo"))
        assert refused(office.crm.signin.actor, opened.token) == "SESSION_ENDED"
        assert refused(office.open) == "SIGNIN_FAILED"
        assert office.open(password="un altro cavallo").actor.name == "a1"

    def test_people_change_their_own(self, open_office, refused, password):
        office = open_office()
        mine, forgotten = office.open(), office.open()
        change = office.crm.signin.change_password
        assert refused(change, mine.token, "wrong", "un altro cavallo") == "SIGNIN_FAILED"
        assert refused(change, mine.token, password, "kurz") == "PASSWORD_WEAK"
        change(mine.token, password, "un altro cavallo")
        assert office.crm.signin.actor(mine.token).name == "a1"
        assert refused(office.crm.signin.actor, forgotten.token) == "SESSION_ENDED"
        assert refused(change, forgotten.token, "un altro cavallo", "ancora un altro") == "SESSION_ENDED"
        assert office.events("user.password_changed") == [{"login": "a1"}] * 2

    def test_stored_ones_follow_the_settings_when_they_are_used(self, open_office, open_crm):
        office = open_office()
        crm = open_crm(settings={"core": {"access": {"hash_memory": 20_000, "hash_passes": 2}}})

        def stored():
            with crm.engine.connect() as connection:
                return connection.execute(select(Credential.password_hash)).scalar_one()

        assert "m=19456,t=2,p=4" in stored()
        crm.signin.open("a1", "cavallo batteria graffetta")
        assert "m=20000,t=2,p=4" in stored()
        assert office.open().actor.name == "a1"

    def test_what_is_not_installed_is_named(self, open_office, monkeypatch, refused, password):
        office = open_office()
        monkeypatch.setitem(sys.modules, "argon2", None)
        assert refused(office.open) == "ACCESS_EXTRA_MISSING"
        assert refused(office.admin, lambda s: s.signin.set_password("a1", password)) == "ACCESS_EXTRA_MISSING"
        monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
        assert refused(DeviceKey.generate) == "ACCESS_EXTRA_MISSING"


class TestLimits:
    """How many passwords may be tried."""

    def test_after_so_many_attempts_not_even_the_right_one_is_looked_at(self, open_office, refused):
        office = open_office(attempts=3)
        assert [refused(office.open, "a1", None, "wrong") for _ in range(5)] == ["SIGNIN_FAILED"] * 3 + ["SIGNIN_LIMITED"] * 2
        assert refused(office.open) == "SIGNIN_LIMITED"
        later(office, minutes=15, microseconds=-1)
        assert refused(office.open) == "SIGNIN_LIMITED"
        later(office, microseconds=1)
        assert refused(office.open) is None

    def test_it_says_when_the_next_one_is_possible(self, open_office):
        office = open_office(attempts=1)
        for word in ("SIGNIN_FAILED", "09:15:00"):
            with pytest.raises(PermissionError, match=word):
                office.open(password="wrong")

    def test_signing_in_begins_a_new_count(self, open_office, refused):
        office = open_office(attempts=3)
        for _ in range(3):
            assert [refused(office.open, "a1", None, "wrong") for _ in range(2)] == ["SIGNIN_FAILED"] * 2
            assert refused(office.open) is None

    def test_unknown_logins_are_limited_as_well(self, open_office, refused):
        office = open_office(attempts=2)
        assert [refused(office.open, "nobody") for _ in range(3)] == ["SIGNIN_FAILED"] * 2 + ["SIGNIN_LIMITED"]
        assert refused(office.open, "a1") is None

    def test_who_has_no_device_of_ours_keeps_nobody_from_signing_in(self, open_office, refused):
        office = open_office(attempts=2)
        pc = office.pc()
        assert [refused(office.open, "a1", None, "wrong") for _ in range(3)] == ["SIGNIN_FAILED"] * 2 + ["SIGNIN_LIMITED"]
        assert refused(office.open, "a1", pc) is None
        assert [refused(office.open, "a1", pc, "wrong") for _ in range(3)] == ["SIGNIN_FAILED"] * 2 + ["SIGNIN_LIMITED"]

    def test_changing_a_password_is_limited_as_well(self, open_office, refused):
        office = open_office(attempts=2)
        token = office.open().token
        answers = [refused(office.crm.signin.change_password, token, "wrong", "un altro cavallo") for _ in range(3)]
        assert answers == ["SIGNIN_FAILED"] * 2 + ["SIGNIN_LIMITED"]

    def test_attempts_at_one_moment_are_counted_exactly(self, open_office, refused):
        office = open_office(attempts=5)
        together = Barrier(12)

        def try_it():
            together.wait(timeout=60)
            return refused(office.crm.signin.open, "a1", "wrong")

        with ThreadPoolExecutor(12) as threads:
            answers = [each.result(timeout=120) for each in [threads.submit(try_it) for _ in range(12)]]
        assert sorted(answers) == ["SIGNIN_FAILED"] * 5 + ["SIGNIN_LIMITED"] * 7

    def test_no_two_get_one_number(self, open_office):
        crm = open_office(people=()).crm

        def count(_):
            with crm.session(Actor.system("test")) as s:
                found = attempts.count(s, ("what",), MINUTE)
                s.commit()
            return found.number

        with ThreadPoolExecutor(8) as threads:
            assert sorted(threads.map(count, range(120))) == list(range(1, 121))

    def test_who_knocks_without_an_end_does_not_fill_the_log(self, open_office, refused):
        office = open_office(people=(), require_device=True)
        for _ in range(TOLD + 5):
            assert refused(office.open) == "DEVICE_NOT_REGISTERED"
        assert len(office.events("session.refused")) == TOLD


@pytest.mark.feature("A08", "I-26", "S15")
class TestBlocked:
    def test_the_next_request_of_an_open_session_is_refused(self, open_office, refused):
        office = open_office()
        opened = office.open()
        with office.crm.session(office.crm.signin.actor(opened.token)) as s:
            s.accounts.create(name="Rossi")
            s.commit()
            block(office)
            assert refused(s.scalars, select(User)) == "USER_BLOCKED"
        for _ in range(2):
            assert refused(office.crm.signin.actor, opened.token) == "USER_BLOCKED"
        assert refused(office.crm.signin.close, opened.token) == "USER_BLOCKED"
        with office.crm.session(opened.actor) as s:
            assert refused(s.scalars, select(User)) == "USER_BLOCKED"
        assert office.events("session.closed") == [{"session": opened.session, "login": "a1", "reason": "user_blocked"}]

    def test_what_was_open_stays_ended_when_the_user_may_work_again(self, open_office, refused):
        office = open_office()
        opened = office.open()
        block(office)
        unblock(office)
        assert refused(office.crm.signin.actor, opened.token) == "SESSION_ENDED"
        assert office.open().actor.name == "a1"

    def test_a_session_that_nobody_ended_ends_at_its_next_request(self, open_office, refused):
        office = open_office()
        opened = office.open()
        with office.crm.engine.begin() as connection:  # past every rule: what a database administrator may do
            connection.execute(User.__table__.update().where(User.login == "a1").values(status=UserStatus.BLOCKED.value))
        assert refused(office.crm.signin.actor, opened.token) == "USER_BLOCKED"
        assert [each["reason"] for each in office.events("session.closed")] == ["user_blocked"]

    def test_nobody_learns_who_is_blocked_without_the_password(self, open_office, refused):
        office = open_office()
        block(office)
        assert refused(office.open, "a1", None, "wrong") == "SIGNIN_FAILED"
        assert refused(office.open) == "USER_BLOCKED"

    def test_a_block_while_the_password_is_verified_comes_in_time(self, open_office, refused, monkeypatch):
        office = open_office()
        plain = passwords.Passwords.verify

        def verify(self, stored, password):
            block(office)
            return plain(self, stored, password)

        monkeypatch.setattr(passwords.Passwords, "verify", verify)
        assert refused(office.open) == "USER_BLOCKED"

    @pytest.mark.feature("I-25")
    def test_so_does_a_revocation_of_the_device(self, open_office, refused, monkeypatch):
        office = open_office()
        pc = office.pc()
        plain = passwords.Passwords.verify

        def verify(self, stored, password):
            office.admin(lambda s: s.signin.revoke_device(pc.uid))
            return plain(self, stored, password)

        monkeypatch.setattr(passwords.Passwords, "verify", verify)
        assert refused(office.open, "a1", pc) == "DEVICE_NOT_REGISTERED"
        assert office.events("session.opened") == []

    def test_so_does_a_new_password(self, open_office, refused, monkeypatch):
        office = open_office()
        plain = passwords.Passwords.verify

        def verify(self, stored, password):
            found = plain(self, stored, password)
            office.admin(lambda s: s.signin.set_password("a1", "un altro cavallo"))
            return found

        monkeypatch.setattr(passwords.Passwords, "verify", verify)
        assert refused(office.open) == "SIGNIN_FAILED"

    @pytest.mark.feature("I-29")
    def test_the_last_administrator_is_not_blocked(self, open_office, refused):
        office = open_office(people=("admin",))
        opened = office.open("admin")
        assert refused(office.admin, lambda s: s.access.block("admin")) == "LAST_ADMINISTRATOR"
        assert office.crm.signin.actor(opened.token).name == "admin"


class TestTime:
    def test_a_session_ends_after_its_time_however_busy(self, open_office, refused):
        office = open_office(session_lifetime=1)
        token = office.open().token
        for _ in range(3):
            later(office, minutes=15)
            assert refused(office.crm.signin.actor, token) is None
        later(office, minutes=15, microseconds=-1)
        assert refused(office.crm.signin.actor, token) is None
        later(office, microseconds=1)
        assert refused(office.crm.signin.actor, token) == "SESSION_ENDED"
        assert [each["reason"] for each in office.events("session.closed")] == ["expired"]

    def test_and_when_it_is_idle(self, open_office, refused):
        office = open_office(idle_limit=10)
        token = office.open().token
        later(office, minutes=10, microseconds=-1)
        assert refused(office.crm.signin.actor, token) is None
        later(office, minutes=10)
        assert refused(office.crm.signin.actor, token) == "SESSION_ENDED"
        assert [each["reason"] for each in office.events("session.closed")] == ["idle"]

    def test_a_request_is_one_query_and_writes_once_a_minute(self, open_office, count_statements):
        office = open_office()
        token = office.open().token

        def statements():
            with count_statements(office.crm) as found:
                office.crm.signin.actor(token)
            return [each.split()[0] for each in found if each.split()[0] not in {"BEGIN", "COMMIT"}]

        assert statements() == ["SELECT"]
        office.crm.clock.advance(NOTED)
        assert statements() == ["SELECT", "UPDATE"]
        assert statements() == ["SELECT"]

    def test_what_is_over_is_cleaned_up(self, open_office):
        office = open_office(keep_sessions=10, session_lifetime=720)
        pc = office.pc()
        office.open(pc=pc)
        busy = office.open()
        pc.proof()
        office.crm.worker().run_until_idle()
        later(office, minutes=25)
        office.crm.signin.actor(busy.token)
        later(office, days=1)
        assert office.crm.worker().run_until_idle() >= 1
        ended = office.admin(lambda s: s.signin.sessions(ended=True))
        assert [each.ended for each in ended] == [Reason.IDLE, Reason.IDLE]
        assert len(office.events("session.closed")) == 2
        later(office, days=11)
        office.crm.worker().run_until_idle()
        with office.crm.engine.connect() as connection:
            left = [
                connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in ("user_session", "challenge", "crm_attempt")
            ]
        assert left == [0, 0, 0]


class TestEnding:
    def test_signing_out(self, open_office, refused):
        office = open_office()
        token = office.open().token
        office.crm.signin.close(token)
        assert refused(office.crm.signin.actor, token) == "SESSION_ENDED"
        assert refused(office.crm.signin.close, token) == "SESSION_ENDED"
        assert [each["reason"] for each in office.events("session.closed")] == ["signed_out"]

    def test_people_see_and_end_their_own_and_administrators_all(self, open_office, refused):
        office = open_office(people=("a1", "a2"))
        mine, theirs = office.open("a1"), office.open("a2")
        assert [each.login for each in office.admin(lambda s: s.signin.sessions())] == ["a2", "a1"]
        assert [each.uid for each in office.admin(lambda s: s.signin.sessions("a1"), "a1")] == [mine.session]
        assert refused(office.admin, lambda s: s.signin.sessions(), "a1") == "ADMINISTRATOR_NEEDED"
        assert refused(office.admin, lambda s: s.signin.sessions("a2"), "a1") == "ADMINISTRATOR_NEEDED"
        assert refused(office.admin, lambda s: s.signin.revoke_session(theirs.session), "a1") == "ADMINISTRATOR_NEEDED"
        office.admin(lambda s: s.signin.revoke_session(mine.session), "a1")
        office.admin(lambda s: s.signin.revoke_session(theirs.session))
        assert [refused(office.crm.signin.actor, each.token) for each in (mine, theirs)] == ["SESSION_ENDED"] * 2
        assert refused(office.admin, lambda s: s.signin.revoke_session(mine.session)) == "NOT_FOUND"
        assert refused(office.admin, lambda s: s.signin.revoke_session("no id")) == "NOT_FOUND"
        assert office.admin(lambda s: s.signin.sessions()) == []

    def test_of_two_who_end_one_at_once_one_tells_it(self, open_office, refused):
        office = open_office()
        token = office.open().token
        later(office, hours=13)
        together = Barrier(6)

        def ask():
            together.wait(timeout=60)
            return refused(office.crm.signin.actor, token)

        with ThreadPoolExecutor(6) as threads:
            answers = [each.result(timeout=60) for each in [threads.submit(ask) for _ in range(6)]]
        assert answers == ["SESSION_ENDED"] * 6
        assert len(office.events("session.closed")) == 1

    def test_a_deployment_that_becomes_strict_ends_what_has_no_device(self, open_office, open_crm, refused):
        office = open_office()
        opened, bound = office.open(), office.open(pc=office.pc())
        strict = open_crm(settings={"core": {"access": {"require_device": True}}})
        assert refused(strict.signin.actor, opened.token) == "SESSION_ENDED"
        assert strict.signin.actor(bound.token).name == "a1"

    @pytest.mark.parametrize("token", ["", "crms_", "crms_x", "crmt_x", "a1", "\0", "\ud800", "crms_" + "x" * 100_000])
    def test_what_is_no_token_is_refused(self, open_office, refused, token):
        office = open_office(people=())
        assert refused(office.crm.signin.actor, token) == "TOKEN_UNKNOWN"


@pytest.mark.feature("A01")
class TestRenewal:
    """A session belongs to its device: a copied token is soon of no use."""

    def test_the_device_signs_from_time_to_time(self, open_office, refused):
        office = open_office(device_renewal=15)
        pc = office.pc()
        token = office.open(pc=pc).token
        signin = office.crm.signin
        later(office, minutes=15, microseconds=-1)
        assert refused(signin.actor, token) is None
        later(office, microseconds=1)
        assert refused(signin.actor, token) == "DEVICE_PROOF_NEEDED"
        signin.renew(token, pc.key.answer(pc.uid, signin.begin_renewal(token)))
        assert signin.actor(token).device == pc.uid

    def test_who_copied_the_token_cannot(self, open_office, refused, forged):
        office = open_office()
        pc, thief = office.pc(), office.pc()
        token = office.open(pc=pc).token
        signin = office.crm.signin
        later(office, minutes=15)
        assert refused(signin.renew, token, forged(pc.uid, signin.begin_renewal(token))) == "SIGNATURE_INVALID"
        assert refused(signin.renew, token, thief.key.answer(thief.uid, signin.begin_renewal(token))) == "CHALLENGE_INVALID"
        assert refused(signin.renew, token, thief.proof()) == "CHALLENGE_INVALID"
        assert refused(signin.renew, token, pc.proof()) == "CHALLENGE_INVALID"  # given for opening a session, not for this
        other = office.open(pc=pc).token
        assert refused(signin.renew, token, pc.key.answer(pc.uid, signin.begin_renewal(other))) == "CHALLENGE_INVALID"
        assert refused(signin.actor, token) == "DEVICE_PROOF_NEEDED"

    def test_a_session_without_a_device_has_nothing_to_renew(self, open_office, refused):
        office = open_office()
        token = office.open().token
        assert refused(office.crm.signin.begin_renewal, token) == "DEVICE_NOT_REGISTERED"
        later(office, minutes=29)
        assert refused(office.crm.signin.actor, token) is None


def dump(crm):
    """Return everything that the database holds, as text."""
    with crm.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return "\n".join(str(tuple(row)) for name in names for row in connection.execute(text(f'SELECT * FROM "{name}"')))


def test_nothing_that_one_could_sign_in_with_is_kept_or_shown(open_office, password, caplog, refused):
    office = open_office()
    pc = office.pc()
    opened = office.open(pc=pc)
    made = office.admin(lambda s: s.signin.create_token("a1", "listino", ["customers.read"], days=1))
    typed = "la mia password nel campo sbagliato"
    assert refused(office.open, typed, None, typed) == "SIGNIN_FAILED"
    office.crm.signin.change_password(opened.token, password, "un altro cavallo")
    everything = dump(office.crm) + caplog.text + repr((opened, made, pc.key, office.admin(lambda s: s.signin.tokens())))
    assert "a1" in everything
    for secret in (password, "un altro cavallo", typed, opened.token, made.token, opened.token[5:], made.token[5:]):
        assert secret not in everything
    with office.crm.engine.connect() as connection:
        assert connection.execute(select(Credential.password_hash)).scalar_one().startswith("$argon2id$")
        assert {len(key) for key in connection.execute(select(ATTEMPT.c.key)).scalars()} == {64}
        assert connection.execute(select(func.max(func.length(UserSession.token_hash)))).scalar_one() == 64
