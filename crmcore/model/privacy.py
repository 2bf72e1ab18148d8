"""What was done about personal data, and whom nobody may bring back: plain tables, which only the platform reads."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, String, Table

from crmcore.model.base import KEYS_ONCE, METADATA
from crmcore.model.merging import LOG, MERGE
from crmcore.model.types import BigId, Json, UtcDateTime

PRIVACY_LOG: Final = Table(
    "crm_privacy_log",
    METADATA,
    Column("id", BigId, primary_key=True),
    # erasure, export or override.
    Column("kind", String(10), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("entity", String(60), nullable=False),
    Column("entity_id", BigInteger, nullable=False),
    Column("reason", String(500), nullable=False),
    Column("report", Json, nullable=False),
    # The first day on which erasing again empties more: what the law wanted kept until then.
    Column("due", Date),
    # When the bytes were gone from the files of the database, too; empty until then.
    Column("scrubbed_at", UtcDateTime),
    Index(None, "entity", "entity_id"),
    Index(None, "due"),
    info={KEYS_ONCE: True, MERGE: LOG},
)
"""Who erased, exported or let back whom, when and why (GDPR art. 5(2)). It names records by their keys, and holds no personal data."""

SUPPRESSION: Final = Table(
    "crm_suppression",
    METADATA,
    # HMAC-SHA256 of kind and normalised value: it answers whether somebody is in the list, and nobody can read who is.
    Column("digest", String(64), primary_key=True),
    Column("log_id", BigId, ForeignKey("crm_privacy_log.id"), nullable=False, index=True),
)
"""Phones, addresses and codes of erased people, so that no import brings them back."""

SUPPRESSION_KEY: Final = Table(
    "crm_suppression_key",
    METADATA,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    # Of the key: another one would make the list silently useless.
    Column("fingerprint", String(64), nullable=False),
    # Empty when the deployment keeps the key outside of the database.
    Column("value", String(64), nullable=False),
)
"""The key of the list; one row, from the first erasure on. No row: the list is empty, and nothing need be asked."""

PRIVACY_TABLES: Final = (PRIVACY_LOG, SUPPRESSION, SUPPRESSION_KEY)
