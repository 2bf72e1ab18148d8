from alembic import op

revision = 'kept_secret_0001'
down_revision = None


def upgrade():
    from kept_secret import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("kept_secret_thing")
