from alembic import op

revision = 'foreign_prefix_0001'
down_revision = None


def upgrade():
    from foreign_prefix import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("somebody_thing")
