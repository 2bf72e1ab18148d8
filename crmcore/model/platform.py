"""Tables that the platform itself writes, as plain Core tables: nothing here is an entity, and only system code touches them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, Uuid

from crmcore.model.base import KEYS_ONCE, METADATA
from crmcore.model.merging import LOG, MERGE
from crmcore.model.privacy import PRIVACY_TABLES
from crmcore.model.types import BigId, Json, UtcDateTime

EVENT: Final = Table(
    "crm_event",
    METADATA,
    # UUIDv7: ordered by time, so that the key is also the order of the log.
    Column("event_id", Uuid(as_uuid=False), primary_key=True),
    Column("type", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("device", String(100)),
    Column("source", String(100), nullable=False),
    Column("entity", String(60)),
    Column("entity_id", BigInteger),
    Column("changes", Json, nullable=False),
    Column("payload", Json, nullable=False),
    Column("correlation_id", Uuid(as_uuid=False), nullable=False),
    Column("causation_id", Uuid(as_uuid=False)),
    Column("depth", Integer, nullable=False),
    info={MERGE: LOG},
)
"""The event log, which is also the outbox: a row is written in the transaction of its change, or not at all."""

AUDIT: Final = Table(
    "crm_audit",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("device", String(100)),
    Column("source", String(100), nullable=False),
    Column("correlation_id", Uuid(as_uuid=False), nullable=False),
    Column("entity", String(60), nullable=False),
    Column("entity_id", BigInteger, nullable=False),
    Column("verb", String(10), nullable=False),
    Column("changes", Json, nullable=False),
    # The digest that the changes had before personal data were taken out of them; empty in every other row.
    Column("redacted", String(64)),
    Index(None, "entity", "entity_id"),
    # What one person did in a period, without reading what machines wrote in it.
    Index(None, "actor", "at"),
    info={KEYS_ONCE: True, MERGE: LOG},
)
"""Who changed what: one row for each record of each commit. It refers to records without a foreign key, to outlive them.

Triggers of the database let a row be changed only by a redaction, and deleted only with its block (see `crmcore.audit`).
"""

JOB: Final = Table(
    "crm_job",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("plugin", String(24), nullable=False),
    Column("name", String(100), nullable=False),
    Column("event_id", Uuid(as_uuid=False), ForeignKey("crm_event.event_id")),
    Column("args", Json, nullable=False),
    Column("key", String(200)),
    # Same as `key` while the job waits, and empty afterwards: so there is one waiting row for each key. Feeding the same work again
    # changes nothing, and a job that runs may set its own timer anew. A partial unique index would say the same in each dialect's words.
    Column("waiting_key", String(200), unique=True),
    Column("state", String(10), nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("lease_owner", String(60)),
    Column("lease_until", UtcDateTime),
    Column("last_error", Text),
    Column("correlation_id", Uuid(as_uuid=False), nullable=False),
    Column("causation_id", Uuid(as_uuid=False)),
    Column("depth", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    # The user whose work this is, also through other jobs: what somebody who is blocked has left on the queue does not run (A08).
    Column("on_behalf", String(100)),
    Index(None, "state", "run_at", "id"),
    Index(None, "state", "lease_until"),
    Index(None, "event_id"),
    Index(None, "finished_at"),
    info={KEYS_ONCE: True},
)
"""Work to do: deliveries of events to handlers, timers, jobs. One queue, one lease, one place to look for what failed."""

SCHEDULE: Final = Table(
    "crm_schedule",
    METADATA,
    Column("job", String(100), primary_key=True),
    Column("plugin", String(24), nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime),
    Index(None, "next_at"),
)
"""When each recurring job is next due."""

PLUGIN: Final = Table(
    "crm_plugin",
    METADATA,
    Column("name", String(24), primary_key=True),
    Column("version", String(60), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("tables", Json, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
"""Plugins that this database has seen: whose tables are here, also when the plugin is no longer enabled."""

ATTEMPT: Final = Table(
    "crm_attempt",
    METADATA,
    # SHA-256 of what is counted: a login that somebody typed may be a password in the wrong field.
    Column("key", String(64), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("number", Integer, nullable=False),
    Index(None, "since"),
)
"""How often something was tried since an instant: the database counts, so that no two attempts take one number."""

GENERATION: Final = Table(
    "crm_generation",
    METADATA,
    Column("subject", String(20), primary_key=True),
    # Zero as long as nothing was ever written, and another random number after each change.
    Column("mark", BigInteger, nullable=False),
)
"""What small tables that are kept in memory look like, by subject: see `crmcore.catalogues`.

Triggers of the database change the mark with each change of such a table, whoever makes it. It is random and not counted, so that what was
read before a rollback is not taken for what somebody else commits after it.
"""

MERGE_ROW: Final = Table(
    "crm_merge_row",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("merge_id", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("account_merge.id"), nullable=False),
    # The order in which it was done; undoing goes the other way.
    Column("step", Integer, nullable=False),
    Column("table_name", String(63), nullable=False),
    # The values of the primary key as a JSON array.
    Column("key", String(200), nullable=False),
    Column("action", String(10), nullable=False),
    # The version of the row afterwards: one that has another by now was touched since. Empty where rows have none.
    Column("seen_version", Integer),
    # Columns as the database stores them, before and after: see `crmcore.merge.images`.
    Column("old", Json, nullable=False),
    Column("new", Json, nullable=False),
    Index(None, "merge_id", "step"),
    Index(None, "table_name", "key"),
    info={KEYS_ONCE: True},
)
"""The journal of merges: each row that one changed, removed or added."""

AUDIT_BLOCK: Final = Table(
    "crm_audit_block",
    METADATA,
    Column("stream", String(10), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    # The block has the rows of its stream with keys above `after_id`, up to `until_id`.
    Column("after_id", BigInteger, nullable=False),
    Column("until_id", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False),
    Column("digest", String(64), nullable=False),
    # Key and hash of each row, forty bytes for each; empty once the block is dropped.
    Column("entries", LargeBinary),
    Column("dropped_at", UtcDateTime),
    Index(None, "stream", "until_id"),
    Index(None, "last_at"),
    info={MERGE: LOG},
)
"""The seals of the audit: each block has the hashes of its rows, and the hash of the block before it."""

PLATFORM_TABLES: Final = (EVENT, AUDIT, JOB, SCHEDULE, PLUGIN, ATTEMPT, MERGE_ROW, *PRIVACY_TABLES, AUDIT_BLOCK, GENERATION)
