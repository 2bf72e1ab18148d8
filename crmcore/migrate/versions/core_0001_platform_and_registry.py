"""Platform and registry.

Revision core_0001, the first; written on 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "core_0001"
down_revision: str | None = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "business_unit",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("number BETWEEN 1 AND 10", name=op.f("ck_business_unit_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_business_unit_code")),
        sa.UniqueConstraint("number", name=op.f("uq_business_unit_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "change_set",
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("description", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("state IN ('preview', 'applied', 'undone')", name=op.f("ck_change_set_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_set")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "characteristic",
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("definition", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_characteristic")),
        sa.UniqueConstraint("entity", "key", name=op.f("uq_characteristic_entity_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "characteristic_change",
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("old", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("new", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_characteristic_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_characteristic_change_entity_record_id_key_at"),
        "characteristic_change",
        ["entity", "record_id", "key", "at"],
        unique=False,
    )
    op.create_table(
        "crm_audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("device", sa.String(length=100), nullable=True),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("correlation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("verb", sa.String(length=10), nullable=False),
        sa.Column("changes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("redacted", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_crm_audit_entity_entity_id"), "crm_audit", ["entity", "entity_id"], unique=False)
    op.create_index(op.f("ix_crm_audit_actor_at"), "crm_audit", ["actor", "at"], unique=False)
    op.create_table(
        "crm_event",
        sa.Column("event_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("device", sa.String(length=100), nullable=True),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=True),
        sa.Column("entity_id", sa.BigInteger(), nullable=True),
        sa.Column("changes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("correlation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("causation_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_crm_event")),
    )
    op.create_table(
        "crm_plugin",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("version", sa.String(length=60), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("tables", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_crm_plugin")),
    )
    op.create_table(
        "crm_schedule",
        sa.Column("job", sa.String(length=100), nullable=False),
        sa.Column("plugin", sa.String(length=24), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_crm_schedule")),
    )
    op.create_index(op.f("ix_crm_schedule_next_at"), "crm_schedule", ["next_at"], unique=False)
    op.create_table(
        "external_key",
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("stream", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_key")),
        sa.UniqueConstraint("source", "company", "stream", "key", name=op.f("uq_external_key_source_company_stream_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_external_key_entity_entity_id"), "external_key", ["entity", "entity_id"], unique=False)
    op.create_table(
        "interaction_kind",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("counts_as_contact", sa.Boolean(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction_kind")),
        sa.UniqueConstraint("code", name=op.f("uq_interaction_kind_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lookup_table",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("level1_it", sa.String(length=60), nullable=False),
        sa.Column("level2_it", sa.String(length=60), nullable=False),
        sa.Column("level3_it", sa.String(length=60), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lookup_table")),
        sa.UniqueConstraint("code", name=op.f("uq_lookup_table_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "parameter",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=500), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parameter")),
        sa.UniqueConstraint("name", name=op.f("uq_parameter_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "relation_kind",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("inverse_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("inverse_en", sa.String(length=120), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relation_kind")),
        sa.UniqueConstraint("code", name=op.f("uq_relation_kind_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "salesperson",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("login", sa.String(length=100), nullable=True),
        sa.Column("manager_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("disabled_from", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("kind IN ('agent', 'operator', 'referrer', 'agency')", name=op.f("ck_salesperson_kind")),
        sa.ForeignKeyConstraint(["agency_id"], ["salesperson.id"], name=op.f("fk_salesperson_agency_id")),
        sa.ForeignKeyConstraint(["manager_id"], ["salesperson.id"], name=op.f("fk_salesperson_manager_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_salesperson")),
        sa.UniqueConstraint("code", name=op.f("uq_salesperson_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_salesperson_agency_id"), "salesperson", ["agency_id"], unique=False)
    op.create_index(op.f("ix_salesperson_login"), "salesperson", ["login"], unique=False)
    op.create_index(op.f("ix_salesperson_manager_id"), "salesperson", ["manager_id"], unique=False)
    op.create_table(
        "saved_search",
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("filter", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
        sa.UniqueConstraint("owner", "name", name=op.f("uq_saved_search_owner_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "state_change",
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("table_name", sa.String(length=60), nullable=False),
        sa.Column("old", sa.String(length=40), nullable=True),
        sa.Column("new", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("override", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_state_change_entity_record_id_at"), "state_change", ["entity", "record_id", "at"], unique=False)
    op.create_table(
        "state_table",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("modes", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("mode IN ('free', 'steps', 'forward-only')", name=op.f("ck_state_table_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_table")),
        sa.UniqueConstraint("name", name=op.f("uq_state_table_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "zone",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("path", sa.String(length=1000), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["zone.id"], name=op.f("fk_zone_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone")),
        sa.UniqueConstraint("code", name=op.f("uq_zone_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_zone_parent_id"), "zone", ["parent_id"], unique=False)
    op.create_index(op.f("ix_zone_path"), "zone", ["path"], unique=False)
    op.create_table(
        "account",
        sa.Column("uid", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("phone1", sa.String(length=40), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("pec", sa.String(length=254), nullable=True),
        sa.Column("recipient_code", sa.String(length=7), nullable=True),
        sa.Column("vat_code", sa.String(length=20), nullable=True),
        sa.Column("fiscal_code", sa.String(length=16), nullable=True),
        sa.Column("ateco", sa.String(length=20), nullable=True),
        sa.Column("web", sa.String(length=254), nullable=True),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=True),
        sa.Column("owner", sa.String(length=100), nullable=True),
        sa.Column("seller_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seller_source", sa.String(length=10), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("incomplete", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("characteristics", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("kind IN ('business', 'retail')", name=op.f("ck_account_kind")),
        sa.CheckConstraint("seller_source IN ('zone', 'manual')", name=op.f("ck_account_seller_source")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["account.id"], name=op.f("fk_account_merged_into_id")),
        sa.ForeignKeyConstraint(["seller_id"], ["salesperson.id"], name=op.f("fk_account_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("uid", name=op.f("uq_account_uid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_account_fiscal_code"), "account", ["fiscal_code"], unique=False)
    op.create_index(op.f("ix_account_merged_into_id"), "account", ["merged_into_id"], unique=False)
    op.create_index(op.f("ix_account_name"), "account", ["name"], unique=False)
    op.create_index(op.f("ix_account_owner"), "account", ["owner"], unique=False)
    op.create_index(op.f("ix_account_phone1"), "account", ["phone1"], unique=False)
    op.create_index(op.f("ix_account_seller_id"), "account", ["seller_id"], unique=False)
    op.create_index(op.f("ix_account_state"), "account", ["state"], unique=False)
    op.create_index(op.f("ix_account_vat_code"), "account", ["vat_code"], unique=False)
    op.create_table(
        "change_set_item",
        sa.Column("change_set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seen_version", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("old", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("new", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("applied_version", sa.Integer(), nullable=True),
        sa.Column("parent_version", sa.Integer(), nullable=True),
        sa.Column("derived", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=60), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["change_set_id"], ["change_set.id"], name=op.f("fk_change_set_item_change_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_set_item")),
        sa.UniqueConstraint("change_set_id", "record_id", "field", name=op.f("uq_change_set_item_change_set_id_record_id_field")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_change_set_item_entity_record_id"), "change_set_item", ["entity", "record_id"], unique=False)
    op.create_table(
        "crm_job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("plugin", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("event_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("args", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("waiting_key", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=60), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("causation_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("on_behalf", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["crm_event.event_id"], name=op.f("fk_crm_job_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_job")),
        sa.UniqueConstraint("waiting_key", name=op.f("uq_crm_job_waiting_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_crm_job_event_id"), "crm_job", ["event_id"], unique=False)
    op.create_index(op.f("ix_crm_job_finished_at"), "crm_job", ["finished_at"], unique=False)
    op.create_index(op.f("ix_crm_job_state_lease_until"), "crm_job", ["state", "lease_until"], unique=False)
    op.create_index(op.f("ix_crm_job_state_run_at_id"), "crm_job", ["state", "run_at", "id"], unique=False)
    op.create_table(
        "lookup_entry",
        sa.Column("table_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("path", sa.String(length=130).with_variant(sa.String(length=130, collation="C"), "postgresql"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("(level = 1) = (parent_id IS NULL)", name=op.f("ck_lookup_entry_parent")),
        sa.CheckConstraint("level BETWEEN 1 AND 3", name=op.f("ck_lookup_entry_level")),
        sa.ForeignKeyConstraint(["parent_id"], ["lookup_entry.id"], name=op.f("fk_lookup_entry_parent_id")),
        sa.ForeignKeyConstraint(["table_id"], ["lookup_table.id"], name=op.f("fk_lookup_entry_table_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lookup_entry")),
        sa.UniqueConstraint("table_id", "path", name=op.f("uq_lookup_entry_table_id_path")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_lookup_entry_parent_id"), "lookup_entry", ["parent_id"], unique=False)
    op.create_table(
        "portfolio",
        sa.Column("business_unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("path", sa.String(length=2400).with_variant(sa.String(length=2400, collation="C"), "postgresql"), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["business_unit_id"], ["business_unit.id"], name=op.f("fk_portfolio_business_unit_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["portfolio.id"], name=op.f("fk_portfolio_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portfolio")),
        sa.UniqueConstraint("business_unit_id", "code", name=op.f("uq_portfolio_business_unit_id_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_portfolio_parent_id"), "portfolio", ["parent_id"], unique=False)
    op.create_index(op.f("ix_portfolio_path"), "portfolio", ["path"], unique=False)
    op.create_table(
        "seller_zone",
        sa.Column("zone_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("salesperson_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("to_date", sa.Date(), nullable=True),
        sa.Column("business_unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["business_unit_id"], ["business_unit.id"], name=op.f("fk_seller_zone_business_unit_id")),
        sa.ForeignKeyConstraint(["salesperson_id"], ["salesperson.id"], name=op.f("fk_seller_zone_salesperson_id")),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_seller_zone_zone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seller_zone")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_seller_zone_business_unit_id"), "seller_zone", ["business_unit_id"], unique=False)
    op.create_index(op.f("ix_seller_zone_salesperson_id"), "seller_zone", ["salesperson_id"], unique=False)
    op.create_index(
        op.f("ix_seller_zone_zone_id_business_unit_id_from_date"), "seller_zone", ["zone_id", "business_unit_id", "from_date"], unique=False
    )
    op.create_table(
        "state",
        sa.Column("table_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("colour", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("terminal", sa.Boolean(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("flags", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["table_id"], ["state_table.id"], name=op.f("fk_state_table_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state")),
        sa.UniqueConstraint("table_id", "code", name=op.f("uq_state_table_id_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "zone_rule",
        sa.Column("zone_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("first", sa.String(length=10), nullable=False),
        sa.Column("last", sa.String(length=10), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("kind IN ('municipality', 'postcode', 'postcode_range', 'province')", name=op.f("ck_zone_rule_kind")),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_zone_rule_zone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone_rule")),
        sa.UniqueConstraint("kind", "first", "last", name=op.f("uq_zone_rule_kind_first_last")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_zone_rule_zone_id"), "zone_rule", ["zone_id"], unique=False)
    op.create_table(
        "account_portfolio",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("business_unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("portfolio_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_portfolio_account_id")),
        sa.ForeignKeyConstraint(["business_unit_id"], ["business_unit.id"], name=op.f("fk_account_portfolio_business_unit_id")),
        sa.ForeignKeyConstraint(["portfolio_id"], ["portfolio.id"], name=op.f("fk_account_portfolio_portfolio_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_portfolio")),
        sa.UniqueConstraint("account_id", "business_unit_id", name=op.f("uq_account_portfolio_account_id_business_unit_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_account_portfolio_portfolio_id"), "account_portfolio", ["portfolio_id"], unique=False)
    op.create_table(
        "account_role",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_role_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_role")),
        sa.UniqueConstraint("account_id", "role", name=op.f("uq_account_role_account_id_role")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_account_role_role_account_id"), "account_role", ["role", "account_id"], unique=False)
    op.create_table(
        "site",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("street", sa.String(length=200), nullable=True),
        sa.Column("civic", sa.String(length=30), nullable=True),
        sa.Column("hamlet", sa.String(length=120), nullable=True),
        sa.Column("postcode", sa.String(length=10), nullable=True),
        sa.Column("municipality", sa.String(length=120), nullable=True),
        sa.Column("province", sa.String(length=4), nullable=True),
        sa.Column("istat_code", sa.String(length=6), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("address_unverified", sa.Boolean(), nullable=False),
        sa.Column("zone_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("kind IN ('legal', 'operative', 'delivery', 'billing')", name=op.f("ck_site_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_site_account_id")),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_site_zone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_site_account_id"), "site", ["account_id"], unique=False)
    op.create_index(op.f("ix_site_istat_code"), "site", ["istat_code"], unique=False)
    op.create_index(op.f("ix_site_postcode"), "site", ["postcode"], unique=False)
    op.create_index(op.f("ix_site_province"), "site", ["province"], unique=False)
    op.create_index(op.f("ix_site_zone_id"), "site", ["zone_id"], unique=False)
    op.create_table(
        "state_transition",
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("target_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant", sa.String(length=40), nullable=False),
        sa.Column("rules", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["state.id"], name=op.f("fk_state_transition_source_id")),
        sa.ForeignKeyConstraint(["target_id"], ["state.id"], name=op.f("fk_state_transition_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_transition")),
        sa.UniqueConstraint("source_id", "target_id", "variant", name=op.f("uq_state_transition_source_id_target_id_variant")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_state_transition_target_id"), "state_transition", ["target_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("job_role", sa.String(length=100), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_person_account_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_person_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_person_account_id"), "person", ["account_id"], unique=False)
    op.create_index(op.f("ix_person_last_name_first_name"), "person", ["last_name", "first_name"], unique=False)
    op.create_index(op.f("ix_person_site_id"), "person", ["site_id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("text_version", sa.String(length=40), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_consent_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_consent_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_consent_account_id_purpose_channel_at"), "consent", ["account_id", "purpose", "channel", "at"], unique=False)
    op.create_index(op.f("ix_consent_person_id"), "consent", ["person_id"], unique=False)
    op.create_table(
        "contact_point",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=254), nullable=False),
        sa.Column("raw", sa.String(length=254), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("kind IN ('phone', 'email', 'pec', 'web')", name=op.f("ck_contact_point_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_contact_point_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_contact_point_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_point")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_contact_point_account_id_kind_position"), "contact_point", ["account_id", "kind", "position"], unique=False)
    op.create_index(op.f("ix_contact_point_person_id"), "contact_point", ["person_id"], unique=False)
    op.create_index(op.f("ix_contact_point_value"), "contact_point", ["value"], unique=False)
    op.create_table(
        "interaction",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("function", sa.String(length=60), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("replaces_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out', 'none')", name=op.f("ck_interaction_direction")),
        sa.CheckConstraint("mark BETWEEN 1 AND 5", name=op.f("ck_interaction_mark")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_interaction_account_id")),
        sa.ForeignKeyConstraint(["kind_id"], ["interaction_kind.id"], name=op.f("fk_interaction_kind_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_interaction_person_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["interaction.id"], name=op.f("fk_interaction_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_interaction_replaces_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_interaction_account_id_current_at_id"), "interaction", ["account_id", "current", "at", "id"], unique=False)
    op.create_index(op.f("ix_interaction_kind_id_at"), "interaction", ["kind_id", "at"], unique=False)
    op.create_index(op.f("ix_interaction_person_id"), "interaction", ["person_id"], unique=False)
    op.create_table(
        "person_preference",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_preference_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_preference")),
        sa.UniqueConstraint("person_id", "purpose", "channel", name=op.f("uq_person_preference_person_id_purpose_channel")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "relation",
        sa.Column("kind_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("other_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("notes", sa.String(length=500), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("(other_account_id IS NULL) <> (person_id IS NULL)", name=op.f("ck_relation_one_target")),
        sa.CheckConstraint("other_account_id <> account_id", name=op.f("ck_relation_not_itself")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_relation_account_id")),
        sa.ForeignKeyConstraint(["kind_id"], ["relation_kind.id"], name=op.f("fk_relation_kind_id")),
        sa.ForeignKeyConstraint(["other_account_id"], ["account.id"], name=op.f("fk_relation_other_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_relation_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relation")),
        sa.UniqueConstraint("kind_id", "account_id", "other_account_id", name=op.f("uq_relation_kind_id_account_id_other_account_id")),
        sa.UniqueConstraint("kind_id", "account_id", "person_id", name=op.f("uq_relation_kind_id_account_id_person_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_relation_account_id"), "relation", ["account_id"], unique=False)
    op.create_index(op.f("ix_relation_other_account_id"), "relation", ["other_account_id"], unique=False)
    op.create_index(op.f("ix_relation_person_id"), "relation", ["person_id"], unique=False)
    # The full-text index has a form of its own on each database.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE account_search "
            "(account_id BIGINT PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, document TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_account_search_document ON account_search USING gin (document)")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE account_search USING fts5 "
            "(name, people, codes, notes, prefix='2 3', tokenize=\"unicode61 remove_diacritics 0\")"
        )
    op.create_table(
        "profile",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("functions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("scopes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("masks", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("administrator", sa.Boolean(), nullable=False),
        sa.Column("see_private", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile")),
        sa.UniqueConstraint("code", name=op.f("uq_profile_code")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user_group",
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_group")),
        sa.UniqueConstraint("code", name=op.f("uq_user_group_code")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "crm_user",
        sa.Column("login", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("profile_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("supervisor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("salesperson_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("scopes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("status IN ('active', 'blocked')", name=op.f("ck_crm_user_status")),
        sa.ForeignKeyConstraint(["profile_id"], ["profile.id"], name=op.f("fk_crm_user_profile_id")),
        sa.ForeignKeyConstraint(["salesperson_id"], ["salesperson.id"], name=op.f("fk_crm_user_salesperson_id")),
        sa.ForeignKeyConstraint(["supervisor_id"], ["crm_user.id"], name=op.f("fk_crm_user_supervisor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_user")),
        sa.UniqueConstraint("login", name=op.f("uq_crm_user_login")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_crm_user_profile_id"), "crm_user", ["profile_id"], unique=False)
    op.create_index(op.f("ix_crm_user_salesperson_id"), "crm_user", ["salesperson_id"], unique=False)
    op.create_index(op.f("ix_crm_user_supervisor_id"), "crm_user", ["supervisor_id"], unique=False)
    op.create_table(
        "group_member",
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["user_group.id"], name=op.f("fk_group_member_group_id")),
        sa.ForeignKeyConstraint(["user_id"], ["crm_user.id"], name=op.f("fk_group_member_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_member")),
        sa.UniqueConstraint("group_id", "user_id", name=op.f("uq_group_member_group_id_user_id")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_group_member_user_id"), "group_member", ["user_id"], unique=False)
    op.create_table(
        "crm_attempt",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_crm_attempt")),
    )
    op.create_index(op.f("ix_crm_attempt_since"), "crm_attempt", ["since"], unique=False)
    op.create_table(
        "device",
        sa.Column("uid", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("algorithm", sa.String(length=10), nullable=False),
        sa.Column("public_key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=100), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(length=100), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("kind IN ('pc', 'phone')", name=op.f("ck_device_kind")),
        sa.CheckConstraint("status IN ('pending', 'active', 'revoked')", name=op.f("ck_device_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_device_fingerprint")),
        sa.UniqueConstraint("uid", name=op.f("uq_device_uid")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_token",
        sa.Column("uid", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("functions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_api_token_device_id")),
        sa.ForeignKeyConstraint(["user_id"], ["crm_user.id"], name=op.f("fk_api_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
        sa.UniqueConstraint("uid", name=op.f("uq_api_token_uid")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_api_token_device_id"), "api_token", ["device_id"], unique=False)
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"], unique=False)
    op.create_table(
        "credential",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["crm_user.id"], name=op.f("fk_credential_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sa.UniqueConstraint("user_id", name=op.f("uq_credential_user_id")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "device_user",
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_user_device_id")),
        sa.ForeignKeyConstraint(["user_id"], ["crm_user.id"], name=op.f("fk_device_user_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_user")),
        sa.UniqueConstraint("device_id", "user_id", name=op.f("uq_device_user_device_id_user_id")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_device_user_user_id"), "device_user", ["user_id"], unique=False)
    op.create_table(
        "user_session",
        sa.Column("uid", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_reason", sa.String(length=20), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_user_session_device_id")),
        sa.ForeignKeyConstraint(["user_id"], ["crm_user.id"], name=op.f("fk_user_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_session_token_hash")),
        sa.UniqueConstraint("uid", name=op.f("uq_user_session_uid")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_user_session_closed_at"), "user_session", ["closed_at"], unique=False)
    op.create_index(op.f("ix_user_session_device_id"), "user_session", ["device_id"], unique=False)
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"], unique=False)
    op.create_table(
        "challenge",
        sa.Column("nonce", sa.String(length=43), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("purpose IN ('enroll', 'open', 'renew')", name=op.f("ck_challenge_purpose")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_challenge_device_id")),
        sa.ForeignKeyConstraint(["session_id"], ["user_session.id"], name=op.f("fk_challenge_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge")),
        sa.UniqueConstraint("nonce", name=op.f("uq_challenge_nonce")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_challenge_device_id_purpose"), "challenge", ["device_id", "purpose"], unique=False)
    op.create_index(op.f("ix_challenge_expires_at"), "challenge", ["expires_at"], unique=False)
    op.create_index(op.f("ix_challenge_session_id"), "challenge", ["session_id"], unique=False)
    op.create_table(
        "account_merge",
        sa.Column("survivor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(length=100), nullable=True),
        sa.Column("decisions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("relinked", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("state IN ('merged', 'undone')", name=op.f("ck_account_merge_state")),
        sa.ForeignKeyConstraint(["survivor_id"], ["account.id"], name=op.f("fk_account_merge_survivor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_merge")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_account_merge_survivor_id"), "account_merge", ["survivor_id"], unique=False)
    op.create_table(
        "account_merge_member",
        sa.Column("merge_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_merge_member_account_id")),
        sa.ForeignKeyConstraint(["merge_id"], ["account_merge.id"], name=op.f("fk_account_merge_member_merge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_merge_member")),
        sa.UniqueConstraint("merge_id", "account_id", name=op.f("uq_account_merge_member_merge_id_account_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_account_merge_member_account_id"), "account_merge_member", ["account_id"], unique=False)
    op.create_table(
        "crm_merge_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merge_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("seen_version", sa.Integer(), nullable=True),
        sa.Column("old", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("new", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["merge_id"], ["account_merge.id"], name=op.f("fk_crm_merge_row_merge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_merge_row")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_crm_merge_row_merge_id_step"), "crm_merge_row", ["merge_id", "step"], unique=False)
    op.create_index(op.f("ix_crm_merge_row_table_name_key"), "crm_merge_row", ["table_name", "key"], unique=False)
    op.create_table(
        "crm_privacy_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("report", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("scrubbed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_privacy_log")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_crm_privacy_log_due"), "crm_privacy_log", ["due"], unique=False)
    op.create_index(op.f("ix_crm_privacy_log_entity_entity_id"), "crm_privacy_log", ["entity", "entity_id"], unique=False)
    op.create_table(
        "crm_suppression_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_suppression_key")),
    )
    op.create_table(
        "crm_suppression",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("log_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["log_id"], ["crm_privacy_log.id"], name=op.f("fk_crm_suppression_log_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_crm_suppression")),
    )
    op.create_index(op.f("ix_crm_suppression_log_id"), "crm_suppression", ["log_id"], unique=False)
    _audit_chain()
    _generations()


def _generations() -> None:
    """Make the marks of what is kept in memory, and the triggers that change them."""
    generation = op.create_table(
        "crm_generation",
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_crm_generation")),
    )
    op.bulk_insert(generation, [{"subject": subject, "mark": 0} for subject in _SUBJECTS])
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(sa.text(_NEW_MARK))
    for subject, tables in _SUBJECTS.items():
        for table in tables:
            for statement in _postgres_marks(subject, table) if postgres else _sqlite_marks(subject, table):
                op.execute(sa.text(statement))


_SUBJECTS = {
    "users": ("crm_user",),
    "access": ("profile", "user_group", "group_member", "salesperson", "zone", "portfolio"),
    "characteristics": ("characteristic",),
    "states": ("state_table", "state", "state_transition"),
    "suppression": ("crm_suppression_key",),
}
# Odd, so never zero: that means that there was never anything. The sum of two still fits into 64 bits.
_MARKS = 2**52 - 1
_NEW_MARK = (
    "CREATE FUNCTION crm_new_mark() RETURNS trigger LANGUAGE plpgsql AS $mark$ BEGIN "
    "UPDATE crm_generation SET mark = (random() * 2251799813685247)::bigint * 2 + 1 WHERE subject = TG_ARGV[0]; RETURN NULL; END $mark$"
)


def _postgres_marks(subject: str, table: str) -> Sequence[str]:
    events = "AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE"
    return (f"CREATE TRIGGER crm_new_mark {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION crm_new_mark('{subject}')",)


def _sqlite_marks(subject: str, table: str) -> Sequence[str]:
    change = f"UPDATE crm_generation SET mark = (random() & {_MARKS}) | 1 WHERE subject = '{subject}'"  # noqa: S608 - constants of this file
    verbs = ("INSERT", "UPDATE", "DELETE")
    return [f"CREATE TRIGGER crm_new_mark_{table}_{verb} AFTER {verb} ON {table} BEGIN {change}; END" for verb in verbs]


def _audit_chain() -> None:
    """Make the seals of the audit, and the triggers by which the database itself keeps it."""
    op.create_table(
        "crm_audit_block",
        sa.Column("stream", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("until_id", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("stream", "number", name=op.f("pk_crm_audit_block")),
    )
    op.create_index(op.f("ix_crm_audit_block_stream_until_id"), "crm_audit_block", ["stream", "until_id"], unique=False)
    op.create_index(op.f("ix_crm_audit_block_last_at"), "crm_audit_block", ["last_at"], unique=False)
    for statement in _POSTGRES_KEEPS if op.get_bind().dialect.name == "postgresql" else _SQLITE_KEEPS:
        op.execute(sa.text(statement))


# A row only goes with its block, and only changes by losing what its changes said, of which the digest stays.
_SAME = ("id", "at", "actor", "source", "correlation_id", "entity", "entity_id", "verb")
_REDACTION = " AND ".join(
    [
        "NEW.redacted IS NOT NULL",
        "(OLD.redacted IS NULL OR OLD.redacted = NEW.redacted)",
        *(f"NEW.{name} = OLD.{name}" for name in _SAME),
        "coalesce(NEW.device, '') = coalesce(OLD.device, '')",
    ]
)
_DROPPED = (
    "EXISTS (SELECT 1 FROM crm_audit_block b WHERE b.stream = CASE WHEN OLD.verb IN ('read', 'refused') THEN 'access' ELSE 'changes' END "
    "AND OLD.id > b.after_id AND OLD.id <= b.until_id AND b.dropped_at IS NOT NULL)"
)
_ABORT = "BEGIN SELECT RAISE(ABORT, 'crm_audit is append-only'); END"
_SQLITE_KEEPS = (
    f"CREATE TRIGGER crm_audit_update BEFORE UPDATE ON crm_audit WHEN NOT ({_REDACTION}) {_ABORT}",
    f"CREATE TRIGGER crm_audit_delete BEFORE DELETE ON crm_audit WHEN NOT ({_DROPPED}) {_ABORT}",
)
_KEEP = (
    f"IF TG_OP = 'UPDATE' THEN IF {_REDACTION} THEN RETURN NEW; END IF; "
    f"ELSIF TG_OP = 'DELETE' THEN IF {_DROPPED} THEN RETURN OLD; END IF; END IF; "
    "RAISE EXCEPTION 'crm_audit is append-only';"
)
_POSTGRES_KEEPS = (
    f"CREATE FUNCTION crm_audit_keep() RETURNS trigger LANGUAGE plpgsql AS $keep$ BEGIN {_KEEP} END $keep$",
    "CREATE TRIGGER crm_audit_keep BEFORE UPDATE OR DELETE ON crm_audit FOR EACH ROW EXECUTE FUNCTION crm_audit_keep()",
    "CREATE TRIGGER crm_audit_truncate BEFORE TRUNCATE ON crm_audit FOR EACH STATEMENT EXECUTE FUNCTION crm_audit_keep()",
)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("crm_generation")
    op.drop_table("crm_merge_row")
    op.drop_table("account_merge_member")
    op.drop_table("account_merge")
    op.drop_table("crm_suppression")
    op.drop_table("crm_suppression_key")
    op.drop_table("crm_privacy_log")
    op.drop_table("crm_audit_block")
    op.drop_table("challenge")
    op.drop_table("user_session")
    op.drop_table("device_user")
    op.drop_table("credential")
    op.drop_table("api_token")
    op.drop_table("device")
    op.drop_table("crm_attempt")
    op.drop_table("group_member")
    op.drop_table("crm_user")
    op.drop_table("user_group")
    op.drop_table("profile")
    op.drop_table("account_search")
    op.drop_table("relation")
    op.drop_table("person_preference")
    op.drop_table("interaction")
    op.drop_table("contact_point")
    op.drop_table("consent")
    op.drop_table("person")
    op.drop_table("state_transition")
    op.drop_table("site")
    op.drop_table("account_role")
    op.drop_table("account_portfolio")
    op.drop_table("zone_rule")
    op.drop_table("state")
    op.drop_table("seller_zone")
    op.drop_table("portfolio")
    op.drop_table("lookup_entry")
    op.drop_table("crm_job")
    op.drop_table("change_set_item")
    op.drop_table("account")
    op.drop_table("zone")
    op.drop_table("state_table")
    op.drop_table("state_change")
    op.drop_table("saved_search")
    op.drop_table("salesperson")
    op.drop_table("relation_kind")
    op.drop_table("parameter")
    op.drop_table("lookup_table")
    op.drop_table("interaction_kind")
    op.drop_table("external_key")
    op.drop_table("crm_schedule")
    op.drop_table("crm_plugin")
    op.drop_table("crm_event")
    op.drop_table("crm_audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION crm_audit_keep()")
    op.drop_table("characteristic_change")
    op.drop_table("characteristic")
    op.drop_table("change_set")
    op.drop_table("business_unit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION crm_new_mark()")
