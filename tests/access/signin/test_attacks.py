"""What somebody tries who means harm: past the rules, past a token's functions, with a wrong clock (A01, A02, I-25, I-29)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from crmcore import Actor
from crmcore.access.signin import DeviceKey
from crmcore.access.signin.secret import digest
from crmcore.changesets import ColumnWriter, Kind, Planned
from crmcore.model import STAMPS, ApiToken, Challenge, Credential, Device, DeviceUser, Profile, User, UserSession

pytestmark = pytest.mark.feature("A01", "A02", "A08")

KEPT = (Credential, UserSession, ApiToken, Challenge)
"""The tables of signing in that keep no history, into which statements may write as such."""


@pytest.mark.feature("A06", "I-25")
def test_who_may_do_everything_but_administer_makes_no_tokens_and_sessions(open_office, refused):
    office = open_office(people=())
    office.admin(lambda s: setattr(s.require(Profile, limited(s)), "functions", ["*"]))
    for cls in (*KEPT, Device, DeviceUser):

        def make(s, cls=cls):
            s.accounts.create(name="Rossi")
            s.add(cls(**{name: value for name, value in sound(cls.__table__, s.now()).items() if name != "uid"}))

        assert refused(office.admin, make, "a1") == "ADMINISTRATOR_NEEDED"
    assert refused(office.admin, lambda s: s.accounts.create(name="Rossi"), "a1") is None
    given = sound(Challenge.__table__, office.crm.clock.now())
    answers = [
        refused(office.admin, lambda s: s.insert(Challenge, list(given), [list(given.values())]), login) for login in ("a1", "admin")
    ]
    assert answers == ["ADMINISTRATOR_NEEDED", None]


@pytest.mark.feature("I-25")
def test_people_write_nothing_into_the_tables_of_signing_in(open_office):
    office = open_office()
    pc = office.pc("a1")
    office.open(pc=pc)
    pc.proof()
    office.admin(lambda s: s.signin.create_token("a1", "listino", ["customers.read"], days=1))
    for cls in (*KEPT, Device, DeviceUser):
        before = rows(office, cls)
        assert before
        for way in ways_into(cls.__table__, cls, office.crm.clock.now()):
            with office.crm.session("a1") as s, pytest.raises(Exception):  # noqa: B017, PT011 - whatever refuses it
                way(s)
                s.commit()
        assert rows(office, cls) == before


def rows(office, cls):
    with office.crm.engine.connect() as connection:
        return connection.execute(select(cls.__table__).order_by(cls.__table__.c.id)).all()


def sound(table, now):
    """Return the values of a new row that a table takes."""
    texts = {"uid": "019e15d5-0000-7000-8000-000000000000", "nonce": "x" * 43, "purpose": "open", "status": "active"}
    known = texts | {"token_hash": digest("crmt_known"), "user_id": 1, "device_id": 1, "functions": ["*"], "kind": "pc"}
    return {
        column.name: known.get(column.name, now if column.name.endswith("_at") else "x")
        for column in table.columns
        if not column.nullable and column.name not in {"id", "version", *STAMPS}
    }


def ways_into(table, cls, now):
    """Return the ways in which somebody may try to change a table."""
    given = sound(table, now)
    return (
        lambda s: s.execute(update(table).values(version=2)),
        lambda s: s.execute(delete(table)),
        lambda s: s.execute(insert(table).values(**given)),
        lambda s: s.insert(cls, list(given), [list(given.values())]),
        lambda s: s.add(cls(**{name: value for name, value in given.items() if name != "uid"})),
    )


def test_a_token_does_not_end_what_its_person_opened(open_office, refused):
    office = open_office()
    opened = office.open()
    token = office.admin(lambda s: s.signin.create_token("a1", "listino", ["customers.read"], days=1)).token
    with office.crm.session(office.crm.signin.actor(token)) as s:
        for work in (lambda: s.signin.revoke_session(opened.session), lambda: s.signin.sessions("a1"), lambda: s.signin.tokens("a1")):
            assert refused(work) == "ADMINISTRATOR_NEEDED"
    assert office.crm.signin.actor(opened.token).name == "a1"


def admin(s):
    return s.scalars(select(User).where(User.login == "admin")).one()


def limited(s):
    return s.scalar(select(Profile.id).where(Profile.code == "AGENTE"))


def block(s):
    s.access.block("admin")


def limit(s):
    admin(s).profile_id = limited(s)


def remove(s):
    s.delete(admin(s))


def remove_all(s):
    for each in s.scalars(select(User)).all():
        s.delete(each)


def change_and_remove_all(s):
    admin(s).name = "Anna"
    s.flush()
    remove_all(s)


def in_mass(column, value):
    """Return a mass change of a kind that does not know what an administrator is."""

    def work(s):
        kind = Kind(name="harm", writer=ColumnWriter("status", "profile_id"))
        shown = s.changesets.preview(kind, [Planned(admin(s).id, column, value(s))], entity=User.entity_name())
        s.commit()
        s.changesets.kind = lambda _: kind
        s.changesets.confirm(shown.token)

    return work


@pytest.mark.feature("I-29")
@pytest.mark.parametrize("actor", ["admin", Actor.system("import")], ids=["user", "system"])
def test_the_last_administrator_stays_whatever_is_tried(open_office, refused, actor):
    office = open_office(people=())
    for work in (
        block,
        limit,
        remove,
        remove_all,
        change_and_remove_all,
        in_mass("status", lambda _: "blocked"),
        in_mass("profile_id", limited),
    ):
        assert refused(office.admin, work, actor) == "LAST_ADMINISTRATOR"
    assert office.admin(lambda s: s.access.reach().administrator)


def test_a_clock_that_goes_back_forgets_nothing_and_locks_nobody_out(open_office, refused):
    office = open_office(attempts=2)
    clock, now = office.crm.clock, office.crm.clock.now()
    pc = office.pc()
    opened, used = office.open(pc=pc), pc.proof()
    office.crm.signin.check_device(used)
    office.crm.signin.close(opened.token)
    clock.freeze(now - timedelta(days=1))
    assert refused(office.crm.signin.actor, opened.token) == "SESSION_ENDED"
    assert refused(office.crm.signin.check_device, used) == "CHALLENGE_INVALID"
    clock.freeze(now)
    assert [refused(office.open, "a1", None, "wrong") for _ in range(3)] == ["SIGNIN_FAILED"] * 2 + ["SIGNIN_LIMITED"]
    clock.freeze(now - timedelta(minutes=14))
    assert refused(office.open) == "SIGNIN_LIMITED"
    clock.freeze(now - timedelta(minutes=16))
    assert refused(office.open) is None


def test_the_name_of_a_device_hides_nothing_from_who_approves_it(open_office, refused):
    signin, key = open_office(people=()).crm.signin, DeviceKey.generate()
    for name in ("", " ", "PC\x1b[8m", "PC\n", "PC\u202e", "PC\ud800", "PC\0"):
        challenge = signin.begin_enrolment()
        assert refused(signin.enroll, name, key.public.text, challenge.nonce, key.sign(challenge.text)) == "VALUE_INVALID"
