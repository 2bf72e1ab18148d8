"""State tables as data: what is shipped, defined, refused, renamed and removed (I-74 to I-76), and no way back (I-77)."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from crmcore import Account, Actor, Label, State, StateTable, Transition, TransitionMode, ValidationFailed
from crmcore.errors import StartError, TransitionRefused, UsageError
from crmcore.model import AUDIT, StateRow, StateTableRow, TransitionRow
from crmcore.registry import load
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("P3.4")


def state(code, order, **options):
    return State(code=code, label=Label(code.title(), code.title()), order=order, **options)


def table(*states, mode=TransitionMode.FREE, steps=(), name="own.table"):
    transitions = tuple(step if isinstance(step, Transition) else Transition(source=step[0], target=step[1]) for step in steps)
    return StateTable(name=name, entity="account", label=Label("Tabella", "Table"), states=states, transitions=transitions, mode=mode)


def define(crm, definition):
    with crm.session("anna") as s:
        s.states.define(definition)
        s.commit()


def refused(crm, work):
    """Return the codes and reasons that refuse some work."""
    with crm.session("anna") as s:
        with pytest.raises(ValidationFailed) as caught:
            work(s)
            s.commit()
        return [(problem.code, problem.params.get("reason")) for problem in caught.value.problems]


@pytest.mark.feature("B02", "I01", "I-75", "I-76")
def test_the_core_ships_the_states_of_customers_and_new_accounts_are_prospects(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        account = s.add(Account(name="Bellini"))
        s.commit()
        found = s.states.table("customers")
        assert [(each.code, each.label.it, dict(each.flags)) for each in found.definition.states] == [
            ("lead", "Lead", {}),
            ("suspect", "Suspect", {}),
            ("prospect", "Prospect", {}),
            ("customer", "Cliente", {"is_customer": True}),
            ("blocked", "Bloccato", {"blocked": True}),
        ]
        assert (account.state, s.states.of(account).default, found.owner) == ("prospect", True, "core")
        s.states.change(account, "customer", reason="Primo ordine")
        s.commit()
        assert s.states.of(account).flags == {"is_customer": True}
        assert [state.code for state in s.states.reachable(account)] == ["lead", "suspect", "prospect", "blocked"]


def test_migrating_again_changes_nothing_and_leaves_no_history(open_crm):
    crm = open_crm()

    def everything():
        with crm.session("anna") as s:
            rows = s.execute(select(StateRow.id, StateRow.code, StateRow.version).order_by(StateRow.id)).all()
            return rows, s.scalar(select(func.count()).select_from(AUDIT))

    before = everything()
    crm.migrate()
    assert everything() == before


@pytest.mark.feature("I01", "I-76")
def test_what_a_deployment_changed_is_its_own_and_an_upgrade_leaves_it_alone(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        row = s.scalars(select(StateRow).where(StateRow.code == "customer")).one()
        row.label_it = "In portafoglio"
        s.commit()
        assert row.owner == "deployment"
    crm.migrate()
    with crm.session("anna") as s:
        states = s.states.table("customers").states
        # Renamed, and still a customer: semantics are in the flags.
        assert (states["customer"].label.it, states["customer"].flags) == ("In portafoglio", {"is_customer": True})


def test_an_upgrade_of_a_plugin_brings_its_table_up_to_date(open_crm):
    old = table(state("a", 1, default=True), state("b", 2), name="toy.table")
    open_crm(make_plugin("toy", crm_state_tables=[old]))
    new = attrs.evolve(
        old,
        states=(state("a", 1, default=True), state("c", 3)),
        mode=TransitionMode.STEPS,
        transitions=(Transition(source="a", target="c"),),
    )
    crm = open_crm(make_plugin("toy", crm_state_tables=[new]))
    with crm.session("anna") as s:
        found = s.states.table("toy.table")
        assert {each.code: each.obsolete for each in found.definition.states} == {"a": False, "b": True, "c": False}
        assert [(step.source, step.target) for step in found.definition.transitions] == [("a", "c")]
        assert found.owner == "toy"


@pytest.mark.feature("I01")
def test_another_process_sees_a_changed_table_at_once(open_crm):
    one, two = open_crm(), open_crm()
    for crm in (one, two):
        with crm.session("anna") as s:
            assert s.states.table("customers").states["lead"].obsolete is False
    with one.session("anna") as s:
        s.scalars(select(StateRow).where(StateRow.code == "lead")).one().obsolete = True
        s.flush()
        assert s.states.table("customers").states["lead"].obsolete is True
    for crm in (one, two):
        with crm.session("anna") as s:
            # It was never committed.
            assert s.states.table("customers").states["lead"].obsolete is False
    with one.session("anna") as s:
        s.scalars(select(StateRow).where(StateRow.code == "lead")).one().obsolete = True
        s.commit()
    with two.session("anna") as s:
        assert s.states.table("customers").states["lead"].obsolete is True


@pytest.mark.feature("I-75")
def test_tables_that_make_no_sense_are_refused_at_their_definition(open_crm):
    crm = open_crm()
    wrong = {
        "it needs exactly one default state, got none": table(state("a", 1)),
        "it needs exactly one default state, got a, b": table(state("a", 1, default=True), state("b", 2, default=True)),
        "its default state a is obsolete": table(state("a", 1, default=True, obsolete=True)),
        "mode free takes no transitions": table(state("a", 1, default=True), state("b", 2), steps=[("a", "b")]),
        "transition b → a does not go forward": table(
            state("a", 1, default=True), state("b", 2), steps=[("a", "b"), ("b", "a")], mode=TransitionMode.FORWARD_ONLY
        ),
        "transition b → a leaves a terminal state": table(
            state("a", 1, default=True), state("b", 2, terminal=True), steps=[("a", "b"), ("b", "a")], mode=TransitionMode.STEPS
        ),
        "state b cannot be reached from a": table(state("a", 1, default=True), state("b", 2), mode=TransitionMode.STEPS),
        "transition a → b names the field colour, which account does not have": table(
            state("a", 1, default=True),
            state("b", 2),
            steps=[Transition(source="a", target="b", required_fields=("colour",))],
            mode=TransitionMode.STEPS,
        ),
        "transition a → b has the effect toy.none, which is no job": table(
            state("a", 1, default=True),
            state("b", 2),
            steps=[Transition(source="a", target="b", effects=("toy.none",))],
            mode=TransitionMode.STEPS,
        ),
        "mode free takes no transitions, as CON has them": table(
            state("a", 1, default=True), state("b", 2), steps=[Transition(source="a", target="b", variant="CON")]
        ),
        "mode steps of CON needs transitions": attrs.evolve(
            table(state("a", 1, default=True), state("b", 2)), modes={"CON": TransitionMode.STEPS}
        ),
        "entity 'nothing' does not exist": attrs.evolve(table(state("a", 1, default=True)), entity="nothing"),
    }
    for reason, definition in wrong.items():
        assert refused(crm, lambda s, definition=definition: s.states.define(definition)) == [("STATE_TABLE_INVALID", reason)]


def test_a_guard_is_a_rule_or_a_function_that_there_is(open_crm):
    crm = open_crm()
    for guard, code in (("amount.is_positive", "GUARD_UNSUPPORTED"), ("amount >", "SCRIPT_INVALID"), ("import os", "SCRIPT_INVALID")):
        step = Transition(source="a", target="b", guard=guard)
        definition = table(state("a", 1, default=True), state("b", 2), steps=[step], mode=TransitionMode.STEPS, name="toy.table")
        assert [found for found, _ in refused(crm, lambda s, found=definition: s.states.define(found))] == [code]
        with pytest.raises(StartError) as caught:
            load([make_plugin("toy", crm_state_tables=[definition])])
        assert [(problem.code, problem.plugin) for problem in caught.value.problems] == [(code, "toy")]


@pytest.mark.feature("I-75")
def test_rows_changed_one_by_one_pass_the_same_checks(open_crm):
    crm = open_crm()
    define(crm, table(state("a", 1, default=True), state("b", 2), steps=[("a", "b")], mode=TransitionMode.FORWARD_ONLY))

    def row(s, code):
        return s.scalars(
            select(StateRow)
            .join(StateTableRow, StateRow.table_id == StateTableRow.id)
            .where(StateTableRow.name == "own.table", StateRow.code == code)
        ).one()

    assert refused(crm, lambda s: setattr(row(s, "a"), "is_default", False))[0][0] == "STATE_TABLE_INVALID"
    assert refused(crm, lambda s: setattr(row(s, "b"), "position", 0)) == [("STATE_TABLE_INVALID", "transition a → b does not go forward")]
    assert [code for code, _ in refused(crm, lambda s: setattr(row(s, "b"), "code", "z"))] == ["STATE_CODE_FIXED"]

    def into_another_table(s):
        other = s.scalars(select(StateRow).where(StateRow.code == "lead")).one()
        s.add(TransitionRow(source_id=row(s, "b").id, target_id=other.id))

    assert refused(crm, into_another_table)[0][0] == "STATE_TABLE_INVALID"


@pytest.mark.feature("I-74")
def test_a_state_in_use_or_in_the_history_is_made_obsolete_not_deleted(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        account = s.add(Account(name="Bellini"))
        s.commit()
        s.states.change(account, "suspect")
        s.commit()
        s.states.change(account, "customer")
        s.commit()
    for code in ("customer", "suspect"):
        assert refused(crm, lambda s, code=code: s.states.remove("customers", code)) == [("STATE_IN_USE", None)]
    with crm.session("anna") as s:
        s.states.remove("customers", "lead")
        s.commit()
        assert "lead" not in s.states.table("customers").states


@pytest.mark.feature("I-74")
def test_an_obsolete_state_is_not_offered_and_nothing_new_enters_it(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        account, other = s.add(Account(name="Bellini")), s.add(Account(name="Verdi", state="suspect"))
        s.scalars(select(StateRow).where(StateRow.code == "suspect")).one().obsolete = True
        s.commit()
        assert "suspect" not in [each.code for each in s.states.reachable(account)]
        assert [each.code for each in s.states.initial("customers")] == ["prospect", "lead", "customer", "blocked"]
        with pytest.raises(TransitionRefused, match="STATE_OBSOLETE"):
            s.states.change(account, "suspect")
        s.add(Account(name="Neri", state="suspect"))
        with pytest.raises(ValidationFailed, match="STATE_OBSOLETE"):
            s.commit()
        # Who is in it stays in it.
        assert s.states.of(s.require(Account, other.id)).obsolete is True
        s.require(Account, other.id).name = "Verdi S.r.l."
        s.commit()


@pytest.mark.feature("I-75")
def test_a_new_record_begins_where_its_table_says(open_crm, contracts, new_contract):
    crm = open_crm(contracts)
    with crm.session("anna") as s:
        assert s.require(contracts.Contract, new_contract(crm)).state == "10"
        for code, problem in (("40", "STATE_NOT_INITIAL"), ("77", "STATE_UNKNOWN")):
            contract = contracts.Contract(account_id=1)
            contract.state = code
            s.add(contract)
            with pytest.raises(ValidationFailed, match=problem):
                s.commit()
        with pytest.raises(UsageError, match="STATE_UNKNOWN"):
            s.states.change(s.require(contracts.Contract, 1), "77")
        s.scalars(select(StateRow).where(StateRow.code == "40")).one().flags = {"initial": True}
        s.commit()
        contract = contracts.Contract(account_id=1)
        contract.state = "40"
        s.add(contract)
        s.commit()
        assert contract.state == "40"


CODES = "abcdefg"


@pytest.mark.feature("G17", "I-77")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    orders=st.permutations(range(len(CODES))),
    wanted=st.sets(st.tuples(st.sampled_from(CODES), st.sampled_from(CODES)), max_size=20),
    calls=st.lists(st.tuples(st.sampled_from(["anna", "bruno", "admin"]), st.sampled_from(CODES)), max_size=25),
)
def test_nobody_goes_back_in_a_forward_only_table(open_crm, orders, wanted, calls):
    crm = open_crm()
    order = dict(zip(CODES, orders, strict=True))
    first = min(CODES, key=order.__getitem__)
    steps = {pair for pair in wanted if order[pair[1]] > order[pair[0]]} | {(first, code) for code in CODES if code != first}
    define_customers(crm, order, first, steps)
    with crm.session("anna") as s:
        account = s.add(Account(name="Bellini"))
        s.commit()
        key = account.id
    here = first
    for login, to in calls:
        with crm.session(Actor.user(login)) as s:
            account = s.require(Account, key)
            assert account.state == here
            offered = {each.code for each in s.states.reachable(account)}
            try:
                s.states.change(account, to)
                s.commit()
            except TransitionRefused:
                assert to not in offered
                continue
        assert to in offered
        assert (here, to) in steps
        assert order[to] > order[here]
        here = to


def define_customers(crm, order, first, steps):
    """Make the table of accounts forward-only, with other states; the shipped ones are left behind as obsolete."""
    with crm.session("anna") as s:
        found = s.states.table("customers").definition
        old = [attrs.evolve(each, default=False, obsolete=True) for each in found.states if each.code not in order]
        new = [state(code, position, default=code == first) for code, position in order.items()]
        transitions = tuple(Transition(source=source, target=target) for source, target in sorted(steps))
        s.states.define(attrs.evolve(found, states=(*old, *new), transitions=transitions, mode=TransitionMode.FORWARD_ONLY))
        s.commit()
