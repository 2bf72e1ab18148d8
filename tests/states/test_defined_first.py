"""State tables are there before anything needs them: a record whose table nobody defined does not begin (N03, S4)."""

from __future__ import annotations

import pytest

from crmcore import Label, Migrations, State, StateTable, ValidationFailed
from crmcore.model import Account
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("N03")


@pytest.fixture
def stateless(contracts):
    """Return the plugin of the contracts without its state table, which is left to the deployment."""
    return make_plugin("contracts", crm_tables=[contracts.Contract], crm_migrations=Migrations("crm_contracts"))


def begin(s, contracts):
    account = s.add(Account(name="Bellini"))
    s.flush()
    contract = s.add(contracts.Contract(account_id=account.id))
    s.commit()
    return contract


def test_a_new_database_has_the_tables_of_core_and_plugins_before_the_first_record(open_crm, contracts):
    crm = open_crm(contracts)
    with crm.session("anna") as s:
        found = {table.definition.name: table for table in s.states.tables()}
        assert sorted(found) == ["contracts.contracts", "customers"]
        assert {name: table.default.code for name, table in found.items()} == {"contracts.contracts": "10", "customers": "prospect"}
        assert begin(s, contracts).state == "10"


def test_a_record_whose_table_nobody_defined_does_not_begin(open_crm, stateless, contracts):
    crm = open_crm(stateless)
    with crm.session("anna") as s:
        with pytest.raises(ValidationFailed) as caught:
            begin(s, contracts)
        assert [(each.code, each.params["name"]) for each in caught.value.problems] == [("STATE_TABLE_UNKNOWN", "contracts.contracts")]
        assert "non esiste la tabella degli stati 'contracts.contracts'" in caught.value.text("it")

        states = (State(code="new", label=Label("Nuovo", "New"), order=1, default=True),)
        s.states.define(StateTable(name="contracts.contracts", entity="contracts.contract", label=Label("Stati", "States"), states=states))
        s.commit()
        assert begin(s, contracts).state == "new"
