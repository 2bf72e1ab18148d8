"""The plugin keeps the contract of plugins."""

from typing import ClassVar

import pytest

from crmcore.testing import PluginConformance


@pytest.mark.feature("P2.8")
class TestOffers(PluginConformance):
    plugin = "offers"
    job_arguments: ClassVar = {"offers.print_revision": {"revision_id": 1}}
