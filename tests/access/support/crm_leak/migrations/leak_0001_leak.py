"""Leak.

Revision leak_0001, the first; written on 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "leak_0001"
down_revision: str | None = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "leak_item",
        sa.Column("text", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_leak_item_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leak_item")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leak_memo",
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("text", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leak_memo")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leak_queue",
        sa.Column("text", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leak_queue")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leak_notice",
        sa.Column("text", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leak_notice")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leak_part",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["leak_item.id"], name=op.f("fk_leak_part_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leak_part")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leak_task",
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("helper", sa.String(length=100), nullable=True),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_leak_task_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leak_task")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leak_hand",
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["leak_task.id"], name=op.f("fk_leak_hand_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leak_hand")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leak_call",
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_leak_call_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leak_call")),
        info={"crmcore_keys_once": True},
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("leak_call")
    op.drop_table("leak_hand")
    op.drop_table("leak_task")
    op.drop_table("leak_part")
    op.drop_table("leak_notice")
    op.drop_table("leak_queue")
    op.drop_table("leak_memo")
    op.drop_table("leak_item")
