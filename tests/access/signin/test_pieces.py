"""Keys, secrets and passwords by themselves, to the letter: no database is asked (A01, A02, I-25)."""

from __future__ import annotations

import hashlib
import sys
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from crmcore import Account, Job
from crmcore.access.signin import ED25519, ES256, SIGNIN_EVENTS, Challenge, DeviceKey, NewToken, Opened, PublicKey, Purpose, Reason, rules
from crmcore.access.signin.cleanup import SIGNIN_JOBS, clean
from crmcore.access.signin.opening import _Known
from crmcore.access.signin.passwords import Passwords
from crmcore.access.signin.secret import SESSION, TOKEN, decode, digest, draw, encode, extra, login_or_none, uid_or_none
from crmcore.access.signin.values import CHALLENGE_LIFE, Limits
from crmcore.errors import UsageError, ValidationFailed
from crmcore.events import RecordVerb, Rule
from crmcore.model import Device, User

pytestmark = pytest.mark.feature("A01", "A02", "I-25")

KEYS = {name: DeviceKey.generate(name) for name in (ED25519, ES256)}
NOW = datetime(2026, 5, 11, 7, tzinfo=UTC)


def why(error):
    """Return the code of a refusal, and the reason that it names."""
    return error.value.code, error.value.params["reason"]


def der(key):
    from cryptography.hazmat.primitives import serialization

    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def private_pem(key):
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class TestKeys:
    @pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
    def test_the_public_half_is_as_others_write_it(self, algorithm):
        key = DeviceKey.generate(algorithm)
        found = key.public
        data = der(key._key.public_key())
        assert (found.algorithm, found.text) == (algorithm, urlsafe_b64encode(data).decode().rstrip("="))
        assert found.fingerprint == hashlib.sha256(data).hexdigest()
        assert PublicKey.read(found.text) == found
        assert "_key" not in repr(found)
        assert repr(key) == "DeviceKey()"
        assert DeviceKey.generate().public.algorithm == "Ed25519"

    @pytest.mark.parametrize("algorithm", [ED25519, ES256])
    def test_a_signature_is_over_the_bytes_of_the_text(self, algorithm):
        key, text = KEYS[algorithm], "crmcore è qui"
        given = key.sign(text)
        raw = decode(given)
        assert len(raw) == 64
        found = [
            key.public.verifies(*each)
            for each in ((text, given), (text + " ", given), (text, encode(raw[:-1])), (text, encode(raw + b"x")))
        ]
        assert found == [True, False, False, False]
        # One number in more bytes is the same number: only one spelling of a signature is taken.
        assert key.public.verifies(text, encode(raw[:32] + b"\0" + raw[32:])) is False
        for nothing in ("", "!" * 86, "è" * 86, encode(bytes(64)), encode(b"\xff" * 64)):
            assert key.public.verifies(text, nothing) is False
        assert KEYS[ES256 if algorithm == ED25519 else ED25519].public.verifies(text, given) is False
        proof = key.answer("pc", Challenge("the text", "the nonce", NOW))
        assert (proof.device, proof.nonce) == ("pc", "the nonce")
        assert key.public.verifies("the text", proof.signature)

    def test_what_ecdsa_signs_is_what_webcrypto_takes(self):
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        raw = decode(KEYS[ES256].sign("text"))
        r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
        KEYS[ES256]._key.public_key().verify(encode_dss_signature(r, s), b"text", ec.ECDSA(SHA256()))

    def test_what_is_no_key_is_refused_with_the_reason(self, tmp_path):
        from cryptography.hazmat.primitives.asymmetric import ec, x25519

        file = tmp_path / "key.pem"
        unknown = "it is neither ECDSA P-256 nor Ed25519"
        given = [
            ("è", "it is not base64url"),
            (encode(b"no key"), "it is no SubjectPublicKeyInfo of a known algorithm"),
            (encode(der(x25519.X25519PrivateKey.generate().public_key())), unknown),
        ]
        for curve in (ec.SECP384R1(), ec.SECP256K1()):
            key = ec.generate_private_key(curve)
            given.append((encode(der(key.public_key())), unknown))
            file.write_bytes(private_pem(key))
            with pytest.raises(ValidationFailed) as caught:
                DeviceKey.load(file)
            assert why(caught) == ("DEVICE_KEY_INVALID", f"{file} holds neither an ECDSA P-256 nor an Ed25519 key")
        for text, reason in given:
            with pytest.raises(ValidationFailed) as caught:
                PublicKey.read(text)
            assert why(caught) == ("DEVICE_KEY_INVALID", reason)
        file.write_bytes(private_pem(x25519.X25519PrivateKey.generate()))
        with pytest.raises(ValidationFailed):
            DeviceKey.load(file)
        file.write_text("-----BEGIN")
        with pytest.raises(ValidationFailed) as caught:
            DeviceKey.load(file)
        assert why(caught) == ("DEVICE_KEY_INVALID", f"{file} holds no private key")

    @pytest.mark.parametrize("algorithm", [ED25519, ES256])
    def test_a_file_is_new_and_its_owners_alone(self, algorithm, tmp_path):
        file = tmp_path / "key.pem"
        KEYS[algorithm].save(file)
        assert file.stat().st_mode & 0o777 == 0o600
        assert DeviceKey.load(file).public == KEYS[algorithm].public
        before = file.read_bytes()
        with pytest.raises(UsageError) as caught:
            KEYS[algorithm].save(file)
        assert (caught.value.code, caught.value.params) == ("DEVICE_KEY_FILE", {"path": file, "reason": "File exists"})
        assert file.read_bytes() == before

    def test_the_package_that_is_missing_is_named(self, monkeypatch, tmp_path):
        monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
        monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
        monkeypatch.setitem(sys.modules, "argon2", None)
        ways = (
            lambda: PublicKey.read(""),
            DeviceKey.generate,
            lambda: DeviceKey.load(tmp_path),
            lambda: passwords().verify(None, ""),
        )
        found = []
        for way in ways:
            with pytest.raises(UsageError) as caught:
                way()
            found.append((caught.value.code, caught.value.params["package"]))
        assert found == [("ACCESS_EXTRA_MISSING", "cryptography")] * 3 + [("ACCESS_EXTRA_MISSING", "argon2-cffi")]


