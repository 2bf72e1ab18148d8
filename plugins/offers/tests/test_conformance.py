"""The plugin keeps the contract of plugins."""

from typing import ClassVar

import pytest

from crmcore.testing import PluginConformance


@pytest.mark.feature("P2.8")
class TestOffers(PluginConformance):
    plugin = "offers"
    # What is printed is tried in tests of its own: the kit has no sample of the content of a revision.
    settings: ClassVar = {"offers": {"print_revisions": False}}
    job_arguments: ClassVar = {"offers.print_revision": {"revision_id": 1}}
