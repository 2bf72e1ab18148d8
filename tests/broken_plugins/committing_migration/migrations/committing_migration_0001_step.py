from alembic import op

revision = 'committing_migration_0001'
down_revision = None


def upgrade():
    from committing_migration import Thing

    Thing.__table__.create(op.get_bind())
    op.get_bind().commit()


def downgrade():
    op.drop_table("committing_migration_thing")
