from alembic import op

revision = 'hidden_reference_0001'
down_revision = None


def upgrade():
    from hidden_reference import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("hidden_reference_thing")
