from alembic import op

revision = 'loose_retention_0001'
down_revision = None


def upgrade():
    from loose_retention import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("loose_retention_thing")
