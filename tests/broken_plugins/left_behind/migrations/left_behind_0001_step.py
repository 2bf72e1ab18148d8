from alembic import op

revision = 'left_behind_0001'
down_revision = None


def upgrade():
    from left_behind import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    pass