class TestSecrets:
    def test_nothing_drawn_is_drawn_again_or_guessed(self):
        assert (SESSION, TOKEN) == ("crms_", "crmt_")
        drawn = [draw(*prefix) for prefix in ((), (SESSION,), (TOKEN,)) for _ in range(20)]
        assert len(set(drawn)) == 60
        assert [len(each) for each in drawn[::20]] == [43, 48, 48]
        assert all(len(decode(each[-43:])) == 32 for each in drawn)
        assert all(each.startswith(TOKEN) for each in drawn[40:])

    def test_no_two_lists_have_one_digest(self):
        assert digest("ab", "c") == hashlib.sha256(b"2:ab1:c").hexdigest()
        # Characters are counted, and what is no text of any encoding has a digest, too.
        assert digest("è", "\ud800") == hashlib.sha256("1:è1:".encode() + b"\xed\xa0\x80").hexdigest()

    def test_ids_and_logins_are_what_a_database_takes(self):
        uid = "019e15d5-0000-7000-8000-0000000000af"
        assert [uid_or_none(each) for each in (uid, uid.upper(), uid + "\n", uid[:-1], uid.replace("-", ""), "")] == [uid, uid] + [None] * 4
        assert [login_or_none(each) for each in ("a1", "a\0", "\ud800", "x" * 4001)] == ["a1", None, None, None]
        assert login_or_none("x" * 4000) == "x" * 4000

    def test_base64url_is_read_with_padding_and_without_and_nothing_else(self):
        for data in (b"", b"a", b"ab", b"abc", bytes(7), bytes(range(256))):
            text = urlsafe_b64encode(data).decode()
            assert encode(data) == text.rstrip("=")
            assert decode(encode(data)) == decode(text) == data
        assert [decode(each) for each in ("A", "a b", "a\nbc", "++++", "////", "è", "AA=A")] == [None] * 7
        assert len(decode("A" * 4000)) == 3000
        assert decode("A" * 4001) is decode("A" * 4004) is decode("A" * 3990 + "=" * 11) is None

    def test_another_error_than_a_missing_package_goes_on(self):
        with pytest.raises(ZeroDivisionError), extra("x"):
            raise ZeroDivisionError


