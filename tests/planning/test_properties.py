"""For any pair of valid configurations: what is applied is what the files say, and nothing is left to do."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crmcore import Crm
from crmcore.deployment import Deployment, load
from crmcore.planning import apply_plan, configuration_text, export_configuration, make_plan
from crmcore.planning.writing import mapping_text
from crmcore.testing.databases import Template

from .strategies import Config, configurations

pytestmark = pytest.mark.feature("P4.3")

SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
# Configurations are large: shrinking one takes longer than reading it.
QUICKLY = (Phase.explicit, Phase.reuse, Phase.generate)
TEMPLATE = Template("planning", lambda url: Crm.open(url, migrate=True).close())


def write(folder: Path, config: Config) -> Deployment:
    """Write a configuration, half of it in the main file, and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(config)
    main = {"database": "sqlite://", "include": ["more/*.yaml"], **{name: config[name] for name in names[::2]}}
    (folder / "more").mkdir(exist_ok=True)
    (folder / "crm.yaml").write_text(mapping_text(main), encoding="utf-8")
    (folder / "more" / "rest.yaml").write_text(mapping_text({name: config[name] for name in names[1::2]}), encoding="utf-8")
    return load(folder)


def left(crm: Crm, deployment: Deployment, *, prune: bool) -> list[object]:
    plan = make_plan(crm, deployment, prune=prune)
    return [(step.collection, step.key, step.kind, step.changes, step.before and step.before.owner) for step in plan.steps]


def without_sellers(config: Config) -> Config:
    found = copy.deepcopy(config)
    for zone in found["zones"].values():
        zone.pop("sellers", None)
    return found


@pytest.mark.timeout(600)
@settings(max_examples=7, phases=QUICKLY, suppress_health_check=SLOW)
@given(one=configurations(), two=configurations(), prune=st.booleans())
def test_after_an_apply_the_next_plan_is_empty(crm_databases, database_kind, tmp_path_factory, one, two, prune):
    folder = tmp_path_factory.mktemp("pair")
    if not prune:
        # Assignments that nobody mentions stay, and two of them may meet: that is refused, and tested elsewhere.
        one, two = without_sellers(one), without_sellers(two)
    first, second = write(folder / "one", one), write(folder / "two", two)
    with crm_databases.fresh(database_kind, folder, TEMPLATE) as url, Crm.open(url) as crm:
        apply_plan(crm, first, make_plan(crm, first).hash)
        assert left(crm, first, prune=True) == []
        apply_plan(crm, second, make_plan(crm, second, prune=prune).hash, prune=prune)
        assert left(crm, second, prune=prune) == []
        # The same text from the database, and nothing to do in the other direction either.
        text = configuration_text(crm)
        export_configuration(crm, second, folder / "export")
        exported = load(folder / "export")
        assert left(crm, exported, prune=True) == []
        apply_plan(crm, exported, make_plan(crm, exported).hash)
        assert configuration_text(crm) == text


@pytest.mark.timeout(600)
@settings(max_examples=5, phases=QUICKLY, suppress_health_check=SLOW)
@given(one=configurations())
def test_an_export_makes_an_equal_database(crm_databases, database_kind, tmp_path_factory, one):
    folder = tmp_path_factory.mktemp("export")
    first = write(folder / "one", one)
    with crm_databases.fresh(database_kind, folder, TEMPLATE) as url, Crm.open(url) as crm:
        apply_plan(crm, first, make_plan(crm, first).hash)
        text = configuration_text(crm)
        export_configuration(crm, first, folder / "export")
    (folder / "other").mkdir()
    with crm_databases.fresh(database_kind, folder / "other", TEMPLATE) as url, Crm.open(url) as crm:
        exported = load(folder / "export")
        apply_plan(crm, exported, make_plan(crm, exported).hash)
        assert configuration_text(crm) == text
        assert left(crm, first, prune=True) == []
