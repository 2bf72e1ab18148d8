"""The register of oppositions and the privacy defaults."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from crmcore_italy import RegisterAnswer, Relation, decide, numbers_to_ask, privacy_of
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.feature("I-11")

PHONE = "+393200000012"
ASKED = datetime(2026, 5, 11, 9, tzinfo=UTC)
FREE = RegisterAnswer(phone=PHONE, asked_at=ASKED)
OPPOSED = RegisterAnswer(phone=PHONE, asked_at=ASKED, opposed_since=ASKED)


def ask(answer, at=ASKED, **relation):
    return decide(PHONE, answer, Relation(**relation), now=at, today=at.date())


def test_a_number_that_was_never_asked_about_is_not_called():
    decision = ask(None)
    assert (bool(decision), decision.reason.code) == (False, "ITALY_REGISTER_NOT_ASKED")
    assert PHONE in decision.reason.text("it")


@pytest.mark.parametrize(("days", "allowed"), [(0, True), (15, True), (15.001, False), (30, False)])
def test_an_answer_counts_for_fifteen_days(days, allowed):
    decision = ask(FREE, ASKED + timedelta(days=days))
    assert decision.allowed is allowed
    if allowed:
        assert decision.until == datetime(2026, 5, 26, 9, tzinfo=UTC)
    else:
        assert decision.reason.code == "ITALY_REGISTER_STALE"
        assert "2026-05-26" in decision.reason.text("en")


def test_an_opposed_number_is_not_called_however_old_the_answer_is():
    for at in (ASKED, ASKED + timedelta(days=100)):
        assert ask(OPPOSED, at).reason.code == "ITALY_OPPOSED"


def test_opposition_cancels_earlier_consents_and_not_later_ones():
    assert not ask(OPPOSED, consent_at=ASKED - timedelta(days=1))
    assert not ask(OPPOSED, consent_at=ASKED)
    assert ask(OPPOSED, consent_at=ASKED + timedelta(seconds=1))


@pytest.mark.parametrize(("day", "allowed"), [(date(2026, 5, 10), True), (date(2026, 4, 11), True), (date(2026, 4, 10), False)])
def test_a_contract_allows_calls_until_thirty_days_after_its_end(day, allowed):
    assert ask(OPPOSED, contract_until=day).allowed is allowed


def test_a_running_contract_allows_calls_without_asking():
    assert ask(None, contract_runs=True)


def test_answers_remember_since_when_a_number_is_opposed():
    again = OPPOSED.followed_by(asked_at=ASKED + timedelta(days=10), opposed=True)
    assert (again.asked_at, again.opposed_since) == (ASKED + timedelta(days=10), ASKED)
    withdrawn = again.followed_by(asked_at=ASKED + timedelta(days=20), opposed=False)
    assert not withdrawn.opposed
    anew = withdrawn.followed_by(asked_at=ASKED + timedelta(days=30), opposed=True)
    assert anew.opposed_since == ASKED + timedelta(days=30)


def test_only_italian_numbers_without_a_fresh_answer_are_asked_about():
    phones = [PHONE, "+390424000012", "+390424000012", "+442079460018"]
    assert numbers_to_ask(phones, [FREE], by=ASKED + timedelta(days=15)) == ["+390424000012"]
    assert numbers_to_ask(phones, [FREE], by=ASKED + timedelta(days=16)) == ["+390424000012", PHONE]


@given(st.datetimes(datetime(2026, 5, 1), datetime(2026, 7, 1)), st.booleans())  # noqa: DTZ001 - given its zone below
def test_more_permission_never_forbids_a_call(at, opposed):
    at = at.replace(tzinfo=UTC)
    answer = OPPOSED if opposed else FREE
    if ask(answer, at):
        assert ask(answer, at, contract_runs=True)
        assert ask(answer, at, consent_at=at)


@pytest.fixture
def privacy(open_crm):
    return privacy_of(open_crm("italy").settings("italy"))


def test_consents_count_for_two_years_and_profiling_for_one(privacy):
    given_at = datetime(2026, 2, 28, 9, tzinfo=UTC)
    assert privacy.counts_until("newsletter", given_at.date()) == date(2028, 2, 28)
    assert privacy.counts_until("profiling", given_at.date()) == date(2027, 2, 28)
    assert privacy.problems("newsletter", "email", given_at, today=date(2028, 2, 28)) == []
    [problem] = privacy.problems("newsletter", "email", given_at, today=date(2028, 2, 29))
    assert problem.code == "ITALY_CONSENT_EXPIRED"
    assert "2028-02-28" in problem.text("it")


def test_marketing_leaves_certified_mail_alone_by_default(privacy, open_crm):
    given_at = datetime(2026, 5, 11, 9, tzinfo=UTC)
    [problem] = privacy.problems("newsletter", "pec", given_at, today=date(2026, 5, 11))
    assert problem.code == "ITALY_CHANNEL_WITHOUT_MARKETING"
    assert "pec" in problem.text("it")
    assert privacy.problems("profiling", "pec", given_at, today=date(2026, 5, 11)) == []
    other = privacy_of(open_crm("italy", settings={"italy": {"marketing_never_by": []}}).settings("italy"))
    assert other.problems("newsletter", "pec", given_at, today=date(2026, 5, 11)) == []
