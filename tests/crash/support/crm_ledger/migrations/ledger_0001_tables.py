"""Tables of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_0001"
down_revision = None


def _create(name, *columns):
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sqlite_autoincrement=True,
    )


def upgrade():
    for name, *more in (("ledger_entry", sa.Column("note", sa.String(60), nullable=False)), ("ledger_echo",)):
        _create(name, sa.Column("run", sa.String(60), nullable=False), sa.Column("number", sa.Integer(), nullable=False), *more)
        op.create_index(op.f(f"ix_{name}_run"), name, ["run"])
    for name, amount in (("ledger_counter", "value"), ("ledger_tally", "total")):
        unique = sa.UniqueConstraint("name", name=op.f(f"uq_{name}_name"))
        _create(name, sa.Column("name", sa.String(60), nullable=False), sa.Column(amount, sa.Integer(), nullable=False), unique)
    _create("ledger_effect", sa.Column("what", sa.String(60), nullable=False), sa.Column("token", sa.String(200), nullable=False))
    op.create_index(op.f("ix_ledger_effect_token"), "ledger_effect", ["token"])


def downgrade():
    for name in ("ledger_effect", "ledger_tally", "ledger_counter", "ledger_echo", "ledger_entry"):
        op.drop_table(name)
