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


def account_keys(crm):
    """Return table and column of each foreign key to accounts, as the database itself has them."""
    with crm.engine.connect() as connection:
        there = inspect(connection)
        keys = [(name, key) for name in there.get_table_names() if name not in LOGS for key in there.get_foreign_keys(name)]
    return [
        (name, key["constrained_columns"][0])
        for name, key in keys
        if (key["referred_table"], key["referred_columns"]) == ("account", ["id"])
    ]


def dangling(crm, merged, keys=None):
    """Return where merged accounts are still referred to."""
    marks = ",".join(map(str, merged))
    counts = [
        f"SELECT '{name}', '{column}', count(*) FROM \"{name}\" WHERE \"{column}\" IN ({marks})"
        for name, column in keys or account_keys(crm)
    ]
    with crm.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(" UNION ALL ".join(counts))) if row[2]]
