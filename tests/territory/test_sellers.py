"""Who sells to whom on which day: story S05, manual sellers, gaps, people who left, recomputation (B11 to B13, I-22 to I-24)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from crmcore import Account, ValidationFailed
from crmcore.changesets import Planned
from crmcore.errors import RecordNotFound, UsageError
from crmcore.model import AUDIT, BusinessUnit, Parameter, Salesperson, SellerZone, Site
from crmcore.territory import Address, Move

pytestmark = pytest.mark.feature("B12", "I-23", "I-24")
DAY = date.fromisoformat


def seller(crm, key, on=None, **options):
    with crm.session("anna") as s:
        return s.territory.seller_of(key, DAY(on) if on else None, **options).code


def refused(crm, work):
    """Return the codes that refuse some work."""
    with crm.session("anna") as s:
        with pytest.raises(ValidationFailed) as caught:
            work(s)
            s.commit()
        return sorted({problem.code for problem in caught.value.problems})


@pytest.mark.feature("S05", "B13")
def test_the_second_half_of_story_s05(crm, assign, new_account, frozen_clock):
    assign("VI-NORD", "A1", "2026-01-01")
    assign("VI-NORD", "A4", "2026-06-01")
    key = new_account("36061")
    with crm.session("anna") as s:
        assert [
            (s.require(Salesperson, row.salesperson_id).code, row.from_date, row.to_date) for row in s.territory.assignments("VI-NORD")
        ] == [
            ("A1", DAY("2026-01-01"), DAY("2026-05-31")),
            ("A4", DAY("2026-06-01"), None),
        ]
    frozen_clock.freeze(datetime(2026, 5, 29, 10, tzinfo=UTC))
    found = {}
    for day in ("2026-05-31", "2026-06-01", None):
        with crm.session("anna") as s:
            s.territory.set_system_date(DAY(day) if day else None)
            s.commit()
        found[day] = seller(crm, key)
    assert found == {"2026-05-31": "A1", "2026-06-01": "A4", None: "A1"}
    with crm.session("anna") as s:
        nobody = s.territory.seller_at(Address(postcode="99999"))
        assert (nobody.code, [warning.code for warning in nobody.warnings]) == ("AGN000", ["ZONE_MISSING"])
        assert nobody.warnings[0].text("it") == "nessuna zona comprende il CAP 99999"
    for last in (None, "2026-06-10"):
        assert refused(
            crm, lambda s, last=last: s.territory.assign("VI-NORD", "A2", DAY("2026-05-20"), to_date=DAY(last) if last else None)
        ) == ["SELLER_ZONE_OVERLAP"]

    def directly(s):
        s.add(
            SellerZone(zone_id=s.territory.zone("VI-NORD").id, salesperson_id=s.territory.salesperson("A2").id, from_date=DAY("2026-05-20"))
        )

    assert refused(crm, directly) == ["SELLER_ZONE_OVERLAP"]
    assert [seller(crm, key, day) for day in ("2026-05-20", "2026-05-31", "2026-06-01")] == ["A1", "A1", "A4"]


def test_a_warning_shows_people_what_they_know(crm, assign, new_account):
    def told(address):
        with crm.session("anna") as s:
            return [
                warning.text("it").removeprefix("nessuna zona comprende il CAP ") for warning in s.territory.seller_at(address).warnings
            ]

    assert told(Address(postcode="36061", country="DE")) == ["36061 (DE)"]
    assert told(Address(province="MI")) == ["- (MI)"]
    assert told(Address()) == ["-"]
    with crm.session("anna") as s:
        [nowhere] = s.territory.seller_of(new_account()).warnings
        assert nowhere.text("en") == "no zone has postcode -"
        s.territory.assign("VI-NORD", "A1", DAY("2026-02-01"))
        with pytest.raises(ValidationFailed, match="has a seller already from 2026-02-01 to …"):
            s.territory.assign("VI-NORD", "A2", DAY("2026-01-01"))


def test_today_is_that_of_the_deployment_not_of_greenwich(crm, assign, new_account, frozen_clock):
    assign("VI-NORD", "A1", "2026-01-01")
    assign("VI-NORD", "A4", "2026-06-01")
    key = new_account("36061")
    frozen_clock.freeze(datetime(2026, 5, 31, 22, 30, tzinfo=UTC))
    assert seller(crm, key) == "A4"


def test_a_day_without_anybody_is_the_null_agents_with_a_warning(crm, assign, new_account):
    assign("VI-NORD", "A1", "2026-01-10", "2026-01-20")
    assign("VI-NORD", "A2", "2026-02-01")
    key = new_account("36061")
    days = ("2026-01-09", "2026-01-10", "2026-01-20", "2026-01-21", "2026-01-31", "2026-02-01")
    assert [seller(crm, key, day) for day in days] == ["AGN000", "A1", "A1", "AGN000", "AGN000", "A2"]
    with crm.session("anna") as s:
        found = s.territory.seller_of(key, DAY("2026-01-21")).warnings
        assert [warning.text("it") for warning in found] == ["nessuno vende nella zona VI-NORD il 2026-01-21"]
        assert [warning.code for warning in found] == ["SELLER_GAP"]


def test_an_assignment_for_a_business_unit_goes_before_one_for_all(crm, assign, new_account):
    with crm.session("anna") as s:
        numbers = set(s.scalars(select(BusinessUnit.number)))
        for number in {1, 2} - numbers:
            s.add(BusinessUnit(number=number, code=f"BU{number}", label_it=f"BU{number}"))
        s.commit()
    assign("VI-NORD", "A1", "2026-01-01")
    assign("VI-NORD", "A2", "2026-03-01", unit=2)
    key = new_account("36061")
    assert [seller(crm, key, "2026-03-01", unit=unit) for unit in (None, 1, 2)] == ["A1", "A1", "A2"]
    assert seller(crm, key, "2026-02-28", unit=2) == "A1"
    with crm.session("anna") as s, pytest.raises(RecordNotFound):
        s.territory.seller_of(key, unit=9)


def test_a_seller_set_by_hand_goes_before_the_zone_until_released(crm, assign, new_account):
    assign("VI-NORD", "A1", "2026-01-01")
    key = new_account("36061")
    with crm.session("anna") as s:
        account = s.require(Account, key)
        assert account.seller_id == s.territory.salesperson("A1").id
        s.territory.set_seller(account, "A3")
        s.commit()
    assert seller(crm, key) == "A3"
    with crm.session("anna") as s:
        # Moving the site does not move it either.
        s.scalars(select(Site)).one().postcode = "36063"
        s.commit()
        account = s.require(Account, key)
        assert account.seller_id == s.territory.salesperson("A3").id
        s.territory.release_seller(account)
        s.commit()
        assert account.seller_id == s.territory.salesperson("A1").id
    assert seller(crm, key) == "A1"


@pytest.mark.feature("I-22")
def test_who_left_keeps_the_history_and_receives_nothing_new(crm, assign, new_account):
    assign("VI-NORD", "A1", "2026-01-01")
    key = new_account("36061")
    with crm.session("anna") as s:
        s.territory.salesperson("A1").disabled_from = DAY("2026-05-01")
        s.commit()
    assert [seller(crm, key, day) for day in ("2026-04-30", "2026-05-01")] == ["A1", "AGN000"]
    with crm.session("anna") as s:
        answer = s.territory.seller_of(key, DAY("2026-05-01"))
        assert [warning.code for warning in answer.warnings] == ["SELLER_DISABLED"]
        s.territory.define_zone("PD", "Padova", provinces=["PD"])
        s.commit()
    assert refused(crm, lambda s: s.territory.assign("PD", "A1", DAY("2026-05-01"))) == ["SELLER_DISABLED"]
    assert refused(crm, lambda s: s.territory.set_seller(s.require(Account, key), "A1")) == ["SELLER_DISABLED"]
    assign("PD", "A1", "2026-01-01", "2026-04-30")


def test_only_who_sells_is_a_seller(crm, new_account):
    key = new_account()
    with crm.session("anna") as s:
        s.add(Salesperson(code="TLK001", kind="operator", name="Operatrice"))
        s.commit()
    assert refused(crm, lambda s: s.territory.assign("VI-NORD", "TLK001", DAY("2026-01-01"))) == ["SALESPERSON_KIND"]
    assert refused(crm, lambda s: s.territory.set_seller(s.require(Account, key), "TLK001")) == ["SALESPERSON_KIND"]


def test_what_makes_no_sense_is_refused(crm, assign):
    assert refused(crm, lambda s: s.territory.assign("VI-NORD", "A1", DAY("2026-02-01"), to_date=DAY("2026-01-31"))) == [
        "SELLER_ZONE_INVERTED"
    ]
    assert refused(crm, lambda s: s.add(Parameter(name="assignment_date", value="soon"))) == ["VALUE_INVALID"]
    with crm.session("anna") as s:
        s.territory.zone("VI-NORD").obsolete = True
        s.commit()
    assert refused(crm, lambda s: s.territory.assign("VI-NORD", "A1", DAY("2026-02-01"))) == ["ZONE_OBSOLETE"]
    assert refused(crm, lambda s: s.add(SellerZone(zone_id=1, salesperson_id=1, from_date=None))) == ["VALUE_MISSING"]


def test_the_legal_site_speaks_for_an_account(crm, assign, new_account):
    with crm.session("anna") as s:
        s.territory.define_zone("PD", "Padova", provinces=["PD"])
        s.commit()
    assign("VI-NORD", "A1", "2026-01-01")
    assign("PD", "A2", "2026-01-01")
    key = new_account("36061")
    with crm.session("anna") as s:
        s.add(Site(account_id=key, kind="delivery", province="PD"))
        s.commit()
        assert s.require(Account, key).seller_id == s.territory.salesperson("A1").id
        legal = s.add(Site(account_id=key, kind="legal", province="PD"))
        s.commit()
        assert s.require(Account, key).seller_id == s.territory.salesperson("A2").id
        legal.postcode = "36063"
        s.commit()
    assert seller(crm, key) == "A1"


def test_an_account_gets_the_seller_of_its_zone_in_the_commit_of_its_address_and_tells(crm, assign, new_account):
    assign("VI-NORD", "A1", "2026-01-01")
    key = new_account("36061")
    with crm.session("anna") as s:
        account = s.require(Account, key)
        assert (account.seller_source, account.seller_id) == ("zone", s.territory.salesperson("A1").id)
        s.scalars(select(Site)).one().postcode = "99999"
        s.commit()
        assert account.seller_id == s.territory.salesperson("AGN000").id
    with crm.engine.connect() as connection:
        rows = connection.execute(
            select(AUDIT.c.changes).where(AUDIT.c.entity == "account", AUDIT.c.verb == "updated").order_by(AUDIT.c.id)
        )
        assert [list(changes) for (changes,) in rows] == [["seller_id"], ["seller_id"]]


@pytest.mark.feature("B11", "I-72")
def test_sellers_are_recomputed_as_plan_apply_and_undo(crm, assign, new_account):
    assign("VI-NORD", "A1", "2026-01-01")
    with crm.session("anna") as s:
        s.territory.define_zone("PD", "Padova", provinces=["PD"])
        s.commit()
    north, padua, manual, nowhere = new_account("36061"), new_account(province="PD"), new_account("36063"), new_account("99999")
    with crm.session("anna") as s:
        s.territory.set_seller(s.require(Account, manual), "A3")
        s.commit()
    assign("VI-NORD", "A4", "2026-06-01")
    assign("PD", "A2", "2026-06-01")

    def stored():
        with crm.session("anna") as s:
            codes = {row.id: row.code for row in s.scalars(select(Salesperson))}
            return [codes.get(s.require(Account, key).seller_id) for key in (north, padua, manual, nowhere)]

    before = stored()
    assert before == ["A1", None, "A3", None]
    with crm.session("anna") as s:
        assert s.territory.plan_sellers(DAY("2026-05-31")).moves == ()
        plan = s.territory.plan_sellers(DAY("2026-06-01"), description="Da giugno")
        s.commit()
    assert plan.moves == (Move("A1", "A4", 1), Move("AGN000", "A2", 1))
    assert plan.preview.counts == {"planned": 2}
    assert stored() == before
    with crm.session("anna") as s:
        result = s.changesets.confirm(plan.token)
        s.commit()
    assert stored() == ["A4", "A2", "A3", None]
    with crm.session("anna") as s:
        assert s.territory.plan_sellers(DAY("2026-06-01")).moves == ()
        s.changesets.undo(result.id)
        s.commit()
    assert stored() == before


@pytest.mark.feature("B11", "I-22")
def test_a_plan_is_outdated_when_the_sales_force_changes(crm, assign, new_account):
    new_account("36061")
    assign("VI-NORD", "A1", "2026-01-01")
    with crm.session("anna") as s:
        plan = s.territory.plan_sellers()
        s.commit()
        assert plan.moves == (Move("AGN000", "A1", 1),)
        s.territory.salesperson("A1").disabled_from = DAY("2026-05-01")
        s.commit()
        with pytest.raises(Exception, match="CHANGE_SET_OUTDATED"):
            s.changesets.confirm(plan.token)


@pytest.mark.feature("B12", "B13")
def test_a_plan_is_outdated_when_a_zone_gets_another_seller_or_other_addresses(crm, assign, new_account):
    new_account("36061")
    assign("VI-NORD", "A1", "2026-01-01")
    with crm.session("anna") as s:
        plan = s.territory.plan_sellers()
        s.commit()
    assign("VI-NORD", "A2", "2026-02-01")
    with crm.session("anna") as s:
        with pytest.raises(UsageError, match="CHANGE_SET_OUTDATED"):
            s.changesets.confirm(plan.token)
        zones = s.territory.plan_zones()
        s.territory.define_zone("PD", "Padova", provinces=["PD"])
        s.commit()
        with pytest.raises(UsageError, match="CHANGE_SET_OUTDATED"):
            s.changesets.confirm(zones.token)


def test_many_accounts_take_as_many_statements_as_one(crm, assign, new_account, count_statements):
    assign("VI-NORD", "A1", "2026-01-01")
    with crm.session("anna") as s:
        accounts = [s.add(Account(name=f"A{n}")) for n in range(300)]
        s.flush()
        for account in accounts[::2]:
            s.add(Site(account_id=account.id, postcode="36061"))
        s.commit()
        keys = [account.id for account in accounts]
    for some in (keys[:1], keys):
        with crm.session("anna") as s, count_statements(crm) as statements:
            answers = s.territory.sellers_of(some, DAY("2026-02-01"))
        work = [statement for statement in statements if statement.startswith("SELECT")]
        assert len(work) == 4
        assert {answer.code for answer in answers.values()} == ({"A1"} if len(some) == 1 else {"A1", "AGN000"})


DAYS = st.integers(0, 30)
UNITS = st.sampled_from([None, 1])
CALLS = st.lists(st.tuples(st.sampled_from(["A1", "A2", "A3"]), DAYS, st.none() | DAYS, UNITS), min_size=1, max_size=12)


class Reference:
    """Who sells on each of 31 days, for each unit, written down day by day."""

    def __init__(self):
        self.days = {None: [None] * 31, 1: [None] * 31}
        self.starts = {None: set(), 1: set()}

    def assign(self, who, first, last, unit):
        days = self.days[unit]
        if last is None:
            # Whoever comes later stays, and whoever begins on this day: only what began before gives way.
            if any(start >= first for start in self.starts[unit]):
                return False
            last = 30
        elif last < first or any(days[first : last + 1]):
            return False
        days[first : last + 1] = [who] * (last + 1 - first)
        self.starts[unit].add(first)
        return True

    def seller(self, day, unit):
        return self.days[unit][day] or self.days[None][day] or "AGN000"


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=CALLS)
def test_any_history_of_assignments_answers_like_a_list_of_days(crm, new_account, calls):
    def day(number):
        return date.fromordinal(DAY("2026-03-01").toordinal() + number)

    with crm.session("anna") as s:
        key = new_account("36061")
        if s.scalar(select(BusinessUnit.id).where(BusinessUnit.number == 1)) is None:
            s.add(BusinessUnit(number=1, code="BU1", label_it="BU1"))
        for row in s.scalars(select(SellerZone)):
            s.delete(row)
        s.commit()
    reference = Reference()
    for who, first, last, unit in calls:
        with crm.session("anna") as s:
            try:
                s.territory.assign("VI-NORD", who, day(first), to_date=day(last) if last is not None else None, unit=unit)
                s.commit()
                found = set()
            except ValidationFailed as error:
                found = {problem.code for problem in error.problems}
        assert found <= {"SELLER_ZONE_OVERLAP", "SELLER_ZONE_INVERTED"}
        assert bool(found) is not reference.assign(who, first, last, unit)
    with crm.session("anna") as s:
        found = {(n, unit): s.territory.seller_of(key, day(n), unit=unit).code for n in range(31) for unit in (None, 1)}
    assert found == {(n, unit): reference.seller(n, unit) for n, unit in found}


@pytest.mark.feature("B11", "I-22")
def test_the_mass_change_of_sellers_refuses_what_a_hand_could_not_do(crm, new_account):
    free, manual = new_account(), new_account()
    with crm.session("anna") as s:
        keys = {code: s.territory.salesperson(code).id for code in ("A1", "A2")}
        s.territory.set_seller(s.require(Account, manual), "A2")
        s.territory.salesperson("A1").disabled_from = DAY("2026-05-01")
        s.commit()
        for planned, code in (
            (Planned(manual, "seller_id", keys["A2"] + 1), "SELLER_MANUAL"),
            (Planned(free, "seller_id", keys["A1"]), "SELLER_DISABLED"),
            (Planned(free, "seller_id", 999), "NOT_FOUND"),
        ):
            assert s.changesets.preview("sellers", [planned]).counts == {code: 1}
        assert s.changesets.preview("sellers", [Planned(free, "seller_id", keys["A2"])]).counts == {"planned": 1}


def test_no_question_reads_a_whole_table(crm, assign, new_account):
    assign("VI-NORD", "A1", "2026-01-01")
    key = new_account("36061", province="VI", istat_code="024012")
    seen = []

    def note(_connection, _cursor, statement, parameters, *_):
        # How far the user reaches is asked of a few small tables as a whole.
        if statement.startswith("SELECT") and not statement.startswith(crm.access.question):
            seen.append((statement, parameters))

    event.listen(crm.engine, "before_cursor_execute", note)
    with crm.session("anna") as s:
        s.territory.seller_of(key, DAY("2026-02-01"))
        s.territory.team("A1")
    event.remove(crm.engine, "before_cursor_execute", note)
    sqlite = crm.engine.dialect.name == "sqlite"
    with crm.engine.connect() as connection:
        if not sqlite:
            # A handful of rows is read faster without an index.
            connection.exec_driver_sql("SET enable_seqscan = off")
        plans = [
            [str(row) for row in connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{statement}", parameters)]
            for statement, parameters in seen
        ]
    assert len(plans) >= 5
    read = [line for plan in plans for line in plan if ("SCAN " in line if sqlite else "Seq Scan on" in line)]
    assert [line for line in read if not any(word in line for word in ("team", "CONSTANT"))] == []
