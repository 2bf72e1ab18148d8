from alembic import op

revision = 'unmarked_phone_0001'
down_revision = None


def upgrade():
    from unmarked_phone import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("unmarked_phone_thing")
