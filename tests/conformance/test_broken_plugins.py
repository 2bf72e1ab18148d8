"""The kit catches every deliberately broken plugin, and says what is wrong with it."""

from __future__ import annotations

import pytest

from crmcore.hooks import PluginInfo
from crmcore.testing import CHECKS, TestDatabases, examine

from .kitchen import BROKEN, Broken, imported

ALL = Broken.all()


@pytest.mark.feature("P2.8")
@pytest.mark.parametrize("broken", ALL, ids=lambda broken: broken.name)
def test_kit_names_the_fault_of(broken: Broken, crm_databases: TestDatabases):
    with imported(broken.name, BROKEN) as module:
        info = getattr(module, "PLUGIN", None)
        name = info.name if isinstance(info, PluginInfo) else broken.name
        found = examine(module, crm_databases, kinds=[broken.kind], companions=getattr(module, "COMPANIONS", ()), only={broken.check})
        lines = [problem.line() for problem in found.of(broken.check) if problem.code == broken.code and problem.plugin == name]
    assert any(broken.thing in line for line in lines), found.problems
    assert {problem.plugin for problem in found.problems} <= {name, *_others(module)}


def _others(module):
    return {companion.PLUGIN.name for companion in getattr(module, "COMPANIONS", ())}


@pytest.mark.feature("P2.8")
def test_there_are_enough_broken_plugins():
    assert len(ALL) >= 30


@pytest.mark.feature("P2.8")
def test_every_check_catches_a_broken_plugin():
    elsewhere = {"starts_with_all", "registered"}  # these need installed plugins: test_kit.py
    assert {check.name for check in CHECKS} - elsewhere == {broken.check for broken in ALL}
