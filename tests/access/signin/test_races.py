"""What comes between two steps of a sign-in, and two who do at one moment what only one may (A01, A02, I-25, I-26, I-29)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest

from crmcore import Session
from crmcore.access.signin import DeviceKey, opening, passwords
from crmcore.model import Device, User

pytestmark = pytest.mark.feature("A02", "A08", "I-26")

PATIENCE = 0.4
"""Seconds: who is not held back by a lock is ready long before."""
NEW = "un altro cavallo"


class Meanwhile:
    """Somebody else who works while this thread stands still; who has to wait for a lock goes on when it does."""

    def __init__(self, work):
        self.said = None
        self._thread = Thread(target=lambda: self._note(work))

    def _note(self, work):
        self.said = work()

    def begins(self):
        self._thread.start()
        self._thread.join(PATIENCE)

    def ends(self):
        self._thread.join(60)
        return self.said


@pytest.fixture
def before_it_is_stored(monkeypatch):
    """Let somebody else work between the last look and the writing of a session."""

    def at(work):
        other, plain = Meanwhile(work), opening._add

        def add(*args):
            other.begins()
            return plain(*args)

        monkeypatch.setattr(opening, "_add", add)
        return other

    return at


@pytest.fixture
def while_it_is_verified(monkeypatch):
    """Let somebody work while a password is hashed: no transaction is open then."""

    def during(work):
        plain = passwords.Passwords.verify

        def verify(self, stored, password):
            found = plain(self, stored, password)
            monkeypatch.undo()
            work()
            return found

        monkeypatch.setattr(passwords.Passwords, "verify", verify)

    return during


def test_no_session_with_the_old_password_outlives_the_new_one(open_office, refused, before_it_is_stored):
    office = open_office()
    other = before_it_is_stored(lambda: refused(office.admin, lambda s: s.signin.set_password("a1", NEW)))
    opened = office.open()
    assert other.ends() is None
    assert refused(office.crm.signin.actor, opened.token) == "SESSION_ENDED"


def test_what_an_administrator_sets_stays_whoever_changes_it_meanwhile(open_office, refused, password, monkeypatch):
    office = open_office()
    token, plain = office.open().token, opening._store
    other = Meanwhile(lambda: refused(office.admin, lambda s: s.signin.set_password("a1", NEW)))

    def store(*args):
        monkeypatch.undo()
        other.begins()
        plain(*args)

    monkeypatch.setattr(opening, "_store", store)
    office.crm.signin.change_password(token, password, "la frase di chi ruba")
    assert other.ends() is None
    assert refused(office.crm.signin.actor, token) == "SESSION_ENDED"
    assert office.open(password=NEW).actor.name == "a1"


def test_no_session_that_was_opened_during_a_block_lives_when_it_is_taken_back(open_office, refused, before_it_is_stored):
    office = open_office()
    other = before_it_is_stored(lambda: refused(office.admin, lambda s: s.access.block("a1")))
    opened = office.open()
    assert other.ends() is None
    office.admin(lambda s: s.access.unblock("a1"))
    assert refused(office.crm.signin.actor, opened.token) == "SESSION_ENDED"


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda office, *_: office.admin(lambda s: s.signin.set_password("a1", NEW)), "SESSION_ENDED"),
        (lambda office, pc, token: office.crm.signin.change_password(token, "cavallo batteria graffetta", NEW), "SIGNIN_FAILED"),
        (lambda office, *_: office.admin(lambda s: s.access.block("a1")), "USER_BLOCKED"),
        (lambda office, pc, _: office.admin(lambda s: s.signin.revoke_device(pc.uid)), "SESSION_ENDED"),
    ],
    ids=["password", "own", "block", "device"],
)
def test_who_was_stopped_meanwhile_changes_no_password(open_office, refused, password, while_it_is_verified, work, expected):
    office = open_office()
    pc = office.pc()
    token = office.open(pc=pc).token
    while_it_is_verified(lambda: work(office, pc, token))
    assert refused(office.crm.signin.change_password, token, password, "la frase di chi ruba") == expected
    office.admin(lambda s: s.access.unblock("a1"))
    assert refused(office.open, "a1", None, "la frase di chi ruba") == "SIGNIN_FAILED"


@pytest.mark.feature("I-29")
def test_two_administrators_do_not_block_each_other_at_one_moment(open_office, refused):
    office = open_office(people=())
    with office.crm.session("admin") as s:
        s.add(User(login="boss"))
        s.commit()
    other = Meanwhile(lambda: refused(office.admin, lambda s: s.access.block("admin"), "boss"))
    with office.crm.session("admin") as s:
        s.access.block("boss")
        s.unit.finishers.append(lambda _: other.begins())
        s.commit()
    assert other.ends() in {"LAST_ADMINISTRATOR", "USER_BLOCKED", "STALE_VERSION"}
    assert office.admin(lambda s: {each.login: each.status for each in s.access.users()})["admin"] == "active"


@pytest.mark.feature("A01", "I-25")
def test_one_key_is_registered_once_also_at_one_moment(open_office, refused, monkeypatch):
    office = open_office(people=())
    signin, key = office.crm.signin, DeviceKey.generate()
    given = [signin.begin_enrolment() for _ in range(2)]
    together, plain = Barrier(2), Session.add

    def add(session, record):
        if isinstance(record, Device):
            together.wait(timeout=60)
        return plain(session, record)

    monkeypatch.setattr(Session, "add", add)

    def enroll(challenge):
        return refused(signin.enroll, "PC", key.public.text, challenge.nonce, key.sign(challenge.text))

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(enroll, given))
    assert sorted(answers, key=str) == ["DEVICE_KEY_KNOWN", None]
