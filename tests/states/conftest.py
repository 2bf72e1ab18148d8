"""The contracts of story S10, and people of every group."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crmcore import Account, Actor

SUPPORT = Path(__file__).parent / "support"


@pytest.fixture
def contracts(monkeypatch):
    """Return the plugin of story S10."""
    monkeypatch.syspath_prepend(SUPPORT)
    import crm_contracts

    yield crm_contracts
    # The class stays imported: a table is mapped once in a process.
    assert "crm_contracts" in sys.modules


PEOPLE = {
    "mrossi": ("BACKOFFICE",),
    "lbianchi": ("AMMINISTRAZIONE",),
    "tgallo": ("TECNICI",),
    "dneri": ("DIREZIONE",),
    "admin": ("BACKOFFICE", "AMMINISTRAZIONE", "TECNICI", "DIREZIONE"),
}


@pytest.fixture
def somebody():
    """Return the actor of a login, with the groups of the story."""
    return lambda login: Actor.user(login, groups=PEOPLE[login])


@pytest.fixture
def new_contract(contracts):
    """Make a contract, and return its key."""

    def make(crm, **values):
        with crm.session("anna") as s:
            account = s.add(Account(name="Bellini"))
            s.flush()
            contract = s.add(contracts.Contract(account_id=account.id, **values))
            s.commit()
            return contract.id

    return make
