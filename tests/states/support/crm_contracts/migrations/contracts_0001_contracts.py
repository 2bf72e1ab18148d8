"""Contracts.

Revision contracts_0001, the first; written on 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "contracts_0001"
down_revision: str | None = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "contracts_contract",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("order_type", sa.String(length=40), nullable=False),
        sa.Column("customer_signature", sa.Date(), nullable=True),
        sa.Column("activation", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_contracts_contract_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts_contract")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_contracts_contract_account_id"), "contracts_contract", ["account_id"], unique=False)
    op.create_index(op.f("ix_contracts_contract_state"), "contracts_contract", ["state"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("contracts_contract")
