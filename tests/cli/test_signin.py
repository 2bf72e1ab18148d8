"""`crm user`, `crm device`, `crm session` and `crm token`."""

from __future__ import annotations

import json

import pytest

from crmcore import Actor, Crm
from crmcore.access.signin import DeviceKey, PublicKey
from crmcore.cli.codes import ExitCode
from crmcore.model import User

pytestmark = pytest.mark.feature("A01", "A02", "A08", "I-25")

PASSWORD = "cavallo batteria graffetta"


@pytest.fixture
def office(shop):
    """A deployment with two users."""
    with Crm.open(shop) as opened, opened.session(Actor.system("setup")) as s:
        for login in ("admin", "a1"):
            s.add(User(login=login))
        s.commit()
    return shop


@pytest.fixture
def shell(crm, office):
    """Run `crm` on the deployment, and return what it printed, read as JSON."""

    def run(*args, **options):
        return json.loads(crm("-C", office, "--json", *args, **options).stdout)

    return run


def test_a_device_is_enrolled_approved_proved_and_revoked(crm, office, shell, tmp_path):
    key = tmp_path / "pc.pem"
    asked = crm("-C", office, "device", "enroll", key, "--name", "PC di Anna", "--algorithm", "ES256").stdout
    [row] = shell("device", "list")
    assert row["fingerprint"] in asked
    assert (row["name"], row["status"], row["users"]) == ("PC di Anna", "pending", [])
    uid = row["uid"]
    assert "DEVICE_NOT_REGISTERED" in crm("-C", office, "device", "prove", uid, key, code=ExitCode.REFUSED).stderr
    assert shell("device", "approve", uid, "--user", "a1") == {"uid": uid, "status": "active"}
    assert shell("device", "prove", uid, key) == {"uid": uid, "status": "active"}
    table = crm("-C", office, "device", "list", "--status", "active").stdout
    assert "a1" in table
    assert "PC di Anna" in table
    DeviceKey.generate().save(tmp_path / "other.pem")
    assert "SIGNATURE_INVALID" in crm("-C", office, "device", "prove", uid, tmp_path / "other.pem", code=ExitCode.REFUSED).stderr
    crm("-C", office, "device", "revoke", uid)
    assert shell("device", "list", "--status", "active") == []
    assert "Nessun dispositivo" in crm("-C", office, "device", "list", "--status", "active").stdout


def test_a_key_that_is_there_is_used_and_signs_what_a_server_asks(crm, office, shell, tmp_path):
    key = DeviceKey.generate()
    key.save(tmp_path / "pc.pem")
    made = shell("device", "enroll", tmp_path / "pc.pem", "--name", "PC", "--kind", "phone")
    assert (made["fingerprint"], made["kind"]) == (key.public.fingerprint, "phone")
    (tmp_path / "challenge").write_text("what the server says\n")
    arguments = ("device", "prove", made["uid"], tmp_path / "pc.pem", "--challenge", tmp_path / "challenge")
    for signature in (crm("-C", office, *arguments).stdout.strip(), shell(*arguments)["signature"]):
        assert PublicKey.read(key.public.text).verifies("what the server says\n", signature)


def test_a_password_is_read_twice_or_from_a_pipe(crm, office, monkeypatch):
    from click.testing import CliRunner

    from crmcore.cli import crm as root

    def passwd(text, *options):
        return CliRunner().invoke(root, ["-C", str(office), *options, "user", "passwd", "a1"], input=text)

    asked = passwd(f"{PASSWORD}\n{PASSWORD}\n")
    assert asked.exit_code == 0, asked.output
    assert PASSWORD not in asked.output
    piped = CliRunner().invoke(root, ["-C", str(office), "--json", "user", "passwd", "a1", "--stdin"], input="corta\n")
    assert (piped.exit_code, "PASSWORD_WEAK" in piped.stderr, "corta" in piped.stderr) == (ExitCode.REFUSED, True, False)
    piped = CliRunner().invoke(root, ["-C", str(office), "--json", "user", "passwd", "a1", "--stdin"], input=f"{PASSWORD} nuova\r\n")
    assert json.loads(piped.stdout) == {"login": "a1", "changed": True}
    with Crm.open(office) as opened:
        assert opened.signin.open("a1", f"{PASSWORD} nuova").actor.name == "a1"


def test_sessions_are_listed_and_ended(crm, office, shell):
    with Crm.open(office) as opened:
        with opened.session("admin") as s:
            s.signin.set_password("a1", PASSWORD)
            s.commit()
        mine = opened.signin.open("a1", PASSWORD)
        assert mine.session in crm("-C", office, "session", "list").stdout
        [row] = shell("session", "list", "--user", "a1")
        assert (row["uid"], row["login"], row["device"], row["ended"]) == (mine.session, "a1", None, None)
        crm("-C", office, "session", "revoke", mine.session)
        with pytest.raises(PermissionError, match="SESSION_ENDED"):
            opened.signin.actor(mine.token)
    assert shell("session", "list") == []
    assert "revoca" in crm("-C", office, "session", "list", "--ended").stdout
    assert "NOT_FOUND" in crm("-C", office, "session", "revoke", mine.session, code=ExitCode.REFUSED).stderr


def test_tokens_are_made_shown_once_and_revoked(crm, office, shell):
    made = crm("-C", office, "token", "create", "a1", "--name", "listino", "--function", "customers.read", "--days", "7")
    token = made.stdout.strip()
    assert token.startswith("crmt_")
    other = shell("token", "create", "a1", "--name", "altro", "--function", "*")
    with Crm.open(office) as opened:
        assert opened.signin.actor(token).functions == ("customers.read",)
        assert opened.signin.actor(other["token"]).functions == ("*",)
    rows = shell("token", "list", "--user", "a1")
    assert [(row["name"], row["functions"], row["ended"]) for row in rows] == [
        ("altro", ["*"], None),
        ("listino", ["customers.read"], None),
    ]
    listed = crm("-C", office, "token", "list").stdout + json.dumps(rows)
    assert token not in listed
    assert other["token"] not in listed
    assert shell("token", "revoke", other["uid"]) == {"uid": other["uid"], "revoked": True}
    assert [row["ended"] for row in shell("token", "list")] == ["revoked", None]
    refused = crm("-C", office, "token", "create", "a1", "--name", "x", "--function", "customers.reed", code=ExitCode.REFUSED)
    assert "ACCESS_FUNCTION_UNKNOWN" in refused.stderr


def test_blocking_lists_what_is_open(shell):
    assert shell("access", "block", "a1") == []
