"""What a plan means for records, counted."""

from __future__ import annotations

import pytest

from crmcore import Account
from crmcore.errors import UsageError
from crmcore.planning import apply_plan, make_plan

pytestmark = pytest.mark.feature("P4.3")


def accounts(crm, count: int, **fields) -> list[int]:
    with crm.session("anna") as s:
        made = [s.accounts.create(name=f"Ditta {number}", **fields) for number in range(count)]
        s.commit()
        return [account.id for account in made]


def effects(plan) -> list[tuple[str, int, bool]]:
    return [(f"{effect.collection} {'/'.join(effect.key)}".strip(), effect.count, effect.blocking) for effect in plan.effects]


@pytest.mark.feature("I-74")
def test_the_records_in_a_state_are_counted(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy("state_tables: {customers: {states: {dormant: {label: Dormiente, order: 50}}}}"))
    keys = accounts(crm, 5)
    with crm.session("anna") as s:
        for key in keys[:3]:
            s.states.change(s.require(Account, key), "dormant")
        s.commit()
    plan = make_plan(crm, deploy(""), prune=True)
    assert [(step.kind, step.key) for step in plan.steps] == [("obsolete", ("customers", "dormant"))]
    assert effects(plan) == [("state_tables.states customers/dormant", 3, False)]
    assert plan.effects[0].text.it == "in uso: 3 anagrafiche"
    plan = make_plan(crm, deploy("state_tables: {customers: {states: {prospect: {label: Trattativa}}}}"))
    assert effects(plan) == [("state_tables.states customers/prospect", 2, False)]


@pytest.mark.feature("I-75")
def test_a_default_state_that_goes_gives_its_place_back(open_crm, deploy, apply):
    crm = open_crm()
    states = "{nuovo: {label: Nuovo, order: 1, default: true}, prospect: {default: false}}"
    apply(crm, deploy(f"state_tables: {{customers: {{states: {states}}}}}"))
    accounts(crm, 2)
    plan = apply(crm, deploy(""), prune=True)
    assert {(step.kind.value, step.key[1]) for step in plan.steps} == {("obsolete", "nuovo"), ("revert", "prospect")}
    with crm.session("anna") as s:
        assert s.states.table("customers").default.code == "prospect"


@pytest.mark.feature("I-12")
def test_values_that_do_not_fit_a_new_type_block_the_plan(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy("characteristics: {account: {codice: {label: Codice}}}"))
    for value in ("12", "A-7", "007", "13"):
        accounts(crm, 1, characteristics={"codice": value})
    deployment = deploy("characteristics: {account: {codice: {label: Codice, type: integer}}}")
    plan = make_plan(crm, deployment)
    assert effects(plan) == [("characteristics account/codice", 2, True), ("characteristics account/codice", 2, False)]
    assert plan.is_blocked
    with pytest.raises(UsageError, match="PLAN_BLOCKED"):
        apply_plan(crm, deployment, plan.hash)
    with crm.session("anna") as s:
        assert s.characteristics.definition("codice").spec.type == "text"


@pytest.mark.feature("C04")
def test_the_values_of_a_definition_that_goes_are_counted(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy("characteristics: {account: {a: A, b: B}}"))
    accounts(crm, 4, characteristics={"a": "x"})
    plan = make_plan(crm, deploy(""), prune=True)
    assert [(step.kind, step.key[1]) for step in plan.steps] == [("obsolete", "a"), ("remove", "b")]
    assert effects(plan) == [("characteristics account/a", 4, False)]


@pytest.mark.feature("B14")
def test_the_accounts_of_a_portfolio_that_moves_are_counted(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy("portfolios: {BU1: {A: A, B: {label: B, parent: A}}}"))
    accounts(crm, 3, portfolio="B")
    plan = make_plan(crm, deploy("portfolios: {BU1: {A: A, B: {label: B, parent: null}}}"))
    assert effects(plan) == [("portfolios BU1/B", 3, False)]


FORCE = "salespersons: {A: Anna, B: Bruno}\n"


def with_sites(crm, count: int, postcode: str, province: str = "VI", **fields) -> list[int]:
    keys = accounts(crm, count, **fields)
    with crm.session("anna") as s:
        for key in keys:
            s.accounts.add_site(s.require(Account, key), kind="legal", street="Via Roma", postcode=postcode, province=province)
        s.commit()
    return keys


@pytest.mark.feature("B11", "I-24")
def test_accounts_whose_seller_changes_are_counted_exactly(open_crm, deploy, apply):
    crm = open_crm()
    apply(crm, deploy(FORCE + "zones: {X: {label: X, provinces: [VI], sellers: {2026-01-01: A}}}\n"))
    with_sites(crm, 4, "36100")
    with_sites(crm, 3, "36061")
    with_sites(crm, 2, "20100", "MI")
    fixed = with_sites(crm, 1, "36061")
    with crm.session("anna") as s:
        s.territory.set_seller(s.require(Account, fixed[0]), "A")
        s.commit()
    # Bassano goes to Bruno, Milan gets somebody for the first time; one account was given to Anna by hand.
    two = deploy(
        FORCE
        + "zones:\n"
        + "  X: {label: X, provinces: [VI], sellers: {2026-01-01: A}}\n"
        + "  Y: {label: Y, postcodes: ['36061'], provinces: [MI], sellers: {2026-01-01: B}}\n"
    )
    plan = make_plan(crm, two)
    assert effects(plan) == [("zones", 5, False)]
    with crm.session("anna") as s:
        sellers = {key: each.code for key, each in s.territory.sellers_of(range(1, 11)).items()}
    apply(crm, two)
    with crm.session("anna") as s:
        after = {key: each.code for key, each in s.territory.sellers_of(range(1, 11)).items()}
    assert sum(sellers[key] != after[key] for key in sellers) == 5


@pytest.mark.feature("B12")
def test_a_seller_from_another_day_changes_nothing_today(open_crm, deploy, apply):
    crm = open_crm()
    one = FORCE + "zones: {X: {label: X, provinces: [VI], sellers: {2026-01-01: A}}}\n"
    apply(crm, deploy(one))
    with_sites(crm, 4, "36100")
    later = FORCE + "zones: {X: {label: X, provinces: [VI], sellers: {2026-01-01: A, 2027-01-01: B}}}\n"
    assert effects(make_plan(crm, deploy(later))) == []
    sooner = FORCE + "zones: {X: {label: X, provinces: [VI], sellers: {2026-01-01: A, 2026-05-11: B}}}\n"
    assert effects(make_plan(crm, deploy(sooner))) == [("zones", 4, False)]
    gone = "salespersons: {A: {name: Anna, disabled_from: 2026-05-01}, B: Bruno}\n" + one.partition("\n")[2]
    assert ("zones", 4, False) in effects(make_plan(crm, deploy(gone)))


def test_the_use_of_a_flag_is_told_when_it_changes(open_crm, deploy):
    crm = open_crm()
    plan = make_plan(crm, deploy("state_tables: {customers: {states: {blocked: {flags: {blocked: true, blocking: true}}}}}"))
    assert [effect.text.en for effect in plan.effects] == ["the state means something else: blocking"]
