"""Conversion and time in stage, from the history of states."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from crmcore_offers.model import Document
from crmcore_offers.reports import Reports, WinBy
from sqlalchemy import event

MAY = (date(2026, 5, 1), date(2026, 5, 31))


def history(firm):
    """Add documents that go through the stages: each is a taxable amount, its seller, and its moves by day of May 2026 at nine."""
    firm.catalogue()
    sellers = firm.people()
    accounts = {code: firm.account(name=f"Ditta {code}", seller_id=sellers[code], seller_source="manual") for code in ("A1", "A3")}
    stories = (
        ("100.00", "A1", [(4, None), (6, "presented"), (10, "negotiating"), (12, "won")], {"competitors": ["Rossi"], "outcome": "prezzo"}),
        ("200.00", "A1", [(4, None), (8, "presented"), (9, "lost")], {"competitors": ["Rossi", "Verdi"], "outcome": "prezzo"}),
        ("400.00", "A3", [(11, None), (13, "presented"), (20, "lost")], {"outcome": "tempi", "campaign": "Fiera"}),
        # Entered before: what it does in May is a departure, and its decision is of May.
        ("800.00", "A1", [(-2, None), (1, "presented"), (2, "won")], {}),
        # Still where it began; and won after May: then it is decided in June, but whatever entered a stage in May is won by now.
        ("1600.00", "A1", [(29, None)], {}),
        ("3200.00", "A1", [(30, None), (31, "presented"), (33, "won")], {}),
        # Back and forth: two entries of one document.
        ("6400.00", "A1", [(5, None), (6, "presented"), (7, "inserted"), (8, "presented")], {}),
    )
    steps = sorted((day, number, state) for number, (_, _, moves, _) in enumerate(stories) for day, state in moves)
    made = {}
    for day, number, state in steps:
        month, day_of = (4, 30 + day) if day < 1 else (6, day - 31) if day > 31 else (5, day)
        firm.at(2026, month, day_of)
        with firm.system() as session:
            if state is None:
                taxable, seller, _, more = stories[number]
                fields = {"type": "T-OFF", "issued_on": date(2026, 5, 1), "owner": "admin", "taxable": Decimal(taxable), **more}
                made[number] = session.add(Document(account_id=accounts[seller], agent_id=sellers[seller], **fields))
                session.commit()
            else:
                session.states.change(session.require(Document, made[number].id), state)
                session.commit()
    firm.at(2026, 6, 8)


@pytest.mark.feature("L05", "G01")
def test_stages_tell_what_came_where_it_went_and_how_long_it_took(firm):
    history(firm)
    with firm.system() as session:
        report = Reports(session).conversion(*MAY)
    stages = {stage.key: stage for stage in report.stages}
    first = stages["inserted"]
    # Six were written in May, and one came back; each went to presented but one that is still there.
    assert (first.entered, first.documents, first.left, first.still) == (7, 6, 7, 1)
    assert (dict(first.moved), first.rate("presented"), first.rate("won")) == ({"presented": 6}, Decimal("85.71"), Decimal("0.00"))
    # Won by now: 100.00 and 3200.00, of six.
    assert (first.won, first.won_rate) == (2, Decimal("33.33"))
    # Days: 2, 4, 2, 10 up to now, 1, 1, 1.
    assert (first.mean_days, first.median_days) == (Decimal("3.00"), Decimal("2.00"))
    second = stages["presented"]
    # Entered: six documents, one of them twice, and that of April on the first of May.
    assert (second.entered, second.documents, second.left, second.still) == (7, 6, 5, 1)
    assert dict(second.moved) == {"inserted": 1, "lost": 2, "negotiating": 1, "won": 2}
    assert (stages["won"].entered, stages["won"].left, stages["lost"].entered, stages["cancelled"].entered) == (2, 0, 2, 0)
    assert stages["cancelled"].mean_days is None
    assert [stage.key for stage in report.stages] == [
        *("booked", "inserted", "verifying", "presented", "negotiating"),
        *("won", "lost", "cancelled"),
    ]


@pytest.mark.feature("L05", "G03", "G04", "I-7", "I-27")
def test_wins_are_of_what_was_decided_in_the_period_as_far_as_the_reader_sees(firm):
    history(firm)

    def wins(login, by=WinBy.AGENT, **more):
        with firm.session(login) as session:
            report = Reports(session).conversion(*MAY, by, **more)
            return report, [(each.key, each.won, each.lost, each.rate) for each in report.wins]

    half = Decimal("50.00")
    report, found = wins("admin")
    assert found == [("A1", 2, 1, Decimal("66.67")), ("A3", 0, 1, Decimal("0.00"))]
    assert (report.total.won_amount, report.total.lost_amount, report.total.rate) == (Decimal("900.00"), Decimal("600.00"), half)
    assert wins("admin", WinBy.OUTCOME)[1] == [("prezzo", 1, 1, half), ("tempi", 0, 1, Decimal("0.00")), ("", 1, 0, Decimal("100.00"))]
    assert wins("admin", WinBy.COMPETITOR)[1] == [("Rossi", 1, 1, half), ("Verdi", 0, 1, Decimal("0.00")), ("", 1, 1, half)]
    assert wins("admin", WinBy.CAMPAIGN)[1] == [("Fiera", 0, 1, Decimal("0.00")), ("", 2, 1, Decimal("66.67"))]
    assert wins("admin", WinBy.TYPE)[1] == [("T-OFF", 2, 2, half)]
    assert wins("admin", agent="A3")[1] == [("A3", 0, 1, Decimal("0.00"))]
    assert wins("anna")[1] == [("A1", 2, 1, Decimal("66.67"))]
    report, found = wins("carla")
    assert found == [("A3", 0, 1, Decimal("0.00"))]
    assert {stage.key: stage.entered for stage in report.stages if stage.entered} == {"inserted": 1, "presented": 1, "lost": 1}
    with firm.session("carla") as session:
        session.states.tables()
        seen = []
        event.listen(session.orm.connection(), "before_cursor_execute", lambda _c, _d, statement, *_: seen.append(statement))
        Reports(session).conversion(*MAY)
        # Types, documents, history, what was decided, agents; PostgreSQL says when the guard is away and back.
        assert len([each for each in seen if "set_config" not in each]) == 5
