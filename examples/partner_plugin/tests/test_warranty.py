from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from crmcore import Account, Crm, StaleVersion, ValidationFailed
from crmcore.cli import crm as command
from crmcore.model import EVENT
from crmcore.testing import advance
from sqlalchemy import func, select

from crmcore_warranty.model import Letter, Warranty
from crmcore_warranty.reminders import Expiring
from crmcore_warranty.sales import extend, sell

SOLD = date(2025, 6, 1)


@pytest.fixture
def warranties(open_crm):
    """A Crm with a customer who bought a pump a year ago, for which twelve months were agreed."""
    crm = open_crm("warranty")
    with crm.session("anna") as session:
        account = session.add(Account(name="Rossi S.r.l."))
        session.flush()
        sell(session, account.id, "Pompa di calore", "HP-0001", SOLD, 12)
        session.commit()
    return crm


def _only(crm, cls):
    with crm.session("anna") as session:
        return session.scalars(select(cls)).one()


def _published(crm):
    with crm.session("anna") as session:
        return session.scalar(select(func.count()).select_from(EVENT).where(EVENT.c.type == Expiring.TYPE))


def test_a_sale_gets_the_months_of_the_settings(open_crm):
    crm = open_crm("warranty", settings={"warranty": {"months": 36}})
    with crm.session("anna") as session:
        account = session.add(Account(name="Bianchi"))
        session.flush()
        warranty = sell(session, account.id, "Caldaia", "C-1", date(2026, 1, 31))
        session.commit()

    assert (warranty.months, warranty.until) == (36, date(2029, 1, 31))


def test_a_warranty_of_a_month_ends_with_the_short_month():
    from crmcore_warranty.sales import last_day  # noqa: PLC0415 - what this test is about

    assert last_day(date(2026, 1, 31), 1) == date(2026, 2, 28)


@pytest.mark.parametrize(("change", "code"), [({"months": 0}, "WARRANTY_MONTHS"), ({"sold_on": date(2026, 5, 12)}, "WARRANTY_SOLD_LATER")])
def test_what_cannot_be_is_refused_in_both_languages(warranties, change, code):
    with warranties.session("anna") as session:
        warranty = session.scalars(select(Warranty)).one()
        for name, value in change.items():
            setattr(warranty, name, value)
        with pytest.raises(ValidationFailed) as refusal:
            session.commit()

    [problem] = refusal.value.problems
    assert (problem.code, problem.plugin, problem.object) == (code, "warranty", "HP-0001")
    assert problem.text("it") != problem.text("en")


def test_the_end_is_announced_once_and_leads_to_one_letter(warranties):
    advance(warranties, timedelta(days=5))

    letter = _only(warranties, Letter)
    assert _published(warranties) == 1
    assert (letter.until, letter.text.splitlines()[0]) == (date(2026, 6, 1), "Spett.le Rossi S.r.l.,")
    assert "scade il 01/06/2026" in letter.text


def test_the_end_is_announced_as_many_days_before_as_the_settings_say(open_crm, frozen_clock):
    crm = open_crm("warranty", settings={"warranty": {"reminder_days": 7}})
    with crm.session("anna") as session:
        account = session.add(Account(name="Verdi"))
        session.flush()
        sell(session, account.id, "Caldaia", "C-2", SOLD, 12)
        session.commit()

    frozen_clock.freeze(datetime(2026, 5, 24, 22, 30, tzinfo=UTC))  # half past midnight in Rome, on the 25th
    advance(crm, timedelta(hours=2))
    before = _published(crm)
    advance(crm, timedelta(hours=10))

    assert (before, _published(crm), _only(crm, Warranty).announced_on) == (0, 1, date(2026, 5, 25))


def test_an_extended_warranty_is_announced_again(warranties):
    advance(warranties, timedelta(days=2))
    with warranties.session("anna") as session:
        extend(session, session.scalars(select(Warranty)).one(), 1)
        session.commit()
    advance(warranties, timedelta(days=20))

    with warranties.session("anna") as session:
        assert session.scalars(select(Letter.until).order_by(Letter.until)).all() == [date(2026, 6, 1), date(2026, 7, 1)]


def test_two_people_cannot_change_one_warranty_at_once(warranties):
    with warranties.session("anna") as one, warranties.session("bruno") as other:
        mine, theirs = (session.scalars(select(Warranty)).one() for session in (one, other))
        mine.product, theirs.product = "Pompa", "Caldaia"
        one.commit()
        with pytest.raises(StaleVersion):
            other.commit()


def test_the_class_of_warranty_is_one_of_the_choices(warranties):
    with warranties.session("anna") as session:
        account = session.scalars(select(Account)).one()
        account.set_characteristic("warranty_class", "extended")
        session.commit()
        account.set_characteristic("warranty_class", "eternal")
        with pytest.raises(ValidationFailed, match="warranty_class"):
            session.commit()


def test_the_command_lists_warranties_for_people_and_for_programs(tmp_path):
    run = CliRunner().invoke
    assert run(command, ["init", str(tmp_path), "--plugin", "warranty"]).exit_code == 0
    with Crm.open(tmp_path) as crm, crm.session("anna") as session:
        account = session.accounts.create(name="Rossi S.r.l.", phone1="0444 123456", portfolio="GENERICO")
        session.flush()
        sell(session, account.id, "Pompa di calore", "HP-0001", date(2020, 1, 1))
        session.commit()

    people = run(command, ["-C", str(tmp_path), "warranty", "list"])
    programs = run(command, ["-C", str(tmp_path), "--json", "warranty", "list"])
    soon = run(command, ["-C", str(tmp_path), "warranty", "list", "--within", "30"])

    assert "HP-0001" in people.output
    assert [(row["serial"], row["until"]) for row in json.loads(programs.output)] == [("HP-0001", "2022-01-01")]
    assert soon.output.strip() == "Nessuna garanzia."