def passwords(**limits):
    """Passwords as cheap as the settings allow."""
    return Passwords(SimpleNamespace(**{"hash_memory": 19_456, "hash_passes": 2, "password_minimum": 12, **limits}))


class TestPasswords:
    def test_what_is_stored_is_argon2id_of_the_text_in_one_spelling(self):
        mine = passwords()
        stored = mine.hash("a1", "perche\u0301 no \ud800?")
        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=4$")
        found = [mine.verify(stored, each) for each in ("perch\u00e9 no \ud800?", "perche no \ud800?")]
        assert found[0] is True
        assert found[1] is False
        assert mine.verify("no hash", "x") is False
        assert mine.renewed(stored, "x") is None
        fresh = passwords(hash_passes=3).renewed(stored, "un altro cavallo")
        assert fresh.startswith("$argon2id$v=19$m=19456,t=3,p=4$")
        assert mine.verify(fresh, "un altro cavallo")

    @pytest.mark.parametrize(
        ("login", "word", "reason"),
        [
            ("a1", "undici lett", ("ha meno di 12 caratteri", "it has less than 12 characters")),
            ("a1", "dodici lette", None),
            # Fewer letters than it seems: what counts is what is hashed.
            ("a1", "perche\u0301 ne s", ("ha meno di 12 caratteri", "it has less than 12 characters")),
            ("a1", "abcd" * 4, ("ha troppo pochi caratteri diversi", "it has too few different characters")),
            ("a1", "abcde" * 4, None),
            ("a1", "abcde" * 200 + "f", ("ha più di 1000 caratteri", "it has more than 1000 characters")),
            ("a1", "abcde" * 200, None),
            ("anna", "la parola di ANNA", ("contiene il nome utente", "it contains the login")),
            ("ANNA", "la parola di anna", ("contiene il nome utente", "it contains the login")),
            ("ann", "la parola di ann", None),
            ("bruno", "la parola di anna", None),
        ],
    )
    def test_weak_ones_are_refused_with_the_reason(self, monkeypatch, login, word, reason):
        mine = passwords()
        monkeypatch.setattr(Passwords, "_hasher", lambda _: SimpleNamespace(hash=lambda given: given))
        if reason is None:
            assert mine.hash(login, word) == word.encode()
            return
        with pytest.raises(ValidationFailed) as caught:
            mine.hash(login, word)
        code, label = why(caught)
        assert (code, (label.it, label.en)) == ("PASSWORD_WEAK", reason)

    def test_as_much_is_hashed_whatever_there_is(self, monkeypatch):
        hashed = []
        hasher = SimpleNamespace(hash=lambda given: hashed.append(len(given)), verify=lambda _, given: hashed.append(-len(given)) or True)
        monkeypatch.setattr(Passwords, "_hasher", lambda _: hasher)
        mine = passwords()
        found = [mine.verify(*each) for each in (("stored", "x" * 1000), ("stored", "x" * 1001), (None, "x"), ("stored", "x" * 9999))]
        assert found == [True, False, False, False]
        assert hashed == [-1000, 1001, 1, 1001]


