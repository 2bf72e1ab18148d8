"""The lists that are read all day come from an index, in its order, on both databases."""

from __future__ import annotations

from datetime import date

import attrs
import pytest
from crmcore_agenda.duties import due_query, duties_query

from crmcore.query import prepare

DAY = date(2026, 5, 11)


def _plan(crm, query, values):
    sqlite = crm.engine.dialect.name == "sqlite"
    with crm.engine.connect() as connection:
        if not sqlite:
            # A table of a test is so small that reading all of it is cheaper.
            for way in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"):
                connection.exec_driver_sql(f"SET {way} = off")
        ready = prepare(query, crm.engine.dialect)
        explained = attrs.evolve(ready, sql=f"{'EXPLAIN QUERY PLAN' if sqlite else 'EXPLAIN'} {ready.sql}", readers=())
        return "\n".join(str(row[-1]) for row in explained.rows(connection, values))


@pytest.mark.feature("E15", "F04", "P8.hold")
def test_dashboard_and_due_list_are_answered_by_their_indexes(open_crm):
    crm = open_crm("agenda")
    dashboard = {"who": "anna", "actor": "anna", "day": DAY, "most": 50}
    for query, values, index in (
        (duties_query(unguarded=False, own=False), dashboard, "ix_agenda_action_assignee_closed_due_id"),
        (duties_query(unguarded=True, own=False), dashboard, "ix_agenda_action_assignee_closed_due_id"),
        (due_query(), {"rule": 1, "day": DAY, "most": 50}, "ix_agenda_clock_recurring_id_next_on_account_id"),
    ):
        found = _plan(crm, query, values)
        assert index in found, found
        assert "SCAN agenda" not in found
        assert "Seq Scan on agenda" not in found
