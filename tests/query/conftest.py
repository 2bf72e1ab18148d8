"""A registry to search in."""

from __future__ import annotations

import pytest

from tests.characteristics.conftest import account, archive, choices, define, definition, put

__all__ = ["account", "archive", "choices", "define", "definition", "put"]


@pytest.fixture
def planned():
    """Return how a database would read a statement."""
    from sqlalchemy import text

    def explain(crm, statement):
        sqlite = crm.engine.dialect.name == "sqlite"
        compiled = statement.compile(dialect=crm.engine.dialect, compile_kwargs={"literal_binds": True})
        sql = f"{'EXPLAIN QUERY PLAN' if sqlite else 'EXPLAIN'} {compiled}".replace(":", "\\:").replace("%%", "%")
        with crm.engine.connect() as connection:
            return "\n".join(str(row[-1]) for row in connection.execute(text(sql)))

    return explain
