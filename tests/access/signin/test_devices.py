"""Devices: nobody signs in from one that an administrator has not approved, and nobody else has its key (A01, I-25, S06)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from crmcore import Actor, Crm
from crmcore.access.signin import ED25519, ES256, DeviceKey, Proof, PublicKey
from crmcore.access.signin.devices import ENROLMENTS
from crmcore.access.signin.secret import decode, digest, encode
from crmcore.errors import AccessDenied, ValidationFailed
from crmcore.model import ATTEMPT, AUDIT, Challenge, Device, DeviceStatus, DeviceUser, UserSession

pytestmark = pytest.mark.feature("A01", "I-25")

NOWHERE = "019e15d5-0000-7000-8000-000000000000"


def sessions(office):
    with office.crm.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(UserSession.__table__)).scalar_one()


@pytest.mark.feature("S06")
def test_the_story_of_a_device(open_office, refused, password):
    office = open_office(require_device=True)
    assert refused(office.crm.signin.open, "a1", password) == "DEVICE_NOT_REGISTERED"
    pc = office.ask()
    assert refused(pc.proof) == "DEVICE_NOT_REGISTERED"
    assert sessions(office) == 0
    assert office.events("session.refused") == [
        {"code": "DEVICE_NOT_REGISTERED", "login": "a1", "device": None},
        {"code": "DEVICE_NOT_REGISTERED", "login": None, "device": None},
    ]
    office.admin(lambda s: s.signin.approve_device(pc.uid))
    opened = office.open("a1", pc)
    assert (opened.actor.name, opened.actor.device) == ("a1", pc.uid)
    with office.crm.session(office.crm.signin.actor(opened.token)) as s:
        s.accounts.create(name="Rossi")
        s.commit()
    with office.crm.engine.connect() as connection:
        written = connection.execute(select(AUDIT.c.device).where(AUDIT.c.entity == "account")).scalars().all()
    assert written == [pc.uid]
    office.admin(lambda s: s.signin.revoke_device(pc.uid))
    assert refused(office.crm.signin.actor, opened.token) == "SESSION_ENDED"
    assert refused(pc.proof) == "DEVICE_NOT_REGISTERED"
    kinds = ("device.registered", "session.opened", "session.closed", "device.revoked")
    assert [len(office.events(kind)) for kind in kinds] == [1, 1, 1, 1]
    assert office.events("device.approved") == [{"device": pc.uid, "users": []}]
    assert office.events("session.closed")[0]["reason"] == "device_revoked"


@pytest.mark.parametrize("known", ["a1", "nobody"])
@pytest.mark.parametrize("word", ["cavallo batteria graffetta", "wrong"])
def test_the_device_is_refused_before_the_password_is_looked_at(open_office, refused, known, word):
    office = open_office(require_device=True)
    waiting, revoked = office.ask(), office.pc()
    proof = revoked.proof()
    office.admin(lambda s: s.signin.revoke_device(revoked.uid))
    for given_proof in (
        None,
        proof,
        Proof(waiting.uid, "x" * 43, "x"),
        Proof(NOWHERE, proof.nonce, proof.signature),
        Proof("no id", "", ""),
    ):
        assert refused(office.crm.signin.open, known, word, given_proof) == "DEVICE_NOT_REGISTERED"
    with office.crm.engine.connect() as connection:
        counted = set(connection.execute(select(ATTEMPT.c.key)).scalars())
    assert digest("password", known, "") not in counted


def test_a_device_may_be_for_some_people_only(open_office, refused):
    office = open_office(people=("a1", "a2"), require_device=True)
    pc = office.pc("a1")
    opened = office.open("a1", pc)
    for login in ("a2", "nobody"):
        assert refused(office.open, login, pc) == "DEVICE_NOT_REGISTERED"
    [info] = office.admin(lambda s: s.signin.devices())
    assert (info.users, info.status, info.approved_by, info.last_seen_at) == (("a1",), "active", "admin", office.crm.clock.now())

    def hand_over(s):
        [place] = s.scalars(select(DeviceUser)).all()
        place.user_id = 3

    with office.crm.session(Actor.system("test")) as s:
        hand_over(s)
        s.commit()
    assert refused(office.crm.signin.actor, opened.token) == "SESSION_ENDED"


@pytest.mark.parametrize("algorithm", [ED25519, ES256])
def test_both_kinds_of_keys_sign_and_are_kept_in_a_file(open_office, algorithm, tmp_path, refused):
    office = open_office(require_device=True)
    pc = office.pc(algorithm=algorithm)
    pc.key.save(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0
    pc.key = DeviceKey.load(tmp_path / "key.pem")
    assert office.open("a1", pc).actor.device == pc.uid
    assert "PRIVATE" not in repr(pc.key)
    assert refused(pc.key.save, tmp_path / "key.pem") == "DEVICE_KEY_FILE"
    (tmp_path / "key.pem").write_text("-----BEGIN")
    assert refused(DeviceKey.load, tmp_path / "key.pem") == "DEVICE_KEY_INVALID"
    assert refused(DeviceKey.load, tmp_path / "nowhere") == "DEVICE_KEY_INVALID"


def der(key):
    from cryptography.hazmat.primitives import serialization

    return encode(key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def other_keys():
    from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

    return [
        der(rsa.generate_private_key(65537, 2048)),
        der(ec.generate_private_key(ec.SECP384R1())),
        der(x25519.X25519PrivateKey.generate()),
    ]


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "è", "A" * 5000, "MCowBQYDK2VwAyEA"])
def test_what_is_no_key_is_refused(text, refused):
    assert refused(PublicKey.read, text) == "DEVICE_KEY_INVALID"


def test_keys_of_other_kinds_are_refused(refused, tmp_path):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    assert [refused(PublicKey.read, text) for text in other_keys()] == ["DEVICE_KEY_INVALID"] * 3
    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(pem)
    assert refused(DeviceKey.load, tmp_path / "key.pem") == "DEVICE_KEY_INVALID"


def test_one_key_in_another_spelling_is_the_same_key():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point
    assert PublicKey.read(encode(compressed)).fingerprint == PublicKey.read(der(key)).fingerprint


KEYS = {name: DeviceKey.generate(name) for name in (ED25519, ES256)}


@pytest.mark.parametrize("algorithm", [ED25519, ES256])
@given(text=st.text(max_size=60), bit=st.integers(0, 511), other=st.text(max_size=60))
def test_a_signature_is_good_for_one_text_and_not_when_a_bit_of_it_is_turned(algorithm, text, bit, other):
    key = KEYS[algorithm]
    text, other = (each.encode(errors="replace").decode() for each in (text, other))
    signature = key.sign(text)
    assert key.public.verifies(text, signature)
    assert not KEYS[ES256 if algorithm == ED25519 else ED25519].public.verifies(text, signature)
    assert other == text or not key.public.verifies(other, signature)
    turned = bytearray(decode(signature))
    turned[bit // 8] ^= 1 << bit % 8
    assert not key.public.verifies(text, encode(bytes(turned)))


@pytest.mark.parametrize("signature", ["", "AAAA", "è", "!" * 86, "A" * 86, encode(b"\xff" * 64), "A" * 5000])
@pytest.mark.parametrize("algorithm", [ED25519, ES256])
def test_what_is_no_signature_is_refused(algorithm, signature):
    assert not KEYS[algorithm].public.verifies("text", signature)


def test_enrolling_takes_a_proof_of_the_key(open_office, refused, forged):
    office = open_office()
    signin, key = office.crm.signin, DeviceKey.generate()

    def enroll(challenge, signature):
        return refused(signin.enroll, "PC", key.public.text, challenge.nonce, signature)

    challenge = signin.begin_enrolment()
    assert enroll(challenge, forged("", challenge).signature) == "SIGNATURE_INVALID"
    assert enroll(challenge, key.sign(challenge.text)) == "CHALLENGE_INVALID"  # used up by the attempt before
    challenge = signin.begin_enrolment()
    office.crm.clock.advance(timedelta(minutes=2))
    assert enroll(challenge, key.sign(challenge.text)) == "CHALLENGE_INVALID"
    challenge = signin.begin(office.pc().uid)
    assert enroll(challenge, key.sign(challenge.text)) == "CHALLENGE_INVALID"  # given to somebody, for something else
    challenge = signin.begin_enrolment()
    assert enroll(challenge, key.sign(challenge.text)) is None
    again = signin.begin_enrolment()
    assert enroll(again, key.sign(again.text)) == "DEVICE_KEY_KNOWN"
    other, last = DeviceKey.generate(), signin.begin_enrolment()
    assert refused(signin.enroll, "x" * 121, other.public.text, last.nonce, other.sign(last.text)) == "VALUE_INVALID"


def test_a_revoked_device_does_not_come_back_with_its_key(open_office, refused):
    office = open_office()
    pc = office.pc()
    office.admin(lambda s: s.signin.revoke_device(pc.uid))
    office.admin(lambda s: s.signin.revoke_device(pc.uid))  # again: nothing more happens
    assert len(office.events("device.revoked")) == 1
    assert refused(office.admin, lambda s: s.signin.approve_device(pc.uid)) == "DEVICE_STATUS"
    challenge = office.crm.signin.begin_enrolment()
    signature = pc.key.sign(challenge.text)
    assert refused(office.crm.signin.enroll, "PC", pc.key.public.text, challenge.nonce, signature) == "DEVICE_KEY_KNOWN"


def test_who_asks_without_an_end_is_stopped(open_office, refused):
    office = open_office()
    for _ in range(ENROLMENTS):
        office.ask()
    assert refused(office.ask) == "SIGNIN_LIMITED"
    office.crm.clock.advance(timedelta(minutes=15))
    office.ask()


class TestChallenges:
    """What is signed for opening a session."""

    def test_is_good_once(self, open_office, refused, password):
        office = open_office()
        proof = office.pc().proof()
        assert refused(office.crm.signin.open, "a1", password, proof) is None
        assert refused(office.crm.signin.open, "a1", password, proof) == "CHALLENGE_INVALID"
        assert sessions(office) == 1

    def test_is_good_for_two_minutes(self, open_office, refused, password):
        office = open_office()
        pc = office.pc()
        proof = pc.proof()
        office.crm.clock.advance(timedelta(minutes=2))
        assert refused(office.crm.signin.open, "a1", password, proof) == "CHALLENGE_INVALID"
        proof = pc.proof()
        office.crm.clock.advance(timedelta(minutes=2) - timedelta(microseconds=1))
        assert refused(office.crm.signin.open, "a1", password, proof) is None

    def test_is_not_good_after_a_later_one(self, open_office, refused, password):
        office = open_office()
        pc = office.pc()
        first, second, third = pc.proof(), pc.proof(), pc.proof()
        answers = [refused(office.crm.signin.open, "a1", password, proof) for proof in (second, first, third)]
        assert answers == [None, "CHALLENGE_INVALID", None]

    def test_is_not_good_for_another_device(self, open_office, refused, password):
        office = open_office()
        mine, other = office.pc(), office.pc()
        challenge = office.crm.signin.begin(other.uid)
        assert refused(office.crm.signin.open, "a1", password, mine.key.answer(mine.uid, challenge)) == "CHALLENGE_INVALID"
        challenge = office.crm.signin.begin(other.uid)
        assert refused(office.crm.signin.open, "a1", password, mine.key.answer(other.uid, challenge)) == "SIGNATURE_INVALID"

    def test_is_not_good_when_it_was_never_given(self, open_office, refused, password):
        office = open_office()
        pc = office.pc()
        for nonce in ("", "x" * 43, "\0" * 43, "è" * 43, "x" * 100_000, "\ud800" * 43):
            assert refused(office.crm.signin.open, "a1", password, Proof(pc.uid, nonce, "x")) == "CHALLENGE_INVALID"

    def test_is_used_up_by_a_wrong_signature_and_the_device_is_not_blamed(self, open_office, refused, password, forged):
        office = open_office()
        pc = office.pc()
        challenge = office.crm.signin.begin(pc.uid)
        assert refused(office.crm.signin.open, "a1", password, forged(pc.uid, challenge)) == "SIGNATURE_INVALID"
        assert refused(office.crm.signin.open, "a1", password, pc.key.answer(pc.uid, challenge)) == "CHALLENGE_INVALID"
        assert office.events("session.refused")[0] == {"code": "SIGNATURE_INVALID", "login": "a1", "device": None}

    def test_that_wait_are_few_however_many_are_asked_for(self, open_office):
        office = open_office()
        pc, other = office.pc(), office.pc()
        kept = other.proof()
        for _ in range(120):
            last = office.crm.signin.begin(pc.uid)
        with office.crm.engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(Challenge.__table__)).scalar_one() == 51
        office.crm.signin.check_device(pc.key.answer(pc.uid, last))
        office.crm.signin.check_device(kept)

    def test_two_who_answer_one_at_once_are_not_both_let_in(self, open_office, refused, password):
        office = open_office()
        pc = office.pc()
        for _ in range(3):
            proof, together = pc.proof(), Barrier(4)

            def try_it(proof=proof, together=together):
                together.wait(timeout=60)
                return refused(office.crm.signin.open, "a1", password, proof)

            with ThreadPoolExecutor(4) as threads:
                answers = [each.result(timeout=60) for each in [threads.submit(try_it) for _ in range(4)]]
            assert sorted(answers, key=str) == ["CHALLENGE_INVALID"] * 3 + [None]
        assert sessions(office) == 3


def test_devices_are_for_administrators(open_office, refused):
    office = open_office()
    pc = office.ask()
    for work in (
        lambda s: s.signin.devices(),
        lambda s: s.signin.approve_device(pc.uid),
        lambda s: s.signin.revoke_device(pc.uid),
        lambda s: s.add(Device(name="x", algorithm="ES256", public_key="x", fingerprint="x")),
    ):
        assert refused(office.admin, work, "a1") in {"ADMINISTRATOR_NEEDED", "FUNCTION_NOT_GRANTED"}
    with office.crm.session("a1") as s, pytest.raises(Exception, match="device"):
        s.execute(select(Device.__table__)).all()
    assert refused(office.admin, lambda s: s.signin.approve_device(NOWHERE)) == "NOT_FOUND"
    assert refused(office.admin, lambda s: s.signin.revoke_device("no id")) == "NOT_FOUND"
    assert refused(office.admin, lambda s: s.signin.approve_device(pc.uid, ["nobody"])) == "USER_UNKNOWN"
    assert [each.status for each in office.admin(lambda s: s.signin.devices())] == ["pending"]
    assert office.admin(lambda s: s.signin.devices(DeviceStatus.ACTIVE)) == []


def test_the_history_of_a_device_names_who_decided(open_office):
    office = open_office()
    pc = office.pc()
    office.admin(lambda s: s.signin.revoke_device(pc.uid))
    with office.crm.engine.connect() as connection:
        query = select(AUDIT.c.actor, AUDIT.c.verb).where(AUDIT.c.entity == "device").order_by(AUDIT.c.id)
        found = [tuple(row) for row in connection.execute(query)]
    assert found == [("system:signin", "created"), ("admin", "updated"), ("admin", "updated")]


def test_a_host_may_roll_back_what_it_let_in(open_office, password):
    office = open_office()
    settings = {"core": {"access": {"hash_memory": 19_456, "hash_passes": 2}}}
    with office.crm.engine.connect() as connection:
        with Crm.open(connection, settings=settings, clock=office.crm.clock) as hosted:
            opened = hosted.signin.open("a1", password)
            assert hosted.signin.actor(opened.token).name == "a1"
        connection.rollback()
    assert sessions(office) == 0
    with pytest.raises(AccessDenied):
        office.crm.signin.actor(opened.token)


@pytest.mark.feature("A01", "I-25")
def test_a_device_does_not_become_everybodys_when_its_last_user_is_taken_away(open_office):
    office = open_office(require_device=True)
    one, two = office.pc("a1"), office.pc("a1", "a2")

    def by_hand(work):
        with office.crm.session(Actor.system("maintenance")) as s:
            work(s)
            s.commit()

    def users(s, device):
        return s.scalars(select(DeviceUser).join(Device, Device.id == DeviceUser.device_id).where(Device.uid == device.uid)).all()

    def take_all(s, device):
        for each in users(s, device):
            s.delete(each)

    def give_away(s):
        users(s, one)[0].device_id = s.scalar(select(Device.id).where(Device.uid == two.uid))

    by_hand(lambda s: s.delete(users(s, two)[0]))
    for work in (lambda s: take_all(s, one), lambda s: take_all(s, two), give_away):
        with pytest.raises(ValidationFailed, match="DEVICE_LAST_USER"):
            by_hand(work)
    office.admin(lambda s: s.signin.revoke_device(one.uid))
    by_hand(lambda s: take_all(s, one))
