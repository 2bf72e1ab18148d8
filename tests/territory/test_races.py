"""Two who define the territory at once: one waits for the other, and is told (I-23)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import select

from crmcore import StaleVersion, ValidationFailed
from crmcore.model import Salesperson, SellerZone

pytestmark = pytest.mark.feature("B12", "I-23")


def attempt(crm, work):
    """Do some work in a session of its own, and return OK or the codes that refuse it."""
    with crm.session("bruno") as s:
        try:
            work(s)
            s.commit()
        except ValidationFailed as error:
            return sorted({problem.code for problem in error.problems})
        except StaleVersion as error:
            return [error.code]
    return ["OK"]


def race(crm, first, second):
    """Do the second work while the first is written and not committed; return what became of the second."""
    with ThreadPoolExecutor(1) as threads, crm.session("anna") as s:
        first(s)
        s.flush()
        other = threads.submit(attempt, crm, second)
        s.commit()
        return other.result(timeout=60)


def test_two_sellers_of_one_zone(crm):
    def give(seller):
        return lambda s: s.territory.assign("VI-NORD", seller, date(2026, 1, 1), to_date=date(2026, 12, 31))

    assert race(crm, give("A1"), give("A2")) == ["SELLER_ZONE_OVERLAP"]
    with crm.session("anna") as s:
        assert len(s.scalars(select(SellerZone)).all()) == 1


def test_two_zones_with_overlapping_ranges(crm):
    def zone(code, first, last):
        return lambda s: s.territory.define_zone(code, code, ranges=[(first, last)])

    assert race(crm, zone("ONE", "10000", "10010"), zone("TWO", "10005", "10020")) == ["ZONE_RULE_OVERLAP"]


def test_two_managers_of_each_other(crm):
    def below(who, manager):
        def work(s):
            found = s.scalars(select(Salesperson).where(Salesperson.code == who)).one()
            found.manager_id = s.territory.salesperson(manager).id

        return work

    assert race(crm, below("A1", "A2"), below("A2", "A1")) == ["MANAGER_CYCLE"]
