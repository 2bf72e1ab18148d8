from alembic import op

revision = 'no_personal_0001'
down_revision = None


def upgrade():
    from no_personal import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("no_personal_thing")
