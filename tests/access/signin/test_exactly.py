"""What signing in stores, counts and tells, to the letter and to the instant (A01, A02, A08, I-25, I-26).

On SQLite alone: what the databases do differently is asked elsewhere.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crmcore import Actor
from crmcore.access.signin import DeviceKey, Opened, Proof, Reason, attempts, requests
from crmcore.access.signin.cleanup import clean
from crmcore.access.signin.secret import digest
from crmcore.access.signin.values import DeviceInfo, SessionInfo, TokenInfo
from crmcore.errors import AccessDenied, RecordNotFound, ValidationFailed
from crmcore.model import ATTEMPT, AUDIT, ApiToken, Challenge, Credential, DeviceStatus, User, UserSession

pytestmark = [pytest.mark.feature("A01", "A02", "A08", "I-25", "I-26"), pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)]

DAY, MINUTE, INSTANT = timedelta(days=1), timedelta(minutes=1), timedelta(microseconds=1)
NEW = "un altro cavallo"


def rows(office, table, *names):
    """Return some columns of the rows of a table, in the order in which they were made."""
    table = getattr(table, "__table__", table)
    with office.crm.engine.connect() as connection:
        found = connection.execute(select(*(table.c[name] for name in names)).order_by(*table.primary_key.columns)).all()
    return [row[0] if len(names) == 1 else tuple(row) for row in found]


def counted(office):
    return set(rows(office, ATTEMPT, "key"))


def refusals(office):
    """Return what the audit says of those who could not sign in."""
    found = rows(office, AUDIT, "verb", "actor", "device", "source", "entity", "entity_id", "changes")
    return [row[1:] for row in found if row[0] == "refused"]


def later(office, by):
    office.crm.clock.advance(by)


def test_what_opening_a_session_stores_and_tells(open_office, refused, password):
    office = open_office(require_device=True, attempts=2, session_lifetime=8)
    pc, now = office.pc("a1"), office.crm.clock.now()
    office.pc("a2")  # which does not make the first one theirs
    assert refused(office.crm.signin.open, "a1", password) == "DEVICE_NOT_REGISTERED"
    assert [refused(office.crm.signin.open, login, password, pc.proof()) for login in ("a2", "")] == ["DEVICE_NOT_REGISTERED"] * 2
    assert refused(office.open, "a1", pc, "wrong") == "SIGNIN_FAILED"
    told = [("DEVICE_NOT_REGISTERED", "a1", None), ("DEVICE_NOT_REGISTERED", "a2", pc.uid), ("DEVICE_NOT_REGISTERED", None, pc.uid)]
    told.append(("SIGNIN_FAILED", "a1", pc.uid))
    assert [tuple(each[name] for name in ("code", "login", "device")) for each in office.events("session.refused")] == told
    keys = {login: key for key, login in rows(office, User, "id", "login")}
    assert refusals(office) == [
        ("system:signin", device, "signin", "crm_user", keys.get(login, 0), {"code": [None, code], "login": [None, login]})
        for code, login, device in told
    ]
    kept = {digest("enroll"), *(digest("refused", code, device or "") for code, _, device in told)}
    assert counted(office) == kept | {digest("password", "a1", pc.uid)}
    opened = office.open("a1", pc)
    assert counted(office) == kept
    [row] = rows(office, UserSession, *UserSession.__table__.columns.keys())
    found = dict(zip(UserSession.__table__.columns.keys(), row, strict=True))
    assert opened == Opened(
        token=opened.token, session=found["uid"], expires_at=now + 8 * timedelta(hours=1), actor=Actor.user("a1", pc.uid)
    )
    expected = {"token_hash": digest(opened.token), "user_id": keys["a1"], "device_id": 1, "closed_at": None, "closed_reason": None}
    expected |= {"opened_at": now, "last_used_at": now, "proved_at": now, "expires_at": opened.expires_at, "created_by": "system:signin"}
    assert {name: found[name] for name in expected} == expected
    assert office.events("session.opened") == [{"session": opened.session, "login": "a1", "device": pc.uid}]
    assert [refused(office.open, "a1", pc, "wrong") for _ in range(3)] == ["SIGNIN_FAILED", "SIGNIN_FAILED", "SIGNIN_LIMITED"]
    with pytest.raises(AccessDenied) as caught:
        office.open("a1", pc)
    assert caught.value.params == {"retry_at": "09:15:00"}


def test_what_is_stored_without_a_device_and_of_a_new_password(open_office, refused, password):
    office = open_office(people=("a1", "a2"), attempts=3)
    [(one, two)] = [rows(office, Credential, "id")]
    mine, other, theirs = office.open(), office.open(), office.open("a2")
    assert rows(office, UserSession, "device_id", "proved_at") == [(None, None)] * 3
    later(office, MINUTE)
    assert refused(office.crm.signin.change_password, mine.token, "wrong", NEW) == "SIGNIN_FAILED"
    assert counted(office) == {digest("refused", "SIGNIN_FAILED", ""), digest("password", "a1", "")}
    office.crm.signin.change_password(mine.token, password, NEW)
    assert counted(office) == {digest("refused", "SIGNIN_FAILED", "")}
    now = office.crm.clock.now()
    assert rows(office, Credential, "id", "version", "changed_at", "updated_at", "updated_by") == [
        (one, 2, now, now, "system:signin"),
        (two, 1, now - MINUTE, now - MINUTE, "admin"),
    ]
    assert [each["session"] for each in office.events("session.closed")] == [other.session]
    assert office.events("user.password_changed")[2:] == [{"login": "a1"}]
    assert [refused(office.crm.signin.actor, each.token) for each in (mine, other, theirs)] == [None, "SESSION_ENDED", None]
    office.admin(lambda s: s.signin.set_password("a1", password))
    assert rows(office, Credential, "version", "updated_by") == [(3, "admin"), (1, "admin")]
    assert [refused(office.crm.signin.actor, each.token) for each in (mine, theirs)] == ["SESSION_ENDED", None]
    office.admin(lambda s: [s.signin.set_password("admin", each) for each in (password, NEW)])
    assert office.open("admin", password=NEW).actor == Actor.user("admin")
    with pytest.raises(AccessDenied) as caught:
        office.admin(lambda s: s.signin.set_password("nobody", password))
    assert (caught.value.code, caught.value.params) == ("USER_UNKNOWN", {"login": "nobody"})


def test_uses_are_noted_of_one_session_and_a_tenth_of_the_idle_limit_apart(open_office, refused):
    office = open_office(people=("a1",), idle_limit=5)
    pc = office.pc()
    opened, other = office.open(pc=pc), office.open()
    start = office.crm.clock.now()

    def noted():
        return rows(office, UserSession, "last_used_at", "version", "updated_at")

    untouched = (start, 1, start)
    for seconds, expected in ((29, untouched), (1, (start + 30 * timedelta(seconds=1), 2, start + 30 * timedelta(seconds=1)))):
        later(office, timedelta(seconds=seconds))
        assert office.crm.signin.actor(opened.token) == Actor.user("a1", pc.uid)
        assert noted() == [expected, untouched]
    assert rows(office, UserSession, "updated_by") == ["system:signin"] * 2
    later(office, 4.5 * MINUTE)
    # Nobody has asked for the other one since.
    assert [refused(office.crm.signin.actor, each.token) for each in (opened, other)] == [None, "SESSION_ENDED"]
    assert noted()[0][1] == 3
    assert [each["reason"] for each in office.events("session.closed")] == ["idle"]


def test_the_device_signs_again_in_time_and_only_for_its_session(open_office, refused, monkeypatch):
    office = open_office(device_renewal=3)
    pc = office.pc("a1")
    opened, other = office.open(pc=pc), office.open(pc=pc)
    signin, start = office.crm.signin, office.crm.clock.now()
    later(office, 3 * MINUTE - INSTANT)
    assert refused(signin.actor, opened.token) is None
    later(office, INSTANT)
    assert refused(signin.actor, opened.token) == "DEVICE_PROOF_NEEDED"
    assert refused(signin.change_password, opened.token, "cavallo batteria graffetta", NEW) == "DEVICE_PROOF_NEEDED"
    challenge = signin.begin_renewal(opened.token)
    assert challenge.text == f"crmcore challenge 1\npurpose: renew\ndevice: {pc.uid}\nnonce: {challenge.nonce}\n"
    assert challenge.expires_at == office.crm.clock.now() + 2 * MINUTE
    assert refused(signin.renew, other.token, pc.key.answer(pc.uid, challenge)) == "CHALLENGE_INVALID"
    signin.renew(opened.token, pc.key.answer(pc.uid, signin.begin_renewal(opened.token)))
    now = office.crm.clock.now()
    assert rows(office, UserSession, "proved_at", "last_used_at", "version") == [(now, now, 3), (start, start, 1)]
    # Two who work on one device do not disturb each other.
    first, second = (pc.key.answer(pc.uid, signin.begin_renewal(each.token)) for each in (opened, other))
    signin.renew(other.token, second)
    signin.renew(opened.token, first)
    later(office, MINUTE)
    plain, proof = requests.prove, pc.key.answer(pc.uid, signin.begin_renewal(other.token))

    def close_first(*args):
        signin.close(other.token)
        return plain(*args)

    monkeypatch.setattr(requests, "prove", close_first)
    signin.renew(other.token, proof)
    # What has ended meanwhile is left as it ended.
    assert rows(office, UserSession, "proved_at", "closed_reason") == [(now, None), (now, "signed_out")]
    assert refused(signin.actor, other.token) == "SESSION_ENDED"
    for work in (signin.begin_renewal, signin.close, signin.actor):
        assert refused(work, "crms_" + "x" * 43) == "TOKEN_UNKNOWN"


def test_challenges_wait_for_one_device_and_purpose_each(open_office, refused, monkeypatch):
    office = open_office()
    signin, (pc, other) = office.crm.signin, (office.pc(), office.pc())
    opened = office.open(pc=pc)
    kept = [other.proof(), pc.key.answer(pc.uid, signin.begin_renewal(opened.token))]
    enrolment = signin.begin_enrolment()
    assert enrolment.text == f"crmcore challenge 1\npurpose: enroll\ndevice: -\nnonce: {enrolment.nonce}\n"
    first = pc.proof()
    given = [signin.begin(pc.uid) for _ in range(49)]
    assert refused(signin.check_device, Proof(pc.uid, first.nonce[:-1], first.signature)) == "CHALLENGE_INVALID"
    signin.check_device(first)  # the fiftieth of those that wait
    for _ in range(2):
        signin.begin(pc.uid)
    assert refused(signin.check_device, pc.key.answer(pc.uid, given[0])) == "CHALLENGE_INVALID"  # it made room
    signin.check_device(pc.key.answer(pc.uid, given[1]))
    signin.check_device(pc.key.answer(pc.uid, given[20]))
    assert refused(signin.check_device, pc.key.answer(pc.uid, given[19])) == "CHALLENGE_INVALID"
    signin.check_device(pc.key.answer(pc.uid, given[21]))
    # Neither is good for the other, nor used up by that.
    assert refused(signin.check_device, kept[1]) == "CHALLENGE_INVALID"
    assert refused(signin.renew, opened.token, kept[0]) == "CHALLENGE_INVALID"
    signin.check_device(kept[0])
    signin.renew(opened.token, kept[1])
    key = DeviceKey.generate()
    later_enrolment = signin.begin_enrolment()
    assert refused(signin.enroll, "PC", key.public.text, later_enrolment.nonce, key.sign(later_enrolment.text)) is None
    # Of nobody in particular, so answering one ends no other.
    key = DeviceKey.generate()
    assert refused(signin.enroll, "PC", key.public.text, enrolment.nonce, key.sign(enrolment.text)) is None


def test_a_device_from_its_request_to_its_end(open_office, refused):
    office = open_office(people=("a1", "a2"))
    start, key = office.crm.clock.now(), DeviceKey.generate("ES256")
    challenge = office.crm.signin.begin_enrolment()
    asked = office.crm.signin.enroll("Anna", key.public.text, challenge.nonce, key.sign(challenge.text), kind="phone")
    fields = {"name": "Anna", "kind": "phone", "algorithm": "ES256", "fingerprint": key.public.fingerprint, "requested_at": start}
    nothing = dict.fromkeys(("approved_at", "approved_by", "revoked_at", "revoked_by", "last_seen_at"))
    assert asked == DeviceInfo(**fields, **nothing, uid=asked.uid, status="pending", users=())
    assert office.events("device.registered") == [{"device": asked.uid, "fingerprint": key.public.fingerprint}]
    later(office, MINUTE)
    office.admin(lambda s: s.signin.approve_device(asked.uid.upper(), ["a2", "a1"]))
    assert office.events("device.approved") == [{"device": asked.uid, "users": ["a2", "a1"]}]
    with pytest.raises(ValidationFailed) as caught:
        office.admin(lambda s: s.signin.approve_device(asked.uid))
    assert (caught.value.code, caught.value.params) == ("DEVICE_STATUS", {"uid": asked.uid, "status": "active"})
    other, proof = office.pc(), key.answer(asked.uid, office.crm.signin.begin(asked.uid))
    office.crm.signin.open("a1", "cavallo batteria graffetta", proof)
    office.open("a2", other)
    later(office, MINUTE)
    office.admin(lambda s: s.signin.revoke_device(asked.uid))
    assert office.events("device.revoked") == [{"device": asked.uid}]
    then = {"approved_at": start + MINUTE, "approved_by": "admin", "revoked_at": start + 2 * MINUTE, "revoked_by": "admin"}
    whole = DeviceInfo(**fields, **then, uid=asked.uid, status="revoked", users=("a1", "a2"), last_seen_at=start + MINUTE)
    found = office.admin(lambda s: s.signin.devices())
    assert [each.uid for each in found] == [other.uid, asked.uid]
    assert found[1] == whole
    assert office.admin(lambda s: s.signin.devices(DeviceStatus.REVOKED)) == [whole]
    assert [each["login"] for each in office.events("session.closed")] == ["a1"]
    for work in (lambda s: s.signin.approve_device("x"), lambda s: s.signin.revoke_device("x")):
        assert refused(office.admin, work, "a1") == "ADMINISTRATOR_NEEDED"
        with pytest.raises(RecordNotFound) as missing:
            office.admin(work)
        assert missing.value.params == {"entity": "device", "id": "x"}


def test_what_hides_something_is_refused_as_a_name_and_not_repeated_as_it_is(open_office):
    signin, key = open_office(people=()).crm.signin, DeviceKey.generate()
    challenge = signin.begin_enrolment()
    with pytest.raises(ValidationFailed) as caught:
        signin.enroll("\x1b" * 200, key.public.text, challenge.nonce, key.sign(challenge.text))
    [problem] = caught.value.problems
    expected = problem.params["expected"]
    assert (caught.value.code, problem.code, expected.it) == ("VALIDATION_FAILED", "VALUE_INVALID", "un nome di caratteri stampabili")
    assert expected.en == "a name of printable characters"
    assert {**problem.params, "expected": None} == {"entity": "device", "field": "name", "value": ascii("\x1b" * 80), "expected": None}


def test_devices_that_ask_within_a_window_are_thirty(open_office, refused, monkeypatch):
    office = open_office(people=())
    signin = office.crm.signin
    for _ in range(30):
        assert refused(signin.enroll, "PC", DeviceKey.generate().public.text, "x", "x") == "CHALLENGE_INVALID"
    with pytest.raises(AccessDenied) as caught:
        office.ask()
    assert (caught.value.code, caught.value.params) == ("SIGNIN_LIMITED", {"retry_at": "09:15:00"})
    assert rows(office, ATTEMPT, "key", "number") == [(digest("enroll"), 31)]


def test_refusals_of_a_kind_are_told_a_hundred_times(open_office, refused, monkeypatch):
    office = open_office(people=())
    for _ in range(101):
        assert refused(office.crm.signin.begin, "x") == "DEVICE_NOT_REGISTERED"
    assert len(office.events("session.refused")) == len(refusals(office)) == 100


def test_a_window_of_attempts_begins_and_ends_to_the_instant(open_office):
    office = open_office(people=())
    start, clock = office.crm.clock.now(), office.crm.clock

    def count(*what):
        with office.crm.session(Actor.system("test")) as s:
            found = attempts.count(s, what, MINUTE)
            s.commit()
        return found.number, found.retry_at

    moments = [start, start + MINUTE - INSTANT, start - MINUTE, start + MINUTE, start - INSTANT, start + MINUTE + MINUTE]
    found = []
    for moment in moments:
        clock.freeze(moment)
        found.append(count("a"))
    assert [number for number, _ in found] == [1, 2, 3, 1, 1, 1]
    assert [moment - start for _, moment in found] == [MINUTE, MINUTE, MINUTE, 2 * MINUTE, MINUTE - INSTANT, 3 * MINUTE]
    count("b")
    clock.advance(MINUTE)
    count("c")
    with office.crm.session(Actor.system("test")) as s:
        attempts.forget(s, ("c",))
        attempts.forget_before(s, clock.now() - MINUTE)
        s.commit()
    assert counted(office) == {digest("a"), digest("b")}
    with office.crm.session(Actor.system("test")) as s:
        attempts.forget_before(s, clock.now() - MINUTE + INSTANT)
        s.commit()
    assert counted(office) == set()


def test_sessions_are_shown_as_they_are(open_office, refused):
    office = open_office(people=("a1", "a2"), session_lifetime=1, idle_limit=120)
    pc, start = office.pc(), office.crm.clock.now()
    mine, theirs = office.open(pc=pc), office.open("a2")
    ended, alive = {"ended": None, "closed_at": None}, {"opened_at": start, "last_used_at": start, "expires_at": start + 60 * MINUTE}
    whole = [
        SessionInfo(uid=theirs.session, login="a2", device=None, **alive, **ended),
        SessionInfo(uid=mine.session, login="a1", device=pc.uid, **alive, **ended),
    ]
    assert office.admin(lambda s: s.signin.sessions()) == whole
    assert office.admin(lambda s: s.signin.sessions("a1")) == whole[1:]
    later(office, MINUTE)
    office.admin(lambda s: s.signin.revoke_session(theirs.session.upper()))
    revoked = SessionInfo(**alive, uid=theirs.session, login="a2", device=None, ended=Reason.REVOKED, closed_at=start + MINUTE)
    assert office.admin(lambda s: s.signin.sessions()) == whole[1:]
    assert office.admin(lambda s: s.signin.sessions(ended=True)) == [revoked, whole[1]]
    assert office.events("session.closed") == [{"session": theirs.session, "login": "a2", "reason": "revoked"}]
    for uid in (theirs.session, "x"):
        with pytest.raises(RecordNotFound) as caught:
            office.admin(lambda s, uid=uid: s.signin.revoke_session(uid))
        assert (caught.value.code, caught.value.params) == ("NOT_FOUND", {"entity": "user_session", "id": uid})
    assert refused(office.admin, lambda s: s.signin.revoke_session("x"), "a1") == "ADMINISTRATOR_NEEDED"
    office.admin(lambda s: s.access.block("a1"))
    assert refused(office.crm.signin.actor, mine.token) == "USER_BLOCKED"
    office.admin(lambda s: s.access.unblock("a1"))
    with pytest.raises(AccessDenied) as denied:
        office.crm.signin.actor(mine.token)
    assert (denied.value.code, denied.value.params["reason"].en) == ("SESSION_ENDED", "the user was blocked")
    with pytest.raises(AccessDenied) as denied:
        office.crm.signin.actor(theirs.token)
    assert denied.value.params["reason"].en == "an administrator revoked it"


def test_tokens_are_made_and_shown_as_they_are(open_office, refused):
    office = open_office(people=(), token_lifetime=30)
    pc, start = office.pc("a1"), office.crm.clock.now()

    functions = tuple(f"{part}.{verb}" for part in ("contacts", "customers") for verb in ("create", "delete", "read", "update"))

    def make(functions=(*functions[::-1], "customers.read"), days=30, **options):
        return office.admin(lambda s: s.signin.create_token("a1", "listino", functions, days=days, **options))

    made, short = make(device=pc.uid.upper()), make(days=1)
    fields = {"name": "listino", "login": "a1", "functions": functions, "last_used_at": None, "revoked_at": None, "ended": None}
    whole = TokenInfo(**fields, uid=made.info.uid, device=pc.uid, expires_at=start + 30 * DAY)
    assert (made.info, made.token[:5], len(made.token)) == (whole, "crmt_", 48)
    assert office.events("token.created")[0] == {"token": made.info.uid, "login": "a1", "functions": list(functions)}
    assert rows(office, ApiToken, "token_hash", "device_id", "user_id") == [
        (digest(made.token), 1, 2),
        (digest(short.token), None, 2),
    ]
    office.admin(lambda s: s.signin.create_token("a2", "other", ["*"], days=2))
    assert office.admin(lambda s: s.signin.tokens("a1")) == [short.info, whole]
    assert [each.login for each in office.admin(lambda s: s.signin.tokens())] == ["a2", "a1", "a1"]
    with pytest.raises(ValidationFailed) as caught:
        make(["customers.reed", "*"], 31)
    assert caught.value.code == "VALIDATION_FAILED"
    assert [(each.code, each.params) for each in caught.value.problems] == [
        ("TOKEN_LIFETIME", {"longest": 30, "given": 31}),
        ("ACCESS_FUNCTION_UNKNOWN", {"where": "token listino", "function": "customers.reed"}),
    ]
    assert refused(make, ("*",), 0) == "TOKEN_LIFETIME"
    with pytest.raises(ValidationFailed) as caught:
        make(())
    assert [each.params["function"] for each in caught.value.problems] == [""]
    later(office, MINUTE)
    office.admin(lambda s: s.signin.revoke_token(short.info.uid))
    [revoked, _] = office.admin(lambda s: s.signin.tokens("a1"))
    assert (revoked.revoked_at, revoked.ended) == (start + MINUTE, Reason.REVOKED)
    assert office.events("token.revoked") == [{"token": short.info.uid, "login": "a1"}]
    assert rows(office, ApiToken, "version", "updated_by") == [(1, "admin"), (2, "admin"), (1, "admin")]
    with pytest.raises(RecordNotFound) as missing:
        office.admin(lambda s: s.signin.revoke_token(short.info.uid))
    assert (missing.value.code, missing.value.params) == ("NOT_FOUND", {"entity": "api_token", "id": short.info.uid})
    with pytest.raises(AccessDenied) as denied:
        office.crm.signin.actor(short.token)
    assert (denied.value.code, denied.value.params["reason"].en) == ("TOKEN_ENDED", "an administrator revoked it")
    assert refused(office.crm.signin.actor, "crmt_" + "x" * 43) == "TOKEN_UNKNOWN"
    assert office.crm.signin.actor(made.token).functions == functions
    assert rows(office, ApiToken, "last_used_at", "version", "updated_by")[:2] == [
        (start + MINUTE, 2, "system:signin"),
        (None, 2, "admin"),
    ]
    office.admin(lambda s: s.signin.revoke_device(pc.uid))
    with pytest.raises(AccessDenied) as denied:
        office.crm.signin.actor(made.token)
    assert denied.value.params["reason"].en == "the device is no longer registered for this user"


def cleaned(office):
    with office.crm.session(Actor.system("test")) as s:
        clean(s, None)
        s.commit()


def test_what_is_over_is_ended_and_removed_to_the_instant(open_office, refused):
    office = open_office(session_lifetime=1, idle_limit=30, keep_sessions=2, attempts_window=20)
    clock, pc, start = office.crm.clock, office.pc(), office.crm.clock.now()
    opened = office.open(pc=pc)
    office.open()
    tokens = [office.admin(lambda s, days=days: s.signin.create_token("a1", "x", ["*"], days=days)).info for days in (1, 9, 9)]
    clock.freeze(start + 29 * MINUTE)
    office.crm.signin.renew(opened.token, pc.key.answer(pc.uid, office.crm.signin.begin_renewal(opened.token)))
    clock.freeze(start + 30 * MINUTE - INSTANT)
    cleaned(office)
    assert office.events("session.closed") == []
    clock.freeze(start + 30 * MINUTE)
    waiting = office.crm.signin.begin(pc.uid)
    refused(office.open, "a1", None, "wrong")
    cleaned(office)
    assert rows(office, UserSession, "closed_reason") == [None, "idle"]
    assert digest("password", "a1", "") in counted(office)
    clock.freeze(waiting.expires_at - INSTANT)
    cleaned(office)
    assert len(rows(office, Challenge, "id")) == 1
    clock.freeze(waiting.expires_at)
    cleaned(office)
    assert rows(office, Challenge, "id") == []
    clock.freeze(start + 58 * MINUTE)
    office.crm.signin.renew(opened.token, pc.key.answer(pc.uid, office.crm.signin.begin_renewal(opened.token)))
    clock.freeze(start + 60 * MINUTE)
    cleaned(office)
    assert rows(office, UserSession, "closed_reason") == ["expired", "idle"]
    assert counted(office) == set()
    office.admin(lambda s: s.signin.revoke_token(tokens[1].uid))
    idle, expired = start + 30 * MINUTE + 2 * DAY, start + 60 * MINUTE + 2 * DAY
    for moment, sessions, others in ((idle, 2, 3), (idle + INSTANT, 1, 3), (expired, 1, 3), (expired + INSTANT, 0, 2)):
        clock.freeze(moment)
        cleaned(office)
        assert (len(rows(office, UserSession, "id")), len(rows(office, ApiToken, "id"))) == (sessions, others)
    assert rows(office, ApiToken, "uid") == [tokens[0].uid, tokens[2].uid]
    clock.freeze(start + 3 * DAY)
    cleaned(office)
    assert rows(office, ApiToken, "uid") == [tokens[0].uid, tokens[2].uid]
    clock.freeze(start + 3 * DAY + INSTANT)
    cleaned(office)
    assert rows(office, ApiToken, "uid") == [tokens[2].uid]


def test_a_challenge_of_a_session_goes_with_it_also_when_the_clock_was_wrong(open_office):
    office = open_office(keep_sessions=1, session_lifetime=720, idle_limit=1440)
    clock, pc, start = office.crm.clock, office.pc(), office.crm.clock.now()
    opened = office.open(pc=pc)
    clock.freeze(start + DAY - INSTANT)
    office.crm.signin.begin_renewal(opened.token)
    clock.freeze(start - DAY)
    office.crm.signin.close(opened.token)
    clock.freeze(start + INSTANT)
    cleaned(office)
    assert [rows(office, table, "id") for table in (UserSession, Challenge)] == [[], []]
