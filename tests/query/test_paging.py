"""Keyset paging: every row once, in order, forward and back, whatever the values."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmcore import Account
from crmcore.errors import UsageError
from crmcore.query import Page, find
from tests.query.conftest import definition

SPECS = (
    definition("t"),
    definition("i", "integer"),
    definition("d", "decimal"),
    definition("f", "flag"),
    definition("g", "date"),
    definition("mq", "decimal", portfolio="SMALL"),
)
POOLS = {
    "t": [None, "a", "B", "b", "è"],
    "i": [None, -1, 0, 3],
    "d": [None, "-1.5", "0.1", "0.3", "10"],
    "f": [None, True, False],
    "g": [None, "2025-12-31", "2026-05-11"],
}
COLUMNS = {"name": ["a", "B", "b"], "web": [None, "x", "y"], "private": [True, False]}
FIELDS = [*(f"c.{key}" for key in POOLS), *COLUMNS, "created_at", "id"]
orders = st.lists(st.tuples(st.sampled_from(FIELDS), st.booleans()), max_size=3, unique_by=lambda each: each[0])


@pytest.fixture
def populated(open_crm, define, archive):
    crm = open_crm()
    archive(crm)
    define(crm, *SPECS)
    rows = []
    with crm.session("anna") as s:
        for number in range(60):
            values = {key: pool[(number * step) // 2 % len(pool)] for step, (key, pool) in enumerate(POOLS.items(), 1)}
            columns = {key: pool[(number * step) // 3 % len(pool)] for step, (key, pool) in enumerate(COLUMNS.items(), 2)}
            kept = {key: value for key, value in values.items() if value is not None}
            record = s.add(Account(characteristics=kept, owner="anna", **columns))
            rows.append((record, {**{f"c.{key}": value for key, value in values.items()}, **columns, "created_at": 0}))
        s.commit()
        return crm, {record.id: {**row, "id": record.id} for record, row in rows}


def reference(rows, order):
    """Sort in plain Python: stable, from the last key to the first, what is empty last; equals by id, in the direction of the last key."""
    ids = sorted(rows, reverse=order[-1][1] if order else False)
    for field, descending in reversed(order):
        filled = [key for key in ids if rows[key][field] is not None]
        filled.sort(key=lambda key: Decimal(rows[key][field]) if field == "c.d" else rows[key][field], reverse=False)
        if descending:
            # Reversed without turning equals around.
            groups = {}
            for key in filled:
                groups.setdefault(Decimal(rows[key][field]) if field == "c.d" else rows[key][field], []).append(key)
            filled = [key for value in reversed(groups) for key in groups[value]]
        ids = filled + [key for key in ids if rows[key][field] is None]
    return ids


def spelled(order):
    return [f"-{field}" if descending else field for field, descending in order]


@pytest.mark.feature("B17")
def test_paging_visits_every_row_once_in_order_and_comes_back_the_same_way(populated):
    crm, rows = populated

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(orders, st.integers(1, 25))
    def check(order, size):
        expected = reference(rows, order)
        with crm.session("anna") as s:
            forward, page = [], find(s, Account, sort=spelled(order), page=size)
            assert page.previous is None
            pages = [page]
            while page.next:
                page = find(s, Account, sort=spelled(order), page=size, after=page.next)
                pages.append(page)
            forward = [record.id for each in pages for record in each]
            assert forward == expected
            assert all(len(each) == size for each in pages[:-1])
            back = list(pages[-1].items)
            while page.previous:
                page = find(s, Account, sort=spelled(order), page=size, before=page.previous)
                back = [*page.items, *back]
                assert page.next
            assert [record.id for record in back] == expected

    check()


@pytest.mark.feature("B17")
def test_a_page_goes_on_where_it_was_although_rows_come_and_go(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        records = [s.add(Account(name=f"N{number:02}")) for number in range(0, 20, 2)]
        s.commit()
        first = s.search.find("account", sort="name", page=4)
        assert [record.name for record in first] == ["N00", "N02", "N04", "N06"]
        s.add(Account(name="N01"))
        s.add(Account(name="N07"))
        s.delete(records[3])
        s.commit()
        second = s.search.find("account", sort="name", page=4, after=first.next)
        assert [record.name for record in second] == ["N07", "N08", "N10", "N12"]


@pytest.mark.feature("B17", "I-15")
def test_what_is_out_of_scope_sorts_as_empty(open_crm, define, account, archive, put):
    crm = open_crm()
    places = archive(crm)
    define(crm, definition("mq", "decimal", portfolio="SMALL"))
    keys = {}
    for name, value in (("A", "5"), ("B", "3"), ("C", "4")):
        keys[name] = account(crm, name)
        put(crm, keys[name], places["TINY"])
        with crm.session("anna") as s:
            s.characteristics.set(s.require(Account, keys[name]), "mq", value)
            s.commit()
    put(crm, keys["B"], places["ALTRO"])
    with crm.session("anna") as s:
        assert [record.name for record in s.search.find("account", sort="c.mq")] == ["C", "A", "B"]
        assert list(s.search.values("account", ["name", "c.mq"], sort="-c.mq")) == [
            ("A", Decimal(5)),
            ("C", Decimal(4)),
            ("B", None),
        ]
        found = s.search.find("account", {"field": "c.mq", "op": "gt", "value": 0}, sort="c.mq")
        assert [record.name for record in found] == ["C", "A"]
        page = s.search.find("account", sort="c.mq", page=1)
        names = [page.items[0].name]
        while page.next:
            page = s.search.find("account", sort="c.mq", page=1, after=page.next)
            names.append(page.items[0].name)
        assert names == ["C", "A", "B"]


@pytest.mark.feature("B17")
def test_rows_of_values_are_typed(populated):
    crm, rows = populated
    with crm.session("anna") as s:
        page = s.search.values("account", ["id", "name", "c.t", "c.i", "c.d", "c.f", "c.g", "private"], sort="id", page=100)
        assert len(page) == 60
        for key, name, text, number, decimal, flag, day, private in page:
            row = rows[key]
            assert (name, private) == (row["name"], row["private"])
            shown = (text, number, None if decimal is None else decimal, flag, None if day is None else day.isoformat())
            wanted = (row["c.t"], row["c.i"], None if row["c.d"] is None else Decimal(row["c.d"]), row["c.f"], row["c.g"])
            assert shown == wanted
            assert [type(each) for each in (number, decimal, flag)] == [
                type(each) for each in (row["c.i"], None if row["c.d"] is None else Decimal(1), row["c.f"])
            ]


@pytest.mark.feature("B17")
@pytest.mark.parametrize(
    "cursor",
    ["", "x", "!!!", "W10", "eyJhIjoxfQ", "WyJhY2NvdW50IixbXSxbXSwiMSJd", "WyJhY2NvdW50IixbIm5hbWUiXSxbMV0sMV0"],
)
def test_a_strange_cursor_is_refused(open_crm, cursor):
    crm = open_crm()
    with crm.session("anna") as s, pytest.raises(UsageError, match="QUERY_CURSOR"):
        s.search.find("account", sort="name", after=cursor)


@pytest.mark.feature("B17")
def test_a_cursor_of_another_order_is_refused_and_so_are_strange_pages(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        for number in range(3):
            s.add(Account(name=f"A{number}"))
        s.commit()
        cursor = s.search.find("account", sort="name", page=1).next
        for options in ({"sort": "-name"}, {"sort": "id"}, {}):
            with pytest.raises(UsageError, match="QUERY_CURSOR"):
                s.search.find("account", after=cursor, **options)
        for options in ({"page": 0}, {"page": 1001}, {"after": cursor, "before": cursor}):
            with pytest.raises(UsageError, match="QUERY_PAGE"):
                s.search.find("account", sort="name", **options)
        for sort, code in (
            ("nmae", "QUERY_FIELD"),
            (["name", "-name"], "QUERY_SORT"),
            (["id", "name", "web", "pec", "email", "phone1"], "QUERY_SORT"),
        ):
            with pytest.raises(UsageError, match=code):
                s.search.find("account", sort=sort)


@pytest.mark.feature("B17")
def test_counts_are_exact_or_stop_at_ten_thousand(open_crm, monkeypatch):
    crm = open_crm()
    with crm.session("anna") as s:
        for number in range(7):
            s.add(Account(name=f"A{number}"))
        s.commit()
        assert s.search.find("account", page=2, count="exact").count.value == 7
        assert s.search.find("account", page=2, count="bounded").count.text("it") == "7"
        monkeypatch.setattr("crmcore.query.finding.BOUND", 5)
        assert s.search.count("account").value == 7
        bounded = s.search.count("account", exact=False)
        assert (bounded.value, bounded.exact) == (5, False)
        assert s.search.find("account").count is None
    monkeypatch.undo()
    from crmcore.query import Count

    assert (Count(10_000, exact=False).text("it"), Count(10_000, exact=False).text("en")) == ("più di 10.000", "more than 10,000")


@pytest.mark.feature("B17")
def test_a_page_costs_three_statements_at_most_and_never_one_for_each_row(populated, count_statements):
    crm, _ = populated
    with crm.session("anna") as s:
        s.search.find("account", sort="-c.d", page=20)
        for options in ({}, {"sort": "-c.d"}, {"sort": ["c.t", "-c.i"]}):
            with count_statements(crm) as statements:
                page: Page = s.search.find("account", {"field": "site.postcode", "op": "is_null", "value": True}, page=20, **options)
                [record.name for record in page]
            # One for each part of the list, and one to see whether the table is large enough for a warning.
            assert len([each for each in statements if "account" in each]) <= 3, statements
