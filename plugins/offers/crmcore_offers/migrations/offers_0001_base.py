"""The tables of offers.

Revision offers_0001, the first; written on 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "offers_0001"
down_revision: str | None = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "offers_category",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("path", sa.String(length=400).with_variant(sa.String(length=400, collation="C"), "postgresql"), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["offers_category.id"], name=op.f("fk_offers_category_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_category")),
        sa.UniqueConstraint("code", name=op.f("uq_offers_category_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_offers_category_parent_id"), "offers_category", ["parent_id"], unique=False)
    op.create_index(op.f("ix_offers_category_path"), "offers_category", ["path"], unique=False)
    op.create_table(
        "offers_commission_rule",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("beneficiary", sa.String(length=20), nullable=False),
        sa.Column("conditions", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("base", sa.String(length=10), nullable=False),
        sa.Column("percent", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("base IN ('taxable', 'margin')", name=op.f("ck_offers_commission_rule_base")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_commission_rule")),
        sa.UniqueConstraint("code", name=op.f("uq_offers_commission_rule_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "offers_counter",
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_counter")),
        sa.UniqueConstraint("series", "year", name=op.f("uq_offers_counter_series_year")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "offers_export",
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detailed", sa.Boolean(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_export")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_offers_export_owner"), "offers_export", ["owner"], unique=False)
    op.create_table(
        "offers_price_list",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("promotional", sa.Boolean(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_price_list")),
        sa.UniqueConstraint("code", name=op.f("uq_offers_price_list_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "offers_target",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["salesperson.id"], name=op.f("fk_offers_target_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_target")),
        sa.UniqueConstraint("code", name=op.f("uq_offers_target_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_offers_target_agent_id"), "offers_target", ["agent_id"], unique=False)
    op.create_index(op.f("ix_offers_target_period"), "offers_target", ["period"], unique=False)
    op.create_table(
        "offers_template",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("missing", sa.String(length=10), nullable=False),
        sa.Column("page", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("format IN ('html', 'text', 'word')", name=op.f("ck_offers_template_format")),
        sa.CheckConstraint("missing IN ('refuse', 'mark', 'blank')", name=op.f("ck_offers_template_missing")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_template")),
        sa.UniqueConstraint("code", name=op.f("uq_offers_template_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "offers_type",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("meaning", sa.String(length=20), nullable=False),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("number_format", sa.String(length=60), nullable=False),
        sa.Column("gap_free", sa.Boolean(), nullable=False),
        sa.Column("initial_state", sa.String(length=40), nullable=False),
        sa.Column("row_state", sa.String(length=40), nullable=False),
        sa.Column("required_fields", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("counts_in", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("successors", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("requires_unblocked", sa.Boolean(), nullable=False),
        sa.Column("allow_after_cancel", sa.Boolean(), nullable=False),
        sa.Column("stamp", sa.String(length=30), nullable=False),
        sa.Column("generates", sa.String(length=40), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint(
            "meaning IN ('lead_to_agent', 'appointment', 'opportunity', 'offer', 'order', 'job_order', 'contract', 'ddt', 'invoice',"
            " 'credit_note')",
            name=op.f("ck_offers_type_meaning"),
        ),
        sa.CheckConstraint("sign IN (-1, 1)", name=op.f("ck_offers_type_sign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_type")),
        sa.UniqueConstraint("code", name=op.f("uq_offers_type_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "offers_unit",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_offers_unit_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "offers_vat",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("nature", sa.String(length=4), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_vat")),
        sa.UniqueConstraint("code", name=op.f("uq_offers_vat_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "offers_document",
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=True),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("operator_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("referrer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("portfolio_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("campaign", sa.String(length=60), nullable=False),
        sa.Column("origin", sa.String(length=60), nullable=True),
        sa.Column("origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("predecessor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("price_list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("mirrored", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False),
        sa.Column("competitors", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=True),
        sa.Column("close_period", sa.String(length=7), nullable=False),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.Column("customer_feedback", sa.Text(), nullable=False),
        sa.Column("agent_feedback", sa.Text(), nullable=False),
        sa.Column("payment", sa.String(length=200), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("taxable", sa.BigInteger(), nullable=False),
        sa.Column("vat_amount", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("confirmation", sa.String(length=10), nullable=False),
        sa.Column("confirmed_taxable", sa.BigInteger(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("override_reason", sa.String(length=500), nullable=False),
        sa.Column("appointment", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quote_inserted", sa.Date(), nullable=True),
        sa.Column("visit", sa.Date(), nullable=True),
        sa.Column("customer_signature", sa.Date(), nullable=True),
        sa.Column("contract_inserted", sa.Date(), nullable=True),
        sa.Column("effective_confirmation", sa.Date(), nullable=True),
        sa.Column("cancellation", sa.Date(), nullable=True),
        sa.Column("installation", sa.Date(), nullable=True),
        sa.Column("activation", sa.Date(), nullable=True),
        sa.Column("delivery", sa.Date(), nullable=True),
        sa.Column("invoice", sa.Date(), nullable=True),
        sa.Column("expiry", sa.Date(), nullable=True),
        sa.Column("characteristics", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("confirmation IN ('none', 'partial', 'total')", name=op.f("ck_offers_document_confirmation")),
        sa.CheckConstraint("probability BETWEEN 0 AND 100", name=op.f("ck_offers_document_probability")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_offers_document_account_id")),
        sa.ForeignKeyConstraint(["agency_id"], ["salesperson.id"], name=op.f("fk_offers_document_agency_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["salesperson.id"], name=op.f("fk_offers_document_agent_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["salesperson.id"], name=op.f("fk_offers_document_operator_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_offers_document_person_id")),
        sa.ForeignKeyConstraint(["portfolio_id"], ["portfolio.id"], name=op.f("fk_offers_document_portfolio_id")),
        sa.ForeignKeyConstraint(["predecessor_id"], ["offers_document.id"], name=op.f("fk_offers_document_predecessor_id")),
        sa.ForeignKeyConstraint(["price_list_id"], ["offers_price_list.id"], name=op.f("fk_offers_document_price_list_id")),
        sa.ForeignKeyConstraint(["referrer_id"], ["salesperson.id"], name=op.f("fk_offers_document_referrer_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_offers_document_site_id")),
        sa.ForeignKeyConstraint(["type"], ["offers_type.code"], name=op.f("fk_offers_document_type")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_document")),
        sa.UniqueConstraint("type", "series", "year", "number", name=op.f("uq_offers_document_type_series_year_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_offers_document_account_id_type_id"), "offers_document", ["account_id", "type", "id"], unique=False)
    op.create_index(op.f("ix_offers_document_agency_id"), "offers_document", ["agency_id"], unique=False)
    op.create_index(op.f("ix_offers_document_agent_id_state"), "offers_document", ["agent_id", "state"], unique=False)
    op.create_index(op.f("ix_offers_document_campaign"), "offers_document", ["campaign"], unique=False)
    op.create_index(op.f("ix_offers_document_close_period"), "offers_document", ["close_period"], unique=False)
    op.create_index(op.f("ix_offers_document_operator_id"), "offers_document", ["operator_id"], unique=False)
    op.create_index(op.f("ix_offers_document_origin_origin_id"), "offers_document", ["origin", "origin_id"], unique=False)
    op.create_index(op.f("ix_offers_document_owner"), "offers_document", ["owner"], unique=False)
    op.create_index(op.f("ix_offers_document_person_id"), "offers_document", ["person_id"], unique=False)
    op.create_index(op.f("ix_offers_document_portfolio_id"), "offers_document", ["portfolio_id"], unique=False)
    op.create_index(op.f("ix_offers_document_predecessor_id"), "offers_document", ["predecessor_id"], unique=False)
    op.create_index(op.f("ix_offers_document_price_list_id"), "offers_document", ["price_list_id"], unique=False)
    op.create_index(op.f("ix_offers_document_reference"), "offers_document", ["reference"], unique=False)
    op.create_index(op.f("ix_offers_document_referrer_id"), "offers_document", ["referrer_id"], unique=False)
    op.create_index(op.f("ix_offers_document_site_id"), "offers_document", ["site_id"], unique=False)
    op.create_index(
        op.f("ix_offers_document_type_state_agent_id_issued_on_id"),
        "offers_document",
        ["type", "state", "agent_id", "issued_on", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_offers_document_type_state_id"), "offers_document", ["type", "state", "id"], unique=False)
    op.create_table(
        "offers_product",
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("label_it", sa.String(length=200), nullable=False),
        sa.Column("label_en", sa.String(length=200), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("vat", sa.String(length=20), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("options", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("price_rule", sa.String(length=4000), nullable=False),
        sa.Column("description_rule", sa.String(length=4000), nullable=False),
        sa.Column("commission", sa.Boolean(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("kind IN ('goods', 'service')", name=op.f("ck_offers_product_kind")),
        sa.ForeignKeyConstraint(["category_id"], ["offers_category.id"], name=op.f("fk_offers_product_category_id")),
        sa.ForeignKeyConstraint(["unit"], ["offers_unit.code"], name=op.f("fk_offers_product_unit")),
        sa.ForeignKeyConstraint(["vat"], ["offers_vat.code"], name=op.f("fk_offers_product_vat")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_product")),
        sa.UniqueConstraint("code", name=op.f("uq_offers_product_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_offers_product_category_id"), "offers_product", ["category_id"], unique=False)
    op.create_index(op.f("ix_offers_product_unit"), "offers_product", ["unit"], unique=False)
    op.create_index(op.f("ix_offers_product_vat"), "offers_product", ["vat"], unique=False)
    op.create_table(
        "offers_price",
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("from_quantity", sa.BigInteger(), nullable=False),
        sa.Column("discounts", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["offers_price_list.id"], name=op.f("fk_offers_price_list_id")),
        sa.ForeignKeyConstraint(["product_id"], ["offers_product.id"], name=op.f("fk_offers_price_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_price")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_offers_price_list_id"), "offers_price", ["list_id"], unique=False)
    op.create_index(
        op.f("ix_offers_price_product_id_list_id_from_quantity"), "offers_price", ["product_id", "list_id", "from_quantity"], unique=False
    )
    op.create_table(
        "offers_revision",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("taxable", sa.BigInteger(), nullable=False),
        sa.Column("vat_amount", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["offers_document.id"], name=op.f("fk_offers_revision_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_revision")),
        sa.UniqueConstraint("document_id", "number", name=op.f("uq_offers_revision_document_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "offers_row",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("discounts", sa.String(length=60), nullable=False),
        sa.Column("vat", sa.String(length=20), nullable=False),
        sa.Column("vat_rate", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=True),
        sa.Column("commission", sa.Boolean(), nullable=False),
        sa.Column("options", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Date(), nullable=True),
        sa.Column("key", sa.String(length=80), nullable=True),
        sa.Column("export_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["offers_document.id"], name=op.f("fk_offers_row_document_id")),
        sa.ForeignKeyConstraint(["export_id"], ["offers_export.id"], name=op.f("fk_offers_row_export_id")),
        sa.ForeignKeyConstraint(["product_id"], ["offers_product.id"], name=op.f("fk_offers_row_product_id")),
        sa.ForeignKeyConstraint(["unit"], ["offers_unit.code"], name=op.f("fk_offers_row_unit")),
        sa.ForeignKeyConstraint(["vat"], ["offers_vat.code"], name=op.f("fk_offers_row_vat")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_row")),
        sa.UniqueConstraint("document_id", "key", name=op.f("uq_offers_row_document_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_offers_row_document_id_position"), "offers_row", ["document_id", "position"], unique=False)
    op.create_index(op.f("ix_offers_row_export_id"), "offers_row", ["export_id"], unique=False)
    op.create_index(op.f("ix_offers_row_product_id_state"), "offers_row", ["product_id", "state"], unique=False)
    op.create_index(op.f("ix_offers_row_state_export_id"), "offers_row", ["state", "export_id"], unique=False)
    op.create_index(op.f("ix_offers_row_unit"), "offers_row", ["unit"], unique=False)
    op.create_index(op.f("ix_offers_row_vat"), "offers_row", ["vat"], unique=False)
    op.create_table(
        "offers_file",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["offers_document.id"], name=op.f("fk_offers_file_document_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["offers_revision.id"], name=op.f("fk_offers_file_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers_file")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_offers_file_document_id_id"), "offers_file", ["document_id", "id"], unique=False)
    op.create_index(op.f("ix_offers_file_revision_id"), "offers_file", ["revision_id"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("offers_file")
    op.drop_table("offers_row")
    op.drop_table("offers_revision")
    op.drop_table("offers_price")
    op.drop_table("offers_product")
    op.drop_table("offers_document")
    op.drop_table("offers_vat")
    op.drop_table("offers_unit")
    op.drop_table("offers_type")
    op.drop_table("offers_template")
    op.drop_table("offers_target")
    op.drop_table("offers_price_list")
    op.drop_table("offers_export")
    op.drop_table("offers_counter")
    op.drop_table("offers_commission_rule")
    op.drop_table("offers_category")