class TestValues:
    def test_what_ends_a_session_is_told_in_words(self):
        assert {each.value: (each.label.it, each.label.en) for each in Reason} == {
            "signed_out": ("chiusa dall'utente", "the user signed out"),
            "revoked": ("revoca di un amministratore", "an administrator revoked it"),
            "expired": ("durata massima raggiunta", "its time was up"),
            "idle": ("inattività", "it was idle for too long"),
            "device_revoked": (
                "il dispositivo non è più censito per questo utente",
                "the device is no longer registered for this user",
            ),
            "device_needed": ("ora si lavora solo da dispositivi censiti", "only registered devices work here now"),
            "user_blocked": ("utente bloccato", "the user was blocked"),
            "password_changed": ("la password è stata cambiata", "the password was changed"),
        }

    def test_the_names_that_others_rely_on(self):
        assert [each.value for each in Purpose] == ["enroll", "open", "renew"]
        assert timedelta(minutes=2) == CHALLENGE_LIFE
        assert [each.TYPE for each in SIGNIN_EVENTS] == [
            "session.opened",
            "session.refused",
            "session.closed",
            "device.registered",
            "device.approved",
            "device.revoked",
            "user.password_changed",
            "token.created",
            "token.revoked",
        ]

    def test_the_job_that_cleans_runs_in_the_night(self):
        rule = Rule("FREQ=DAILY;BYHOUR=3;BYMINUTE=20;BYSECOND=0")
        assert (Job(name="core.signin", fn=clean, every=rule, help="Ends sessions whose time is up, and removes old ones."),) == SIGNIN_JOBS

    def test_what_is_known_of_a_user_does_not_show_the_hash(self):
        assert "argon2" not in repr(_Known(1, "a1", "active", "$argon2id$"))

    def test_what_was_just_made_does_not_show_its_token(self):
        shown = repr(Opened(token="crms_x", session="s", expires_at=NOW, actor=None)) + repr(NewToken(token="crmt_x", info=None))
        assert "crm" not in shown.replace("crmcore", "")

    def test_limits_are_the_settings_in_their_units(self):
        given = {
            "require_device": True,
            "session_lifetime": 1,
            "idle_limit": 2,
            "device_renewal": 3,
            "password_minimum": 4,
            "attempts": 5,
            "attempts_window": 6,
            "token_lifetime": 7,
            "keep_sessions": 8,
            "hash_memory": 9,
            "hash_passes": 10,
        }
        crm = SimpleNamespace(settings=lambda plugin: {"core": {"access": given}}[plugin])
        assert Limits.of(crm) == Limits(
            require_device=True,
            session_lifetime=timedelta(hours=1),
            idle_limit=timedelta(minutes=2),
            device_renewal=timedelta(minutes=3),
            password_minimum=4,
            attempts=5,
            attempts_window=timedelta(minutes=6),
            token_lifetime=timedelta(days=7),
            keep_sessions=timedelta(days=8),
            hash_memory=9,
            hash_passes=10,
        )


@pytest.mark.feature("A08", "I-26")
class TestWhatEndsSessions:
    def changed(self, cls, status, verb=RecordVerb.UPDATED, field="status"):
        record = cls(login="u") if cls is User else cls(name="PC", algorithm=ES256, public_key="", fingerprint="")
        record.id, record.status = 7, status
        return SimpleNamespace(record=record, verb=verb, changes={field: (None, None)})

    def test_blocking_and_revoking_and_nothing_else(self, monkeypatch):
        ended = []
        monkeypatch.setattr(rules, "end", lambda _, reason, which: ended.append((reason, str(which), which.right.value)))
        nothing = [
            self.changed(User, "active"),
            self.changed(User, "revoked"),
            self.changed(User, "blocked", RecordVerb.CREATED),
            self.changed(User, "blocked", RecordVerb.DELETED),
            self.changed(User, "blocked", field="name"),
            self.changed(Device, "active"),
            self.changed(Device, "blocked"),
            self.changed(Device, "revoked", RecordVerb.CREATED),
            self.changed(Device, "revoked", field="name"),
            SimpleNamespace(record=Account(name="A"), verb=RecordVerb.UPDATED, changes={"status": (None, None)}),
        ]
        rules.follow(None, nothing)
        assert ended == []
        rules.follow(None, [nothing[0], self.changed(User, "blocked"), nothing[2], self.changed(Device, "revoked")])
        assert ended == [
            (Reason.USER_BLOCKED, "user_session.user_id = :user_id_1", 7),
            (Reason.DEVICE_REVOKED, "user_session.device_id = :device_id_1", 7),
        ]
        assert list(rules.check_commit(None, nothing)) == []
