from alembic import op

revision = 'bare_reference_0001'
down_revision = None


def upgrade():
    from bare_reference import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("bare_reference_thing")
