from alembic import op

revision = 'public_secret_0001'
down_revision = None


def upgrade():
    from public_secret import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("public_secret_thing")
