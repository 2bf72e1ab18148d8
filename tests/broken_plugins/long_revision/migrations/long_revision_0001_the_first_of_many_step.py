from alembic import op

revision = 'long_revision_0001_the_first_of_many'
down_revision = None


def upgrade():
    from long_revision import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("long_revision_thing")
