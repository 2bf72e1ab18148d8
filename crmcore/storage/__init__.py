"""Databases: engines, transactions, JSON."""

from crmcore.storage.batches import batches
from crmcore.storage.engines import (
    DEFAULT_BUSY_TIMEOUT,
    WRITE_OPTION,
    Storage,
    is_busy,
    open_storage,
    parse_url,
    second_pool,
    take_write_lock,
)
from crmcore.storage.json import dump_json, to_json
from crmcore.storage.naming import compile_named, driver_sql
from crmcore.storage.rows import NewRows, insert_for_keys, insert_rows, processor_of
from crmcore.storage.transactions import translate_errors, write_transaction
from crmcore.storage.watch import Watch

__all__ = [
    "DEFAULT_BUSY_TIMEOUT",
    "WRITE_OPTION",
    "NewRows",
    "Storage",
    "Watch",
    "batches",
    "compile_named",
    "driver_sql",
    "dump_json",
    "insert_for_keys",
    "insert_rows",
    "is_busy",
    "open_storage",
    "parse_url",
    "processor_of",
    "second_pool",
    "take_write_lock",
    "to_json",
    "translate_errors",
    "write_transaction",
]
