"""What scopes, functions and reaches come to, without a database: every rule of them by example (I-27, A03 to A06)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from types import SimpleNamespace

import pytest

from crmcore import Account, Visibility
from crmcore.access.functions import CORE_PERMISSIONS, MERGE_VERB, VERBS, allowed, functions_of, part_of, reads_freely
from crmcore.access.reach import Organisation, Reach
from crmcore.access.specs import Scope, parse_scope, scope_problems
from crmcore.access.sqlite import rows
from crmcore.model import ENTITIES, Interaction, Person, SavedSearch, ScopeKind, User, UserStatus, Zone

pytestmark = pytest.mark.feature("I-27", "A03", "A04", "A05", "A06")

DAY = date(2026, 5, 11)


@pytest.mark.parametrize(
    ("granted", "function", "expected"),
    [
        ([], "customers.read", False),
        (["customers.read"], "customers.read", True),
        (["customers.read"], "customers.update", False),
        (["customers.*"], "customers.read", True),
        (["customers.*"], "customers2.read", False),
        (["customers.*"], "custom.read", False),
        (["warranty.*"], "warranty.items.read", True),
        (["warranty.items.*"], "warranty.read", False),
        (["customers"], "customers.read", False),
        (["*"], "anything.at.all", True),
        (["contacts.read", "customers.read"], "customers.read", True),
    ],
)
def test_functions_are_granted_one_by_one_or_by_part(granted, function, expected):
    assert allowed(granted, function) is expected


def test_each_entity_belongs_to_a_part_and_catalogues_are_configuration():
    parts = {cls: part_of(cls) for cls in (Account, Person, Interaction, Zone, User, SavedSearch)}
    assert list(parts.values()) == ["customers", "customers", "contacts", "territory", "access", "searches"]
    for plugin in ("agenda", "warranty"):
        theirs = SimpleNamespace(__plugin__=plugin, __visibility__=Visibility.public(), entity_name=lambda: "account")
        assert (part_of(theirs), reads_freely(theirs)) == (plugin, False)
    assert [reads_freely(cls) for cls in (Account, Zone, User, SavedSearch)] == [False, True, True, False]
    assert (VERBS, MERGE_VERB) == (("read", "create", "update", "delete"), "merge")
    found = {f"{part}.{verb}" for part in ("customers", "territory") for verb in VERBS} | {"customers.merge"}
    assert functions_of([Person, Account, Zone]) == tuple(sorted(found))


def test_the_parts_of_the_core_are_those_of_the_documentation():
    found = defaultdict(set)
    for cls in ENTITIES:
        found[part_of(cls)].add(cls.entity_name())
    # Catalogues and what the system keeps for itself.
    assert {"state", "portfolio", "external_key"} <= found.pop("configuration")
    words = {
        "customers": "account account_merge account_merge_member account_portfolio account_role consent contact_point person "
        "person_preference relation site",
        "contacts": "interaction",
        "territory": "salesperson seller_zone zone zone_rule",
        "access": "api_token challenge credential crm_user device device_user group_member profile user_group user_session",
        "searches": "saved_search",
        "changes": "change_set change_set_item",
    }
    assert found == {part: set(names.split()) for part, names in words.items()}


def test_permissions_of_the_core_have_names_in_both_languages():
    assert [(each.name, each.label.text("it"), each.label.text("en")) for each in CORE_PERMISSIONS] == [
        ("workflow.override", "Forzare un passaggio di stato", "Take a step that a workflow forbids"),
        ("changes.undo", "Annullare manutenzioni altrui", "Undo the mass changes of others"),
        ("privacy.erase", "Cancellare persone", "Erase people"),
        ("privacy.export", "Esportare i dati di una persona", "Export the data of a person"),
        ("privacy.override", "Riammettere persone cancellate", "Let erased people back in"),
    ]


@pytest.mark.parametrize(
    "text", ["own", "seller:A2", "zone:NORD@2026-08-01..", "portfolio:P:1@..2026-08-31", "all@2026-08-01..2026-08-31", "unassigned"]
)
def test_scopes_are_written_and_read_alike(text):
    scope = parse_scope(text)
    assert str(scope) == text
    assert Scope.of(scope.data()) == scope
    assert list(scope_problems(scope.data(), "here")) == []


def test_a_scope_holds_on_its_first_and_its_last_day_and_on_no_other():
    scope = parse_scope("all@2026-08-01..2026-08-31")
    days = [date(2026, 7, 31), date(2026, 8, 1), date(2026, 8, 31), date(2026, 9, 1)]
    assert [scope.holds(day) for day in days] == [False, True, True, False]
    assert [parse_scope("all@2026-08-01..").holds(day) for day in days] == [False, True, True, True]
    assert [parse_scope("all@..2026-08-31").holds(day) for day in days] == [True, True, True, False]
    assert parse_scope("own").data() == Scope(ScopeKind.OWN).data() == {"kind": "own"}


@pytest.mark.parametrize(
    ("data", "value", "expected"),
    [
        ("own", "'own'", "a mapping of from, kind, target, to"),
        (5, "5", "a mapping of from, kind, target, to"),
        (["kind"], "['kind']", "a mapping of from, kind, target, to"),
        ({"target": "A1"}, "{'target': 'A1'}", "a mapping of from, kind, target, to"),
        ({"kind": "own", "until": "x"}, "{'kind': 'own', 'until': 'x'}", "a mapping of from, kind, target, to"),
        ({"kind": "mine"}, "'mine'", "all, own, subtree, agency, owner, unassigned, seller, zone, portfolio"),
        ({"kind": "seller"}, "{'kind': 'seller'}", "a target"),
        ({"kind": "zone", "target": ""}, "{'kind': 'zone', 'target': ''}", "a target"),
        ({"kind": "zone", "target": 5}, "{'kind': 'zone', 'target': 5}", "a target"),
        ({"kind": "own", "target": "A1"}, "{'kind': 'own', 'target': 'A1'}", "no target"),
        ({"kind": "own", "from": "1 August"}, "'1 August'", "a date such as 2026-05-11"),
        ({"kind": "own", "to": date(2026, 8, 1)}, "datetime.date(2026, 8, 1)", "a date such as 2026-05-11"),
    ],
)
def test_what_is_wrong_with_a_scope_is_said(data, value, expected):
    (problem,) = scope_problems(data, "profile P")
    assert (problem.code, problem.params) == ("ACCESS_SCOPE_INVALID", {"where": "profile P", "value": value, "expected": expected})


@pytest.mark.parametrize(
    ("text", "expected"), [("mine", "all, own"), ("", "all, own"), ("own@2026-08-01", "days as"), ("seller", "a target")]
)
def test_a_text_that_is_no_scope_says_what_was_expected(text, expected):
    with pytest.raises(ValueError, match=expected):
        parse_scope(text)
    with pytest.raises(ValueError, match=r"^a date such as 2026-05-11$"):
        parse_scope("own@x..")


def test_a_long_value_is_cut_in_what_is_said():
    (problem,) = scope_problems({"kind": "m" * 300}, "here")
    assert len(str(problem.params["value"])) == 200


def agency():
    """Return the key of the agency: equal each time, and each time another object, as keys from a database are."""
    return int("1009")


# The organisation: 1 and 2 sell for the agency; 2 manages 3, who manages 4; 8 is the null agent.
SELLERS = {
    1: SimpleNamespace(id=1, code="A1", manager_id=None, agency_id=agency()),
    2: SimpleNamespace(id=2, code="A2", manager_id=None, agency_id=agency()),
    3: SimpleNamespace(id=3, code="A3", manager_id=2, agency_id=None),
    4: SimpleNamespace(id=4, code="A4", manager_id=3, agency_id=None),
    8: SimpleNamespace(id=8, code="AGN000", manager_id=None, agency_id=None),
    1009: SimpleNamespace(id=1009, code="AG", manager_id=None, agency_id=None),
}


def user(key, login, **fields):
    found = {"salesperson_id": None, "supervisor_id": None, "profile_id": 1, "status": UserStatus.ACTIVE.value, "scopes": []}
    return SimpleNamespace(id=key, login=login, **{**found, **fields})


def organisation(*users, groups=None, **profile):
    rows = {
        1: SimpleNamespace(code="P", functions=["customers.*"], scopes=[], masks={}, administrator=False, see_private=False),
    }
    vars(rows[1]).update(profile)
    return Organisation(users={each.login: each for each in users}, profiles=rows, groups=groups or {}, sellers=SELLERS)


@pytest.mark.parametrize(
    ("scope", "mine", "sellers"),
    [
        ("own", 2, {2}),
        ("subtree", 2, {2, 3, 4}),
        ("subtree", 4, {4}),
        ("agency", 1, {1, 2, 1009}),
        ("agency", 1009, {1, 2, 1009}),
        ("agency", 3, {3}),
        ("agency", 77, {77}),
        ("seller:A4", None, {4}),
        ("seller:A4", 2, {4}),
        ("seller:NOBODY", 2, set()),
        ("unassigned", None, {8}),
        ("own", None, set()),
        ("subtree", None, set()),
        ("agency", None, set()),
        ("all", 2, set()),
        ("owner", 2, set()),
        ("zone:Z", 2, set()),
    ],
)
def test_the_sellers_whom_a_scope_takes_in(scope, mine, sellers):
    reach = organisation(user(1, "u", salesperson_id=mine), scopes=[parse_scope(scope).data()]).reach("u", DAY)
    assert reach.sellers == sellers


def test_scopes_of_profile_and_user_add_up_as_far_as_they_hold():
    late = {"kind": "seller", "target": "A1", "from": "2026-05-12"}
    reach = organisation(user(1, "u", salesperson_id=2, scopes=[{"kind": "owner"}, late]), scopes=[{"kind": "own"}]).reach("u", DAY)
    assert (reach.sellers, reach.own, reach.all, reach.unassigned) == ({2}, True, False, False)
    assert [str(scope) for scope in reach.scopes] == ["own", "owner"]
    later = organisation(user(1, "u", scopes=[late]), scopes=[{"kind": "unassigned"}, {"kind": "all"}]).reach("u", date(2026, 5, 12))
    assert (later.sellers, later.own, later.all, later.unassigned) == ({1, 8}, False, True, True)


def test_a_user_without_a_profile_does_everything_and_sees_no_private_cards():
    reach = organisation(user(1, "u", profile_id=None)).reach("u", DAY)
    assert (reach.everything, reach.administrator, reach.all, reach.see_private, reach.profile) == (True, True, True, False, None)
    assert (reach.functions, reach.masks, reach.open, reach.blocked, reach.user_id) == (("*",), {}, False, False, 1)
    limited = organisation(user(1, "u"), see_private=True, administrator=True, masks={"account": {"hidden": ["notes"]}}).reach("u", DAY)
    assert (limited.everything, limited.administrator, limited.all, limited.see_private, limited.profile) == (False, True, False, True, "P")
    assert limited.functions == ("customers.*",)
    assert organisation(user(1, "u", profile_id=None)).reach("v", DAY) is None


def test_blocked_users_groups_and_those_below():
    users = (user(1, "boss"), user(2, "lead", supervisor_id=1), user(3, "u", supervisor_id=2, status="blocked"), user(4, "other"))
    found = organisation(*users, groups={3: frozenset({"G"})})
    assert {login: found.reach(login, DAY).logins for login in ("boss", "u", "other")} == {
        "boss": {"boss", "lead", "u"},
        "u": {"u"},
        "other": {"other"},
    }
    assert (found.reach("u", DAY).blocked, found.reach("boss", DAY).blocked) == (True, False)
    assert (found.reach("u", DAY).groups, found.reach("boss", DAY).groups) == ({"G"}, frozenset())
    ring = organisation(user(1, "a", supervisor_id=2), user(2, "b", supervisor_id=1))
    assert ring.reach("a", DAY).logins == {"a", "b"}


def test_a_reach_that_says_nothing_more_is_of_somebody_without_a_profile_and_is_known_by_its_identity():
    reach = Reach(login="u")
    assert (reach.everything, reach.administrator, reach.functions) == (True, True, ("*",))
    assert (reach.open, reach.blocked, reach.all, reach.own, reach.unassigned, reach.see_private) == (False,) * 6
    assert reach != Reach(login="u")


def test_flags_are_what_the_guards_ask_for():
    assert Reach(login="u").flags == frozenset()
    reach = Reach(login="u", all=True, own=True, unassigned=True, see_private=True, zones=frozenset({1}), portfolios=frozenset({2}))
    assert reach.flags == {"all", "own", "unassigned", "private", "zones", "portfolios"}
    assert Reach(login="u", own=True).flags == {"own"}


def test_a_token_limits_what_a_profile_grants_and_never_adds():
    reach = Reach(
        login="u",
        everything=False,
        functions=("customers.*", "access.update"),
        parts=frozenset({"customers", "contacts"}),
        administrator=True,
    )
    assert [reach.may(function) for function in ("customers.read", "contacts.read")] == [True, False]
    limited = reach.within(("customers.read", "contacts.read"))
    assert [limited.may(function) for function in ("customers.read", "customers.update", "contacts.read")] == [True, False, False]
    assert (limited.parts, limited.administrator) == ({"customers", "contacts"}, False)
    assert reach.within(("access.*",)).administrator is True
    assert reach.within(("access.*",)).parts == frozenset()
    assert Reach(login="u", administrator=False).within(("access.*",)).administrator is False
    assert reach.within(None) is reach
    free = Reach(login="u", open=True)
    assert free.within(("customers.read",)) is free
    assert Reach(login="u").may("whatever.read") is True
    assert Reach(login="u", functions=()).may("whatever.read") is True


def test_masks_hide_and_what_is_hidden_is_not_written_either():
    reach = Reach(login="u", masks={"account": {"hidden": ["notes"], "readonly": ["name", "notes"]}, "site": {"readonly": ["raw"]}})
    assert (reach.hidden("account"), reach.read_only("account")) == ({"notes"}, {"notes", "name"})
    assert (reach.hidden("site"), reach.read_only("site")) == (frozenset(), {"raw"})
    assert (reach.hidden("person"), reach.read_only("person")) == (frozenset(), frozenset())


def test_the_kinds_of_scopes_are_those_of_the_documentation():
    assert [kind.value for kind in ScopeKind] == ["all", "own", "subtree", "agency", "owner", "unassigned", "seller", "zone", "portfolio"]


def test_sqlite_is_told_in_rows_how_far_a_user_reaches():
    found = Reach(
        login="u",
        own=True,
        sellers=frozenset({2, 1}),
        zones=frozenset({3}),
        portfolios=frozenset({4}),
        parts=frozenset({"customers"}),
        logins=frozenset({"u", "v"}),
    )
    assert list(rows(found)) == [
        ("login", None, "u"),
        *(("sellers", key, None) for key in (1, 2)),
        ("zones", 3, None),
        ("portfolios", 4, None),
        *(("logins", None, login) for login in "uv"),
        ("parts", None, "customers"),
        *(("flags", None, flag) for flag in ("own", "portfolios", "zones")),
    ]
