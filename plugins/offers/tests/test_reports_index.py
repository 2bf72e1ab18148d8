"""The list that people open all day comes from its index, in its order, on both databases."""

from __future__ import annotations

from datetime import date

import pytest
from crmcore_offers.model import Document
from sqlalchemy import event


@pytest.mark.feature("G11", "L05")
def test_a_page_by_type_state_and_agent_is_read_from_its_index_newest_first(firm):
    firm.catalogue()
    sellers = firm.people()
    account = firm.account(seller_id=sellers["A1"])
    with firm.system() as session:
        for day in (3, 9, 5):
            fields = {"type": "T-OFF", "owner": "anna", "state": "presented", "agent_id": sellers["A1"]}
            session.add(Document(account_id=account, issued_on=date(2026, 5, day), **fields))
        session.commit()
    wanted = [("type", "T-OFF"), ("state", "presented"), ("agent_id", sellers["A1"])]
    seen = []
    with firm.system() as session:
        connection = session.orm.connection()
        event.listen(connection, "before_cursor_execute", lambda _c, _d, statement, given, *_: seen.append((statement, given)))
        page = session.search.values(
            "offers.document",
            ("issued_on",),
            {"and": [{"field": field, "op": "eq", "value": value} for field, value in wanted]},
            sort="-issued_on",
            page=50,
        )
        assert [day.day for (day,) in page] == [9, 5, 3]
        statement, given = next(each for each in seen if "ORDER BY" in each[0] and "offers_document" in each[0])
        sqlite = firm.crm.engine.dialect.name == "sqlite"
        if not sqlite:
            # A table of a test is so small that reading all of it is cheaper.
            for way in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
                connection.exec_driver_sql(f"SET LOCAL {way} = off")
        plan = connection.exec_driver_sql(f"{'EXPLAIN QUERY PLAN' if sqlite else 'EXPLAIN'} {statement}", given).all()
    told = "\n".join(str(row[-1]) for row in plan)
    assert "ix_offers_document_type_state_agent_id_issued_on_id" in told, told
    assert "TEMP B-TREE" not in told
    assert "Sort" not in told
