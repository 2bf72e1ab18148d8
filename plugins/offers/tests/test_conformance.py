"""The plugin keeps the contract of plugins."""

import pytest

from crmcore.testing import PluginConformance


@pytest.mark.feature("P2.8")
class TestOffers(PluginConformance):
    plugin = "offers"
