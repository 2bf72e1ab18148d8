"""Tables of the plugin.

Revision quality_0001, the first; written on 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "quality_0001"
down_revision: str | None = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _stamps() -> list[sa.Column[object]]:
    return [
        sa.Column("id", _ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
    ]


def upgrade() -> None:
    """Apply the revision."""
    _import_tables()
    _matching_tables()


def _matching_tables() -> None:
    op.create_table(
        "quality_duplicate_answer",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("other_id", _ID, nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("odds", sa.Float(), nullable=True),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("other_digest", sa.String(length=32), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        *_stamps(),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_quality_duplicate_answer_account_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["account.id"], name=op.f("fk_quality_duplicate_answer_other_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_duplicate_answer")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_quality_duplicate_answer_account_id"), "quality_duplicate_answer", ["account_id"], unique=False)
    op.create_index(op.f("ix_quality_duplicate_answer_other_id"), "quality_duplicate_answer", ["other_id"], unique=False)
    op.create_table(
        "quality_duplicate_pair",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("other_id", _ID, nullable=False),
        sa.Column("odds", sa.Float(), nullable=False),
        sa.Column("band", sa.String(length=10), nullable=False),
        sa.Column("group_number", sa.Integer(), nullable=True),
        sa.Column("reasons", _JSON, nullable=False),
        *_stamps(),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_quality_duplicate_pair_account_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["account.id"], name=op.f("fk_quality_duplicate_pair_other_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_duplicate_pair")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_quality_duplicate_pair_account_id"), "quality_duplicate_pair", ["account_id"], unique=False)
    op.create_index(op.f("ix_quality_duplicate_pair_band_odds"), "quality_duplicate_pair", ["band", "odds"], unique=False)
    op.create_index(op.f("ix_quality_duplicate_pair_group_number"), "quality_duplicate_pair", ["group_number"], unique=False)
    op.create_index(op.f("ix_quality_duplicate_pair_other_id"), "quality_duplicate_pair", ["other_id"], unique=False)
    op.create_table(
        "quality_key_kind",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("built", sa.String(length=80), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_key_kind")),
        sa.UniqueConstraint("name", name=op.f("uq_quality_key_kind_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "quality_key_set",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("fields", _JSON, nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.Boolean(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_key_set")),
        sa.UniqueConstraint("code", name=op.f("uq_quality_key_set_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "quality_match_key",
        sa.Column("key_hash", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", "record_id", name=op.f("pk_quality_match_key")),
        # The rows are the index: half the size, and those of one key lie together.
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_quality_match_key_record_id"), "quality_match_key", ["record_id"], unique=False)
    op.create_table(
        "quality_match_model",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("capped", _JSON, nullable=False),
        sa.Column("weights", _JSON, nullable=False),
        sa.Column("words", _JSON, nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_match_model")),
        sqlite_autoincrement=True,
    )


def _import_tables() -> None:
    """Saved mappings, imports, and what became of their rows."""
    op.create_table(
        "quality_import",
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("mapping", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint(
            "state IN ('previewing', 'preview', 'running', 'cancelling', 'cancelled', 'done', 'undoing', 'undone')",
            name=op.f("ck_quality_import_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_import")),
        sa.UniqueConstraint("uid", name=op.f("uq_quality_import_uid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "quality_import_mapping",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("definition", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_import_mapping")),
        sa.UniqueConstraint("code", name=op.f("uq_quality_import_mapping_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "quality_import_key",
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["quality_import.id"], name=op.f("fk_quality_import_key_import_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_import_key")),
        sa.UniqueConstraint("import_id", "digest", name=op.f("uq_quality_import_key_import_id_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "quality_import_row",
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("first_line", sa.Integer(), nullable=True),
        sa.Column("fields", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("after", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("made", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("problems", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("cells", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("undone", sa.String(length=12), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_quality_import_row_account_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["import_id"], ["quality_import.id"], name=op.f("fk_quality_import_row_import_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_import_row")),
        sa.UniqueConstraint("import_id", "line", name=op.f("uq_quality_import_row_import_id_line")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_quality_import_row_account_id"), "quality_import_row", ["account_id"], unique=False)
    op.create_index(
        op.f("ix_quality_import_row_import_id_outcome_line"), "quality_import_row", ["import_id", "outcome", "line"], unique=False
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("quality_match_model")
    op.drop_table("quality_match_key")
    op.drop_table("quality_key_set")
    op.drop_table("quality_key_kind")
    op.drop_table("quality_duplicate_pair")
    op.drop_table("quality_duplicate_answer")
    op.drop_table("quality_import_row")
    op.drop_table("quality_import_key")
    op.drop_table("quality_import_mapping")
    op.drop_table("quality_import")
