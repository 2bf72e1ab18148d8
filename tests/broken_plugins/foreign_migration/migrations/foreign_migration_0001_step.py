from alembic import op

revision = 'foreign_migration_0001'
down_revision = None


def upgrade():
    from foreign_migration import Thing

    Thing.__table__.create(op.get_bind())
    op.create_index("ix_account_kind", "account", ["kind"])


def downgrade():
    op.drop_index("ix_account_kind", "account")
    op.drop_table("foreign_migration_thing")
