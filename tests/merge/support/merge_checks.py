"""Dumps of whole databases, and what still refers to merged accounts."""

from __future__ import annotations

from sqlalchemy import inspect, text

LOGS = {"crm_event", "crm_audit", "crm_job", "crm_merge_row", "account_merge", "account_merge_member", "sqlite_sequence"}


def dump(crm):
    """Return every row of every table as the database stores it, without logs and the journal; words for searching are derived."""
    found = {}
    with crm.engine.connect() as connection:
        postgresql = connection.dialect.name == "postgresql"
        for name in sorted(inspect(connection).get_table_names()):
            if name in LOGS or name.startswith("account_search_") or (name == "account_search" and not postgresql):
                continue
            row = "r::text" if postgresql else "*"
            rows = connection.execute(text(f'SELECT {row} FROM "{name}" r')).all()
            found[name] = sorted(map(repr, rows))
    return found


def dangling(crm, merged):
    """Return where merged accounts are still referred to, by the foreign keys that the database itself has."""
    found = []
    with crm.engine.connect() as connection:
        there = inspect(connection)
        for name in there.get_table_names():
            if name in LOGS:
                continue
            for key in there.get_foreign_keys(name):
                if key["referred_table"] == "account":
                    [column] = key["constrained_columns"]
                    marks = ",".join(map(str, merged))
                    count = connection.execute(text(f'SELECT count(*) FROM "{name}" WHERE "{column}" IN ({marks})')).scalar()
                    found += [(name, column, count)] if count else []
    return found
