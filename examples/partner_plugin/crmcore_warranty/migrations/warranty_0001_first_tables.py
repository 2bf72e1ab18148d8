"""First tables.

Revision warranty_0001, the first; written on 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "warranty_0001"
down_revision: str | None = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "warranty_item",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product", sa.String(length=200), nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("announced_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_warranty_item_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warranty_item")),
        sa.UniqueConstraint("serial", name=op.f("uq_warranty_item_serial")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_warranty_item_account_id"), "warranty_item", ["account_id"], unique=False)
    op.create_index(op.f("ix_warranty_item_until"), "warranty_item", ["until"], unique=False)
    op.create_table(
        "warranty_letter",
        sa.Column("warranty_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["warranty_id"], ["warranty_item.id"], name=op.f("fk_warranty_letter_warranty_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warranty_letter")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_warranty_letter_warranty_id_until"), "warranty_letter", ["warranty_id", "until"], unique=True)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("warranty_letter")
    op.drop_table("warranty_item")
