from alembic import op

revision = 'foreign_key_elsewhere_0001'
down_revision = None


def upgrade():
    from foreign_key_elsewhere import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("foreign_key_elsewhere_thing")
