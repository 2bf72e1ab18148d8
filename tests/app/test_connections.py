"""Connections that the server has closed are replaced before anybody gets them."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from crmcore.storage import liveness

pytestmark = pytest.mark.feature("P2.5")


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("idle", [False, True])
def test_a_connection_whose_server_went_away_is_replaced(open_crm, monkeypatch, idle):
    crm = open_crm()
    other = create_engine(crm.engine.url)
    if idle:
        # Long enough that it is asked, and not only looked at.
        monkeypatch.setattr(liveness, "_FRESH", -1.0)
    seen = []
    for _ in range(3):
        with crm.session("anna") as session:
            seen.append(session.execute(text("SELECT pg_backend_pid()")).scalar())
        if len(seen) > 1:
            with other.begin() as connection:
                assert connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": seen[-1]}).scalar()
    other.dispose()
    # One that lives is used again, one that does not is not.
    assert seen[0] == seen[1] != seen[2]
