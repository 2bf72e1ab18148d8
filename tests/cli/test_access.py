"""`crm access`: users, functions, and why somebody sees a record."""

from __future__ import annotations

import json

import pytest

from crmcore import Actor, Crm
from crmcore.cli.codes import ExitCode
from crmcore.model import Profile, Salesperson, User

pytestmark = pytest.mark.feature("I-28", "A05", "A08")


@pytest.fixture
def agents(shop):
    """A deployment with an agent who sees nothing of the customer, and an administrator."""
    with Crm.open(shop) as opened, opened.session(Actor.system("setup")) as s:
        profile = s.add(Profile(code="AGENTE", label_it="Agente", functions=["customers.*"], scopes=[{"kind": "own"}]))
        agent = s.add(Salesperson(code="A1", kind="agent", name="A1"))
        s.flush()
        s.add(User(login="a1", name="Anna", profile_id=profile.id, salesperson_id=agent.id))
        s.add(User(login="admin"))
        s.accounts.create(name="Rossi", phone1="+39 0424 000012", portfolio="GENERICO")
        s.commit()
    return shop


def test_without_users_everybody_does_everything(crm, shop):
    assert "tutti fanno tutto" in crm("-C", shop, "access", "users").stdout


def test_why_somebody_does_not_see_a_record(crm, agents):
    assert "regola decisiva" in crm("-C", agents, "access", "explain", "a1", "account", "1").stdout
    found = json.loads(crm("-C", agents, "--json", "access", "explain", "a1", "account", "1").stdout)
    assert (found["granted"], [step["rule"] for step in found["steps"] if step["deciding"]]) == (False, ["scope:own"])
    dated = json.loads(crm("-C", agents, "--json", "access", "explain", "admin", "account", "1", "--at", "2026-01-31").stdout)
    assert (dated["granted"], dated["day"]) == (True, "2026-01-31")
    assert "ACCESS_ENTITY_UNKNOWN" in crm("-C", agents, "access", "explain", "a1", "acount", "1", code=ExitCode.REFUSED).stderr


def test_who_sees_a_record_and_what_there_is(crm, agents):
    assert json.loads(crm("-C", agents, "--json", "access", "who", "account", "1").stdout) == [{"login": "admin"}]
    rows = json.loads(crm("-C", agents, "--json", "access", "users").stdout)
    assert [(row["login"], row["profile"], row["scopes"]) for row in rows] == [("a1", "AGENTE", "own"), ("admin", "—", "all")]
    assert {"function": "customers.read"} in json.loads(crm("-C", agents, "--json", "access", "functions").stdout)


def test_blocking_and_unblocking(crm, agents):
    crm("-C", agents, "access", "block", "a1")
    assert json.loads(crm("-C", agents, "--json", "access", "users").stdout)[0]["status"] == "blocked"
    assert "LAST_ADMINISTRATOR" in crm("-C", agents, "access", "block", "admin", code=ExitCode.REFUSED).stderr
    crm("-C", agents, "access", "unblock", "a1")
    assert json.loads(crm("-C", agents, "--json", "access", "users").stdout)[0]["status"] == "active"
