"""The sales force: null records, managers, teams (I-21, I-22)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from crmcore import ValidationFailed
from crmcore.errors import RecordNotFound
from crmcore.model import AUDIT, Salesperson

pytestmark = pytest.mark.feature("I-21")


def refused(crm, work):
    with crm.session("anna") as s:
        with pytest.raises(ValidationFailed) as caught:
            work(s)
            s.commit()
        return [problem.code for problem in caught.value.problems]


def test_the_null_records_always_exist_and_migrating_again_adds_none(open_crm):
    crm = open_crm()
    crm.migrate()
    with crm.session("anna") as s:
        rows = s.execute(select(Salesperson.code, Salesperson.kind).order_by(Salesperson.code)).all()
        assert [tuple(row) for row in rows] == [("AGN000", "agent"), ("SGN000", "referrer"), ("TLK000", "operator")]
        assert s.scalar(select(func.count()).select_from(AUDIT)) == 0


@pytest.mark.parametrize("code", ["AGN000", "TLK000", "SGN000"])
def test_nobody_changes_or_deletes_a_null_record(open_crm, code):
    crm = open_crm()
    for field, value in (("name", "X"), ("code", "X"), ("disabled_from", None), ("login", "anna")):
        if field != "disabled_from":
            assert refused(crm, lambda s, field=field, value=value: setattr(s.territory.salesperson(code), field, value)) == [
                "SALESPERSON_FIXED"
            ]
    assert refused(crm, lambda s: s.delete(s.territory.salesperson(code))) == ["SALESPERSON_FIXED"]
    with crm.session("anna") as s:
        assert s.territory.salesperson(code).version == 1


def test_nobody_is_above_themselves_nor_below_nobody(crm):
    with crm.session("anna") as s:
        one, two, three = (s.territory.salesperson(f"A{n}") for n in (1, 2, 3))
        two.manager_id, three.manager_id = one.id, two.id
        s.commit()
        assert [each.code for each in s.territory.team("A1")] == ["A2", "A3"]
        assert [each.code for each in s.territory.team(two)] == ["A3"]
        assert s.territory.team("A3") == []
        keys = {n: s.territory.salesperson(f"A{n}").id for n in (1, 2, 3)}
        nobody = s.territory.salesperson("AGN000").id
        with pytest.raises(RecordNotFound):
            s.territory.salesperson("nobody at all")
    assert refused(crm, lambda s: setattr(s.territory.salesperson("A1"), "manager_id", keys[3])) == ["MANAGER_CYCLE"]
    assert refused(crm, lambda s: setattr(s.territory.salesperson("A1"), "manager_id", keys[1])) == ["MANAGER_CYCLE"]
    assert refused(crm, lambda s: setattr(s.territory.salesperson("A1"), "manager_id", nobody)) == ["SALESPERSON_FIXED"]
    assert refused(crm, lambda s: setattr(s.territory.salesperson("A1"), "agency_id", keys[2])) == ["SALESPERSON_KIND"]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.integers(1, 4), st.none() | st.integers(1, 4)), max_size=12))
def test_managers_are_a_tree_after_any_moves(crm, moves):
    above = dict.fromkeys(range(1, 5))
    with crm.session("anna") as s:
        for n in above:
            s.territory.salesperson(f"A{n}").manager_id = None
            s.flush()
        s.commit()
        keys = {n: s.territory.salesperson(f"A{n}").id for n in above}

        def chain(start):
            found = []
            while start is not None and start not in found:
                found.append(start)
                start = above[start]
            return found

        for who, manager in moves:
            cycle = manager is not None and who in chain(manager)
            s.territory.salesperson(f"A{who}").manager_id = keys[manager] if manager else None
            try:
                s.commit()
            except ValidationFailed as error:
                found = [problem.code for problem in error.problems]
            else:
                found = []
                above[who] = manager
            assert found == (["MANAGER_CYCLE"] if cycle else [])
        teams = {n: {each.code for each in s.territory.team(f"A{n}")} for n in above}
    assert teams == {n: {f"A{each}" for each in above if each != n and n in chain(each)} for n in above}
