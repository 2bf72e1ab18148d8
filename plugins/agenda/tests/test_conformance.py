"""The plugin keeps the contract of plugins."""

from datetime import date

import pytest

from crmcore.testing import PluginConformance
from crmcore_agenda.lookups import by_code
from crmcore_agenda.model import Action, ActionLink, Kind


@pytest.mark.feature("P2.8")
class TestAgenda(PluginConformance):
    plugin = "agenda"

    @staticmethod
    def samples(session, number):
        """A link needs an action of its own: there is one for each action and record."""
        kind = by_code(session, Kind, "memo")
        link = ActionLink(action_id=None, entity="account", record_id=number)
        link.action = Action(title=f"Memo {number}", kind_id=kind.id, owner="kit", assignee="kit", due=date(2026, 5, 12))
        return [link]
