"""Agents, zones and accounts of story S05."""

from __future__ import annotations

from datetime import date

import pytest

from crmcore import Account
from crmcore.model import Salesperson, Site


@pytest.fixture
def crm(open_crm):
    """Return a Crm with the agents A1 to A4 and the zone VI-NORD."""
    crm = open_crm()
    with crm.session("anna") as s:
        for number in range(1, 5):
            s.add(Salesperson(code=f"A{number}", kind="agent", name=f"Agente {number}"))
        s.territory.define_zone("VI-NORD", "Vicenza nord", postcodes=["36061", "36063"])
        s.commit()
    return crm


@pytest.fixture
def assign(crm):
    """Assign a zone in a session of its own; dates are texts."""

    def do(zone, seller, first, last=None, **options):
        with crm.session("anna") as s:
            s.territory.assign(zone, seller, date.fromisoformat(first), to_date=date.fromisoformat(last) if last else None, **options)
            s.commit()

    return do


@pytest.fixture
def new_account(crm):
    """Make an account, with a site at a postcode, and return its key."""

    def make(postcode=None, name="Bellini", **parts):
        with crm.session("anna") as s:
            account = s.add(Account(name=name))
            s.flush()
            if postcode or parts:
                s.add(Site(account_id=account.id, kind="operative", postcode=postcode, **parts))
            s.commit()
            return account.id

    return make
