"""Business units and portfolios: trees without cycles, with paths that are always right."""

from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from crmcore import CrmError, ValidationFailed
from crmcore.model import AUDIT, AccountPortfolio, BusinessUnit, Portfolio

pytestmark = pytest.mark.feature("B14")


def refused(error):
    return [problem.code for problem in error.value.problems]


def paths(s):
    return {node.code: node.path for node in s.execute(select(Portfolio.code, Portfolio.path).where(Portfolio.code != "GENERICO"))}


@pytest.fixture
def crm(open_crm):
    return open_crm()


def test_trees_are_as_deep_as_one_likes_and_shown_in_order(crm):
    with crm.session("anna") as s:
        north = s.portfolios.create("NORD", "Nord")
        s.portfolios.create("VI", parent=north)
        s.portfolios.create("PD", parent="NORD")
        s.portfolios.create("BASSANO", parent="VI")
        s.commit()
    with crm.session("anna") as s:
        assert [(depth, node.code) for depth, node in s.portfolios.tree()] == [
            (0, "GENERICO"),
            (0, "NORD"),
            (1, "PD"),
            (1, "VI"),
            (2, "BASSANO"),
        ]
        assert [node.code for node in s.portfolios.subtree(s.portfolios.get("VI"))] == ["VI", "BASSANO"]
        assert [node.code for node in s.portfolios.ancestors(s.portfolios.get("BASSANO"))] == ["NORD", "VI"]
        deep = None
        for level in range(120):
            deep = s.portfolios.create(f"L{level}", parent=deep)
        s.commit()
        assert len(s.portfolios.ancestors(deep)) == 119
        assert len(s.portfolios.subtree(s.portfolios.get("L0"))) == 120


@pytest.mark.feature("I-3")
def test_what_lies_deeper_than_an_index_can_hold_is_refused_before_the_database_does(crm, monkeypatch):
    monkeypatch.setattr("crmcore.accounts.trees.PATH_LENGTH", 8)
    with crm.session("anna") as s:
        first = s.portfolios.create("A")
        second = s.portfolios.create("B", parent=first)
        s.portfolios.create("C", parent=second)
        s.commit()
        with pytest.raises(ValidationFailed) as error:
            for code in "DEFG":
                s.portfolios.create(code, parent="C" if code == "D" else chr(ord(code) - 1))
    assert refused(error) == ["PORTFOLIO_TOO_DEEP"]


@pytest.mark.feature("I-3")
def test_a_portfolio_never_lies_below_itself(crm):
    with crm.session("anna") as s:
        a = s.portfolios.create("A")
        b = s.portfolios.create("B", parent=a)
        c = s.portfolios.create("C", parent=b)
        s.commit()
        keys = {code: node.id for code, node in zip("ABC", (a, b, c), strict=True)}
        before = paths(s)
    for child, parent in (("A", "A"), ("A", "B"), ("A", "C"), ("B", "C")):
        with crm.session("anna") as s:
            with pytest.raises(ValidationFailed) as error:
                s.portfolios.move(s.require(Portfolio, keys[child]), s.require(Portfolio, keys[parent]))
            assert refused(error) == ["PORTFOLIO_CYCLE"]
        with crm.session("anna") as s:
            s.require(Portfolio, keys[child]).parent_id = keys[parent]
            with pytest.raises(ValidationFailed):
                s.commit()
        with crm.session("anna") as s:
            assert paths(s) == before


@pytest.mark.feature("I-3")
def test_a_cycle_of_two_moves_in_one_flush_is_refused_and_a_swap_is_not(crm):
    with crm.session("anna") as s:
        a, b = s.portfolios.create("A"), s.portfolios.create("B")
        s.commit()
        a.parent_id, b.parent_id = b.id, a.id
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["PORTFOLIO_CYCLE", "PORTFOLIO_CYCLE"]
    with crm.session("anna") as s:
        a, b = s.portfolios.get("A"), s.portfolios.get("B")
        s.portfolios.move(b, a)
        s.commit()
        a.parent_id, b.parent_id = b.id, None
        s.commit()
        assert (a.path, b.path) == (f"{b.id}/{a.id}/", f"{b.id}/")
        assert paths(s) == {"A": a.path, "B": b.path}


