"""The plugin keeps the contract of plugins."""

from typing import ClassVar

import pytest

from crmcore.model import SavedSearch
from crmcore.testing import PluginConformance

_EVENT = {
    "event_id": "019e0000-0000-7000-8000-000000000001",
    "type": "account.created",
    "version": 1,
    "at": "2026-05-11T07:00:00+00:00",
    "actor": "kit",
    "device": None,
    "source": "api",
    "entity": "account",
    "id": 1,
    "changes": {},
    "payload": {},
    "correlation_id": "019e0000-0000-7000-8000-000000000002",
    "causation_id": None,
    "depth": 0,
}


@pytest.mark.feature("P2.8")
class TestAgenda(PluginConformance):
    plugin = "agenda"
    job_arguments: ClassVar = {
        "agenda.remind": {"action": 1, "at": "2026-05-11T07:00:00+00:00"},
        "agenda.history": {"action": 1},
        "agenda.fire": {"event": _EVENT},
        "agenda.refresh": {"accounts": [1]},
        "agenda.feed_rule": {"rule": "kit"},
    }

    def samples(self, session, number):
        # A search is about an entity that there is.
        return [SavedSearch(owner="kit", name=f"search {number}", entity="account")]
