"""Plan, apply, plan again: nothing is left; and what each kind of step does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from crmcore import Account
from crmcore.deployment import examples, load, write_example
from crmcore.errors import UsageError, ValidationFailed
from crmcore.hooks import StepKind
from crmcore.model import AUDIT, Portfolio, Salesperson
from crmcore.planning import apply_plan, configuration_text, make_plan
from crmcore.planning.showing import plan_lines

pytestmark = pytest.mark.feature("P4.3")

FIRM = """
    business_units:
      CONTRACT: {number: 2, label: {it: Contract, en: Contract}}
    portfolios:
      BU1:
        RESID: Residenziale
        VILLE: {label: Ville, parent: RESID}
      CONTRACT:
        HOTEL: {label: {it: Alberghi, en: Hotels}}
    lookup_tables:
      SETTORI:
        label: Settori
        levels: [Settore, Comparto]
        entries: {LEGNO: Legno, LEGNO/ROVERE: Rovere, LEGNO/NOCE: {label: Noce, position: 5}}
    characteristics:
      account:
        consumo: {label: Consumo, type: decimal, unit: kWh, indexed: true}
        dal: {label: Dal, type: date, default: 2026-01-01}
        settore: {label: Settore, type: lookup, target: SETTORI}
        gestore:
          label: Gestore
          type: choice
          choices: {enel: Enel, a2a: A2A}
    state_tables:
      customers:
        states:
          dormant: {label: Dormiente, order: 50, flags: {is_customer: true}}
      pratiche:
        label: Pratiche
        mode: steps
        states:
          aperta: {label: Aperta, order: 1, default: true}
          chiusa: {label: Chiusa, order: 2, terminal: true}
        transitions:
          aperta -> chiusa: {groups: [b, a], required_fields: [phone1, consumo]}
    salespersons:
      CAPO: Carla Neri
      AGN001: {name: Ugo Verdi, manager: CAPO}
      AGN002: {name: Lia Gialli, disabled_from: 2027-01-01}
    zones:
      VENETO: Veneto
      VI:
        label: Vicenza
        parent: VENETO
        provinces: [VI]
        postcodes: ["36100-36199", "35010"]
        sellers:
          2026-01-01: AGN001
          2026-07-01: {seller: AGN002}
          2026-01-01 CONTRACT: {seller: AGN002, until: 2026-12-31}
    interaction_kinds:
      fair: {label: Fiera}
      visit: {label: Visita in sede}
    relation_kinds:
      designs_for: {label: progetta per, inverse: ha come progettista}
    saved_searches:
      Grandi: {filter: {field: c.consumo, op: ge, value: "5000"}, sort: [-c.consumo], columns: [name, c.consumo]}
    list_views:
      consumi: {filters: [c.gestore], sort: c.consumo}
    """


@pytest.mark.feature("B14", "B17", "N01", "I01", "B12")
def test_everything_is_applied_and_nothing_is_left_to_do(open_crm, deploy, apply, steps):
    crm = open_crm()
    plan = apply(crm, deploy(FIRM))
    assert {step.kind for step in plan.steps} == {StepKind.ADD, StepKind.CHANGE}
    assert [line for line in steps(plan) if line.startswith("change")] == ["change interaction_kinds visit"]
    with crm.session("anna") as s:
        assert s.portfolios.get("VILLE").path.count("/") == 2
        assert s.characteristics.definition("consumo").spec.unit == "kWh"
        assert s.lookups.display(s.lookups.entry("SETTORI", "LEGNO/ROVERE")) == "Legno > Rovere"
        assert [person.code for person in s.territory.team("CAPO")] == ["AGN001"]
        rows = [(row.from_date, row.to_date) for row in s.territory.assignments("VI") if row.business_unit_id is None]
        assert rows == [(date(2026, 1, 1), date(2026, 6, 30)), (date(2026, 7, 1), None)]
        assert [state.code for state in s.states.initial("pratiche")] == ["aperta"]
        assert [each.name for each in s.search.list("account")] == ["Grandi"]
        account = s.accounts.create(name="Hotel Miramonti", portfolio="VILLE", characteristics={"gestore": "enel", "consumo": "10"})
        s.commit()
        assert s.characteristics.values(account) == {"consumo": Decimal(10), "dal": date(2026, 1, 1), "gestore": "enel"}


def test_a_plan_writes_nothing(open_crm, deploy):
    crm = open_crm()
    before = configuration_text(crm)
    with crm.engine.connect() as connection:
        rows = connection.execute(select(func.count()).select_from(AUDIT)).scalar()
    make_plan(crm, deploy(FIRM), prune=True)
    with crm.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(AUDIT)).scalar() == rows
    assert configuration_text(crm) == before == {}


def test_applying_leaves_history_in_the_name_of_the_deployment(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy("portfolios: {BU1: {RESID: Residenziale}}"))
    with crm.engine.connect() as connection:
        rows = connection.execute(select(AUDIT.c.entity, AUDIT.c.verb, AUDIT.c.actor, AUDIT.c.source)).all()
    assert [tuple(row) for row in rows] == [("portfolio", "created", "system:deployment", "deployment")]


def test_items_may_be_spread_over_files(open_crm, deploy, apply):
    crm = open_crm()
    texts = {
        "a.yaml": "zones:\n  VI: {label: Vicenza}\n",
        "b.yaml": "zones:\n  VI: {sellers: {2026-01-01: AGN001}}\nsalespersons: {AGN001: Ugo}\n",
        "c.yaml": "zones:\n  PD: Padova\n",
    }
    plan = apply(crm, deploy(texts))
    assert len(plan.steps) == 4


@pytest.mark.parametrize("name", ["arredo-contract", "call-center", "forza-vendita"])
def test_the_examples_are_sound(open_crm, tmp_path, apply, name):
    assert sorted(examples()) == ["arredo-contract", "call-center", "forza-vendita"]
    deployment = load(write_example(tmp_path / "firm", name))
    crm = open_crm(*deployment.plugins, settings=deployment.settings)
    apply(crm, deployment)
    assert make_plan(crm, deployment, prune=True).is_empty
    assert make_plan(crm, deployment).kept == ()


# What is left out


def test_what_the_files_do_not_mention_stays_without_prune(open_crm, deploy, apply, steps):
    crm = open_crm()
    apply(crm, deploy(FIRM))
    plan = make_plan(crm, deploy(""))
    assert plan.is_empty
    assert ("portfolios", ("BU1", "RESID")) in plan.kept
    assert ("state_tables.states", ("customers", "dormant")) in plan.kept


def test_with_prune_everything_that_nobody_uses_vanishes(open_crm, deploy, apply, steps):
    crm = open_crm()
    assert configuration_text(crm) == {}
    apply(crm, deploy(FIRM))
    plan = apply(crm, deploy(""), prune=True)
    kinds = {step.kind for step in plan.steps}
    assert kinds == {StepKind.REMOVE, StepKind.REVERT, StepKind.OBSOLETE}
    # Entries of three-level tables are never deleted, and hold their table.
    obsolete = [line for line in steps(plan) if line.startswith("obsolete")]
    assert obsolete == [f"obsolete lookup_tables.entries SETTORI/{path}" for path in ("LEGNO", "LEGNO/NOCE", "LEGNO/ROVERE")]
    # Who has left, or will, is kept as somebody who left.
    assert set(configuration_text(crm)) == {"lookup_tables", "salespersons"}


@pytest.mark.feature("I-3", "I-22", "I-74")
def test_what_is_in_use_becomes_obsolete(open_crm, deploy, apply, steps, frozen_clock):
    crm = open_crm()
    apply(crm, deploy(FIRM))
    with crm.session("anna") as s:
        account = s.accounts.create(name="Rossi", portfolio="VILLE", characteristics={"gestore": "enel"})
        s.commit()
        s.states.change(account, "dormant")
        s.territory.set_seller(account, "AGN001")
        s.interactions.add(account, "fair")
        s.commit()
    plan = apply(crm, deploy(""), prune=True)
    assert [line for line in steps(plan) if line.startswith("obsolete") and "entries" not in line] == [
        # VILLE is in use, and lies in RESID.
        "obsolete portfolios BU1/RESID",
        "obsolete portfolios BU1/VILLE",
        "obsolete characteristics account/dal",
        "obsolete characteristics account/gestore",
        "obsolete characteristics.choices account/gestore/a2a",
        "obsolete characteristics.choices account/gestore/enel",
        "obsolete state_tables.states customers/dormant",
        "obsolete salespersons AGN001",
        "obsolete salespersons CAPO",
        "obsolete interaction_kinds fair",
    ]
    with crm.session("anna") as s:
        assert s.scalar(select(Portfolio.obsolete).where(Portfolio.code == "VILLE")) is True
        assert s.scalar(select(Salesperson.disabled_from).where(Salesperson.code == "AGN001")) == date(2026, 5, 11)
        assert s.characteristics.values(s.require(Account, 1))["gestore"] == "enel"
        assert s.territory.seller_of(1).code == "AGN001"
    # The files want it back.
    apply(crm, deploy(FIRM))
    with crm.session("anna") as s:
        assert s.portfolios.get("VILLE").obsolete is False
        assert s.territory.salesperson("AGN001").disabled_from is None


def test_a_state_table_that_records_need_stays(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy(FIRM))
    with crm.session("anna") as s:
        account = s.accounts.create(name="Rossi")
        s.commit()
        s.states.change(account, "dormant")
        s.commit()
    plan = apply(crm, deploy(""), prune=True)
    assert ("state_tables.states", ("customers", "dormant")) in [(step.collection, step.key) for step in plan.steps]
    with crm.session("anna") as s:
        assert s.states.of(s.require(Account, 1)).code == "dormant"


# What moves


def test_rules_and_sellers_move_between_zones_in_one_plan(open_crm, deploy, apply):
    crm = open_crm()
    people = "salespersons: {A: Anna, B: Bruno}\n"
    one = "zones:\n  X: {label: X, postcodes: ['36100'], provinces: [VI], sellers: {2026-01-01: A}}\n  Y: {label: Y, provinces: [PD]}\n"
    two = "zones:\n  X: {label: X, provinces: [PD], sellers: {2026-02-01: B}}\n  Y: {label: Y, postcodes: ['36100'], provinces: [VI]}\n"
    apply(crm, deploy(people + one))
    apply(crm, deploy(people + two), prune=True)
    with crm.session("anna") as s:
        assert [row.from_date for row in s.territory.assignments("X")] == [date(2026, 2, 1)]


def test_trees_turn_around(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy("portfolios: {BU1: {A: {label: A}, B: {label: B, parent: A}, C: {label: C, parent: B}}}"))
    apply(crm, deploy("portfolios: {BU1: {A: {label: A, parent: B}, B: {label: B, parent: C}, C: {label: C}}}"))
    with crm.session("anna") as s:
        assert [(depth, node.code) for depth, node in s.portfolios.tree()] == [(0, "C"), (1, "B"), (2, "A"), (0, "GENERICO")]


@pytest.mark.feature("I-12")
def test_a_change_of_type_converts_the_values(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy("characteristics: {account: {codice: {label: Codice}}}"))
    with crm.session("anna") as s:
        s.accounts.create(name="Rossi", characteristics={"codice": "12"})
        s.commit()
    plan = apply(crm, deploy("characteristics: {account: {codice: {label: Codice, type: integer}}}"))
    assert [(effect.count, effect.blocking, effect.text.en) for effect in plan.effects] == [(1, False, "1 values become integer")]
    with crm.session("anna") as s:
        assert s.characteristics.values(s.require(Account, 1)) == {"codice": 12}


def test_choices_are_added_in_the_order_of_the_file_and_never_forgotten(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy("characteristics: {account: {k: {label: K, type: choice, choices: {z: Z, a: A}}}}"))
    apply(crm, deploy("characteristics: {account: {k: {label: K, type: choice, choices: {m: M, a: Altro}}}}"), prune=True)
    with crm.session("anna") as s:
        choices = s.characteristics.definition("k").spec.choices
    assert [(choice.code, choice.label.it, choice.obsolete) for choice in choices] == [
        ("z", "Z", True),
        ("a", "Altro", False),
        ("m", "M", False),
    ]


# The hash


def test_another_plan_is_refused(open_crm, deploy):
    crm = open_crm()
    one, two = deploy("portfolios: {BU1: {A: A}}"), deploy("portfolios: {BU1: {A: Altro}}")
    expected = make_plan(crm, one).hash
    with pytest.raises(UsageError, match="PLAN_MOVED"):
        apply_plan(crm, two, expected)
    with pytest.raises(UsageError, match="PLAN_MOVED"):
        apply_plan(crm, one, expected, prune=True)
    assert configuration_text(crm) == {}


def test_a_plan_is_refused_when_the_database_moved(open_crm, deploy):
    crm = open_crm()
    deployment = deploy("portfolios: {BU1: {A: A, B: B}}")
    expected = make_plan(crm, deployment).hash
    with crm.session("anna") as s:
        s.portfolios.create("A", "Altro")
        s.commit()
    with pytest.raises(UsageError, match="PLAN_MOVED"):
        apply_plan(crm, deployment, expected)
    with crm.session("anna") as s:
        assert s.portfolios.get("B") is None


def test_records_that_come_and_go_do_not_move_the_plan(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy("portfolios: {BU1: {A: A}}"))
    deployment = deploy("portfolios: {BU1: {A: Altro}}")
    expected = make_plan(crm, deployment).hash
    with crm.session("anna") as s:
        s.accounts.create(name="Rossi", portfolio="A")
        s.commit()
    assert apply_plan(crm, deployment, expected).effects[0].count == 1


def test_what_a_plugin_refuses_changes_nothing(open_crm, deploy):
    from crmcore import Problem
    from crmcore.testing.plugins import make_plugin

    def crm_validate(session, changes):
        return [Problem(code="VALUE_INVALID", params={"entity": "zone"}) for change in changes if change.entity == "zone"]

    crm = open_crm(make_plugin("stern", crm_validate=crm_validate))
    deployment = deploy("portfolios: {BU1: {A: A}}\nzones: {Z: Z}\n")
    with pytest.raises(ValidationFailed):
        apply_plan(crm, deployment, make_plan(crm, deployment).hash)
    assert configuration_text(crm) == {}


# The text


def test_a_plan_is_shown_in_both_languages(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy("portfolios: {BU1: {A: A, B: B}}\nzones: {Z: Z}\n"))
    with crm.session("anna") as s:
        s.accounts.create(name="Rossi", portfolio="A")
        s.commit()
    plan = make_plan(crm, deploy("portfolios: {BU1: {B: {label: Altro}, C: C}}\n"), prune=True)
    assert list(plan_lines(plan, "it")) == [
        "portfolios:",
        "  ~ BU1/B (cambia)",
        '      label: {it: B, en: ""} → {it: Altro, en: ""}',
        "  + BU1/C (nuovo)",
        "  x BU1/A (diventa obsoleto)",
        "      ! in uso: 1 anagrafiche",
        "zones:",
        "  - Z (eliminato)",
    ]
    assert list(plan_lines(plan, "en"))[5] == "      ! used by 1 accounts"
    assert plan.as_json("en")["steps"][0]["changes"] == {"label": [{"it": "B", "en": ""}, {"it": "Altro", "en": ""}]}


def test_of_two_who_apply_the_same_plan_one_does_it(open_crm, deploy):
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    crm = open_crm()
    deployment = deploy(FIRM)
    expected = make_plan(crm, deployment).hash
    start = Barrier(2)

    def run() -> str:
        start.wait(timeout=60)
        try:
            apply_plan(crm, deployment, expected)
        except UsageError as error:
            return error.code
        return "applied"

    with ThreadPoolExecutor(2) as pool:
        answers = [each.result(timeout=120) for each in [pool.submit(run), pool.submit(run)]]
    assert sorted(answers) == ["PLAN_MOVED", "applied"]
    assert make_plan(crm, deployment).is_empty