@pytest.mark.feature("I-3")
def test_a_move_takes_everything_below_along_also_for_whoever_has_it_in_hand(crm):
    with crm.session("anna") as s:
        top, a = s.portfolios.create("TOP"), s.portfolios.create("A")
        b = s.portfolios.create("B", parent=a)
        c = s.portfolios.create("C", parent=b)
        s.commit()
        s.portfolios.move(a, top)
        assert c.path == f"{top.id}/{a.id}/{b.id}/{c.id}/"
        s.commit()
        c.label_it = "Nuovo"
        s.commit()
    with crm.session("anna") as s:
        assert paths(s)["C"] == f"{top.id}/{a.id}/{b.id}/{c.id}/"
        moved = select(AUDIT.c.changes).where(AUDIT.c.entity == "portfolio", AUDIT.c.entity_id == a.id, AUDIT.c.verb == "updated")
        assert s.scalar(moved)["parent_id"] == [None, top.id]


PLAN = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.integers(0, 9), st.integers(0, 9)),
        st.tuples(st.just("move"), st.integers(0, 9), st.none() | st.integers(0, 9)),
    ),
    max_size=14,
)


@pytest.mark.feature("I-3")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plan=PLAN)
def test_after_any_moves_there_is_no_cycle_and_every_path_is_the_chain_of_parents(crm, plan):
    with crm.engine.begin() as connection:
        connection.execute(delete(Portfolio).where(Portfolio.code != "GENERICO"))
    parents: dict[str, str | None] = {}

    def lies_below(node, other):
        while node is not None:
            if node == other:
                return True
            node = parents[node]
        return False

    for action, first, second in plan:
        names = list(parents)
        with crm.session("anna") as s:
            if action == "create":
                parent = names[second % len(names)] if names and first % 3 else None
                parents[f"N{len(names)}"] = parent
                s.portfolios.create(f"N{len(names)}", parent=parent)
                s.commit()
            elif names:
                node = names[first % len(names)]
                parent = None if second is None else names[second % len(names)]
                target = None if parent is None else s.portfolios.get(parent)
                if parent is not None and lies_below(parent, node):
                    with pytest.raises(ValidationFailed, match="PORTFOLIO_CYCLE"):
                        s.portfolios.move(s.portfolios.get(node), target)
                else:
                    s.portfolios.move(s.portfolios.get(node), target)
                    parents[node] = parent
                    s.commit()
    with crm.session("anna") as s:
        ids = dict(row for row in s.execute(select(Portfolio.code, Portfolio.id)))

        def chain(node):
            return "" if node is None else f"{chain(parents[node])}{ids[node]}/"

        assert paths(s) == {node: chain(node) for node in parents}


