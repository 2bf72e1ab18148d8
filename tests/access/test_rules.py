"""What is wrong with users and profiles, and who may change them: each rule by example (A04 to A06, I-29)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from crmcore import Account, Actor
from crmcore.access.reach import Reach
from crmcore.access.rules import check, check_commit, profile_problems
from crmcore.events import RecordVerb
from crmcore.model import GroupMember, Profile, Salesperson, User, UserGroup, UserStatus, Zone
from crmcore.session import Change

pytestmark = [
    pytest.mark.feature("A04", "A05", "A06", "I-29"),
    pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True),
]


@pytest.fixture
def session(open_crm):
    with open_crm().session(Actor.system("setup")) as s:
        yield s


def change(record, verb=RecordVerb.UPDATED, **changes):
    return Change(type(record).entity_name(), verb, record, changes)


def profile(**fields):
    return Profile(**{"code": "P", "label_it": "P", **fields})


PARAMS = {
    "ADMINISTRATOR_NEEDED": (),
    "ACCESS_SCOPE_INVALID": ("where", "value", "expected"),
    "ACCESS_TARGET_UNKNOWN": ("where", "kind", "target"),
    "ACCESS_FUNCTION_UNKNOWN": ("where", "function"),
    "SUPERVISOR_RING": ("login",),
    "LAST_ADMINISTRATOR": ("login",),
}


def found(problems):
    """Return codes and parameters, labels in English."""
    problems = list(problems)
    assert [tuple(each.params) for each in problems] == [PARAMS[each.code] for each in problems]
    return [(each.code, *(value if isinstance(value, str) else value.text("en") for value in each.params.values())) for each in problems]


def as_user(session, reach):
    return SimpleNamespace(guard=SimpleNamespace(reach=reach), registry=session.registry, scalars=session.scalars)


def test_only_an_administrator_changes_users_profiles_and_groups(session):
    ours = [User(login="u"), profile(), UserGroup(code="G", label_it="G"), GroupMember(group_id=1, user_id=1)]
    limited = as_user(session, Reach(login="u", administrator=False))
    for record in ours:
        for verb in RecordVerb:
            assert found(check(limited, [change(Account(name="A")), change(record, verb)])) == [("ADMINISTRATOR_NEEDED",)]
    assert list(check(limited, [change(Account(name="A"))])) == []
    for free in (Reach(login="u"), Reach(login="u", open=True, administrator=False)):
        assert list(check(as_user(session, free), [change(record) for record in ours])) == []


def test_what_is_wrong_with_a_profile_or_a_user_is_said_unless_it_is_deleted(session):
    scope = {"kind": "own", "target": "x"}
    bad = profile(functions=["nothing.read"], scopes=[scope])
    assert [code for code, *_ in found(check(session, [change(bad)]))] == ["ACCESS_FUNCTION_UNKNOWN", "ACCESS_SCOPE_INVALID"]
    assert list(check(session, [change(bad, RecordVerb.DELETED)])) == []
    # What comes after one that is deleted is looked at.
    both = [change(bad, RecordVerb.DELETED), change(User(login="u", scopes=[scope]))]
    assert found(check(session, both)) == [("ACCESS_SCOPE_INVALID", "user u", repr(scope), "no target")]
    assert found(check(session, [change(profile(scopes=[scope]))]))[0][1] == "profile P"


def test_targets_of_scopes_exist(session):
    session.add(Salesperson(code="A1", kind="agent", name="A1"))
    session.add(Zone(code="NORD", label_it="Nord"))
    session.flush()
    scopes = [{"kind": "seller", "target": each} for each in ("A1", *"ZAMBQC")]
    scopes += [{"kind": "zone", "target": "NORD"}, {"kind": "zone", "target": "A1"}, {"kind": "portfolio", "target": "NORD"}]
    told = found(check(session, [change(profile(scopes=[*scopes, {"kind": "zone"}, {"kind": "own"}]))]))
    assert told[0][:2] == ("ACCESS_SCOPE_INVALID", "profile P")
    others = [("portfolio", "NORD"), ("zone", "A1")]
    assert sorted(told[1:]) == sorted(
        ("ACCESS_TARGET_UNKNOWN", "profile P", *each) for each in [*others, *(("salesperson", code) for code in "ABCMQZ")]
    )
    # The targets of a kind come sorted.
    assert [target for *_, kind, target in told[1:] if kind == "salesperson"] == list("ABCMQZ")
    nowhere = profile(scopes=[{"kind": kind, "target": "?"} for kind in ("seller", "zone", "portfolio")])
    labels = {each.params["kind"].text("it") for each in check(session, [change(nowhere)])}
    assert labels == {"un venditore", "una zona", "un portafoglio"}


def test_functions_are_those_of_entities_and_permissions(session):
    known = ["customers.read", "customers.*", "*", "customers.merge", "privacy.erase"]
    assert list(profile_problems(session.registry, profile(functions=known))) == []
    assert found(profile_problems(session.registry, profile(functions=["customers.look", "customers", "customers.read"]))) == [
        ("ACCESS_FUNCTION_UNKNOWN", "profile P", "customers.look"),
        ("ACCESS_FUNCTION_UNKNOWN", "profile P", "customers"),
    ]
    (problem,) = profile_problems(session.registry, profile(functions=[1]))
    assert problem.params == {"where": "profile P", "function": 1}


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        ({"account": {"hidden": ["notes", "c.colour"], "readonly": ["name"]}, "person": {}}, []),
        ({"acount": {"hidden": []}}, [("profile P: acount", "{'hidden': []}", "an entity")]),
        ({"account": ["hidden"]}, [("profile P: account", "['hidden']", "hidden, readonly")]),
        ({"account": {"invisible": [], "hidden": []}}, [("profile P: account", "{'invisible': [], 'hidden': []}", "hidden, readonly")]),
        (
            {"account": {"hidden": ["colour"], "readonly": ["c_"]}},
            [("profile P: account", f"'{each}'", "a field") for each in ("colour", "c_")],
        ),
        ({"person": {"hidden": ["c.colour", "notes"]}}, [("profile P: person", "'c.colour'", "a field")]),
        ({"acount": {"hidden": ["x" * 300]}}, [("profile P: acount", "{'hidden': ['" + "x" * 187, "an entity")]),
    ],
)
def test_masks_name_entities_and_their_fields(session, masks, expected):
    told = [(each.code, each.params) for each in profile_problems(session.registry, profile(masks=masks))]
    assert told == [("ACCESS_MASK_INVALID", dict(zip(("where", "value", "expected"), each, strict=True))) for each in expected]


def test_supervisors_form_a_tree(session):
    boss, lead, other = (session.add(User(login=login)) for login in ("boss", "lead", "other"))
    session.flush()
    lead.supervisor_id = boss.id
    session.flush()
    above = (None, boss.id)
    assert list(check_commit(session, [change(each, supervisor_id=above) for each in (boss, lead, other)])) == []
    with session.orm.no_autoflush:
        session.orm.execute(User.__table__.update().where(User.__table__.c.id == boss.id).values(supervisor_id=lead.id))
        assert found(check_commit(session, [change(each, supervisor_id=above) for each in (other, lead, boss)])) == [
            ("SUPERVISOR_RING", "lead"),
            ("SUPERVISOR_RING", "boss"),
        ]
        assert list(check_commit(session, [change(lead, name=("", "Lead"))])) == []
        # Of several, one whose supervisor changed is enough to look.
        assert found(check_commit(session, [change(other, name=("", "O")), change(lead, supervisor_id=above)])) == [
            ("SUPERVISOR_RING", "lead")
        ]


def test_somebody_can_always_administer(session):
    told = [change(Account(name="A")), change(profile()), change(User(login="u"))]
    assert list(check_commit(session, told)) == []
    limits, may = session.add(profile()), session.add(profile(code="A", administrator=True))
    session.flush()
    user = session.add(User(login="u"))
    session.flush()
    # Past the rules, which would refuse it.
    with session.orm.no_autoflush:
        for profile_id, status, expected in (
            (limits.id, UserStatus.ACTIVE, [("LAST_ADMINISTRATOR", "u")]),
            (None, UserStatus.ACTIVE, []),
            (may.id, UserStatus.ACTIVE, []),
            (may.id, UserStatus.BLOCKED, [("LAST_ADMINISTRATOR", "u")]),
            (None, UserStatus.BLOCKED, [("LAST_ADMINISTRATOR", "u")]),
        ):
            session.orm.execute(
                User.__table__.update().where(User.__table__.c.id == user.id).values(profile_id=profile_id, status=status.value)
            )
            assert found(check_commit(session, told)) == expected
        assert found(check_commit(session, told[:2])) == [("LAST_ADMINISTRATOR", "")]
        assert list(check_commit(session, told[:1])) == []
