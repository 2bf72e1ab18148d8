from alembic import op

revision = 'first_change_only_0001'
down_revision = None


def upgrade():
    from first_change_only import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("first_change_only_thing")
