"""Handlers that look at every event: inside the transaction only."""

from __future__ import annotations

import pytest

from crmcore import Account, Crm, Handler, Phase
from crmcore.errors import StartError
from crmcore.hooks import ANY_EVENT
from crmcore.testing import make_plugin

pytestmark = pytest.mark.feature("P8.3")


def note(session, event):
    if event.entity == "account":
        account = session.require(Account, event.id)
        account.notes = f"{account.notes or ''}{event.type} "


def test_a_handler_of_any_event_sees_every_event_of_a_commit():
    plugin = make_plugin("watcher", crm_handlers=[Handler(event=ANY_EVENT, fn=note, phase=Phase.IN_TRANSACTION)])
    with Crm.open("sqlite://", plugins=[plugin], migrate=True) as crm, crm.session("anna") as session:
        account = session.accounts.create(name="Rossi", phone1="0444 000012", portfolio="GENERICO")
        session.commit()
        # Its own changes are events, too, until the core stops the chain.
        assert account.notes.startswith("account.created account.updated account.updated ")
        assert account.notes.count("account.updated") == crm.depth_limit - 1


def test_deliveries_of_every_event_are_refused():
    plugin = make_plugin("watcher", crm_handlers=[Handler(event=ANY_EVENT, fn=note)])
    with pytest.raises(StartError) as refusal:
        Crm.open("sqlite://", plugins=[plugin])
    assert [problem.code for problem in refusal.value.problems] == ["HANDLER_EVENT_UNKNOWN"]
