from alembic import op

revision = 'no_base_0001'
down_revision = None


def upgrade():
    from no_base import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("no_base_thing")
