"""Core below plugins below deployment: overrides survive upgrades, an upgrade changes its own layer, and a difference is shown."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmcore import CharacteristicDef, Choice, Configured, Label, State, StateTable
from crmcore.model import InteractionKind, StateRow
from crmcore.planning import configuration_text, make_plan, three_ways
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("P4.4")


def plugin(version: int):
    """Return a plugin that brings kinds, a characteristic and a state table; version 2 says other things."""
    fair = (
        {"label": {"it": "Fiera", "en": "Fair"}}
        if version == 1
        else {"label": {"it": "Fiera o salone", "en": "Fair"}, "counts_as_contact": False}
    )
    kinds = {"fair": fair, "demo": "Dimostrazione"} if version == 1 else {"fair": fair, "webinar": "Webinar"}
    table = StateTable(
        name="toy.claims",
        entity="account",
        label=Label("Reclami", "Claims"),
        states=(
            State(code="open", label=Label("Aperto" if version == 1 else "Da gestire", "Open"), order=1, default=True),
            State(code="done", label=Label("Chiuso", "Done"), order=2, colour="#111111" if version == 1 else "#222222"),
        ),
    )
    choices = (Choice(code="a", label=Label("A", "A")), Choice(code="b", label=Label("B", "B")))
    return make_plugin(
        "toy",
        crm_configured=[Configured(collection="interaction_kinds", items=kinds)],
        crm_state_tables=[table],
        crm_characteristics=[
            CharacteristicDef(
                key="toy_class", label=Label("Classe" if version == 1 else "Classe di merito", "Class"), type="choice", choices=choices
            ),
            CharacteristicDef(key="toy_size", label=Label("Dimensione", "Size"), type="integer", unit="m" if version == 1 else "cm"),
        ],
    )


OVERRIDES = """
    interaction_kinds:
      fair: {label: Salone}
      visit: {label: {it: Visita in sede, en: Visit}}
    state_tables:
      toy.claims:
        states:
          done: {label: {it: Risolto, en: Solved}}
      customers:
        states:
          blocked: {colour: "#000000"}
    characteristics:
      account:
        toy_class:
          mandatory: true
          choices: {b: Bi}
    """


def kind(crm, code):
    with crm.session("anna") as s:
        row = s.scalar(select(InteractionKind).where(InteractionKind.code == code))
        return None if row is None else (row.label_it, row.label_en, row.counts_as_contact, row.obsolete, row.owner)


def test_a_plugin_brings_items_at_the_migration(open_crm):
    crm = open_crm(plugin(1))
    assert kind(crm, "fair") == ("Fiera", "Fair", True, False, "toy")
    assert kind(crm, "visit") == ("Visita", "Visit", True, False, "core")
    assert configuration_text(crm) == {}


def test_an_upgrade_changes_what_nobody_overrides(open_crm):
    crm = open_crm(plugin(1))
    with crm.session("anna") as s:
        account = s.accounts.create(name="Rossi")
        s.interactions.add(account, "demo")
        s.commit()
    crm = open_crm(plugin(2))
    assert kind(crm, "fair") == ("Fiera o salone", "Fair", False, False, "toy")
    assert kind(crm, "webinar") == ("Webinar", "", True, False, "toy")
    # In use, and no longer brought.
    assert kind(crm, "demo") == ("Dimostrazione", "", True, True, "toy")
    with crm.session("anna") as s:
        assert s.characteristics.definition("toy_size").spec.unit == "cm"
        assert s.states.table("toy.claims").states["open"].label.it == "Da gestire"


@pytest.mark.feature("I-76")
def test_overrides_survive_an_upgrade_byte_for_byte(open_crm, deploy, apply):
    crm = open_crm(plugin(1))
    deployment = deploy(OVERRIDES)
    apply(crm, deployment)
    before = configuration_text(crm)
    crm = open_crm(plugin(2))
    after = configuration_text(crm)
    # What the deployment did not say of an item stays as it was when it took the item over, until it applies anew.
    assert kind(crm, "fair") == ("Salone", "Fair", True, False, "deployment")
    for text in ("fair:", "Salone", "Visita in sede", "Risolto", '"#000000"', "mandatory: true", "Bi"):
        assert any(text in section for section in before.values()), text
        assert any(text in section for section in after.values()), text
    with crm.session("anna") as s:
        # Another state of the same table is still the plugin's.
        assert s.states.table("toy.claims").states["open"].label.it == "Da gestire"
        assert s.states.table("toy.claims").states["done"].label.it == "Risolto"
    apply(crm, deployment)
    assert kind(crm, "fair") == ("Salone", "Fair", False, False, "deployment")
    with crm.session("anna") as s:
        spec = s.characteristics.definition("toy_class").spec
        assert (spec.label.it, spec.mandatory) == ("Classe di merito", True)
        assert [(choice.code, choice.label.it) for choice in spec.choices] == [("a", "A"), ("b", "Bi")]
        assert s.characteristics.definition("toy_class").owner == "deployment"
        assert s.characteristics.definition("toy_size").owner == "toy"
        done = s.states.table("toy.claims").states["done"]
        assert (done.label.it, done.colour) == ("Risolto", "#222222")
        assert {row.code: row.owner for row in s.execute(select(StateRow.code, StateRow.owner))}["open"] == "toy"


def test_what_the_files_no_longer_override_falls_back_with_prune(open_crm, deploy, apply, steps):
    crm = open_crm(plugin(1))
    apply(crm, deploy(OVERRIDES))
    assert make_plan(crm, deploy("")).is_empty
    plan = apply(crm, deploy(""), prune=True)
    assert sorted(steps(plan)) == [
        "revert characteristics account/toy_class",
        "revert characteristics.choices account/toy_class/b",
        "revert interaction_kinds fair",
        "revert interaction_kinds visit",
        "revert state_tables.states customers/blocked",
        "revert state_tables.states toy.claims/done",
    ]
    assert kind(crm, "fair") == ("Fiera", "Fair", True, False, "toy")
    assert configuration_text(crm) == {}
    crm = open_crm(plugin(2))
    assert kind(crm, "fair") == ("Fiera o salone", "Fair", False, False, "toy")


def test_what_somebody_changes_by_hand_is_the_deployment_s(open_crm, deploy):
    crm = open_crm(plugin(1))
    with crm.session("anna") as s:
        s.scalar(select(InteractionKind).where(InteractionKind.code == "fair")).label_it = "Altro"
        s.portfolios.obsolete(s.portfolios.get("GENERICO"))
        s.commit()
    assert kind(crm, "fair")[0::4] == ("Altro", "deployment")
    crm = open_crm(plugin(2))
    assert kind(crm, "fair")[0] == "Altro"
    assert make_plan(crm, deploy("")).kept == (("portfolios", ("BU1", "GENERICO")), ("interaction_kinds", ("fair",)))


def test_the_three_ways_are_shown(open_crm, deploy, apply):
    crm = open_crm(plugin(1))
    assert three_ways(crm, deploy("")) == []
    apply(crm, deploy("interaction_kinds: {fair: {label: Salone}}"))
    found = three_ways(crm, deploy("interaction_kinds: {fair: {label: {it: Expo, en: Expo}, counts_as_contact: false}}"))
    assert [(each.key, each.field, each.owner, each.holder, each.layer, each.files, each.database) for each in found] == [
        (
            ("fair",),
            "label",
            "toy",
            "deployment",
            {"it": "Fiera", "en": "Fair"},
            {"it": "Expo", "en": "Expo"},
            {"it": "Salone", "en": "Fair"},
        ),
        (("fair",), "counts_as_contact", "toy", "deployment", True, False, True),
    ]


def test_without_its_plugin_what_it_brought_stays(open_crm, deploy):
    open_crm(plugin(1))
    crm = open_crm()
    assert kind(crm, "fair") == ("Fiera", "Fair", True, False, "toy")
    assert make_plan(crm, deploy(""), prune=True).is_empty


def test_the_type_of_a_plugin_s_characteristic_is_its_own(open_crm, deploy):
    from crmcore.errors import ConfigurationError

    crm = open_crm(plugin(1))
    with pytest.raises(ConfigurationError) as caught:
        make_plan(crm, deploy("characteristics: {account: {toy_size: {type: text}}}"))
    assert [problem.params["path"] for problem in caught.value.problems] == ["characteristics.account.toy_size.type"]
