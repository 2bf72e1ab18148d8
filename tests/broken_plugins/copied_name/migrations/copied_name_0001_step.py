from alembic import op

revision = 'copied_name_0001'
down_revision = None


def upgrade():
    from copied_name import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("copied_name_thing")
