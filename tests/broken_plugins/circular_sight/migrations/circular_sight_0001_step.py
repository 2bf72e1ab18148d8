from alembic import op

revision = 'circular_sight_0001'
down_revision = None


def upgrade():
    from circular_sight import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("circular_sight_thing")
