from alembic import op

revision = 'selfish_record_0001'
down_revision = None


def upgrade():
    from selfish_record import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("selfish_record_thing")
