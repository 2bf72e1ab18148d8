"""Story S12, its orders: what came of a commercial campaign whose actions the plugin `agenda` made."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from crmcore_agenda.model import ActionTemplate, TemplateRun
from crmcore_agenda.templates import Templates
from crmcore_offers.archive import Documents, NewRow
from crmcore_offers.reports import Reports
from sqlalchemy import func, select

pytestmark = pytest.mark.feature("S12", "F01", "G10", "P8.2")

CAMPAIGN = "promo-2026"
START = date(2026, 9, 7)


@pytest.fixture
def campaign(open_firm):
    """Twelve customers who were sent a catalogue, and what five of them ordered."""
    firm = open_firm("agenda")
    firm.catalogue()
    firm.at(2026, 9, 7)
    accounts = [firm.account(f"Mobili {number:02}") for number in range(12)]
    with firm.session() as session:
        session.add(ActionTemplate(code="promo", label_it="Promozione", steps=[{"name": "Invio catalogo", "kind": "mailing", "offset": 0}]))
        session.flush()
        Templates(session).start_many("promo", [session.accounts.require(key) for key in accounts], START, batch=CAMPAIGN)
        session.commit()
        for number, price, day, named in (
            (0, "1500", date(2026, 9, 21), CAMPAIGN),
            (1, "2400", date(2026, 10, 2), CAMPAIGN),
            (2, "1500", date(2026, 11, 6), CAMPAIGN),
            (3, "9000", date(2026, 11, 7), CAMPAIGN),
            (4, "7000", date(2026, 9, 22), ""),
            (5, "8000", date(2026, 9, 23), CAMPAIGN),
        ):
            rows = [NewRow(description="Merce", price=Decimal(price), vat="S22")]
            made = Documents(session).create("T-ORD", accounts[number], rows=rows, issued_on=day, campaign=named)
            if number == 5:
                session.flush()
                Documents(session).change_state(made, "lost", reason="Annullato dal cliente")
        session.commit()
    return firm


def test_a_quarter_of_those_reached_ordered_within_sixty_days(campaign):
    with campaign.session() as session:
        reached = session.scalar(select(func.count(TemplateRun.account_id.distinct())).where(TemplateRun.batch == CAMPAIGN))
        effect = Reports(session).campaign_effect(CAMPAIGN, START, days=60, reached=reached)

    assert (effect.reached, effect.orders, effect.customers) == (12, 3, 3)
    assert (effect.value, effect.share) == (Decimal("5400.00"), Decimal("25.00"))
