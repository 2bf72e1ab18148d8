"""Lists, counts, sums, searches, single records and explanations agree with each other and with a reference in plain Python (I-27)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from crmcore import Account, Actor
from crmcore.model import AccountPortfolio, BusinessUnit, Portfolio, Profile, Salesperson, User

SELLERS = 5
SCOPES = st.lists(
    st.one_of(
        st.sampled_from([{"kind": kind} for kind in ("all", "own", "subtree", "agency", "owner", "unassigned")]),
        st.builds(lambda n: {"kind": "seller", "target": f"S{n}"}, st.integers(0, SELLERS - 1)),
        st.builds(lambda n: {"kind": "portfolio", "target": f"P{n}"}, st.integers(0, 2)),
        st.builds(
            lambda n, first, last: {"kind": "seller", "target": f"S{n}", "from": f"2026-05-{first:02}", "to": f"2026-05-{last:02}"},
            st.integers(0, SELLERS - 1),
            st.integers(9, 12),
            st.integers(9, 12),
        ),
    ),
    max_size=3,
)
ACCOUNTS = st.lists(
    st.fixed_dictionaries(
        {
            "seller": st.none() | st.integers(0, SELLERS - 1),
            "owner": st.sampled_from([None, "u", "v"]),
            "private": st.booleans(),
            "portfolio": st.none() | st.integers(0, 2),
        }
    ),
    min_size=1,
    max_size=8,
)
# The manager of each, who comes before, so that there is no ring.
MANAGERS = st.tuples(*(st.none() | st.integers(0, number - 1) if number else st.none() for number in range(SELLERS)))
AGENCIES = st.tuples(*(st.booleans() for _ in range(SELLERS)))


@pytest.fixture
def company(open_crm, frozen_clock):
    """A Crm with salespersons, an agency, a chain of portfolios P0 > P1 > P2, and users `u` and `admin`."""
    crm = open_crm()
    with crm.session(Actor.system("setup")) as s:
        sellers = [s.add(Salesperson(code=f"S{number}", kind="agent", name=f"S{number}")) for number in range(SELLERS)]
        agency = s.add(Salesperson(code="AG", kind="agency", name="AG"))
        unit, parent, places = s.scalar(select(BusinessUnit)), None, []
        for number in range(3):
            place = s.add(Portfolio(code=f"P{number}", label_it=f"P{number}", business_unit_id=unit.id, parent_id=parent and parent.id))
            s.flush()
            places.append(place.id)
            parent = place
        profile = s.add(Profile(code="P", label_it="P", functions=["customers.*", "searches.*"]))
        s.flush()
        s.add(User(login="admin"))
        s.add(User(login="u", profile_id=profile.id, salesperson_id=sellers[0].id))
        s.commit()
        ids = {"sellers": [seller.id for seller in sellers], "agency": agency.id, "places": places, "unit": unit.id}
    return crm, ids


def subtree(root, managers):
    found = {root}
    for number, manager in enumerate(managers):
        if manager in found:
            found.add(number)
    return found


def expected(accounts, scopes, managers, agencies, see_private, today):
    """Say who is seen, in the words of the documentation."""
    seen = set()
    for number, account in enumerate(accounts):
        if account["private"] and account["owner"] != "u" and not see_private:
            continue
        for scope in scopes:
            if not scope.get("from", "0") <= today.isoformat() <= scope.get("to", "9"):
                continue
            kind, seller = scope["kind"], account["seller"]
            inside = {
                "all": lambda: True,
                "own": lambda seller=seller: seller == 0,
                "subtree": lambda seller=seller: seller in subtree(0, managers),
                "agency": lambda seller=seller: seller == 0 or (agencies[0] and seller is not None and agencies[seller]),
                "owner": lambda account=account: account["owner"] == "u",
                "unassigned": lambda seller=seller: seller is None,
                "seller": lambda seller=seller, scope=scope: seller is not None and f"S{seller}" == scope["target"],
                "portfolio": lambda account=account, scope=scope: (
                    account["portfolio"] is not None and account["portfolio"] >= int(scope["target"][1:])
                ),
            }[kind]()
            if inside:
                seen.add(f"K{number}")
    return seen


def arrange(crm, ids, accounts, scopes, managers, agencies, see_private):
    with crm.engine.begin() as connection:
        for cls in (AccountPortfolio, Account):
            connection.execute(delete(cls.__table__))
    with crm.session(Actor.system("setup")) as s:
        for number, key in enumerate(ids["sellers"]):
            row = s.require(Salesperson, key)
            row.manager_id = None if managers[number] is None else ids["sellers"][managers[number]]
            row.agency_id = ids["agency"] if agencies[number] else None
        profile = s.scalar(select(Profile))
        profile.scopes, profile.see_private = scopes, see_private
        keys = {}
        for number, account in enumerate(accounts):
            seller = account["seller"]
            options = {} if seller is None else {"seller_id": ids["sellers"][seller], "seller_source": "manual"}
            record = s.add(
                Account(name=f"K{number}", owner=account["owner"], private=account["private"] and account["owner"] is not None, **options)
            )
            s.flush()
            keys[f"K{number}"] = record.id
            if account["portfolio"] is not None:
                place = ids["places"][account["portfolio"]]
                s.add(AccountPortfolio(account_id=record.id, business_unit_id=ids["unit"], portfolio_id=place))
        s.commit()
    return keys


@pytest.mark.feature("I-27", "I-7", "I-28", "A03", "A04", "A06", "A09")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(accounts=ACCOUNTS, scopes=SCOPES, managers=MANAGERS, agencies=AGENCIES, see_private=st.booleans())
def test_every_way_of_asking_agrees_with_a_reference(company, accounts, scopes, managers, agencies, see_private):
    crm, ids = company
    for account in accounts:
        account["private"] = account["private"] and account["owner"] is not None
    keys = arrange(crm, ids, accounts, scopes, managers, agencies, see_private)
    wanted = expected(accounts, scopes, managers, agencies, see_private, crm.access.today())
    with crm.session("u") as s:
        assert {account.name for account in s.scalars(select(Account))} == wanted
        assert {name for name, key in keys.items() if s.get(Account, key) is not None} == wanted
        assert s.scalar(select(func.count()).select_from(Account)) == len(wanted)
        assert (s.scalar(select(func.sum(Account.id))) or 0) == sum(keys[name] for name in wanted)
        assert {row[0] for row in s.search.values("account", ["name"])} == wanted
        assert {hit.account.name for hit in s.search.text("K")} == wanted
    with crm.session("admin") as s:
        assert {name for name, key in keys.items() if s.access.explain("u", "account", key).granted} == wanted
