"""Profiles and groups in files, and what changing a profile means for its users."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmcore import Account, Actor
from crmcore.access import Scope
from crmcore.access.specs import parse_scope
from crmcore.errors import ConfigurationError, ValidationFailed
from crmcore.model import Profile, Salesperson, User, UserGroup
from crmcore.planning import export_configuration, make_plan

pytestmark = pytest.mark.feature("P4.1", "A05", "A06", "A07")

FILES = """
salespersons: {A1: Anna, A2: Bruno}
groups: {backoffice: Back office}
profiles:
  AGENTE:
    label: {it: Agente, en: Agent}
    functions: [customers.*, contacts.read]
    scopes: [own, "seller:A2@2026-01-01.."]
    hidden: [account.notes]
    readonly: [account.seller_id]
"""


def test_profiles_and_groups_come_from_files(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy(FILES))
    with crm.session(Actor.system("look")) as s:
        profile = s.scalar(select(Profile))
        assert (profile.code, list(profile.functions)) == ("AGENTE", ["customers.*", "contacts.read"])
        assert [dict(scope) for scope in profile.scopes] == [{"kind": "own"}, {"kind": "seller", "target": "A2", "from": "2026-01-01"}]
        assert {name: dict(mask) for name, mask in profile.masks.items()} == {"account": {"hidden": ["notes"], "readonly": ["seller_id"]}}
        assert s.scalar(select(UserGroup.code)) == "backoffice"


@pytest.mark.feature("P4.5")
def test_what_is_exported_plans_nothing(open_crm, deploy, apply, tmp_path):
    from crmcore.deployment import load

    crm = open_crm()
    deployment = deploy(FILES)
    apply(crm, deployment)
    export_configuration(crm, deployment, tmp_path / "out")
    assert make_plan(crm, load(tmp_path / "out")).steps == ()


@pytest.mark.feature("P4.3", "I-28")
def test_a_plan_tells_how_many_users_lose_how_many_accounts(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy(FILES))
    with crm.session(Actor.system("setup")) as s:
        profile, sellers = s.scalar(select(Profile)), {row.code: row.id for row in s.scalars(select(Salesperson))}
        s.add(User(login="admin"))
        s.add(User(login="anna", profile_id=profile.id, salesperson_id=sellers["A1"]))
        s.add(User(login="carla", profile_id=profile.id))
        for number in range(5):
            s.add(Account(name=f"K{number}", seller_id=sellers["A2" if number < 3 else "A1"], seller_source="manual"))
        s.commit()
    plan = make_plan(crm, deploy(FILES.replace(', "seller:A2@2026-01-01.."', "")))
    assert [(effect.text.it, effect.count) for effect in plan.effects if effect.collection == "profiles" and not effect.key] == [
        ("2 utenti perdono 6 anagrafiche", 6)
    ]
    plan = make_plan(crm, deploy(FILES.replace("scopes: [own", "scopes: [all, own")))
    assert [effect.text.en for effect in plan.effects if effect.collection == "profiles" and not effect.key] == [
        "1 user(s) gain 2 account(s)"
    ]


@pytest.mark.feature("P4.2")
@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("scopes: [own", "scopes: [everything", 8),
        ("scopes: [own", 'scopes: ["seller:A9"', 8),
        ("scopes: [own", 'scopes: ["seller"', 8),
        ("functions: [customers.*", "functions: [custommers.*", 7),
        ("hidden: [account.notes]", "hidden: [account.colour]", 9),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused_at_its_line(open_crm, deploy, old, new, line):
    crm = open_crm()
    with pytest.raises(ConfigurationError) as error:
        make_plan(crm, deploy(FILES.replace(old, new)))
    assert [problem.params["place"].split(":")[1] for problem in error.value.problems] == [str(line)]


@pytest.mark.parametrize(
    "text", ["own", "seller:A2", "zone:NORD@2026-08-01..2026-08-31", "zone:NORD@..2026-08-31", "portfolio:X@2026-08-01.."]
)
def test_a_scope_is_read_as_it_is_written(text):
    assert isinstance(parse_scope(text), Scope)
    assert str(parse_scope(text)) == text


@pytest.mark.parametrize("text", ["", "mine", "seller", "own:A1", "seller:A2@2026-08-01", "seller:A2@tomorrow.."])
def test_what_is_no_scope_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_scope(text)


@pytest.mark.feature("I-29")
def test_no_file_takes_the_last_administrator_away(open_crm, deploy, apply):
    crm, chief = open_crm(), "profiles: {CHIEF: {label: {it: Capo}, functions: ['*'], scopes: [all], administrator: true}}"
    apply(crm, deploy(chief))
    with crm.session(Actor.system("setup")) as s:
        s.add(User(login="admin", profile_id=s.scalar(select(Profile.id))))
        s.commit()
    with pytest.raises(ValidationFailed, match="LAST_ADMINISTRATOR"):
        apply(crm, deploy(chief.replace("true", "false")))
    apply(crm, deploy(chief.replace("CHIEF", "OTHER")), prune=True)  # what somebody has is not removed
    with crm.session("admin") as s:
        assert s.access.reach().administrator
