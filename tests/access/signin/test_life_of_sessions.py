"""A session lives exactly as long as the rules say, whatever happens in whatever order (A02, A08, I-25, I-26)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.feature("A01", "A02", "A08", "I-25", "I-26")

LIFETIME, IDLE, RENEWAL = timedelta(hours=1), timedelta(minutes=20), timedelta(minutes=15)
LOGINS = ("a1", "a2")

STEPS = st.one_of(
    st.tuples(st.just("open"), st.sampled_from(LOGINS), st.integers(-1, 1)),
    st.tuples(st.just("request"), st.integers(0, 5)),
    st.tuples(st.just("renew"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.integers(1, 25)),
    st.tuples(st.sampled_from(("close", "revoke")), st.integers(0, 5)),
    st.tuples(st.sampled_from(("block", "unblock")), st.sampled_from(LOGINS)),
    st.tuples(st.just("revoke_device"), st.integers(0, 1)),
    st.tuples(st.just("password"), st.sampled_from(LOGINS)),
)


class Model:
    """What the rules say, in the simplest words."""

    def __init__(self, office, password):
        self.office = office
        self.word = password
        self.blocked = set()
        self.revoked = set()
        self.pcs = [office.pc(), office.pc()]
        self.held = []

    @property
    def now(self):
        return self.office.crm.clock.now()

    def expected(self, held):
        """Return what the next request of a session is answered."""
        over = held["ended"] or held["pc"] in self.revoked or held["opened"] + LIFETIME <= self.now or held["used"] + IDLE <= self.now
        if held["login"] in self.blocked:
            held["ended"] = True
            return "USER_BLOCKED"
        if over:
            held["ended"] = True
            return "SESSION_ENDED"
        return "DEVICE_PROOF_NEEDED" if held["pc"] is not None and held["proved"] + RENEWAL <= self.now else None

    def end(self, condition):
        for held in self.held:
            held["ended"] = held["ended"] or condition(held)


def run(model, refused, step):
    kind, *args = step
    getattr(Steps, kind)(model, refused, *args)


class Steps:
    """Each step does something to the office and the same to the model, and compares what is answered."""

    @staticmethod
    def open(model, refused, login, number):
        pc = number if number >= 0 else None
        found = []
        answer = refused(lambda: found.append(model.office.open(login, model.pcs[pc] if pc is not None else None)))
        expected = "DEVICE_NOT_REGISTERED" if pc in model.revoked else "USER_BLOCKED" if login in model.blocked else None
        assert answer == expected
        if found:
            now = model.now
            held = {"token": found[0].token, "uid": found[0].session, "login": login, "pc": pc}
            model.held.append({**held, "opened": now, "used": now, "proved": now, "ended": False})

    @staticmethod
    def request(model, refused, number):
        for held in model.held[number : number + 1]:
            expected = model.expected(held)
            assert refused(model.office.crm.signin.actor, held["token"]) == expected
            if expected is None:
                # Uses are noted once a minute, and these steps are whole minutes apart.
                held["used"] = model.now

    @staticmethod
    def renew(model, refused, number):
        signin = model.office.crm.signin
        for held in model.held[number : number + 1]:
            expected = model.expected(held)
            if held["pc"] is None or expected not in {None, "DEVICE_PROOF_NEEDED"}:
                assert refused(signin.begin_renewal, held["token"]) == (expected or "DEVICE_NOT_REGISTERED")
                continue
            pc = model.pcs[held["pc"]]
            signin.renew(held["token"], pc.key.answer(pc.uid, signin.begin_renewal(held["token"])))
            held["proved"] = held["used"] = model.now

    @staticmethod
    def wait(model, refused, minutes):
        model.office.crm.clock.advance(timedelta(minutes=minutes))

    @staticmethod
    def close(model, refused, number):
        for held in model.held[number : number + 1]:
            expected = model.expected(held)
            answer = refused(model.office.crm.signin.close, held["token"])
            assert answer == (None if expected == "DEVICE_PROOF_NEEDED" else expected)
            held["ended"] = True

    @staticmethod
    def revoke(model, refused, number):
        for held in model.held[number : number + 1]:
            answer = refused(model.office.admin, lambda s, uid=held["uid"]: s.signin.revoke_session(uid))
            # A session that is over and that nobody has asked for since is still there to be ended.
            assert answer is None or held["ended"] or model.expected(held) is not None
            held["ended"] = True

    @staticmethod
    def block(model, refused, login):
        model.office.admin(lambda s: s.access.block(login))
        if login not in model.blocked:
            model.end(lambda held: held["login"] == login)
        model.blocked.add(login)

    @staticmethod
    def unblock(model, refused, login):
        model.office.admin(lambda s: s.access.unblock(login))
        model.blocked.discard(login)

    @staticmethod
    def revoke_device(model, refused, number):
        model.office.admin(lambda s: s.signin.revoke_device(model.pcs[number].uid))
        model.revoked.add(number)

    @staticmethod
    def password(model, refused, login):
        model.office.admin(lambda s: s.signin.set_password(login, model.word))
        model.end(lambda held: held["login"] == login)


def fresh(office, password):
    """Return an office as on its first day; devices are new each time, so that not too many ask on one day."""
    office.crm.clock.advance(timedelta(days=1))
    for login in LOGINS:
        office.admin(lambda s, login=login: s.access.unblock(login))
        office.admin(lambda s, login=login: s.signin.set_password(login, password))
    return Model(office, password)


@pytest.mark.timeout(600)
@given(st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_session_lives_as_long_as_the_rules_say(life, refused, password, data):
    model = fresh(life, password)
    for step in data.draw(st.lists(STEPS, min_size=4, max_size=18)):
        run(model, refused, step)
    for number in range(len(model.held)):
        Steps.request(model, refused, number)
    alive = {held["uid"] for held in model.held if model.expected(held) in {None, "DEVICE_PROOF_NEEDED"}}
    listed = {each.uid for each in life.admin(lambda s: s.signin.sessions())}
    assert alive == listed & {held["uid"] for held in model.held}


@pytest.fixture
def life(open_office):
    return open_office(people=LOGINS, session_lifetime=1, idle_limit=20, device_renewal=15)