@pytest.mark.feature("I-3")
def test_two_sessions_cannot_make_a_cycle_together(crm):
    with crm.session("anna") as s:
        keys = s.portfolios.create("A").id, s.portfolios.create("B").id
        s.commit()
    barrier = threading.Barrier(2, timeout=30)
    answers = []

    def move(child, parent):
        with crm.session("anna") as s:
            node, target = s.require(Portfolio, child), s.require(Portfolio, parent)
            s.rollback()
            node, target = s.require(Portfolio, child), s.require(Portfolio, parent)
            barrier.wait()
            try:
                s.portfolios.move(node, target)
                s.commit()
                answers.append("moved")
            except CrmError as error:
                answers.append((error.problems[0] if error.problems else error).code)

    threads = [threading.Thread(target=move, args=pair) for pair in (keys, keys[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["PORTFOLIO_CYCLE", "moved"]


@pytest.mark.feature("I-2")
def test_a_portfolio_is_given_in_its_own_unit_and_one_for_each(crm):
    with crm.session("anna") as s:
        unit = s.portfolios.add_unit(2, "BU2")
        small = s.portfolios.create("SMALL", unit=2)
        account = s.accounts.create(name="A", portfolio={1: "GENERICO", 2: "SMALL"})
        s.commit()
        generic, key = s.portfolios.get("GENERICO"), account.id
        unit_id, small_id, first = unit.id, small.id, generic.business_unit_id
        with pytest.raises(ValidationFailed, match="CODE_UNKNOWN"):
            s.accounts.set_portfolio(account, 1, "SMALL")
    other = None
    with crm.session("anna") as s:
        other = s.accounts.create(name="B")
        s.commit()
        other = other.id
    for account_id, business_unit_id, portfolio_id, code in (
        (other, first, small_id, "PORTFOLIO_UNIT"),
        (other, unit_id, generic.id, "PORTFOLIO_UNIT"),
        (key, unit_id, small_id, "CONSTRAINT_VIOLATED"),
    ):
        with crm.session("anna") as s:
            s.add(AccountPortfolio(account_id=account_id, business_unit_id=business_unit_id, portfolio_id=portfolio_id))
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert code in {error.value.code, *refused(error)}


@pytest.mark.feature("I-2", "I-3")
def test_a_portfolio_and_its_parent_stay_in_one_unit(crm):
    with crm.session("anna") as s:
        unit = s.portfolios.add_unit(2, "BU2").id
        mine = s.portfolios.create("MINE").id
        theirs = s.portfolios.create("THEIRS", unit=2).id
        s.commit()
    for change in (
        lambda s: setattr(s.require(Portfolio, mine), "parent_id", theirs),
        lambda s: setattr(s.require(Portfolio, mine), "business_unit_id", unit),
        lambda s: s.add(Portfolio(business_unit_id=unit, code="X", label_it="X", parent_id=mine)),
    ):
        with crm.session("anna") as s:
            change(s)
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert refused(error) == ["PORTFOLIO_UNIT"]


def test_there_are_ten_units_at_most_and_their_numbers_stay(crm):
    with crm.session("anna") as s:
        for number in range(2, 11):
            s.portfolios.add_unit(number, f"BU{number}")
        s.commit()
        assert [unit.number for unit in s.portfolios.units()] == list(range(1, 11))
        for number in (0, 11):
            with pytest.raises(ValidationFailed, match="VALUE_INVALID"):
                s.portfolios.add_unit(number, "MORE")
        s.portfolios.units()[3].number = 11
        with pytest.raises(ValidationFailed, match="VALUE_INVALID"):
            s.commit()


@pytest.mark.feature("I-3")
def test_a_portfolio_in_use_is_not_deleted_only_made_obsolete(crm):
    with crm.session("anna") as s:
        used, above = s.portfolios.create("USED"), s.portfolios.create("ABOVE")
        s.portfolios.create("BELOW", parent=above)
        account = s.accounts.create(name="A", portfolio="USED")
        s.commit()
        keys = used.id, above.id, account.id
    for key in keys[:2]:
        with crm.session("anna") as s:
            s.delete(s.require(Portfolio, key))
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert refused(error) == ["PORTFOLIO_IN_USE"]
    with crm.session("anna") as s:
        s.delete(s.scalar(select(BusinessUnit)))
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["PORTFOLIO_IN_USE"]
    with crm.session("anna") as s:
        s.portfolios.obsolete(s.require(Portfolio, keys[0]))
        s.delete(s.portfolios.get("BELOW"))
        s.commit()
        account = s.accounts.require(keys[2])
        assert s.accounts.portfolios(account)[1].code == "USED"
        s.accounts.update(account, name="B")
        s.commit()
        s.accounts.create(name="C", portfolio="USED")
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["CODE_OBSOLETE"]


def test_accounts_are_found_by_subtree_from_an_index(crm):
    with crm.session("anna") as s:
        s.portfolios.create("A")
        s.portfolios.create("B", parent="A")
        first, second, _ = (s.accounts.create(name=code, portfolio=code) for code in ("A", "B", "GENERICO"))
        s.commit()
        wanted = s.portfolios.accounts_below(s.portfolios.get("A"))
        assert sorted(s.scalars(wanted)) == sorted([first.id, second.id])
        explained = str(wanted.compile(s.orm.connection(), compile_kwargs={"literal_binds": True}))
    with crm.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
            plan = "\n".join(connection.execute(text(f"EXPLAIN {explained}")).scalars())
        else:
            plan = "\n".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {explained}")))
    assert "ix_portfolio_path" in plan
    assert "ix_account_portfolio_portfolio_id" in plan
