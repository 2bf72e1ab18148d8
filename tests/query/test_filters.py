"""Filters mean what a few lines of Python say that they mean, on both databases."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crmcore import Account
from crmcore.errors import UsageError
from crmcore.model import AccountPortfolio, AccountRole, Person, Site
from crmcore.query import find_ids
from tests.query.conftest import choices, definition

SPECS = (
    definition("t"),
    definition("i", "integer", indexed=True),
    definition("d", "decimal", indexed=True),
    definition("f", "flag"),
    definition("g", "date"),
    definition("c", "choice", choices=choices("a", "b")),
    definition("cs", "choices", choices=choices("a", "b", "z")),
    definition("mq", "decimal", portfolio="SMALL", indexed=True),
)

TEXTS = ["", "a", "A", "ab", "Àb", "a%b", "a_b", "B", "z\\", "0424", "è"]
NUMBERS = [-2, 0, 1, 7]
DECIMALS = ["-1.5", "0", "0.1", "0.3", "10", "9.99", "123456789.012345"]
DATES = ["2025-12-31", "2026-01-01", "2026-05-11"]
LISTS = [[], ["a"], ["a", "b"], ["z"]]

records = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "t": st.sampled_from(TEXTS),
            "i": st.sampled_from(NUMBERS),
            "d": st.sampled_from(DECIMALS),
            "f": st.booleans(),
            "g": st.sampled_from(DATES),
            "c": st.sampled_from(["a", "b"]),
            "cs": st.sampled_from(LISTS),
            "mq": st.sampled_from(DECIMALS),
        },
    ),
    min_size=1,
    max_size=1,
)

VALUES = {
    "c.t": st.sampled_from(TEXTS),
    "web": st.sampled_from(TEXTS),
    "c.i": st.sampled_from(NUMBERS),
    "c.d": st.sampled_from(DECIMALS),
    "c.mq": st.sampled_from(DECIMALS),
    "c.f": st.booleans(),
    "private": st.booleans(),
    "c.g": st.sampled_from(DATES),
    "c.c": st.sampled_from(["a", "b"]),
}
ORDERED = ["eq", "ne", "lt", "le", "gt", "ge"]


@st.composite
def leaves(draw):
    field = draw(st.sampled_from([*VALUES, "c.cs", "site.postcode", "role"]))
    if field == "c.cs":
        op = draw(st.sampled_from(["contains", "in", "is_null"]))
        value = draw(
            st.booleans() if op == "is_null" else st.lists(st.sampled_from("abz"), max_size=2) if op == "in" else st.sampled_from("abz")
        )
        return {"field": field, "op": op, "value": value}
    if field in {"site.postcode", "role"}:
        return {
            "field": field,
            "op": draw(st.sampled_from(["eq", "ne"])),
            "value": draw(st.sampled_from(["36061", "35100", "customer", "supplier"])),
        }
    flags = field in {"c.f", "private"}
    texts = field in {"c.t", "web"}
    op = draw(
        st.sampled_from(
            ["eq", "ne", "in", "is_null", *(() if flags else [*ORDERED, "between"]), *(["contains", "starts"] if texts else ())]
        )
    )
    if op == "is_null":
        value = draw(st.booleans())
    elif op == "in":
        value = draw(st.lists(VALUES[field], max_size=3))
    elif op == "between":
        value = [draw(VALUES[field]), draw(VALUES[field])]
    else:
        value = draw(VALUES[field])
    return {"field": field, "op": op, "value": value}


filters = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"and": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"or": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


def typed(field, value):
    return Decimal(value) if field in {"c.d", "c.mq"} and value is not None else value


def lower(text):
    return "".join(each.lower() if each.isascii() else each for each in text)


def matches(node: Mapping, row: Mapping) -> bool:  # noqa: C901, PLR0911 - one line for each operator reads best
    """Say the same in plain Python."""
    if "and" in node:
        return all(matches(each, row) for each in node["and"])
    if "or" in node:
        return any(matches(each, row) for each in node["or"])
    if "not" in node:
        return not matches(node["not"], row)
    field, op, value = node["field"], node["op"], node.get("value")
    if field in {"site.postcode", "role"}:
        held = row["sites"] if field == "site.postcode" else row["roles"]
        return any((each == value) == (op == "eq") for each in held)
    found = row.get(field)
    if op == "is_null":
        return (found is None) == value
    if found is None:
        return False
    if field == "c.cs":
        return any(each in found for each in (value if op == "in" else [value]))
    if op == "in":
        return any(typed(field, each) == typed(field, found) for each in value)
    if op == "between":
        return typed(field, value[0]) <= typed(field, found) <= typed(field, value[1])
    if op == "contains":
        return lower(value) in lower(found)
    if op == "starts":
        return lower(found).startswith(lower(value))
    return getattr(operator, op)(typed(field, found), typed(field, value))


@pytest.fixture
def populated(open_crm, define, archive):  # noqa: C901 - one record after the other
    """A Crm with forty accounts whose values are all combinations that matter, and what a reference needs to know of them."""
    crm = open_crm()
    places = archive(crm)
    define(crm, *SPECS)
    rows = {}
    with crm.session("anna") as s:
        for number in range(40):
            values = {}
            for position, (key, pool) in enumerate(
                {"t": TEXTS, "i": NUMBERS, "d": DECIMALS, "f": [True, False], "g": DATES, "c": ["a", "b"], "cs": LISTS}.items(), 2
            ):
                step = number * position // 3 + number
                if step % 4:
                    values[key] = pool[step % len(pool)]
            inside = number % 3 == 0
            if inside:
                values["mq"] = DECIMALS[number % len(DECIMALS)]
            private = number % 5 == 0
            web = TEXTS[number % len(TEXTS)] if number % 7 else None
            record = s.add(Account(name=f"N{number % 9}", characteristics=values, web=web, private=private, owner="anna"))
            s.flush()
            sites = [["36061"], ["35100", "36061"], []][number % 3]
            roles = [["customer"], [], ["customer", "supplier"]][number % 3]
            for postcode in sites:
                s.add(Site(account_id=record.id, postcode=postcode, kind="operative"))
            for role in roles:
                s.add(AccountRole(account_id=record.id, role=role))
            if inside:
                from crmcore.model import Portfolio

                place = s.require(Portfolio, places["TINY"])
                s.add(AccountPortfolio(account_id=record.id, business_unit_id=place.business_unit_id, portfolio_id=place.id))
                if number % 2:
                    moved = record.id
                    rows[moved] = None
            rows[record.id] = {
                "private": private,
                "web": web,
                "sites": sites,
                "roles": roles,
                **{f"c.{key}": value for key, value in values.items()},
            }
        s.commit()
        # What left the scope keeps its value, and does not show it.
        for number, key in enumerate(list(rows)):
            if number % 6 == 3:
                held = s.scalar(select(AccountPortfolio).where(AccountPortfolio.account_id == key))
                if held is not None:
                    held.portfolio_id = places["ALTRO"]
                    rows[key].pop("c.mq", None)
        s.commit()
    return crm, rows


@pytest.mark.feature("B17", "C11", "I-15")
def test_a_filter_finds_what_the_reference_finds(populated):
    crm, rows = populated
    found = set()

    @settings(max_examples=200, suppress_health_check=list(HealthCheck))
    @given(filters)
    def check(node):
        with crm.session("anna") as s:
            ids = find_ids(s, Account, node)
        assert ids == sorted(key for key, row in rows.items() if matches(node, row))
        found.add(len(ids))

    check()
    # The examples are not all empty, and not all full.
    assert len(found) > 5


@pytest.mark.feature("B17")
@pytest.mark.parametrize(
    ("node", "names"),
    [
        ({"field": "person.last_name", "op": "starts", "value": "ros"}, ["A"]),
        (
            {
                "some": "site",
                "where": {"and": [{"field": "postcode", "op": "eq", "value": "36061"}, {"field": "kind", "op": "eq", "value": "legal"}]},
            },
            ["A"],
        ),
        (
            {"and": [{"field": "site.postcode", "op": "eq", "value": "36061"}, {"field": "site.kind", "op": "eq", "value": "legal"}]},
            ["A", "B"],
        ),
        ({"not": {"some": "site"}}, ["C"]),
        ({"field": "portfolio", "op": "within", "value": "CASA"}, ["A", "B"]),
        ({"field": "portfolio", "op": "eq", "value": "SMALL"}, ["B"]),
        ({"field": "portfolio", "op": "in", "value": ["SMALL", "ALTRO"]}, ["B", "C"]),
        ({"not": {"field": "portfolio", "op": "within", "value": "SMALL"}}, ["C"]),
        ({"field": "created_at", "op": "ge", "value": {"days": -1}}, ["A", "B", "C"]),
        ({"field": "created_at", "op": "lt", "value": {"days": -1}}, []),
        ({"not": {"some": "interaction", "where": {"field": "at", "op": "ge", "value": {"days": -90}}}}, ["A", "B", "C"]),
        ({"field": "account_portfolio.portfolio.code", "op": "eq", "value": "ALTRO"}, ["C"]),
        ({"field": "external_key.key", "op": "eq", "value": "0001"}, ["C"]),
        (None, ["A", "B", "C"]),
        ({}, ["A", "B", "C"]),
        ({"or": []}, []),
        ({"and": []}, ["A", "B", "C"]),
    ],
)
def test_relations_and_trees(open_crm, archive, node, names):
    from crmcore.model import ExternalKey, Portfolio

    crm = open_crm()
    places = archive(crm)
    with crm.session("anna") as s:
        records = {name: s.add(Account(name=name)) for name in "ABC"}
        s.flush()
        keys = {name: record.id for name, record in records.items()}
        s.add(Person(account_id=keys["A"], last_name="Rossi"))
        for name, postcode, kind in (("A", "36061", "legal"), ("B", "36061", "operative"), ("B", "35100", "legal")):
            s.add(Site(account_id=keys[name], postcode=postcode, kind=kind))
        for name, code in (("A", "TINY"), ("B", "SMALL"), ("C", "ALTRO")):
            place = s.require(Portfolio, places[code])
            s.add(AccountPortfolio(account_id=keys[name], business_unit_id=place.business_unit_id, portfolio_id=place.id))
        s.add(ExternalKey(entity="account", entity_id=keys["C"], source="erp", key="0001"))
        s.commit()
    with crm.session("anna") as s:
        assert [record.name for record in s.search.find("account", node, sort="name")] == names


@pytest.mark.feature("B17", "N01")
def test_a_three_level_value_is_found_at_each_level(open_crm, define):
    from crmcore.model import LookupEntry, LookupTable

    crm = open_crm()
    with crm.session("anna") as s:
        table = s.add(LookupTable(code="sector", label_it="Settore"))
        s.flush()
        for path in ("IND/", "IND/MEC/", "IND/MEC/STA/", "IND/TES/", "INDX/"):
            codes = path.rstrip("/").split("/")
            parent = s.scalar(select(LookupEntry.id).where(LookupEntry.path == "".join(f"{each}/" for each in codes[:-1])))
            entry = LookupEntry(table_id=table.id, code=codes[-1], label_it="x", level=len(codes), parent_id=parent)
            entry.path = path
            s.add(entry)
            s.flush()
        s.commit()
    define(crm, definition("sector", "lookup", target="sector", indexed=True))
    with crm.session("anna") as s:
        for path in ("IND", "IND/MEC", "IND/MEC/STA", "IND/TES", "INDX"):
            s.add(Account(name=path, characteristics={"sector": path}))
        s.commit()

        def found(value, op="within"):
            return [record.name for record in s.search.find("account", {"field": "c.sector", "op": op, "value": value}, sort="name")]

        assert found("IND") == ["IND", "IND/MEC", "IND/MEC/STA", "IND/TES"]
        assert found(["IND", "MEC"]) == ["IND/MEC", "IND/MEC/STA"]
        assert found("IND/MEC/STA/") == ["IND/MEC/STA"]
        assert found("IND/MEC/", op="eq") == ["IND/MEC"]


@pytest.mark.feature("B17")
@pytest.mark.parametrize(
    ("node", "code", "said"),
    [
        ("name = 'x'", "QUERY_MALFORMED", "name"),
        ({"field": "name"}, "QUERY_MALFORMED", "name"),
        ({"and": {"field": "name"}}, "QUERY_MALFORMED", "and"),
        ({"field": "nmae", "op": "eq", "value": "x"}, "QUERY_FIELD", "name"),
        ({"field": "c.consumo", "op": "eq", "value": "x"}, "QUERY_FIELD", "c.consumo_kwh"),
        ({"field": "site.nobody", "op": "eq", "value": "x"}, "QUERY_FIELD", "nobody"),
        ({"some": "sites"}, "QUERY_FIELD", "site"),
        ({"field": "seller", "op": "eq", "value": "A1"}, "QUERY_FIELD", "did you mean seller_id?"),
        ({"field": "site.zone", "op": "within", "value": "NORD"}, "QUERY_FIELD", "did you mean zone_id?"),
        ({"field": "characteristics", "op": "eq", "value": "x"}, "QUERY_FIELD", "characteristics"),
        ({"field": "c.hidden", "op": "eq", "value": "x"}, "QUERY_FIELD", "c.hidden"),
        ({"field": "c.quiet", "op": "eq", "value": "x"}, "QUERY_NOT_SEARCHABLE", "c.quiet"),
        ({"field": "name", "op": "like", "value": "x"}, "QUERY_OPERATOR", "contains"),
        ({"field": "private", "op": "lt", "value": True}, "QUERY_OPERATOR", "eq"),
        ({"field": "name", "op": "eq", "value": 1}, "QUERY_VALUE", "text"),
        ({"field": "id", "op": "eq", "value": "1"}, "QUERY_VALUE", "whole number"),
        ({"field": "id", "op": "eq", "value": 2**63}, "QUERY_VALUE", "whole number"),
        ({"field": "id", "op": "eq", "value": True}, "QUERY_VALUE", "whole number"),
        ({"field": "id", "op": "in", "value": 1}, "QUERY_VALUE", "list"),
        ({"field": "id", "op": "between", "value": [1]}, "QUERY_VALUE", "two values"),
        ({"field": "id", "op": "is_null", "value": 0}, "QUERY_VALUE", "true or false"),
        ({"field": "created_at", "op": "ge", "value": "2026-05-11"}, "QUERY_VALUE", "time zone"),
        ({"field": "created_at", "op": "ge", "value": {"weeks": 1}}, "QUERY_VALUE", "days"),
        ({"field": "c.consumo_kwh", "op": "ge", "value": 1.5}, "QUERY_VALUE", "never a float"),
        ({"text": "!!!"}, "SEARCH_TEXT", "!!!"),
    ],
)
def test_what_is_wrong_is_told_with_its_code_and_the_nearest_name(open_crm, define, node, code, said):
    crm = open_crm()
    define(crm, definition("consumo_kwh", "decimal"), definition("hidden", visible_to=("X",)), definition("quiet", searchable=False))
    with crm.session("anna") as s, pytest.raises(UsageError) as error:
        s.search.find("account", node)
    assert error.value.code == "QUERY_INVALID"
    assert [problem.code for problem in error.value.problems] == [code]
    assert said in error.value.text("en")
    assert error.value.text("it") != error.value.text("en")


@pytest.mark.feature("B17")
def test_all_problems_of_a_filter_are_told_at_once(open_crm):
    crm = open_crm()
    node = {"and": [{"field": "x", "op": "eq", "value": 1}, {"not": {"field": "name", "op": "eq", "value": 1}}, 7]}
    with crm.session("anna") as s, pytest.raises(UsageError) as error:
        s.search.find("account", node)
    assert [problem.code for problem in error.value.problems] == ["QUERY_FIELD", "QUERY_VALUE", "QUERY_MALFORMED"]


@pytest.mark.feature("B17")
@pytest.mark.parametrize("how", ["deep", "wide", "long"])
def test_a_filter_has_an_end(open_crm, how):
    crm = open_crm()
    leaf = {"field": "id", "op": "in", "value": list(range(5000))} if how == "long" else {"field": "name", "op": "eq", "value": "x"}
    node = leaf
    for _ in range(1000 if how == "deep" else 0):
        node = {"not": node}
    node = {"or": [leaf] * {"wide": 1000, "long": 5, "deep": 1}[how]} if how != "deep" else node
    with crm.session("anna") as s, pytest.raises(UsageError, match="QUERY_TOO_LARGE"):
        s.search.find("account", node)


@pytest.mark.feature("B17")
def test_a_long_list_of_values_works(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        for number in range(3):
            s.add(Account(name=f"A{number}"))
        s.commit()
        node = {
            "or": [
                {"field": "id", "op": "in", "value": list(range(2, 5002))},
                {"field": "id", "op": "in", "value": list(range(7000, 12000))},
            ]
        }
        assert [record.name for record in s.search.find("account", node)] == ["A1", "A2"]


@pytest.mark.feature("B17", "I-5", "I-7")
def test_merged_and_private_accounts_are_in_no_list_count_or_text(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        survivor, merged, private = (s.add(Account(name=f"Bellini {name}", owner="anna")) for name in ("vivo", "unito", "privato"))
        s.flush()
        merged.merged_into_id = survivor.id
        private.private = True
        for record in (survivor, merged, private):
            s.add(Person(account_id=record.id, last_name=record.name.split()[1].title()))
        s.commit()
    from crmcore import Actor

    for actor, names in (("anna", ["privato", "vivo"]), ("bruno", ["vivo"]), (Actor.system("work"), ["privato", "vivo"])):
        with crm.session(actor) as s:
            assert sorted(record.name.split()[1] for record in s.search.find("account")) == names
            assert s.search.count("account").value == len(names)
            assert sorted(hit.account.name.split()[1] for hit in s.search.text("bellini")) == names
            assert sorted(row[0] for row in s.search.values("account", ["name"])) == [f"Bellini {name}" for name in names]
            assert sorted(person.last_name.lower() for person in s.search.find("person")) == names
            node = {"field": "account.name", "op": "starts", "value": "Bellini"}
            assert sorted(person.last_name.lower() for person in s.search.find("person", node)) == names
